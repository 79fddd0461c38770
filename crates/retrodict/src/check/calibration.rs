//! Where the truth stands among the draws of its posterior, for simulations never trained on.

use serde::{Deserialize, Serialize};

/// What kind of number is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityKind {
    /// One parameter.
    Parameter,
    /// The sum or the difference of two parameters, each in units of its posterior's sd.
    Pair,
    /// The log-density of the posterior; its ranks give highest-density coverage.
    LogProb,
}

/// A number that depends on θ, and where the truth's value stands among the draws' values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// Its name: a parameter's name, `a + b`, `a − b` or `log_prob`.
    pub name: String,
    /// Its kind.
    pub kind: QuantityKind,
    /// For each test simulation, how many of the draws lie below the truth: 0 to `n_draws`.
    pub ranks: Vec<usize>,
    /// The same on (0, 1), with ties and the width of one rank broken at random: if the posterior
    /// is right, these are independent and exactly uniform.
    pub positions: Vec<f64>,
}

/// Ranks of the truth among posterior draws: the raw material of calibration and coverage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The number of draws a test simulation.
    pub n_draws: usize,
    /// Which rows of the test simulations were used: those with data and a posterior.
    pub rows: Vec<usize>,
    /// The rows that have data but for which there were no valid draws, with the reason.
    pub failures: Vec<(usize, String)>,
    /// The parameters, then pairs of them, then the log-density.
    pub quantities: Vec<Quantity>,
    /// The mean of the posterior draws, row after row, one value a parameter.
    pub posterior_means: Vec<f64>,
    /// Their standard deviation, in the same order.
    pub posterior_sds: Vec<f64>,
}
