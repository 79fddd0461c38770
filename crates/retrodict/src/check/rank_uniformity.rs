//! Simulation-based calibration: are the ranks of the truth uniform?

use serde::{Deserialize, Serialize};

use super::calibration::QuantityKind;
use super::ecdf_band::EcdfBand;

/// The ranks of one quantity: what its histogram and its ECDF curve show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// The name of the quantity.
    pub name: String,
    /// Its kind.
    pub kind: QuantityKind,
    /// How many test simulations fall into each of equally wide bins of rank.
    pub histogram: Vec<usize>,
    /// The empirical distribution function of the normalised ranks at the points of the band.
    pub ecdf: Vec<f64>,
    /// The largest deviation from the diagonal, in units of the band's half-width there: above
    /// one, the curve leaves the band.
    pub deviation: f64,
    /// The probability of ranks at least as far from uniform, if the posterior is right.
    pub p_value: f64,
    /// The same, corrected for looking at several quantities (Holm 1979).
    pub adjusted_p_value: f64,
    /// How far the truth lies above the posterior on average, in posterior standard deviations.
    pub bias: f64,
    /// How large the posterior's errors are, as a multiple of what it claims: above one, it is
    /// over-confident.
    pub spread: f64,
    /// The largest difference between the empirical distribution function and the diagonal.
    pub distance: f64,
}

/// Simulation-based calibration: ranks of every quantity against uniform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankUniformity {
    /// How many test simulations.
    pub n_test: usize,
    /// How many posterior draws for each.
    pub n_draws: usize,
    /// The band for the ECDF curves; it holds all curves of a right posterior together with
    /// probability `family_level`.
    pub band: EcdfBand,
    /// The probability that no curve at all leaves the band, if the posterior is right.
    pub family_level: f64,
    /// The range of a histogram's bar, at 99 % for each bar.
    pub histogram_interval: [f64; 2],
    /// The quantities.
    pub quantities: Vec<Ranks>,
}
