//! The Cholesky factor of a covariance, for many small products and solutions.

use faer::{Mat, Side};

use crate::prior::special::LOG_SQRT_2PI;

/// L with L Lᵀ = Σ, row after row.
#[derive(Debug, Clone)]
pub(in crate::infer) struct Factor {
    n: usize,
    lower: Vec<f64>,
    /// log det L.
    log_det: f64,
}

impl Factor {
    /// The factor of a covariance (row after row); nothing if it is not positive definite, to the
    /// precision of `f64`, or not finite.
    pub(in crate::infer) fn new(covariance: &[f64], n: usize) -> Option<Self> {
        let matrix = Mat::from_fn(n, n, |i, j| covariance[i * n + j]);
        let llt = matrix.llt(Side::Lower).ok()?;
        let lower: Vec<f64> = (0..n * n).map(|k| llt.L()[(k / n, k % n)]).collect();
        let log_det: f64 = (0..n).map(|i| lower[i * n + i].ln()).sum();
        log_det.is_finite().then_some(Self { n, lower, log_det })
    }

    /// log det L, half the logarithm of the covariance's determinant.
    pub(in crate::infer) fn log_det(&self) -> f64 {
        self.log_det
    }

    /// Replaces `v` by L⁻¹ v: what has this covariance becomes white.
    pub(in crate::infer) fn whiten(&self, v: &mut [f64]) {
        for i in 0..self.n {
            let row = &self.lower[i * self.n..][..self.n];
            let known: f64 = row[..i].iter().zip(&v[..i]).map(|(l, v)| l * v).sum();
            v[i] = (v[i] - known) / row[i];
        }
    }

    /// Replaces `v` by L v: white noise gets this covariance.
    pub(in crate::infer) fn color(&self, v: &mut [f64]) {
        for i in (0..self.n).rev() {
            let row = &self.lower[i * self.n..][..=i];
            v[i] = row.iter().zip(&v[..=i]).map(|(l, v)| l * v).sum();
        }
    }

    /// The normal log-density with this covariance of a value that lies `whitened` (after
    /// [`Factor::whiten`]) from the mean.
    pub(in crate::infer) fn log_density(&self, whitened: &[f64]) -> f64 {
        let square: f64 = whitened.iter().map(|w| w * w).sum();
        -0.5 * square - self.log_det - self.n as f64 * LOG_SQRT_2PI
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_whitens_colors_and_knows_its_determinant() {
        // det = 4·3·2 + 0 − … computed by hand: 4(3·2 − 0.25) − 1(1·2 − 0) = 21.
        let covariance = [4.0, 1.0, 0.0, 1.0, 3.0, 0.5, 0.0, 0.5, 2.0];
        let factor = Factor::new(&covariance, 3).unwrap();
        assert!((factor.log_det() - 0.5 * 21.0_f64.ln()).abs() < 1e-12);
        let mut v = [0.3, -1.0, 2.0];
        factor.color(&mut v);
        factor.whiten(&mut v);
        for (v, expected) in v.iter().zip([0.3, -1.0, 2.0]) {
            assert!((v - expected).abs() < 1e-12);
        }
        assert!(Factor::new(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(Factor::new(&[f64::NAN], 1).is_none());
    }
}
