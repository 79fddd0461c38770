//! Expected coverage: how often credible regions hold the truth.

use serde::{Deserialize, Serialize};

/// The coverage of one credible level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CoverageAt {
    /// The credible level.
    pub level: f64,
    /// The share of test simulations whose credible region holds the truth.
    pub coverage: f64,
    /// Its 95 % confidence interval (Clopper and Pearson 1934).
    pub interval: [f64; 2],
}

/// Coverage against credible level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageCurve {
    /// `highest density` for the joint posterior, or a parameter's name for its central interval.
    pub name: String,
    /// The share of test simulations whose region holds the truth, at each of `levels`.
    pub coverage: Vec<f64>,
    /// The coverage at 50, 68 and 95 %.
    pub at: Vec<CoverageAt>,
}

/// Expected coverage of the joint posterior's highest-density regions and of every parameter's
/// central intervals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectedCoverage {
    /// How many test simulations.
    pub n_test: usize,
    /// The credible levels at which the curves are given.
    pub levels: Vec<f64>,
    /// The probability that a right posterior's curve stays between `lower` and `upper` everywhere.
    pub band_level: f64,
    /// The lower edge of the band at each level.
    pub lower: Vec<f64>,
    /// The upper edge of the band at each level.
    pub upper: Vec<f64>,
    /// The joint posterior, by highest density.
    pub joint: CoverageCurve,
    /// Each parameter, by central intervals.
    pub marginals: Vec<CoverageCurve>,
}
