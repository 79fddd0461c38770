//! How a synthetic likelihood is estimated.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What the distribution of the data at one θ is taken to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyntheticEstimator {
    /// Normal, with the mean and covariance of the simulations (Wood 2010).
    #[default]
    Normal,
    /// Normal, by the unbiased estimate of its density (Ghurye and Olkin 1969; Price et al. 2018): for
    /// one trial, and more than four simulations above the number of data.
    Unbiased,
    /// Kernel densities of each datum, joined by a normal copula (An, Nott and Drovandi 2020,
    /// arXiv:1809.05800): margins need not be normal.
    SemiParametric,
}

/// How correlations are shrunk towards zero when simulations are few.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ShrinkageConfig {
    /// Not at all.
    #[default]
    None,
    /// By the rule of Ledoit and Wolf (2004), at each θ anew.
    LedoitWolf,
    /// All are multiplied by the same number (Warton 2008; An et al. 2019).
    Warton {
        /// From 0, no correlations, to 1, no shrinkage.
        keep: f64,
    },
}

/// Where the randomness of simulations at different θ comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RandomNumbers {
    /// Independent at every θ, and the same whenever the same θ is asked for again: for pseudo-marginal
    /// Markov chain Monte Carlo and importance weights, where the noise averages out.
    #[default]
    Fresh,
    /// The same at every θ: the likelihood is as smooth as the simulator, for optimisers and samplers
    /// that need that, but the noise of these numbers stays in the posterior, of the order of its sd
    /// times 1/√simulations.
    Common,
}

/// A synthetic likelihood. Every field has a default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticLikelihoodConfig {
    /// How many simulations are run at each θ.
    pub simulations: usize,
    /// What the distribution of the data is taken to be.
    pub estimator: SyntheticEstimator,
    /// How correlations are shrunk.
    pub shrinkage: ShrinkageConfig,
    /// Where the randomness comes from.
    pub random_numbers: RandomNumbers,
}

impl Default for SyntheticLikelihoodConfig {
    fn default() -> Self {
        Self {
            simulations: 100,
            estimator: SyntheticEstimator::default(),
            shrinkage: ShrinkageConfig::default(),
            random_numbers: RandomNumbers::default(),
        }
    }
}

impl SyntheticLikelihoodConfig {
    /// Refuses options that make no sense for this many data or summaries.
    ///
    /// # Errors
    /// With the name of the option.
    pub fn validate(&self, n_data: usize) -> Result<()> {
        let refuse = |option, given: String, expected: String| {
            Err(Error::invalid_option(
                "synthetic_likelihood",
                option,
                given,
                expected,
            ))
        };
        let needed = self.needed(n_data);
        if self.simulations < needed {
            let expected = format!(
                "at least {needed} for {n_data} data or summaries; with `shrinkage` fewer are enough"
            );
            return refuse("simulations", self.simulations.to_string(), expected);
        }
        if let ShrinkageConfig::Warton { keep } = self.shrinkage
            && !(0.0..=1.0).contains(&keep)
        {
            return refuse("keep", keep.to_string(), "from 0 to 1".into());
        }
        if self.estimator == SyntheticEstimator::Unbiased && self.shrinkage != ShrinkageConfig::None
        {
            let expected = "`none` with `unbiased`, whose covariance is the sample's".into();
            return refuse("shrinkage", format!("{:?}", self.shrinkage), expected);
        }
        Ok(())
    }

    /// How many simulations have to give data at a θ.
    pub(super) fn needed(&self, n_data: usize) -> usize {
        match (self.estimator, self.shrinkage) {
            (SyntheticEstimator::Unbiased, _) => n_data + 5,
            (_, ShrinkageConfig::None) => n_data + 2,
            _ => 4,
        }
    }
}
