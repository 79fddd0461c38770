//! Rows of data that hold independent trials, one after the other.

use super::ScaleMethod;
use crate::error::{Error, Result};

/// A sample: trials of `columns` values each.
#[derive(Debug, Clone)]
pub(super) struct Trials {
    columns: usize,
    factors: Vec<f64>,
}

impl Trials {
    /// With scales of each column from all trials of the simulated rows.
    pub(super) fn new(
        columns: usize,
        scale: ScaleMethod,
        simulated: &[f64],
        n_data: usize,
    ) -> Result<Self> {
        if columns == 0 || !n_data.is_multiple_of(columns) {
            return Err(Error::invalid_option(
                "distance",
                "columns",
                columns,
                format!("the number of values of one trial, which divides the {n_data} data"),
            ));
        }
        Ok(Self {
            columns,
            factors: scale.factors(simulated, columns),
        })
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The trials in units of the scales.
    pub(super) fn scaled(&self, x: &[f64]) -> Vec<f64> {
        let factors = self.factors.iter().cycle();
        x.iter().zip(factors).map(|(x, f)| x * f).collect()
    }
}

/// Euclidean distance of two trials.
pub(super) fn euclidean(a: &[f64], b: &[f64]) -> f64 {
    square(a, b).sqrt()
}

pub(super) fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The mean of `f` over all pairs of a trial of `a` and a trial of `b`, a trial with itself among
/// them if both are the same sample.
pub(super) fn pair_mean(
    a: &[f64],
    b: &[f64],
    columns: usize,
    f: impl Fn(&[f64], &[f64]) -> f64,
) -> f64 {
    let (n, m) = (a.len() / columns, b.len() / columns);
    let over_b = |a: &[f64]| b.chunks_exact(columns).map(|b| f(a, b)).sum::<f64>();
    a.chunks_exact(columns).map(over_b).sum::<f64>() / (n * m) as f64
}
