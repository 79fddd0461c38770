//! How far simulated data lie from the observation.

mod energy;
mod function;
mod mahalanobis;
mod mmd;
mod norm;
mod scale;
#[cfg(test)]
mod tests;
mod trials;
mod wasserstein;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use energy::EnergyConfig;
pub use function::FunctionDistance;
pub use mahalanobis::MahalanobisConfig;
pub use mmd::MmdConfig;
pub use norm::NormConfig;
pub use scale::ScaleMethod;
pub use wasserstein::WassersteinConfig;

use crate::error::Result;
use crate::table::Table;

/// From one row of simulated data (or summaries) to its distance from the observation.
pub type DistanceFunction = Box<dyn Fn(&[f64]) -> f64 + Send + Sync>;

/// A way to measure how far data lie from an observation.
///
/// It is a recipe: scales, covariances and bandwidths are learned from simulations first.
pub trait Distance: Send + Sync + std::fmt::Debug {
    /// The distance from `observed`, scaled by what the rows of `simulated` look like.
    ///
    /// Rows that gave no data are not among them. A distance that is NaN rejects its simulation,
    /// and is counted.
    ///
    /// # Errors
    /// If an option makes no sense for data of this length, or too few rows are given.
    fn fit(&self, simulated: &Table, observed: &[f64]) -> Result<DistanceFunction>;
}

/// Which distance compares simulated data with the observation; `kind = "…"` says which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DistanceConfig {
    /// A norm of the difference, each datum divided by its scale.
    Norm(NormConfig),
    /// The norm in which the simulated data are white.
    Mahalanobis(MahalanobisConfig),
    /// The Wasserstein distance between two samples: a row of data holds independent trials.
    Wasserstein(WassersteinConfig),
    /// The maximum mean discrepancy between two samples.
    Mmd(MmdConfig),
    /// The energy distance between two samples.
    Energy(EnergyConfig),
}

impl Default for DistanceConfig {
    fn default() -> Self {
        Self::Norm(NormConfig::default())
    }
}

impl Distance for DistanceConfig {
    fn fit(&self, simulated: &Table, observed: &[f64]) -> Result<DistanceFunction> {
        match self {
            Self::Norm(config) => config.fit(simulated, observed),
            Self::Mahalanobis(config) => config.fit(simulated, observed),
            Self::Wasserstein(config) => config.fit(simulated, observed),
            Self::Mmd(config) => config.fit(simulated, observed),
            Self::Energy(config) => config.fit(simulated, observed),
        }
    }
}
