//! What `auto` chose, and why.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Comparison;
use crate::error::{Error, Result};

/// What `auto` fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenMethod {
    /// Neural posterior estimation.
    Npe,
    /// Neural likelihood estimation.
    Nle,
    /// Both: while rounds go on, to compare them; in the end, their pool.
    Both,
}

impl ChosenMethod {
    /// As a study or a report has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npe => "npe",
            Self::Nle => "nle",
            Self::Both => "npe and nle",
        }
    }
}

/// A choice of method and rounds, with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is fitted.
    pub method: ChosenMethod,
    /// In how many rounds; one serves every observation.
    pub rounds: usize,
    /// The exponent of the likelihood in the pool, if both are fitted.
    pub share: f64,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// The comparisons that decided, one a round from the second on.
    pub comparisons: Vec<Comparison>,
}

impl Choice {
    pub(super) fn new(method: ChosenMethod, rounds: usize, reason: impl Into<String>) -> Self {
        Self {
            method,
            rounds,
            share: 0.5,
            reasons: vec![reason.into()],
            comparisons: Vec::new(),
        }
    }

    /// The choice after one more comparison, made on the simulations of `round`, counted from one.
    #[must_use]
    pub fn after(&self, comparison: Option<Comparison>, round: usize) -> Self {
        let mut next = self.clone();
        let Some(comparison) = comparison else {
            next.reasons.push(format!(
                "Round {round} gave too few simulations to compare with, so both stay."
            ));
            return next;
        };
        let (over_npe, over_nle) = (comparison.over_posterior, comparison.over_likelihood);
        (next.method, next.share) = match (over_npe.is_clear(), over_nle.is_clear()) {
            (false, _) => (ChosenMethod::Npe, 0.0),
            (true, false) => (ChosenMethod::Nle, 1.0),
            (true, true) => (ChosenMethod::Both, comparison.share),
        };
        next.reasons.push(next.reason(&comparison, round));
        next.comparisons.push(comparison);
        next
    }

    fn reason(&self, found: &Comparison, round: usize) -> String {
        let gain = found.likelihood;
        let numbers = format!(
            "on {} fresh simulations of round {round} the likelihood gave the true parameters {:+.2} ± {:.2} nats more than the posterior, \
             and the best mixture {:+.2} ± {:.2}",
            found.simulations,
            gain.mean,
            gain.standard_error,
            found.over_posterior.mean,
            found.over_posterior.standard_error,
        );
        match self.method {
            ChosenMethod::Npe => format!("`npe`, because {numbers}."),
            ChosenMethod::Nle => format!("`nle`, because {numbers}."),
            ChosenMethod::Both => {
                format!(
                    "Both, with an exponent of {:.2} for the likelihood, because {numbers}.",
                    self.share
                )
            }
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let advice = "Delete the model's folder and fit again.";
            Error::file(path, format!("damaged: {error}"), advice)
        })
    }
}
