//! Inference where the simulator is not quite right: errors of the data beside those that it knows.

mod denoise;
mod error_model;
mod posterior;
#[cfg(test)]
mod tests;

pub use denoise::{Denoised, SuspectedDatum};
pub use error_model::ErrorModel;
pub use posterior::RobustPosterior;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The distribution of the errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Of each datum by itself: nearly none, or one with a heavy tail.
    #[default]
    SpikeAndSlab,
}

/// Where errors are allowed for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorsAt {
    /// Simulations are given errors before networks see them (`npe`, `nle`, `nre`): noisy neural posterior
    /// estimation.
    #[default]
    Training,
    /// Networks learn from simulations as they are, and the observation's errors are found by MCMC (`npe`):
    /// robust neural posterior estimation.
    Observation,
}

/// How errors of the data are allowed for. Every field has a default.
///
/// # Reference
/// Ward, Cannon, Beaumont, Fasiolo and Schmon 2022, "Robust neural posterior estimation and statistical model
/// criticism", arXiv:2210.06564, whose settings the defaults are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RobustConfig {
    /// The distribution of the errors.
    pub noise: ErrorKind,
    /// Where they are allowed for.
    pub at: ErrorsAt,
    /// The standard deviation of an error that is nearly none, in units of each column's spread.
    pub spike: f64,
    /// The scale of the Cauchy distribution of the others, in the same units.
    pub slab: f64,
    /// The probability of the others.
    pub slab_probability: f64,
}

impl Default for RobustConfig {
    fn default() -> Self {
        Self {
            noise: ErrorKind::SpikeAndSlab,
            at: ErrorsAt::Training,
            spike: 0.01,
            slab: 0.25,
            slab_probability: 0.5,
        }
    }
}

impl RobustConfig {
    /// Refuses numbers that make no sense.
    pub fn validate(&self) -> Result<()> {
        for (field, value) in [("spike", self.spike), ("slab", self.slab)] {
            if !(value > 0.0 && value <= 100.0) {
                let expected = "a positive number of at most 100";
                return Err(Error::invalid_option("robust", field, value, expected));
            }
        }
        if self.spike >= self.slab {
            let expected = format!("less than `slab`, {}", self.slab);
            return Err(Error::invalid_option(
                "robust", "spike", self.spike, &expected,
            ));
        }
        if !(self.slab_probability > 0.0 && self.slab_probability < 1.0) {
            return Err(Error::invalid_option(
                "robust",
                "slab_probability",
                self.slab_probability,
                "between 0 and 1",
            ));
        }
        Ok(())
    }
}
