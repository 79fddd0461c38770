//! Covariances of proposals.

use faer::{Mat, Side};

/// The lower Cholesky factor of a d × d matrix, row-major; where the matrix is singular, a little is
/// added to its diagonal first.
pub(crate) fn cholesky(covariance: &[f64], d: usize) -> Vec<f64> {
    let diagonal = (0..d).map(|j| covariance[j * d + j]);
    let largest = diagonal.fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let mut ridge = 0.0;
    for _ in 0..20 {
        let matrix = Mat::from_fn(d, d, |i, j| {
            covariance[i * d + j] + if i == j { ridge } else { 0.0 }
        });
        if let Ok(factor) = matrix.llt(Side::Lower) {
            let lower = factor.L();
            let entry = |k: usize| {
                let (i, j) = (k / d, k % d);
                if j <= i { lower[(i, j)] } else { 0.0 }
            };
            return (0..d * d).map(entry).collect();
        }
        ridge = if ridge == 0.0 {
            1e-12 * largest
        } else {
            10.0 * ridge
        };
    }
    // Not a number somewhere: what is left is the scale.
    let scale = largest.sqrt();
    (0..d * d)
        .map(|k| if k / d == k % d { scale } else { 0.0 })
        .collect()
}

/// Adds scale · L ε to `point`.
pub(crate) fn add_product(factor: &[f64], noise: &[f64], scale: f64, point: &mut [f64]) {
    let d = noise.len();
    for (i, x) in point.iter_mut().enumerate() {
        let row = &factor[i * d..][..=i];
        *x += scale * row.iter().zip(noise).map(|(l, e)| l * e).sum::<f64>();
    }
}

/// Mean and covariance of rows of `d` numbers.
pub(crate) fn moments(points: &[f64], d: usize) -> (Vec<f64>, Vec<f64>) {
    let n = (points.len() / d) as f64;
    let mut mean = vec![0.0; d];
    for row in points.chunks_exact(d) {
        for (m, x) in mean.iter_mut().zip(row) {
            *m += x / n;
        }
    }
    let mut covariance = vec![0.0; d * d];
    for row in points.chunks_exact(d) {
        for i in 0..d {
            for j in 0..d {
                covariance[i * d + j] += (row[i] - mean[i]) * (row[j] - mean[j]) / n;
            }
        }
    }
    (mean, covariance)
}
