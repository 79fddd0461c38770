//! The maximum mean discrepancy between two samples of trials.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scale::median;
use super::trials::{Trials, euclidean, pair_mean, square};
use super::{Distance, DistanceFunction, ScaleMethod};
use crate::error::{Error, Result};
use crate::table::Table;

/// The maximum mean discrepancy with the kernel k(a, b) = exp(−‖a − b‖² / (2 h²)) (Gretton et al.
/// 2012; Park et al. 2016, arXiv:1502.02558): √(mean k(x, x′) + mean k(y, y′) − 2 mean k(x, y)) over
/// all pairs of trials, which is zero for equal samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MmdConfig {
    /// How many values one trial has.
    pub columns: usize,
    /// The bandwidth h, in units of the scales; the median distance between observed trials if left
    /// out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<f64>,
    /// What each column is divided by.
    pub scale: ScaleMethod,
}

impl Default for MmdConfig {
    fn default() -> Self {
        Self {
            columns: 1,
            bandwidth: None,
            scale: ScaleMethod::default(),
        }
    }
}

impl Distance for MmdConfig {
    fn fit(&self, simulated: &Table, observed: &[f64]) -> Result<DistanceFunction> {
        let trials = Trials::new(self.columns, self.scale, simulated.values(), observed.len())?;
        let observed = trials.scaled(observed);
        let bandwidth = match self.bandwidth {
            Some(h) => h,
            None => median_distance(&observed, self.columns)?,
        };
        if !(bandwidth > 0.0 && bandwidth.is_finite()) {
            let expected = "a positive number";
            return Err(Error::invalid_option(
                "distance",
                "bandwidth",
                bandwidth,
                expected,
            ));
        }
        let kernel = move |a: &[f64], b: &[f64]| (-0.5 * square(a, b) / bandwidth.powi(2)).exp();
        let own = pair_mean(&observed, &observed, self.columns, kernel);
        Ok(Box::new(move |x| {
            let x = trials.scaled(x);
            let theirs = pair_mean(&x, &x, trials.columns(), kernel);
            let cross = pair_mean(&x, &observed, trials.columns(), kernel);
            root(theirs + own - 2.0 * cross)
        }))
    }
}

/// The root of what rounding may have made negative; NaN stays NaN.
pub(super) fn root(square: f64) -> f64 {
    if square < 0.0 { 0.0 } else { square.sqrt() }
}

/// The median over pairs of different trials.
fn median_distance(trials: &[f64], columns: usize) -> Result<f64> {
    let rows: Vec<&[f64]> = trials.chunks_exact(columns).collect();
    let pairs = rows.iter().enumerate();
    let mut distances: Vec<f64> = pairs
        .flat_map(|(i, a)| rows[..i].iter().map(|b| euclidean(a, b)))
        .collect();
    let found = median(&mut distances);
    if found > 0.0 {
        return Ok(found);
    }
    Err(Error::invalid(
        "distance option `bandwidth`",
        "none, and observed trials most of which are equal",
        "trials that differ, for the median of their distances",
        "Give a bandwidth, or choose the distance `energy`, which needs none.",
    ))
}
