//! What the rounds after the first propose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Acquisition;
use crate::error::{Error, Result};
use crate::estimator::EVALUATED;

/// What the later rounds of neural posterior estimation propose, and how its loss corrects for that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposalKind {
    /// The prior, truncated to the posterior's region of highest density: nothing to correct (Deistler et
    /// al. 2022, arXiv:2210.04815).
    #[default]
    Truncated,
    /// Draws from the posterior, and the atomic loss (Greenberg et al. 2019, arXiv:1905.07488).
    Atomic,
    /// Draws from the posterior, and importance weights (Lueckmann et al. 2017, arXiv:1711.01861).
    ImportanceWeighted,
}

/// How later rounds choose θ. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SequentialConfig {
    /// What `npe` proposes. Those of `nle` and `nre` are draws from the posterior.
    pub proposal: ProposalKind,
    /// Among how many θ the atomic loss has to tell the right one.
    pub atoms: usize,
    /// How `nle` and `nre` choose among their proposals. The loss of `npe` would have to correct for it.
    pub acquisition: Acquisition,
    /// `nle` and `nre` learn from simulations of earlier rounds within so many standard deviations of the last
    /// round's θ. So far that nothing is left out unless given; 6 makes them describe the simulator near
    /// the posterior alone.
    pub reach: f64,
    /// The share of the posterior's mass that a truncated prior gives up: θ is proposed where the
    /// posterior's density is above its quantile at this level.
    pub epsilon: f64,
    /// How many posterior draws that quantile is taken of.
    pub threshold_draws: usize,
    /// How many draws from the prior a round may judge to find its proposals inside the region. If
    /// that is not enough, they are resampled from the posterior instead.
    pub candidates: usize,
}

/// No prior has θ so many standard deviations away.
const EVERYWHERE: f64 = 1e6;

impl Default for SequentialConfig {
    fn default() -> Self {
        Self {
            proposal: ProposalKind::default(),
            atoms: 10,
            acquisition: Acquisition::default(),
            reach: EVERYWHERE,
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
        if self.reach < 3.0 || self.reach.is_nan() {
            return refuse("reach", &self.reach, "at least 3");
        }
        if self.atoms < 2 || self.atoms > EVALUATED {
            let expected = format!("from 2 to {EVALUATED}");
            return refuse("atoms", &self.atoms, &expected);
        }
        if self.candidates < 1000 {
            return refuse("candidates", &self.candidates, "at least 1000");
        }
        Ok(())
    }
}
