//! The norm in which the simulated data are white.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Distance, DistanceFunction, ScaleMethod};
use crate::error::{Error, Result};
use crate::infer::classical::covariance::{ledoit_wolf, moments, shrink};
use crate::infer::classical::factor::Factor;
use crate::table::Table;

/// √((x − `x_o`)ᵀ Σ⁻¹ (x − `x_o`)), Σ the covariance of the simulated rows.
///
/// Data that never change are left out. Correlations are shrunk towards zero by the rule of Ledoit
/// and Wolf (2004), so that Σ can be inverted however few rows there are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MahalanobisConfig {}

impl Distance for MahalanobisConfig {
    fn fit(&self, simulated: &Table, observed: &[f64]) -> Result<DistanceFunction> {
        if simulated.n_rows() < 3 {
            return Err(Error::invalid(
                "distance `mahalanobis`",
                format!("{} simulations with data", simulated.n_rows()),
                "at least 3, for a covariance",
                "Simulate more, or choose the distance `norm`.",
            ));
        }
        let factors = ScaleMethod::StandardDeviation.factors(simulated.values(), observed.len());
        let kept: Vec<usize> = (0..observed.len()).filter(|&j| factors[j] > 0.0).collect();
        let pick =
            move |x: &[f64]| -> Vec<f64> { kept.iter().map(|&j| x[j] * factors[j]).collect() };
        let rows: Vec<f64> = simulated.rows().flat_map(&pick).collect();
        let observed = pick(observed);
        let n = observed.len();
        if n == 0 {
            return Ok(Box::new(|_| 0.0));
        }
        let factor = shrunk_factor(&rows, n);
        Ok(Box::new(move |x| {
            let mut off = pick(x);
            for (off, observed) in off.iter_mut().zip(&observed) {
                *off -= observed;
            }
            factor.whiten(&mut off);
            off.iter().map(|v| v * v).sum::<f64>().sqrt()
        }))
    }
}

fn shrunk_factor(rows: &[f64], n: usize) -> Factor {
    let (mean, covariance) = moments(rows, n);
    let keep = ledoit_wolf(rows, &mean, &covariance);
    // Columns that repeat each other stay singular unless a little is taken away.
    [keep, keep.min(1.0 - 1e-9), 0.999 * keep, 0.0]
        .into_iter()
        .find_map(|keep| {
            let mut shrunk = covariance.clone();
            shrink(&mut shrunk, n, keep);
            Factor::new(&shrunk, n)
        })
        .expect("a diagonal matrix with positive entries is positive definite")
}
