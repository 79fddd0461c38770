//! How an estimator is trained.

use retrodict_kernels::PADDING;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::memory::Memory;
use super::split::n_held_out;
use crate::error::{Error, Result};

/// How the learning rate changes while training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Up from zero over `warmup_epochs`, then down half a cosine to zero over `cycle_epochs`, and
    /// again while that gains (Loshchilov and Hutter 2017, arXiv:1608.03983). When the patience is
    /// spent earlier, training goes back to the best weights and lets the rate fall to zero over
    /// `cooldown_epochs` before it stops.
    #[default]
    Cosine,
    /// Constant, and divided by two each time half the patience passes without improvement.
    Plateau,
    /// The same all the time.
    Constant,
}

/// How an estimator is trained. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Rows a step; batches of an epoch are made equally large, so the last is no smaller. Left out,
    /// the root of the number of training rows, from 48 to 496: few rows need small batches for
    /// enough steps, and many rows can afford the better use of the processor. A multiple of 16, so
    /// that no vector of the processor is in part empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// The height of the learning rate of Adam (Kingma and Ba 2015, arXiv:1412.6980). Left out, 0.004,
    /// or less if there are more than 20 data: Adam moves each weight by about as much as the rate, so
    /// a unit that sees n data moves the further the more there are; 0.004 √(20 / n) then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Epochs in which the rate rises to its height (`cosine` only): the first steps of Adam, whose
    /// moments know little yet, would otherwise be the largest of all.
    pub warmup_epochs: usize,
    /// Epochs without a smaller validation loss after which training stops.
    pub patience: usize,
    /// Epochs in which the rate falls to zero once the patience is spent (`cosine` only).
    pub cooldown_epochs: usize,
    /// The epochs of the first cosine (`cosine` only). If its last tenth still gained a hundredth of a
    /// nat, and two standard errors of the validation rows, another follows from half the height, twice
    /// as long, and so on: warm restarts.
    pub cycle_epochs: usize,
    /// Training never takes more epochs than this.
    pub max_epochs: usize,
    /// Training never takes more steps than this, rounded up to a whole epoch; with many rows it
    /// is this and not `max_epochs` that ends a run.
    pub max_steps: usize,
    /// The share of rows that is held out to choose the best weights and mix the ensemble.
    pub validation_fraction: f64,
    /// Gradients longer than this are shortened to it.
    pub max_gradient_norm: f64,
    /// Decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2): a step at
    /// the height of the learning rate takes this share off each weight, and less in proportion as
    /// the rate falls. It keeps networks from learning their rows by heart. Left out, 0.0008, but none for
    /// vector fields: the noise that comes new with every row does that for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// The decay of the exponential average of the weights, a step; the average is what is
    /// validated and kept. Zero keeps the weights themselves.
    pub averaging: f64,
    /// By how many standard errors of the difference, over validation rows, trained weights have to
    /// beat the first ones to be kept. With the first ones a flow changes nothing, and what came
    /// before it stands; where that is all there is to learn, it stays free of a network's noise.
    pub min_improvement: f64,
    /// The strength of a penalty on credible regions that hold the truth too rarely (`npe`; Falkiewicz et al. 2023,
    /// arXiv:2310.13402); 5 in the paper, none unless given. A step takes about twenty times as long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage_penalty: Option<f64>,
    /// The strength of a penalty on a posterior whose classifier is not balanced (`npe`; Delaunoy et al. 2023,
    /// arXiv:2304.10978); 100 in the paper, none unless given. For `nre` there is the loss `bnre`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<f64>,
    /// How many networks are trained, from different first weights and batches.
    pub ensemble_size: usize,
    /// How much memory simulations may take while training. Where the copies that are made of them
    /// would take more, they are read from disk as they are needed.
    pub memory: Memory,
}

/// The learning rate for few data.
const LEARNING_RATE: f64 = 4e-3;
/// The weight decay.
const WEIGHT_DECAY: f64 = 8e-4;
/// With more data than this it is less.
const MANY_DATA: usize = 20;

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            batch_size: None,
            learning_rate: None,
            schedule: Schedule::Cosine,
            warmup_epochs: 2,
            patience: 10,
            cooldown_epochs: 10,
            cycle_epochs: 40,
            max_epochs: 200,
            max_steps: 20_000,
            validation_fraction: 0.1,
            max_gradient_norm: 5.0,
            weight_decay: None,
            averaging: 0.99,
            min_improvement: 2.0,
            coverage_penalty: None,
            balance: None,
            ensemble_size: 3,
            memory: Memory::megabytes(500),
        }
    }
}

/// With less there is no room for a buffer of rows worth shuffling.
const LEAST_MEMORY: Memory = Memory::megabytes(10);

impl TrainConfig {
    /// Refuses numbers that make no sense.
    pub fn validate(&self) -> Result<()> {
        let counts = [
            ("batch_size", self.batch_size.unwrap_or(1)),
            ("patience", self.patience),
            ("cycle_epochs", self.cycle_epochs),
            ("max_epochs", self.max_epochs),
            ("max_steps", self.max_steps),
            ("ensemble_size", self.ensemble_size),
        ];
        for (field, count) in counts {
            if count == 0 {
                return Err(Error::invalid_option("training", field, "0", "at least 1"));
            }
        }
        let numbers = [
            ("learning_rate", self.height(), "between 0 and 1", 1.0),
            (
                "validation_fraction",
                self.validation_fraction,
                "between 0 and 0.9",
                0.9,
            ),
            (
                "max_gradient_norm",
                self.max_gradient_norm,
                "a positive number",
                f64::MAX,
            ),
        ];
        for (field, value, expected, largest) in numbers {
            if !(value > 0.0 && value <= largest) {
                return Err(Error::invalid_option("training", field, value, expected));
            }
        }
        for (field, strength) in [
            ("coverage_penalty", self.coverage_penalty),
            ("balance", self.balance),
        ] {
            if let Some(strength) = strength
                && !(strength > 0.0 && strength <= 1e6)
            {
                let expected = "a positive number of at most 1000000";
                return Err(Error::invalid_option("training", field, strength, expected));
            }
        }
        if self.coverage_penalty.is_some() && self.balance.is_some() {
            let expected = "none beside `coverage_penalty`: one of the two";
            let given = self.balance.unwrap_or_default();
            return Err(Error::invalid_option(
                "training", "balance", given, expected,
            ));
        }
        if self.memory < LEAST_MEMORY {
            let expected = format!("at least {LEAST_MEMORY}");
            return Err(Error::invalid_option(
                "training",
                "memory",
                self.memory,
                &expected,
            ));
        }
        if !(self.min_improvement >= 0.0 && self.min_improvement <= 100.0) {
            let given = self.min_improvement.to_string();
            return Err(Error::invalid_option(
                "training",
                "min_improvement",
                &given,
                "from 0 to 100",
            ));
        }
        for (field, value) in [
            ("weight_decay", self.decay()),
            ("averaging", self.averaging),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Err(Error::invalid_option(
                    "training",
                    field,
                    value,
                    "from 0 to below 1",
                ));
            }
        }
        Ok(())
    }

    /// Trains no more networks than this, if there is a limit.
    pub(crate) fn limit_networks(&mut self, most: Option<usize>) {
        self.ensemble_size = most.map_or(self.ensemble_size, |most| most.min(self.ensemble_size));
    }

    /// Whether a penalty makes posteriors cautious.
    pub(crate) fn is_conservative(&self) -> bool {
        self.coverage_penalty.is_some() || self.balance.is_some()
    }

    /// Refuses penalties of which a method knows nothing.
    pub(crate) fn refuse_conservative(&self) -> Result<()> {
        let given = [
            ("coverage_penalty", self.coverage_penalty),
            ("balance", self.balance),
        ];
        let mut given = given
            .into_iter()
            .filter_map(|(field, value)| Some((field, value?)));
        given.next().map_or(Ok(()), |(field, value)| {
            let expected = "none: only `npe` from simulations of the prior has it";
            Err(Error::invalid_option("training", field, value, expected))
        })
    }

    /// The same with every setting that was left out written in, for `n_rows` rows to train on of
    /// `n_data` data each.
    #[must_use]
    pub fn resolved(&self, n_rows: usize, n_data: usize) -> Self {
        let crowd = n_data.max(MANY_DATA) as f64 / MANY_DATA as f64;
        // Three digits, so that a file says exactly what was trained.
        let rate = format!("{:.2e}", LEARNING_RATE / crowd.sqrt());
        let rate = rate.parse().expect("a number just printed");
        Self {
            batch_size: Some(self.batch_size(n_rows)),
            learning_rate: Some(self.learning_rate.unwrap_or(rate)),
            weight_decay: Some(self.decay()),
            ..self.clone()
        }
    }

    /// The height of the learning rate.
    pub(super) fn height(&self) -> f64 {
        self.learning_rate.unwrap_or(LEARNING_RATE)
    }

    /// The weight decay.
    pub(super) fn decay(&self) -> f64 {
        self.weight_decay.unwrap_or(WEIGHT_DECAY)
    }

    /// How many of `n` rows are trained on; the others are held out.
    pub fn training_rows(&self, n: usize) -> usize {
        n - n_held_out(n, self.validation_fraction)
    }

    /// Rows a step when there are `n` to train on.
    pub fn batch_size(&self, n: usize) -> usize {
        let vectors = ((n as f64).sqrt() / PADDING as f64).round() as usize;
        self.batch_size.unwrap_or(vectors.clamp(3, 31) * PADDING)
    }

    /// How many steps an epoch over `n` rows takes.
    pub fn steps_per_epoch(&self, n: usize) -> usize {
        n.div_ceil(self.batch_size(n)).max(1)
    }

    /// How many of `n` rows an epoch takes if they are read from disk: few enough that at least
    /// twenty epochs, and so twenty looks at the validation rows, fall into `max_steps`.
    pub fn streamed_epoch_rows(&self, n: usize) -> usize {
        let steps = (self.max_steps / 20).max(1000);
        n.min(steps.saturating_mul(self.batch_size(n)))
    }

    /// How many epochs the first stretch of training over `n` rows takes.
    pub fn first_epochs(&self, n: usize) -> usize {
        match self.schedule {
            Schedule::Cosine => self.epochs(n).min(self.cycle_epochs),
            Schedule::Plateau | Schedule::Constant => self.epochs(n),
        }
    }

    /// How many epochs training over `n` rows takes at most.
    pub fn epochs(&self, n: usize) -> usize {
        self.max_epochs
            .min(self.max_steps.div_ceil(self.steps_per_epoch(n)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_with_the_root_of_the_rows_unless_they_are_given() {
        let config = TrainConfig::default();
        let sizes = [100, 2_500, 9_000, 90_000, 10_000_000].map(|n| config.batch_size(n));
        assert_eq!(sizes, [48, 48, 96, 304, 496]);
        let given = TrainConfig {
            batch_size: Some(20),
            ..config
        };
        assert_eq!(
            (given.batch_size(9_000), given.steps_per_epoch(90)),
            (20, 5)
        );
    }

    #[test]
    fn the_rate_falls_with_the_root_of_many_data_unless_it_is_given() {
        let config = TrainConfig::default();
        let rates = [1, 20, 80, 100].map(|n| config.resolved(1000, n).learning_rate);
        assert_eq!(rates, [4e-3, 4e-3, 2e-3, 1.79e-3].map(Some));
        let resolved = config.resolved(9_000, 80);
        assert_eq!(resolved.batch_size, Some(96));
        assert_eq!(resolved.resolved(100, 1), resolved);
    }
}
