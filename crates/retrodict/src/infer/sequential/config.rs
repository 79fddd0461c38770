//! What the rounds after the first propose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How later rounds choose θ. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SequentialConfig {
    /// The share of the posterior's mass that a truncated prior gives up: θ is proposed where the
    /// posterior's density is above its quantile at this level.
    pub epsilon: f64,
    /// How many posterior draws that quantile is taken of.
    pub threshold_draws: usize,
    /// How many draws from the prior a round may judge to find its proposals inside the region. If
    /// that is not enough, they are resampled from the posterior instead.
    pub candidates: usize,
}

impl Default for SequentialConfig {
    fn default() -> Self {
        Self {
            epsilon: 1e-4,
            threshold_draws: 100_000,
            candidates: 1_000_000,
        }
    }
}

impl SequentialConfig {
    /// Refuses numbers that make no sense.
    ///
    /// # Errors
    /// An [`Error::Invalid`] that names the option.
    pub fn validate(&self) -> Result<()> {
        let refuse = |field: &str, given: &dyn std::fmt::Display, expected: &str| {
            Err(Error::invalid_option("sequential", field, given, expected))
        };
        if !(self.epsilon > 0.0 && self.epsilon <= 0.1) {
            return refuse("epsilon", &self.epsilon, "above 0 and at most 0.1");
        }
        if (self.threshold_draws as f64) * self.epsilon < 1.0 {
            let least = format!("at least {:.0}, one over epsilon", 1.0 / self.epsilon);
            return refuse("threshold_draws", &self.threshold_draws, &least);
        }
        if self.candidates < 1000 {
            return refuse("candidates", &self.candidates, "at least 1000");
        }
        Ok(())
    }
}
