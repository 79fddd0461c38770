//! The best linear-Gaussian guess of the values from the context, as a change of variables.

mod ridge;
mod truncated_normal;
mod truncated_regression;

use faer::Mat;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::ridge::Products;
use self::truncated_normal::{from_noise, to_noise};
use self::truncated_regression::{Regression, truncated_regression};
use super::standardization::LIMIT;
use crate::table::Table;

/// Rows beyond this many do not make a linear fit any better.
const MAX_ROWS: usize = 50_000;
/// The same for one with confined values, which takes many passes over the rows.
const MAX_TRUNCATED_ROWS: usize = 20_000;
/// A confined value's mean stays within this many sds of its interval.
const REACH: f64 = 4.0;

/// y = T(z; c): with the conditional means mⱼ = aⱼᵀ (1, c, z₁, …, zⱼ₋₁) and sds σⱼ, an
/// unconstrained yⱼ is (zⱼ − mⱼ) / σⱼ; where zⱼ is confined to [−1, 1], yⱼ is the normal quantile of
/// the distribution function of N(mⱼ, σⱼ²) truncated to that interval.
///
/// If z given c is normal with a mean linear in c, y is standard normal, and so it is where a flat
/// prior cuts that normal distribution off, as long as coordinates are independent. Whatever network
/// comes after starts from the exact answer instead of having to find it, and never has to learn a
/// cliff at the prior's edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinearGuess {
    coordinates: Vec<Coordinate>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Coordinate {
    /// For one, the context, and the coordinates before this one.
    slopes: Vec<f64>,
    sd: f64,
    /// Whether z is confined to [−1, 1].
    confined: bool,
}

impl LinearGuess {
    /// Learns from rows of values `z` and their `context`, both standardised; `confined` says which
    /// columns of z live on [−1, 1].
    pub fn fit(z: &Table, context: &Table, confined: &[bool]) -> Self {
        assert_eq!(z.n_rows(), context.n_rows(), "a context for each value");
        assert_eq!(z.n_columns(), confined.len(), "a flag for each column");
        let (c, n) = (context.n_columns(), z.n_rows().min(MAX_ROWS));
        let design = Mat::from_fn(n, 1 + c + z.n_columns(), |i, j| match j {
            0 => 1.0,
            j if j <= c => context.row(i)[j - 1],
            j => z.row(i)[j - 1 - c],
        });
        let products = Products::new(&design);
        let coordinates = confined.par_iter().enumerate();
        let coordinates = coordinates.map(|(j, &confined)| {
            let (mut fit, ridge) = products.regress(1 + c + j);
            if confined {
                fit = refit(&design, 1 + c + j, ridge, fit);
            }
            Coordinate {
                slopes: fit.slopes,
                sd: fit.sd,
                confined,
            }
        });
        Self {
            coordinates: coordinates.collect(),
        }
    }

    /// Fills `y` and returns log |det ∂y/∂z|.
    pub fn forward(&self, z: &[f64], context: &[f32], y: &mut [f32]) -> f64 {
        let mut log_det = 0.0;
        for (j, (coordinate, y)) in self.coordinates.iter().zip(y).enumerate() {
            let mean = coordinate.mean(context, &z[..j]);
            let (noise, log_derivative) = coordinate.noise(z[j], mean);
            *y = noise.clamp(-LIMIT, LIMIT) as f32;
            log_det += log_derivative;
        }
        log_det
    }

    /// Fills `z` and returns log |det ∂z/∂y|.
    pub fn inverse(&self, y: &[f32], context: &[f32], z: &mut [f64]) -> f64 {
        let mut log_det = 0.0;
        for (j, (coordinate, &y)) in self.coordinates.iter().zip(y).enumerate() {
            let mean = coordinate.mean(context, &z[..j]);
            let (value, log_derivative) = coordinate.value(f64::from(y), mean);
            z[j] = value;
            log_det += log_derivative;
        }
        log_det
    }

    /// For one context, L and b of y = L z + b: L is lower triangular, row after row. No column of z may
    /// be confined.
    pub fn affine(&self, context: &[f32]) -> (Vec<f64>, Vec<f64>) {
        assert!(self.is_unconfined(), "the values are free");
        let d = self.coordinates.len();
        let (mut lower, mut offset) = (vec![0.0; d * d], vec![0.0; d]);
        for (j, coordinate) in self.coordinates.iter().enumerate() {
            let of_values = &coordinate.slopes[1 + context.len()..];
            offset[j] = -coordinate.mean(context, &[]) / coordinate.sd;
            lower[j * d + j] = 1.0 / coordinate.sd;
            for (entry, slope) in lower[j * d..].iter_mut().zip(of_values) {
                *entry = -slope / coordinate.sd;
            }
        }
        (lower, offset)
    }

    /// Adds to `out` the gradient with respect to the context of a function of y whose gradient with
    /// respect to y is given. No column of z may be confined: the slope of a truncated distribution
    /// function is not here.
    pub fn add_context_gradient(&self, y_gradient: &[f64], out: &mut [f64]) {
        assert!(self.is_unconfined(), "the values are free");
        for (coordinate, slope) in self.coordinates.iter().zip(y_gradient) {
            let of_context = &coordinate.slopes[1..=out.len()];
            for (out, a) in out.iter_mut().zip(of_context) {
                *out -= slope * a / coordinate.sd;
            }
        }
    }

    /// Whether no column of z is confined to an interval.
    pub fn is_unconfined(&self) -> bool {
        self.coordinates.iter().all(|c| !c.confined)
    }

    /// Whether every number in it is finite, and it fits so many values and so long a context.
    pub fn is_valid(&self, n_values: usize, n_context: usize) -> bool {
        self.coordinates.len() == n_values
            && self.coordinates.iter().enumerate().all(|(j, coordinate)| {
                coordinate.slopes.len() == 1 + n_context + j
                    && coordinate.slopes.iter().all(|slope| slope.is_finite())
                    && coordinate.sd.is_finite()
                    && coordinate.sd > 0.0
            })
    }
}

impl Coordinate {
    fn mean(&self, context: &[f32], before: &[f64]) -> f64 {
        let (own, of_values) = self.slopes.split_at(1 + context.len());
        let of_context = own[1..].iter().zip(context);
        own[0]
            + of_context.map(|(a, &c)| a * f64::from(c)).sum::<f64>()
            + of_values
                .iter()
                .zip(before)
                .map(|(a, z)| a * z)
                .sum::<f64>()
    }

    fn noise(&self, z: f64, mean: f64) -> (f64, f64) {
        if !self.confined {
            return ((z - mean) / self.sd, -self.sd.ln());
        }
        let mean = self.within_reach(mean);
        let (y, log_derivative) = to_noise((z - mean) / self.sd, self.ends(mean));
        (y, log_derivative - self.sd.ln())
    }

    fn value(&self, y: f64, mean: f64) -> (f64, f64) {
        if !self.confined {
            return (mean + self.sd * y, self.sd.ln());
        }
        let mean = self.within_reach(mean);
        let (t, log_derivative) = from_noise(y, self.ends(mean));
        let z = (mean + self.sd * t).clamp(-1.0, 1.0);
        (z, log_derivative + self.sd.ln())
    }

    fn within_reach(&self, mean: f64) -> f64 {
        let far = 1.0 + REACH * self.sd;
        mean.clamp(-far, far)
    }

    fn ends(&self, mean: f64) -> [f64; 2] {
        [(-1.0 - mean) / self.sd, (1.0 - mean) / self.sd]
    }
}

/// The regression of a confined column, from the one that takes no notice of its interval.
fn refit(design: &Mat<f64>, target: usize, ridge: f64, start: Regression) -> Regression {
    let n = design.nrows().min(MAX_TRUNCATED_ROWS);
    let regressors = Mat::from_fn(n, target, |i, j| design[(i, j)]);
    let values: Vec<f64> = (0..n).map(|i| design[(i, target)]).collect();
    truncated_regression(&regressors, &values, ridge, start)
}

#[cfg(test)]
mod tests;
