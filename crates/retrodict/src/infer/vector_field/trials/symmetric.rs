//! Symmetric matrices by their eigenvalues.

use faer::{Mat, Side};

/// Q diag(λ) Qᵀ.
#[derive(Debug, Clone)]
pub(super) struct Symmetric {
    values: Vec<f64>,
    vectors: Mat<f64>,
}

impl Symmetric {
    /// Decomposes a matrix given row after row; eigenvalues below `floor` count as that.
    pub(super) fn new(matrix: &[f64], n: usize, floor: f64) -> Self {
        let full = Mat::from_fn(n, n, |i, j| 0.5 * (matrix[i * n + j] + matrix[j * n + i]));
        match full.self_adjoint_eigen(Side::Lower) {
            Ok(eigen) => Self {
                values: (0..n)
                    .map(|k| eigen.S().column_vector()[k].max(floor))
                    .collect(),
                vectors: eigen.U().to_owned(),
            },
            // What is not finite has no eigenvalues.
            Err(_) => Self {
                values: vec![1.0; n],
                vectors: Mat::identity(n, n),
            },
        }
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// out = Q diag(f(λ)) Qᵀ v.
    pub(super) fn apply(&self, f: impl Fn(f64) -> f64, v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (k, value) in self.values.iter().enumerate() {
            let column = self.vectors.col(k);
            let along: f64 = v.iter().enumerate().map(|(i, v)| column[i] * v).sum();
            let along = f(*value) * along;
            for (i, out) in out.iter_mut().enumerate() {
                *out += along * column[i];
            }
        }
    }

    /// Q diag(f(λ)) Qᵀ, row after row.
    pub(super) fn matrix(&self, f: impl Fn(f64) -> f64) -> Vec<f64> {
        let n = self.values.len();
        let mut out = vec![0.0; n * n];
        let (mut unit, mut column) = (vec![0.0; n], vec![0.0; n]);
        for j in 0..n {
            unit.fill(0.0);
            unit[j] = 1.0;
            self.apply(&f, &unit, &mut column);
            for (i, value) in column.iter().enumerate() {
                out[i * n + j] = *value;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_a_matrix_are_those_of_its_eigenvalues() {
        let matrix = [2.0, 0.6, 0.6, 1.0];
        let symmetric = Symmetric::new(&matrix, 2, 1e-9);
        for (a, b) in symmetric.matrix(|l| l).iter().zip(matrix) {
            assert!((a - b).abs() < 1e-12);
        }
        let determinant = 2.0 - 0.36;
        let inverse = [1.0, -0.6, -0.6, 2.0].map(|v| v / determinant);
        for (a, b) in symmetric.matrix(f64::recip).iter().zip(inverse) {
            assert!((a - b).abs() < 1e-12);
        }
        let mut out = [0.0; 2];
        symmetric.apply(|l| l, &[1.0, -2.0], &mut out);
        assert!((out[0] - 0.8).abs() < 1e-12 && (out[1] + 1.4).abs() < 1e-12);
        let flat = Symmetric::new(&[1.0, 0.0, 0.0, -3.0], 2, 0.5);
        assert!(flat.values().iter().all(|v| *v >= 0.5));
    }
}
