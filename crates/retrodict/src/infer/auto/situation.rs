//! What is known before anything is simulated.

use super::{Choice, ChosenMethod};
use crate::infer::sequential::SequentialConfig;

/// What a choice by rule looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Situation {
    /// How many parameters.
    pub n_parameters: usize,
    /// Whether some of them are discrete.
    pub discrete: bool,
    /// How many numbers a simulation gives.
    pub n_data: usize,
    /// How many simulations there may be.
    pub simulations: usize,
    /// How many posteriors are wanted.
    pub observations: usize,
    /// Whether an observation consists of independent trials.
    pub trials: bool,
    /// Whether a simulator can be asked, or simulations are all there is.
    pub simulator: bool,
    /// In how many rounds at most, if that is settled: one makes an answer for every observation.
    pub rounds: Option<usize>,
}

/// Rounds beyond these gain little and cost a fit each.
const ROUNDS: usize = 5;
/// With fewer simulations than this, a part of them teaches too little to aim by.
const LEAST: usize = 1000;
/// A density of more numbers takes more simulations than one of a few parameters, and long to train.
pub(super) const MOST_DATA: usize = 32;
/// So many simulations for each number of such data have to make a round, or a regression of them is mostly noise, and the
/// first round aims at the wrong place.
const WIDE_ROUND: usize = 2;
/// And so many, or a ratio beside them learns too little.
const ROUND_FOR_RATIO: usize = 10;
/// And the posterior has to be narrower than a tenth of the prior, or one round that learns from all of them is better.
const CUT_BELOW: f64 = 0.1;
/// In rounds of fewer simulations than these, the errors of a likelihood are large enough to be worth a ratio beside it.
pub(super) const FEW: usize = 500;

impl Situation {
    /// The choice by rule.
    pub fn choice(&self) -> Choice {
        use ChosenMethod::{Nle, Npe, NpeAndNle};
        if self.trials {
            let reason = "`nle`, because the observation is independent trials: the likelihoods of any number of them multiply.";
            return Choice::new(Nle, self.rounds.unwrap_or(1), reason);
        }
        if let Some(reason) = self.one_round() {
            return Choice::new(Npe, 1, format!("`npe` in one round, {reason}."));
        }
        let rounds = self.most_rounds();
        let aimed = format!(
            "{rounds} rounds, because there is one observation to aim {} simulations at",
            self.simulations
        );
        if self.is_wide() {
            return self.of_wide_data(rounds, &aimed);
        }
        let choice = Choice::new(
            NpeAndNle,
            rounds,
            format!("First `npe` and `nle`, in {aimed}."),
        );
        if self.simulations < FEW * rounds {
            choice.with_ratio()
        } else {
            choice
        }
    }

    /// What stands beside a posterior of wide data: the density of summaries, one a parameter, where there is enough to learn them
    /// from, and where there is more, a ratio, which sees all numbers.
    fn of_wide_data(&self, rounds: usize, aimed: &str) -> Choice {
        use ChosenMethod::{Npe, NpeAndNle};
        let n = self.n_data;
        let enough = |each: usize| self.simulations >= each * n * rounds;
        if !enough(WIDE_ROUND) {
            let reason = format!(
                "`npe` in {aimed}: no `nle`, because a density of {n} numbers would have to be learned, or summaries of them \
                 from fewer than {WIDE_ROUND} simulations a round for each."
            );
            return Choice::new(Npe, rounds, reason);
        }
        let common = format!(
            "First `npe` and `nle`, in {aimed}; `nle` of {} regression summaries, because a density of {n} numbers would have \
             to be learned",
            self.n_parameters
        );
        if enough(ROUND_FOR_RATIO) {
            let reason = format!("{common}; later with a ratio, which sees all {n}.");
            return (Choice::new(NpeAndNle, rounds, reason).with_summaries()).with_ratio();
        }
        let reason = format!(
            "{common}, and no ratio, because a round has fewer than {ROUND_FOR_RATIO} simulations for each of them."
        );
        Choice::new(NpeAndNle, rounds, reason).with_summaries()
    }

    /// How its rounds choose parameters.
    pub fn sequential(&self) -> SequentialConfig {
        let mut config = SequentialConfig::default();
        if self.is_wide() {
            config.cut_below = CUT_BELOW;
        }
        config
    }

    fn is_wide(&self) -> bool {
        self.n_data > MOST_DATA
    }

    /// How many rounds there are: of wide data only so many that the first has enough simulations to aim by,
    /// and two at least.
    pub fn most_rounds(&self) -> usize {
        let rounds = self.rounds.unwrap_or(ROUNDS);
        if self.is_wide() {
            rounds.min((self.simulations / (WIDE_ROUND * self.n_data)).max(2))
        } else {
            rounds
        }
    }

    /// Why there is one round, if there is one.
    fn one_round(&self) -> Option<String> {
        if self.rounds == Some(1) {
            return Some(
                "because it serves every observation, and the study asks for no more".into(),
            );
        }
        if !self.simulator {
            return Some("because the simulations exist already".into());
        }
        if self.observations != 1 {
            let n = self.observations;
            return Some(format!("because one fit serves all {n} observations"));
        }
        if self.discrete {
            return Some("because a discrete parameter has no region to aim at".into());
        }
        if self.rounds.is_none() && self.simulations < LEAST {
            return Some(format!(
                "because {} simulations are too few to share out",
                self.simulations
            ));
        }
        None
    }
}
