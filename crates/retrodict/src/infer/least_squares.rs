//! Weighted linear regression that does not mind columns that repeat each other.

use faer::{Mat, Side};
use serde::{Deserialize, Serialize};

use super::classical::covariance::mean;

/// Eigenvalues of the correlations below this are taken to be rounding.
const SMALLEST_EIGENVALUE: f64 = 1e-11;
/// A row whose leverage leaves less than this to the others determines a slope by itself.
const SMALLEST_REST: f64 = 1e-6;

/// targets ≈ intercept + slopes · features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinearFit {
    n_features: usize,
    /// One row a target: the intercept, then one slope a feature.
    coefficients: Vec<f64>,
}

/// Rows of features and targets, and how much each row counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) features: &'a [f64],
    pub(super) n_features: usize,
    pub(super) targets: &'a [f64],
    pub(super) n_targets: usize,
    pub(super) weights: &'a [f64],
}

impl LinearFit {
    /// Minimises Σ wᵢ ‖tᵢ − prediction(fᵢ)‖². Of features that are linear combinations of each
    /// other the solution with the smallest standardised slopes is taken (pseudo-inverse).
    pub(super) fn new(rows: Rows<'_>) -> Self {
        Equations::new(rows).fit()
    }

    /// The same, and what a fit without row i predicts for it, for every i.
    ///
    /// That is tᵢ − rᵢ / (1 − hᵢ), with the residual rᵢ and the leverage hᵢ of the row. A row that alone determines a slope
    /// has a leverage of one, and keeps the prediction of the fit.
    pub(super) fn with_left_out(rows: Rows<'_>) -> (Self, Vec<f64>) {
        let equations = Equations::new(rows);
        let fit = equations.fit();
        let mut left_out = Vec::with_capacity(rows.targets.len());
        let features = rows.features.chunks_exact(rows.n_features.max(1));
        let targets = rows.targets.chunks_exact(rows.n_targets);
        for ((features, target), share) in features.zip(targets).zip(&equations.share) {
            let rest = 1.0 - share * equations.distance(features);
            let predicted = fit.predict(features);
            left_out.extend(predicted.iter().zip(target).map(|(p, t)| {
                if rest > SMALLEST_REST {
                    t - (t - p) / rest
                } else {
                    *p
                }
            }));
        }
        (fit, left_out)
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

/// The normal equations of standardised features, solved but for the right-hand side.
struct Equations {
    /// The rows' weights, with a sum of one.
    share: Vec<f64>,
    middle: Vec<f64>,
    scale: Vec<f64>,
    /// Of the targets.
    center: Vec<f64>,
    /// Eigenvectors of Σ wᵢ zᵢ zᵢᵀ, and what their directions are multiplied with.
    vectors: Mat<f64>,
    inverse: Vec<f64>,
    /// Σ wᵢ zᵢ (tᵢ − center)ᵀ.
    right: Mat<f64>,
}

impl Equations {
    fn new(rows: Rows<'_>) -> Self {
        let Rows {
            features,
            n_features,
            targets,
            n_targets,
            weights,
        } = rows;
        let total: f64 = weights.iter().sum();
        let share: Vec<f64> = weights.iter().map(|w| w / total).collect();
        let (middle, scale) = standardization(features, n_features, &share);
        let center = mean(targets, n_targets, &share);
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
        let (vectors, inverse) = inverse(&product);
        Self {
            share,
            middle,
            scale,
            center,
            vectors,
            inverse,
            right,
        }
    }

    fn fit(&self) -> LinearFit {
        let (n_features, n_targets) = (self.right.nrows(), self.right.ncols());
        let mut along = self.vectors.transpose() * &self.right;
        for (i, inverse) in self.inverse.iter().enumerate() {
            for k in 0..n_targets {
                along[(i, k)] *= inverse;
            }
        }
        let slopes = &self.vectors * along;
        let mut coefficients = Vec::with_capacity(n_targets * (n_features + 1));
        for k in 0..n_targets {
            let own: Vec<f64> = (0..n_features)
                .map(|j| slopes[(j, k)] / self.scale[j])
                .collect();
            let moved: f64 = own.iter().zip(&self.middle).map(|(b, m)| b * m).sum();
            coefficients.push(self.center[k] - moved);
            coefficients.extend(own);
        }
        LinearFit {
            n_features,
            coefficients,
        }
    }

    /// 1 + zᵀ (Σ wᵢ zᵢ zᵢᵀ)⁻¹ z: the leverage of a row in units of its weight.
    fn distance(&self, features: &[f64]) -> f64 {
        let parts = features.iter().zip(&self.middle).zip(&self.scale);
        let z: Vec<f64> = parts
            .map(|((f, middle), scale)| (f - middle) / scale)
            .collect();
        let along = |i: usize| -> f64 { (0..z.len()).map(|j| self.vectors[(j, i)] * z[j]).sum() };
        let squares = self.inverse.iter().enumerate();
        1.0 + squares
            .map(|(i, inverse)| inverse * along(i).powi(2))
            .sum::<f64>()
    }
}

/// Weighted mean and standard deviation of each column; constant columns get an infinite one, and
/// so no slope.
fn standardization(rows: &[f64], n: usize, share: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let middle = mean(rows, n, share);
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

/// Eigenvectors, and the inverse of each eigenvalue: zero for one that is rounding, and all of them if there are none.
fn inverse(product: &Mat<f64>) -> (Mat<f64>, Vec<f64>) {
    let n = product.nrows();
    let Ok(eigen) = product.self_adjoint_eigen(Side::Lower) else {
        return (Mat::identity(n, n), vec![0.0; n]);
    };
    let values = eigen.S().column_vector();
    let largest = (0..n).map(|i| values[i]).fold(0.0, f64::max);
    let inverse = (0..n).map(|i| {
        if values[i] > SMALLEST_EIGENVALUE * largest {
            1.0 / values[i]
        } else {
            0.0
        }
    });
    (eigen.U().to_owned(), inverse.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    /// As many rows as there are weights.
    fn rows<'a>(features: &'a [f64], targets: &'a [f64], weights: &'a [f64]) -> Rows<'a> {
        Rows {
            features,
            n_features: features.len() / weights.len(),
            targets,
            n_targets: targets.len() / weights.len(),
            weights,
        }
    }

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
        let fit = LinearFit::new(rows(&features, &targets, &weights));
        let found = fit.predict(&[2.0, 90.0, 92.0, 7.0]);
        assert!(
            (found[0] + 85.0).abs() < 1e-7 && (found[1] - 270.0).abs() < 1e-7,
            "{found:?}"
        );
    }

    #[test]
    fn weights_count_as_repeated_rows() {
        let one = rows(&[0.0, 1.0, 2.0], &[0.0, 2.0, 1.0], &[1.0, 2.0, 1.0]);
        let two = rows(&[0.0, 1.0, 1.0, 2.0], &[0.0, 2.0, 2.0, 1.0], &[1.0; 4]);
        let [one, two] = [one, two].map(LinearFit::new);
        assert!((one.predict(&[5.0])[0] - two.predict(&[5.0])[0]).abs() < 1e-12);
    }

    #[test]
    fn what_is_left_out_is_predicted_as_by_a_fit_without_it() {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let n = 12;
        let (mut features, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..n {
            let (a, b) = (random.normal(), 5.0 + random.normal());
            // The third repeats the others, the fourth says something of the last row alone.
            features.extend([a, b, a - b, f64::from(u8::from(i == n - 1))]);
            targets.extend([a + random.normal(), random.normal()]);
            weights.push(random.uniform() + 0.5);
        }
        let (fit, left_out) = LinearFit::with_left_out(rows(&features, &targets, &weights));
        for i in 0..n {
            let own = &features[4 * i..4 * (i + 1)];
            let mut others = [features.clone(), targets.clone(), weights.clone()];
            for (part, width) in others.iter_mut().zip([4, 2, 1]) {
                part.drain(width * i..width * (i + 1));
            }
            let without = match i {
                _ if i + 1 == n => fit.clone(),
                _ => LinearFit::new(rows(&others[0], &others[1], &others[2])),
            };
            for (k, expected) in without.predict(own).iter().enumerate() {
                let found = left_out[2 * i + k];
                assert!((found - expected).abs() < 1e-9, "{i}: {found} {expected}");
            }
        }
    }
}
