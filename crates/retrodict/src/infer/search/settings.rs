//! The settings of a trial.

use serde::{Deserialize, Serialize};

use super::config::SearchConfig;
use crate::estimator::EstimatorConfig;
use crate::infer::NpeConfig;
use crate::seed::{Random, Seed, Stream};

/// What a trial changes; everything else is as the study has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// How many transforms a flow has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transforms: Option<usize>,
    /// The first learning rate.
    pub learning_rate: f64,
    /// Rows a step.
    pub batch_size: usize,
}

impl Settings {
    /// The settings that a configuration has, which must be resolved and its estimator settled.
    pub fn of(config: &NpeConfig) -> Self {
        Self {
            hidden: config.estimator.network().hidden.clone(),
            transforms: config.estimator.transforms(),
            learning_rate: config.train.learning_rate.expect("a resolved rate"),
            batch_size: config.train.batch_size.expect("a resolved batch"),
        }
    }

    /// The settings of trial `index`, which depend on (seed, index) alone: those of `base` for the
    /// first.
    pub(super) fn draw(search: &SearchConfig, base: &NpeConfig, seed: Seed, index: usize) -> Self {
        let own = Self::of(base);
        if index == 0 {
            return own;
        }
        let mut random = seed.stream(Stream::Trials, index as u64);
        let width = whole(&mut random, search.width);
        let depth = whole(&mut random, search.depth);
        let transforms = whole(&mut random, search.transforms);
        let [low, high] = search.learning_rate;
        let rate = low * (high / low).powf(random.uniform());
        Self {
            hidden: vec![width; depth],
            transforms: own.transforms.map(|_| transforms),
            // Three digits, so that the resolved study says exactly what was trained.
            learning_rate: format!("{rate:.2e}").parse().unwrap_or(rate),
            batch_size: whole(&mut random, search.batch_size),
        }
    }

    /// `base` with these settings.
    #[must_use]
    pub fn applied_to(&self, base: &NpeConfig) -> NpeConfig {
        let mut config = base.clone();
        let network = match &mut config.estimator {
            EstimatorConfig::Maf(c) => {
                c.transforms = self.transforms.unwrap_or(c.transforms);
                &mut c.network
            }
            EstimatorConfig::MafRqs(c) | EstimatorConfig::Nsf(c) => {
                c.transforms = self.transforms.or(c.transforms);
                &mut c.network
            }
            EstimatorConfig::Mdn(c) => &mut c.network,
        };
        network.hidden.clone_from(&self.hidden);
        config.train.learning_rate = Some(self.learning_rate);
        config.train.batch_size = Some(self.batch_size);
        config
    }
}

/// A whole number, uniform in its logarithm.
fn whole(random: &mut Random, [low, high]: [usize; 2]) -> usize {
    // Half a unit on either side gives the ends their share.
    let (from, to) = (low as f64 - 0.5, high as f64 + 0.5);
    let value = from * (to / from).powf(random.uniform());
    (value.round() as usize).clamp(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::TrainConfig;

    #[test]
    fn settings_lie_in_their_ranges_reach_both_ends_and_depend_on_the_index_alone() {
        let search = SearchConfig::default();
        let base = NpeConfig {
            estimator: EstimatorConfig::default().settled_for(1000),
            train: TrainConfig::default().resolved(1000, 2),
            ..NpeConfig::default()
        };
        let draw = |index| Settings::draw(&search, &base, Seed(3), index);
        assert_eq!(draw(0), Settings::of(&base));
        assert_eq!(draw(0).applied_to(&base), base);
        let all: Vec<Settings> = (1..2000).map(draw).collect();
        assert_eq!(all[6], draw(7));
        for (values, [low, high]) in [
            (
                all.iter().map(|s| s.hidden[0]).collect::<Vec<_>>(),
                search.width,
            ),
            (all.iter().map(|s| s.hidden.len()).collect(), search.depth),
            (
                all.iter().filter_map(|s| s.transforms).collect(),
                search.transforms,
            ),
            (
                all.iter().map(|s| s.batch_size).collect(),
                search.batch_size,
            ),
        ] {
            assert_eq!(values.iter().min(), Some(&low));
            assert_eq!(values.iter().max(), Some(&high));
        }
        // Half of the draws lie below the geometric mean of the range; six sds of a binomial count.
        let middle = (search.learning_rate[0] * search.learning_rate[1]).sqrt();
        let below = all.iter().filter(|s| s.learning_rate < middle).count();
        assert!(below.abs_diff(1000) < 134, "{below}");
        for settings in &all {
            assert_eq!(&Settings::of(&settings.applied_to(&base)), settings);
        }
    }
}
