//! `[inference.restriction]`: simulations where the simulator is likely to succeed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::StudyConfig;
use super::resolved::DEFAULT_SIMULATIONS;
use super::source::Source;
use crate::error::Result;
use crate::infer::RestrictionConfig;

/// `[inference.restriction]`. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RestrictionSection {
    /// How many of the simulations are made from the prior itself, to learn where they succeed: a fifth
    /// of them unless given, at least 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_simulations: Option<usize>,
    /// The share of successful simulations that may fall outside the restricted prior.
    pub false_negative_rate: f64,
    /// The share of the first simulations by which the border is chosen, and from which nothing else is
    /// learned.
    pub threshold_fraction: f64,
}

/// Fewer show too little of where simulations fail.
const FEWEST: usize = 500;
/// Fewer on either side make no sense.
const LEAST: usize = 100;

impl Default for RestrictionSection {
    fn default() -> Self {
        let config = RestrictionConfig::default();
        Self {
            first_simulations: None,
            false_negative_rate: config.false_negative_rate,
            threshold_fraction: config.threshold_fraction,
        }
    }
}

impl RestrictionSection {
    /// How many of `n` simulations come from the prior.
    pub(super) fn first(&self, n: usize) -> usize {
        let fifth = (n / 5).max(FEWEST).min(n.saturating_sub(LEAST));
        self.first_simulations.unwrap_or(fifth)
    }

    /// Writes out the default that depends on the number of simulations.
    pub(super) fn fill_in(&mut self, n: usize) {
        self.first_simulations = Some(self.first(n));
    }

    /// The part that the classifier takes.
    pub(super) fn config(&self) -> RestrictionConfig {
        RestrictionConfig {
            false_negative_rate: self.false_negative_rate,
            threshold_fraction: self.threshold_fraction,
            ..RestrictionConfig::default()
        }
    }
}

/// What a restriction needs.
pub(super) fn validate(config: &StudyConfig, source: &Source) -> Result<()> {
    let inference = &config.inference;
    let Some(section) = &inference.restriction else {
        return Ok(());
    };
    let refuse = |field: &str, problem: String, advice: &str| {
        Err(source.error(&format!("inference.restriction{field}"), problem, advice))
    };
    if config.simulator.data.is_some() {
        let problem = "given with simulations that exist already: none can be made elsewhere";
        return refuse(
            "",
            problem.into(),
            "Remove the section, or give the simulator.",
        );
    }
    if inference.is_sequential() {
        let problem = format!("given with {} rounds, expected 1", inference.rounds());
        return refuse("", problem, "Leave `rounds` out, or remove the section.");
    }
    if inference.correction.is_some() {
        let problem = "given with a correction, whose likelihood knows nothing of failures";
        return refuse("", problem.into(), "Remove one of the two.");
    }
    let shares = [
        (
            ".false_negative_rate",
            section.false_negative_rate,
            0.0,
            0.5,
        ),
        (".threshold_fraction", section.threshold_fraction, 0.05, 0.9),
    ];
    for (field, value, least, most) in shares {
        if !(least..=most).contains(&value) {
            let problem = format!("given {value}, expected a share from {least} to {most}");
            return refuse(field, problem, "Leave it out.");
        }
    }
    let n = inference.simulations.unwrap_or(DEFAULT_SIMULATIONS);
    let first = section.first(n);
    if first < LEAST || first + LEAST > n {
        let problem = format!(
            "given {first} of {n} simulations, expected from {LEAST} to {}",
            n.saturating_sub(LEAST)
        );
        return refuse(
            ".first_simulations",
            problem,
            "Give more `simulations`, or leave it out.",
        );
    }
    Ok(())
}
