//! The band in which the empirical distribution function of uniform numbers stays.

use serde::{Deserialize, Serialize};

/// A band that holds the whole empirical distribution function of `n` independent uniform numbers
/// with probability `level`, at all `points` at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcdfBand {
    /// How many numbers.
    pub n: usize,
    /// The probability that the function stays inside everywhere.
    pub level: f64,
    /// Where the function is looked at: inside (0, 1), rising, evenly spaced.
    pub points: Vec<f64>,
    /// The lower edge at each point; subtract the point for the ECDF difference.
    pub lower: Vec<f64>,
    /// The upper edge at each point.
    pub upper: Vec<f64>,
}
