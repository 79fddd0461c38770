//! The loss of a network that predicts a vector: flow matching, denoising, regression.

use crate::Kernels;
use crate::lanes::{Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// weight · |prediction − target|² of each row of the batch, and the gradient
/// 2 weight · (prediction − target).
#[derive(Debug)]
pub struct SquaredError<'a> {
    /// `n_features × stride`.
    pub prediction: &'a [f32],
    /// `n_features × stride`.
    pub target: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// What each row's loss is multiplied with; zero in the padding.
    pub weights: &'a [f32],
    /// Out: the weighted loss of each row.
    pub loss: &'a mut [f32],
    /// Out: its derivatives by the prediction.
    pub prediction_gradient: &'a mut [f32],
}

impl SquaredError<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        assert!(self.stride > 0 && self.prediction.len().is_multiple_of(self.stride));
        assert_eq!(self.target.len(), self.prediction.len());
        assert_eq!(self.weights.len(), self.stride);
        assert_eq!(self.loss.len(), self.stride);
        assert_eq!(self.prediction_gradient.len(), self.prediction.len());
        kernels.dispatch(self);
    }
}

impl WithSimd for SquaredError<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_features = self.prediction.len() / self.stride;
        let prediction = Rows::new(simd, self.prediction, self.stride);
        let target = Rows::new(simd, self.target, self.stride);
        let weights = Rows::new(simd, self.weights, self.stride);
        let mut loss = RowsMut::new(simd, self.loss, self.stride);
        let mut gradient = RowsMut::new(simd, self.prediction_gradient, self.stride);
        for v in 0..vectors_per_row::<S>(self.stride) {
            let weight = weights.get(0, v);
            let mut squares = weight.all(0.0);
            for feature in 0..n_features {
                let error = prediction.get(feature, v) - target.get(feature, v);
                squares = error.mul_add(error, squares);
                gradient.set(feature, v, (weight + weight) * error);
            }
            loss.set(0, v, weight * squares);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::padded;
    use crate::testing::{close, column, differences, rows};

    /// A few roundings of numbers up to about a hundred.
    const TOLERANCE: f64 = 2e-6;

    #[test]
    fn squared_error_and_its_gradient_agree_with_the_formula() {
        for kernels in Kernels::available() {
            for (n, d) in [(1, 1), (17, 3), (200, 10), (5, 0)] {
                let stride = padded(n);
                let [prediction, target] = [1, 2].map(|seed| rows(d, n, 3.0, seed));
                let weights = rows(1, n, 1.0, 3);
                let mut loss = vec![f32::NAN; stride];
                let mut gradient = vec![f32::NAN; prediction.len()];
                SquaredError {
                    prediction: &prediction,
                    target: &target,
                    stride,
                    weights: &weights,
                    loss: &mut loss,
                    prediction_gradient: &mut gradient,
                }
                .run(kernels);
                for b in 0..stride {
                    let target = column(&target, stride, b);
                    let exact = |p: &[f64]| -> f64 {
                        let squares = p.iter().zip(&target).map(|(p, t)| (p - t).powi(2));
                        f64::from(weights[b]) * squares.sum::<f64>()
                    };
                    let p = column(&prediction, stride, b);
                    assert!(close(&[f64::from(loss[b])], &[exact(&p)], TOLERANCE));
                    let slopes = differences(exact, &p);
                    assert!(close(&column(&gradient, stride, b), &slopes, TOLERANCE));
                }
            }
        }
    }
}
