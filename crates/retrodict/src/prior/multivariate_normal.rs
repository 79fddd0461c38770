//! The multivariate normal distribution.

use super::special::LOG_SQRT_2PI;
use super::{Normal, check};
use crate::error::{Error, Result};
use crate::seed::Random;

/// Multivariate normal with mean μ and covariance Σ = L Lᵀ.
///
/// log p(x) = −½ |L⁻¹(x − μ)|² − log det L − ½ k log 2π.
#[derive(Debug, Clone, PartialEq)]
pub struct MultivariateNormal {
    mean: Vec<f64>,
    /// L, row after row; zero above the diagonal.
    factor: Vec<f64>,
    log_det_factor: f64,
}

impl MultivariateNormal {
    /// Multivariate normal with this mean and covariance matrix (its rows).
    ///
    /// # Errors
    /// If a number is not finite, or the matrix is not square, symmetric and positive definite.
    pub fn new(mean: &[f64], covariance: &[Vec<f64>]) -> Result<Self> {
        let k = mean.len();
        check::same_length("covariance", covariance.len(), "mean", k)?;
        for (i, row) in covariance.iter().enumerate() {
            check::same_length(&format!("covariance[{i}]"), row.len(), "mean", k)?;
            for value in row.iter().chain(&mean[i..=i]) {
                check::finite(&format!("mean[{i}] and covariance[{i}]"), *value)?;
            }
        }
        check_symmetric(covariance)?;
        let factor = cholesky(covariance)?;
        let log_det_factor = (0..k).map(|i| factor[i * k + i].ln()).sum();
        Ok(Self {
            mean: mean.to_vec(),
            factor,
            log_det_factor,
        })
    }

    /// How many columns there are.
    pub fn n_columns(&self) -> usize {
        self.mean.len()
    }

    /// log det L, half the logarithm of the covariance's determinant.
    pub fn log_det_factor(&self) -> f64 {
        self.log_det_factor
    }

    /// The distribution of column `i` alone.
    pub fn marginal(&self, i: usize) -> Normal {
        let row = &self.factor[i * self.mean.len()..][..=i];
        let sd = row.iter().map(|l| l * l).sum::<f64>().sqrt();
        Normal::new(self.mean[i], sd).expect("a diagonal of a positive definite matrix")
    }

    /// z = L⁻¹(x − μ), which is standard normal.
    pub fn standardize(&self, x: &[f64], z: &mut [f64]) {
        let k = self.mean.len();
        for i in 0..k {
            let row = &self.factor[i * k..][..=i];
            let known: f64 = row[..i].iter().zip(&*z).map(|(l, z)| l * z).sum();
            z[i] = (x[i] - self.mean[i] - known) / row[i];
        }
    }

    /// x = μ + L z.
    pub fn unstandardize(&self, z: &[f64], x: &mut [f64]) {
        let k = self.mean.len();
        for (i, x) in x.iter_mut().enumerate() {
            let row = &self.factor[i * k..][..=i];
            *x = self.mean[i] + row.iter().zip(z).map(|(l, z)| l * z).sum::<f64>();
        }
    }

    /// The log-density.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let mut z = vec![0.0; x.len()];
        self.standardize(x, &mut z);
        let square: f64 = z.iter().map(|z| z * z).sum();
        -0.5 * square - self.log_det_factor - x.len() as f64 * LOG_SQRT_2PI
    }

    /// One draw.
    pub fn sample(&self, random: &mut Random, x: &mut [f64]) {
        let z: Vec<f64> = x.iter().map(|_| random.normal()).collect();
        self.unstandardize(&z, x);
    }
}

/// Refuses a matrix that differs from its transpose by more than rounding.
fn check_symmetric(covariance: &[Vec<f64>]) -> Result<()> {
    for i in 0..covariance.len() {
        for j in 0..i {
            let (a, b) = (covariance[i][j], covariance[j][i]);
            let scale = (covariance[i][i] * covariance[j][j]).abs().sqrt();
            if (a - b).abs() > 1e-10 * scale {
                return Err(Error::invalid(
                    "covariance",
                    format!("{a} at [{i}][{j}] but {b} at [{j}][{i}]"),
                    "a symmetric matrix",
                    "Make the two entries equal.",
                ));
            }
        }
    }
    Ok(())
}

/// The lower triangular L with Σ = L Lᵀ.
fn cholesky(covariance: &[Vec<f64>]) -> Result<Vec<f64>> {
    let k = covariance.len();
    let mut factor = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..=i {
            let known: f64 = (0..j).map(|m| factor[i * k + m] * factor[j * k + m]).sum();
            let left = covariance[i][j] - known;
            if i > j {
                factor[i * k + j] = left / factor[j * k + j];
            } else if left > 1e-14 * covariance[i][i].abs() {
                factor[i * k + i] = left.sqrt();
            } else {
                return Err(Error::invalid(
                    "covariance",
                    format!(
                        "a matrix whose leading {} × {} part is singular or indefinite",
                        i + 1,
                        i + 1
                    ),
                    "a positive definite matrix",
                    "Check the variances on the diagonal, and that no correlation reaches ±1.",
                ));
            }
        }
    }
    Ok(factor)
}
