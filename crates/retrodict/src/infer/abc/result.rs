//! What approximate Bayesian computation leaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::adjustment::AdjustmentConfig;
use super::population::Population;
use crate::error::Result;
use crate::prior::Prior;
use crate::samples::Samples;
use crate::simulate::Failures;
use crate::table::Table;

/// One generation: draws that were accepted with the same tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// The largest distance that was accepted; with `gaussian_noise`, the temperature. None where
    /// everything was accepted.
    pub tolerance: Option<f64>,
    /// How many simulations were run.
    pub n_simulations: usize,
    /// How many of them failed.
    pub n_failed: usize,
    /// How many of them had a distance that is not a number, and were rejected.
    pub n_undefined: usize,
    /// The share of simulations that were accepted; for the moves of `del_moral`, the share of moves.
    pub acceptance_rate: f64,
    /// (Σ w)² / Σ w² of the weights; draws that `del_moral` resampled and has not moved since count as
    /// one.
    pub effective_sample_size: f64,
}

/// Why no further generation follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The tolerance that was asked for is reached.
    Tolerance,
    /// No draw lies nearer than the tolerance: the data are discrete, or every draw agrees.
    NoneNearer,
    /// All generations that were asked for are done.
    Generations,
    /// Fewer candidates than `min_acceptance_rate` are accepted. The nearest candidates of the unfinished generation
    /// are the last one, if enough of them lie nearer than those before.
    AcceptanceRate,
    /// The budget of simulations is spent; with the unfinished generation as above.
    Budget,
    /// The weights are concentrated on fewer than two draws.
    Degenerate,
}

/// Draws from p(θ | distance ≤ ε), and how they came about.
#[derive(Debug, Clone)]
pub struct AbcResult {
    /// The accepted draws with their weights, all inside the prior's support; the statistic
    /// `distance` says how far each one's data lie from the observation.
    pub samples: Samples,
    /// The data that were simulated at each draw, before any adjustment.
    pub data: Table,
    /// The tolerance of the draws: that of the last generation.
    pub tolerance: f64,
    /// How the draws were corrected for their distance.
    pub adjustment: AdjustmentConfig,
    /// All generations; rejection has one.
    pub generations: Vec<Generation>,
    /// The standard deviation of each parameter in each generation, before any adjustment: where it still
    /// falls from one to the next, the tolerance is what the draws are as wide as.
    pub sds: Vec<Vec<f64>>,
    /// (Σ w)² / Σ w² of the draws' weights, after adjustment; copies of a draw count as one. Draws that
    /// were copies and have moved since are correlated all the same.
    pub effective_sample_size: f64,
    /// Why it ended.
    pub stopped: Stop,
    /// How many simulations were run or read, those of an unfinished generation among them.
    pub n_simulations: usize,
    /// How many of them failed, by kind.
    pub failures: Failures,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// The draws of a population as a table with names.
pub(super) fn samples(prior: &Prior, population: &Population, method: &str) -> Result<Samples> {
    let mut samples = Samples::from_rows(prior.names(), population.theta.clone())?;
    let equal = population
        .log_weights
        .iter()
        .all(|w| *w == population.log_weights[0]);
    samples.log_weights = (!equal).then(|| population.log_weights.clone());
    samples
        .statistics
        .insert("distance".into(), population.distances.clone());
    samples.provenance = BTreeMap::from([("method".to_string(), method.to_string())]);
    Ok(samples)
}

/// What to know about failed simulations.
pub(super) fn failure_notes(failures: &Failures, n: usize) -> Vec<String> {
    let failed: usize = failures.values().sum();
    let note = format!(
        "{failed} of {n} simulations gave no data and were rejected: the draws are those given that a simulation succeeds"
    );
    if failed > 0 { vec![note] } else { Vec::new() }
}
