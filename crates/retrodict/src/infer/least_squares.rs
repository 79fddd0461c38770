//! Weighted linear regression that does not mind columns that repeat each other.

use faer::{Mat, Side};
use serde::{Deserialize, Serialize};

/// Eigenvalues of the correlations below this are taken to be rounding.
const SMALLEST_EIGENVALUE: f64 = 1e-11;

/// targets ≈ intercept + slopes · features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinearFit {
    n_features: usize,
    /// One row a target: the intercept, then one slope a feature.
    coefficients: Vec<f64>,
}

impl LinearFit {
    /// Minimises Σ wᵢ ‖tᵢ − prediction(fᵢ)‖². Of features that are linear combinations of each
    /// other the solution with the smallest standardised slopes is taken (pseudo-inverse).
    pub(super) fn new(
        features: &[f64],
        n_features: usize,
        targets: &[f64],
        n_targets: usize,
        weights: &[f64],
    ) -> Self {
        let total: f64 = weights.iter().sum();
        let share: Vec<f64> = weights.iter().map(|w| w / total).collect();
        let (middle, scale) = standardization(features, n_features, &share);
        let center = crate::infer::classical::covariance::mean(targets, n_targets, &share);
        let mut product = Mat::<f64>::zeros(n_features, n_features);
        let mut right = Mat::<f64>::zeros(n_features, n_targets);
        let mut z = vec![0.0; n_features];
        let rows = features.chunks_exact(n_features.max(1));
        for ((row, target), w) in rows.zip(targets.chunks_exact(n_targets)).zip(&share) {
            for j in 0..n_features {
                z[j] = (row[j] - middle[j]) / scale[j];
            }
            for i in 0..n_features {
                for j in 0..=i {
                    product[(i, j)] += w * z[i] * z[j];
                }
                for k in 0..n_targets {
                    right[(i, k)] += w * z[i] * (target[k] - center[k]);
                }
            }
        }
        let slopes = solve(&product, &right);
        let mut coefficients = Vec::with_capacity(n_targets * (n_features + 1));
        for k in 0..n_targets {
            let own: Vec<f64> = (0..n_features).map(|j| slopes[(j, k)] / scale[j]).collect();
            let moved: f64 = own.iter().zip(&middle).map(|(b, m)| b * m).sum();
            coefficients.push(center[k] - moved);
            coefficients.extend(own);
        }
        Self {
            n_features,
            coefficients,
        }
    }

    /// Whether it is one of so many targets by so many features, with finite coefficients.
    pub(super) fn fits(&self, n_features: usize, n_targets: usize) -> bool {
        self.n_features == n_features
            && self.coefficients.len() == n_targets * (n_features + 1)
            && self.coefficients.iter().all(|v| v.is_finite())
    }

    /// The prediction for one row of features.
    pub(super) fn predict(&self, features: &[f64]) -> Vec<f64> {
        let rows = self.coefficients.chunks_exact(self.n_features + 1);
        rows.map(|row| {
            row[0]
                + row[1..]
                    .iter()
                    .zip(features)
                    .map(|(b, f)| b * f)
                    .sum::<f64>()
        })
        .collect()
    }
}

/// Weighted mean and standard deviation of each column; constant columns get an infinite one, and
/// so no slope.
fn standardization(rows: &[f64], n: usize, share: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let middle = crate::infer::classical::covariance::mean(rows, n, share);
    let mut square = vec![0.0; n];
    for (row, w) in rows.chunks_exact(n.max(1)).zip(share) {
        for j in 0..n {
            square[j] += w * (row[j] - middle[j]).powi(2);
        }
    }
    let sd = square.iter().zip(&middle).map(|(s, m)| {
        let sd: f64 = s.sqrt();
        if sd > 1e-14 * m.abs() {
            sd
        } else {
            f64::INFINITY
        }
    });
    let sd = sd.collect();
    (middle, sd)
}

fn solve(product: &Mat<f64>, right: &Mat<f64>) -> Mat<f64> {
    let (n, m) = (product.nrows(), right.ncols());
    let Ok(eigen) = product.self_adjoint_eigen(Side::Lower) else {
        return Mat::zeros(n, m);
    };
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    let largest = (0..n).map(|i| values[i]).fold(0.0, f64::max);
    let mut along = vectors.transpose() * right;
    for i in 0..n {
        let value = values[i];
        for k in 0..m {
            along[(i, k)] *= if value > SMALLEST_EIGENVALUE * largest {
                1.0 / value
            } else {
                0.0
            };
        }
    }
    vectors * along
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_found_exactly_with_repeated_and_constant_columns() {
        // Features: a, b, a + b, 7; targets: 1 + 2a − b and 3b.
        let mut features = Vec::new();
        let mut targets = Vec::new();
        for i in 0..20 {
            let (a, b) = (f64::from(i * i % 7), 100.0 + f64::from(i % 5));
            features.extend([a, b, a + b, 7.0]);
            targets.extend([1.0 + 2.0 * a - b, 3.0 * b]);
        }
        let weights: Vec<f64> = (0..20).map(|i| f64::from(1 + i % 3)).collect();
        let fit = LinearFit::new(&features, 4, &targets, 2, &weights);
        let found = fit.predict(&[2.0, 90.0, 92.0, 7.0]);
        assert!(
            (found[0] + 85.0).abs() < 1e-7 && (found[1] - 270.0).abs() < 1e-7,
            "{found:?}"
        );
    }

    #[test]
    fn weights_count_as_repeated_rows() {
        let one = LinearFit::new(&[0.0, 1.0, 2.0], 1, &[0.0, 2.0, 1.0], 1, &[1.0, 2.0, 1.0]);
        let two = LinearFit::new(
            &[0.0, 1.0, 1.0, 2.0],
            1,
            &[0.0, 2.0, 2.0, 1.0],
            1,
            &[1.0; 4],
        );
        assert!((one.predict(&[5.0])[0] - two.predict(&[5.0])[0]).abs() < 1e-12);
    }
}
