//! `[inference.synthetic_likelihood]`: how it is estimated, and how much it may cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::infer::classical::{RandomNumbers, ShrinkageConfig, SyntheticEstimator};
use crate::infer::{SummariesConfig, SyntheticLikelihoodConfig};
use crate::sample::{RandomWalkConfig, SamplerConfig};

/// `[inference.synthetic_likelihood]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticLikelihoodSection {
    /// How many simulations are run at each θ.
    pub simulations: usize,
    /// What the distribution of the data is taken to be.
    pub estimator: SyntheticEstimator,
    /// How correlations are shrunk.
    pub shrinkage: ShrinkageConfig,
    /// Where the randomness comes from.
    pub random_numbers: RandomNumbers,
    /// What stands for the data; learned from the study's simulations from the prior.
    pub summaries: SummariesConfig,
    /// The most simulations for each observation. What was simulated when they are spent is kept, and a
    /// rerun with more goes on from there.
    pub max_simulations: usize,
}

impl Default for SyntheticLikelihoodSection {
    fn default() -> Self {
        let library = SyntheticLikelihoodConfig::default();
        Self {
            simulations: library.simulations,
            estimator: library.estimator,
            shrinkage: library.shrinkage,
            random_numbers: library.random_numbers,
            summaries: SummariesConfig::default(),
            max_simulations: 5_000_000,
        }
    }
}

impl SyntheticLikelihoodSection {
    /// The part that the likelihood takes.
    pub fn likelihood(&self) -> SyntheticLikelihoodConfig {
        SyntheticLikelihoodConfig {
            simulations: self.simulations,
            estimator: self.estimator,
            shrinkage: self.shrinkage,
            random_numbers: self.random_numbers,
        }
    }

    /// How many simulations a sampler will ask for to draw `n` times, where that is known beforehand.
    pub(super) fn known_cost(&self, sampler: &SamplerConfig, n: usize) -> Option<usize> {
        let SamplerConfig::RandomWalk(walk) = sampler else {
            return None;
        };
        let steps = walk.warmup + walk.thin * n.div_ceil(walk.chains.max(1));
        let evaluations = walk.candidates + walk.chains * steps;
        Some(evaluations.saturating_mul(self.simulations))
    }
}

/// The sampler of a likelihood that is noisy and dear: one evaluation a step, which is exact for the
/// posterior of the estimated likelihood (Andrieu and Roberts 2009), and few steps for each draw.
pub(super) fn sampler() -> SamplerConfig {
    SamplerConfig::RandomWalk(RandomWalkConfig {
        warmup: 500,
        thin: 2,
        candidates: 1000,
        ..RandomWalkConfig::default()
    })
}
