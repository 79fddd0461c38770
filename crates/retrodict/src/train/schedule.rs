//! The learning rate, step by step, and when to stop.

use super::config::{Schedule, TrainConfig};
use super::log::Stop;

/// What training does next, after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Another epoch.
    Continue,
    /// Back to the best weights, then another epoch.
    Restore,
    /// No more.
    Stop(Stop),
}

/// The share of a cosine in which the rate rises at most.
const LONGEST_WARMUP: f64 = 0.1;

/// Keeps the learning rate and counts epochs without improvement.
#[derive(Debug)]
pub(super) struct Pace {
    schedule: Schedule,
    patience: usize,
    cooldown: usize,
    warmup: usize,
    /// The rate from which the present stretch starts.
    rate: f64,
    /// The epochs between which the cosine falls.
    stretch: [usize; 2],
    /// The last epoch of all.
    end: usize,
    cooling: bool,
    without_improvement: usize,
}

impl Pace {
    pub(super) fn new(config: &TrainConfig, n_rows: usize) -> Self {
        Self {
            schedule: config.schedule,
            patience: config.patience,
            cooldown: config.cooldown_epochs,
            warmup: config.warmup_epochs,
            rate: config.height(),
            stretch: [0, config.first_epochs(n_rows)],
            end: config.epochs(n_rows),
            cooling: false,
            without_improvement: 0,
        }
    }

    /// What changes from epoch to epoch: the rate, the stretch, whether it cools, and the epochs without
    /// improvement.
    pub(super) fn state(&self) -> (f64, [usize; 2], bool, usize) {
        (
            self.rate,
            self.stretch,
            self.cooling,
            self.without_improvement,
        )
    }

    /// Goes on from such a state.
    pub(super) fn resume(&mut self, state: (f64, [usize; 2], bool, usize)) {
        (
            self.rate,
            self.stretch,
            self.cooling,
            self.without_improvement,
        ) = state;
    }

    /// Whether the last tenth of the stretch begins after so many epochs: what is gained from here on
    /// decides whether there is another.
    pub(super) fn begins_last_tenth(&self, done: usize) -> bool {
        let [from, to] = self.stretch;
        done + (to - from).div_ceil(10) == to
    }

    /// The last epoch, as far as can be said now.
    pub(super) fn last_epoch(&self) -> usize {
        self.stretch[1]
    }

    /// The learning rate when `epochs` epochs are done; fractions are steps within an epoch.
    pub(super) fn rate(&self, epochs: f64) -> f64 {
        if self.schedule != Schedule::Cosine {
            return self.rate;
        }
        let [from, to] = self.stretch.map(|e| e as f64);
        // A cosine that cools goes on from the rate that there was.
        let warmup = if self.cooling {
            0.0
        } else {
            self.warmup as f64
        };
        let warmup = warmup.min(LONGEST_WARMUP * (to - from));
        let height = from + warmup;
        if epochs < height {
            return self.rate * (epochs - from) / warmup;
        }
        let from = height;
        let done = ((epochs - from) / (to - from)).clamp(0.0, 1.0);
        self.rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
    }

    /// Halves what is left of the learning rate, after an accident.
    pub(super) fn slow_down(&mut self) {
        self.rate *= 0.5;
    }

    /// Takes note of an epoch: how many are done now, whether it was the best so far, the first weights
    /// included, and whether the loss was still falling in the last tenth of the stretch.
    pub(super) fn after_epoch(&mut self, done: usize, improved: bool, falling: bool) -> Decision {
        self.without_improvement = if improved {
            0
        } else {
            self.without_improvement + 1
        };
        let [from, to] = self.stretch;
        if done >= to {
            return self.after_stretch(done, falling);
        }
        if self.schedule == Schedule::Plateau
            && self.without_improvement > 0
            && self
                .without_improvement
                .is_multiple_of(self.patience.div_ceil(2))
        {
            self.rate *= 0.5;
        }
        // A cosine that follows another first leads away from what is best.
        let too_early = from > 0 && done < usize::midpoint(from, to);
        if self.cooling || too_early || self.without_improvement < self.patience {
            return Decision::Continue;
        }
        if self.schedule != Schedule::Cosine || self.cooldown == 0 {
            return Decision::Stop(Stop::NoImprovement);
        }
        self.cool_down(done)
    }

    /// Another cosine, twice as long from half the height, if the last was still gaining.
    fn after_stretch(&mut self, done: usize, falling: bool) -> Decision {
        if self.cooling || (self.schedule == Schedule::Cosine && !falling) {
            return Decision::Stop(Stop::NoImprovement);
        }
        if done >= self.end {
            return Decision::Stop(Stop::MaxEpochs);
        }
        let length = 2 * (self.stretch[1] - self.stretch[0]);
        self.stretch = [done, (done + length).min(self.end)];
        self.rate *= 0.5;
        self.without_improvement = 0;
        Decision::Continue
    }

    fn cool_down(&mut self, done: usize) -> Decision {
        self.rate = self.rate(done as f64);
        self.stretch = [done, (done + self.cooldown).min(self.stretch[1])];
        self.cooling = true;
        Decision::Restore
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(schedule: Schedule) -> Pace {
        let config = TrainConfig {
            schedule,
            patience: 4,
            cooldown_epochs: 5,
            max_epochs: 100,
            cycle_epochs: 100,
            learning_rate: Some(1.0),
            warmup_epochs: 0,
            ..TrainConfig::default()
        };
        Pace::new(&config, 1000)
    }

    #[test]
    fn the_cosine_falls_from_the_rate_to_zero_in_exactly_max_epochs() {
        let mut pace = pace(Schedule::Cosine);
        assert_eq!(pace.rate(0.0), 1.0);
        assert!((pace.rate(50.0) - 0.5).abs() < 1e-12);
        assert!(pace.rate(100.0) < 1e-12);
        for done in 1..100 {
            assert_eq!(pace.after_epoch(done, true, true), Decision::Continue);
        }
        assert_eq!(
            pace.after_epoch(100, true, true),
            Decision::Stop(Stop::MaxEpochs)
        );
    }

    #[test]
    fn the_rate_rises_for_two_epochs_or_a_tenth_of_all() {
        for (max_epochs, warm) in [(100, 2.0), (5, 0.5)] {
            let config = TrainConfig {
                max_epochs,
                learning_rate: Some(1.0),
                warmup_epochs: 2,
                ..TrainConfig::default()
            };
            let pace = Pace::new(&config, 1000);
            assert_eq!(pace.rate(0.0), 0.0);
            assert!((pace.rate(0.25 * warm) - 0.25).abs() < 1e-12);
            assert_eq!(pace.rate(warm), 1.0);
            assert!(pace.rate(max_epochs as f64) < 1e-12);
        }
    }

    #[test]
    fn a_cosine_that_still_gains_at_its_end_is_followed_by_another() {
        let config = TrainConfig {
            learning_rate: Some(1.0),
            warmup_epochs: 0,
            cycle_epochs: 10,
            max_epochs: 50,
            ..TrainConfig::default()
        };
        let mut pace = Pace::new(&config, 1000);
        let marks: Vec<usize> = (1..=10).filter(|&d| pace.begins_last_tenth(d)).collect();
        assert_eq!(marks, [9]);
        let mut after = |done: usize, falling: bool| {
            let decision = pace.after_epoch(done, true, falling);
            (decision, pace.rate(done as f64))
        };
        for done in 1..10 {
            assert_eq!(after(done, false).0, Decision::Continue);
        }
        assert_eq!(after(10, true), (Decision::Continue, 0.5));
        for done in 11..30 {
            assert_eq!(after(done, true).0, Decision::Continue);
        }
        let stop = Decision::Stop(Stop::NoImprovement);
        assert_eq!(after(30, false).0, stop);
    }

    #[test]
    fn spent_patience_restores_and_cools_down_before_it_stops() {
        let mut pace = pace(Schedule::Cosine);
        for done in 1..4 {
            assert_eq!(pace.after_epoch(done, false, false), Decision::Continue);
        }
        let rate = pace.rate(4.0);
        assert_eq!(pace.after_epoch(4, false, false), Decision::Restore);
        assert!(
            (pace.rate(4.0) - rate).abs() < 1e-12,
            "the rate has no jump"
        );
        for done in 5..9 {
            assert_eq!(pace.after_epoch(done, done == 6, false), Decision::Continue);
        }
        assert!(pace.rate(9.0) < 1e-12);
        assert_eq!(
            pace.after_epoch(9, false, false),
            Decision::Stop(Stop::NoImprovement)
        );
    }

    #[test]
    fn a_plateau_halves_the_rate_and_a_constant_does_not() {
        let (mut plateau, mut constant) = (pace(Schedule::Plateau), pace(Schedule::Constant));
        for done in 1..4 {
            plateau.after_epoch(done, false, false);
            constant.after_epoch(done, false, false);
        }
        assert_eq!((plateau.rate(3.0), constant.rate(3.0)), (0.5, 1.0));
        let stop = Decision::Stop(Stop::NoImprovement);
        assert_eq!(constant.after_epoch(4, false, false), stop);
        assert_eq!(plateau.after_epoch(4, false, false), stop);
    }
}
