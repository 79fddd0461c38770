//! What is to be said about one round.

use serde::{Deserialize, Serialize};

/// One round of sequential inference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundReport {
    /// The round, from 1.
    pub round: usize,
    /// What θ was drawn from: `prior`, `truncated prior`, `prior within bounds` or `posterior`.
    pub proposal: String,
    /// How many simulations the round made.
    pub simulations: usize,
    /// How many of them, the last, have θ drawn from the posterior of a likelihood, beside those from the
    /// truncated prior.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub from_likelihood: usize,
    /// How many simulations, of all rounds, the round's model learned from.
    pub used: usize,
    /// The log-density of the last posterior above which a truncated prior proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The share of candidates from the prior, inside a box around the last posterior, that lay inside
    /// the truncated one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<f64>,
    /// The share of the prior that lies within the bounds of marginals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<f64>,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// A posterior that rests on fewer simulations than this deserves a word.
const FEW: f64 = 100.0;

/// What a round that is not aimed proposes.
pub(super) const PRIOR: &str = "prior";
/// What a round of marginals proposes.
pub(super) const BOUNDED: &str = "prior within bounds";

impl RoundReport {
    /// Whether every θ came from the whole prior.
    pub fn is_unaimed(&self) -> bool {
        self.proposal == PRIOR && self.from_likelihood == 0
    }

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

/// The rows of the rounds' simulations whose θ were drawn in proportion to the prior, where they lie.
pub(super) fn rows_in_proportion(reports: &[RoundReport]) -> Vec<usize> {
    let mut rows = Vec::new();
    let mut first = 0;
    for report in reports {
        rows.extend(first..first + report.simulations - report.from_likelihood);
        first += report.simulations;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_likelihood_proposed_is_not_in_proportion_to_the_prior() {
        let round = |simulations, from_likelihood| RoundReport {
            simulations,
            from_likelihood,
            ..RoundReport::default()
        };
        let rows = rows_in_proportion(&[round(3, 0), round(4, 2), round(2, 1)]);
        assert_eq!(rows, [0, 1, 2, 3, 4, 7]);
    }
}
