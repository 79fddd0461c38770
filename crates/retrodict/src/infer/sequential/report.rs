//! What is to be said about one round.

use serde::{Deserialize, Serialize};

/// One round of sequential inference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundReport {
    /// The round, from 1.
    pub round: usize,
    /// What θ was drawn from: `prior`, `truncated prior` or `posterior`.
    pub proposal: String,
    /// How many simulations the round made.
    pub simulations: usize,
    /// How many simulations, of all rounds, the round's model learned from.
    pub used: usize,
    /// The log-density of the last posterior above which a truncated prior proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The share of candidates from the prior, inside a box around the last posterior, that lay inside
    /// the truncated one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<f64>,
    /// The effective number, (Σ w)² / Σ w², of posterior draws from which the proposals were resampled, if
    /// there were too few such candidates; or of simulations that the model learned from, by their
    /// importance weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<f64>,
    /// The mean validation loss of the networks.
    pub validation_loss: f64,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A posterior that rests on fewer simulations than this deserves a word.
const FEW: f64 = 100.0;

impl RoundReport {
    /// What is to be said about importance weights.
    pub(super) fn few_effective(&self) -> Option<String> {
        let effective = self.effective.filter(|effective| *effective < FEW)?;
        Some(format!(
            "the importance weights leave an effective number of {effective:.0} of {} simulations; truncated \
             proposals, the default, need no weights",
            self.used
        ))
    }
}
