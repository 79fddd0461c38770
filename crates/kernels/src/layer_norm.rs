//! Layer normalisation.

use crate::Kernels;
use crate::lanes::{Lanes, Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// Added to the variance.
pub const LAYER_NORM_EPSILON: f32 = 1e-5;

/// y = gain · (x − mean) / √(variance + 10⁻⁵) + shift, mean and variance over the features of each row
/// of the batch (Ba et al. 2016, arXiv:1607.06450).
///
/// The weights are the gains of all features, then their shifts.
#[derive(Debug)]
pub struct LayerNormForward<'a> {
    /// `2 · n_features`.
    pub weights: &'a [f32],
    /// x, `n_features × stride`.
    pub input: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// Out: y, `n_features × stride`.
    pub output: &'a mut [f32],
    /// Out: mean and 1 / √(variance + 10⁻⁵), `2 × stride`.
    pub cache: &'a mut [f32],
}

/// The gradients of [`LayerNormForward`].
#[derive(Debug)]
pub struct LayerNormBackward<'a> {
    /// `2 · n_features`.
    pub weights: &'a [f32],
    /// x.
    pub input: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// As `LayerNormForward` left it.
    pub cache: &'a [f32],
    /// In: ∂L/∂y. Out: ∂L/∂x.
    pub values: &'a mut [f32],
    /// Added to.
    pub weight_gradient: &'a mut [f32],
}

fn check(weights: usize, input: usize, stride: usize, cache: usize) {
    assert!(stride > 0 && input.is_multiple_of(stride), "rows of input");
    let n_features = input / stride;
    assert!(n_features > 0, "at least one feature");
    assert_eq!(weights, 2 * n_features, "a gain and a shift a feature");
    assert_eq!(cache, 2 * stride, "two rows of cache");
}

impl LayerNormForward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let (weights, input) = (self.weights.len(), self.input.len());
        check(weights, input, self.stride, self.cache.len());
        assert_eq!(self.output.len(), input);
        kernels.dispatch(self);
    }
}

impl WithSimd for LayerNormForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n = self.input.len() / self.stride;
        let share = Lanes::splat(simd, 1.0 / n as f32);
        let epsilon = share.all(LAYER_NORM_EPSILON);
        let input = Rows::new(simd, self.input, self.stride);
        let mut output = RowsMut::new(simd, self.output, self.stride);
        let mut cache = RowsMut::new(simd, self.cache, self.stride);
        for v in 0..vectors_per_row::<S>(self.stride) {
            let mut sum = share.all(0.0);
            for i in 0..n {
                sum += input.get(i, v);
            }
            let mean = sum * share;
            // In a second pass, because the mean square less the squared mean cancels.
            let mut squares = share.all(0.0);
            for i in 0..n {
                let offset = input.get(i, v) - mean;
                squares = offset.mul_add(offset, squares);
            }
            let inverse = share.all(1.0) / squares.mul_add(share, epsilon).sqrt();
            cache.set(0, v, mean);
            cache.set(1, v, inverse);
            for i in 0..n {
                let normal = (input.get(i, v) - mean) * inverse;
                let (gain, shift) = (share.all(self.weights[i]), share.all(self.weights[n + i]));
                output.set(i, v, normal.mul_add(gain, shift));
            }
        }
    }
}

impl LayerNormBackward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let (weights, input) = (self.weights.len(), self.input.len());
        check(weights, input, self.stride, self.cache.len());
        assert_eq!(self.values.len(), input);
        assert_eq!(self.weight_gradient.len(), weights);
        kernels.dispatch(self);
    }
}

impl WithSimd for LayerNormBackward<'_> {
    type Output = ();

    /// With n = (x − mean)/sd and g = gain · ∂L/∂y: ∂L/∂x = (g − ⟨g⟩ − n ⟨g n⟩) / sd.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n = self.input.len() / self.stride;
        let n_vectors = vectors_per_row::<S>(self.stride);
        let share = Lanes::splat(simd, 1.0 / n as f32);
        let input = Rows::new(simd, self.input, self.stride);
        let cache = Rows::new(simd, self.cache, self.stride);
        let mut values = RowsMut::new(simd, self.values, self.stride);
        let normal = |i, v| (input.get(i, v) - cache.get(0, v)) * cache.get(1, v);
        for i in 0..n {
            let (mut gain, mut shift) = (share.all(0.0), share.all(0.0));
            for v in 0..n_vectors {
                gain = values.get(i, v).mul_add(normal(i, v), gain);
                shift += values.get(i, v);
            }
            self.weight_gradient[i] += gain.sum();
            self.weight_gradient[n + i] += shift.sum();
        }
        for v in 0..n_vectors {
            let (mut mean, mut along) = (share.all(0.0), share.all(0.0));
            for i in 0..n {
                let slope = values.get(i, v) * share.all(self.weights[i]);
                mean += slope;
                along = slope.mul_add(normal(i, v), along);
            }
            let (mean, along) = (mean * share, along * share);
            for i in 0..n {
                let slope = values.get(i, v) * share.all(self.weights[i]) - mean;
                let slope = along.neg_mul_add(normal(i, v), slope);
                values.set(i, v, slope * cache.get(1, v));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, column, differences, numbers, rows};
    use crate::{padded, scalar};

    /// Rounding of sums over up to 33 rows of numbers up to about six.
    const TOLERANCE: f64 = 2e-5;

    #[test]
    fn layer_norm_and_its_gradients_agree_with_the_scalar_twin() {
        for kernels in Kernels::available() {
            for (n, d) in [(1, 2), (17, 3), (33, 7), (5, 50)] {
                let stride = padded(n);
                let input = rows(d, n, 3.0, 1);
                let weights = numbers(2 * d, 2);
                let mut upstream = rows(d, n, 1.0, 3);
                for row in upstream.chunks_mut(stride) {
                    row[n..].fill(0.0);
                }
                let mut output = vec![f32::NAN; input.len()];
                let mut cache = vec![f32::NAN; 2 * stride];
                LayerNormForward {
                    weights: &weights,
                    input: &input,
                    stride,
                    output: &mut output,
                    cache: &mut cache,
                }
                .run(kernels);
                let mut values = upstream.clone();
                let mut weight_gradient = vec![0.5; 2 * d];
                LayerNormBackward {
                    weights: &weights,
                    input: &input,
                    stride,
                    cache: &cache,
                    values: &mut values,
                    weight_gradient: &mut weight_gradient,
                }
                .run(kernels);
                let weights: Vec<f64> = weights.iter().map(|w| f64::from(*w)).collect();
                let mut exact_gradient = vec![0.5; 2 * d];
                for b in 0..n {
                    let [x, dy] = [&input, &upstream].map(|rows| column(rows, stride, b));
                    let exact = scalar::layer_norm(&weights, &x);
                    assert!(close(&column(&output, stride, b), &exact, TOLERANCE));
                    let loss = |weights: &[f64], x: &[f64]| -> f64 {
                        let y = scalar::layer_norm(weights, x);
                        y.iter().zip(&dy).map(|(y, d)| y * d).sum()
                    };
                    let slopes = differences(|x| loss(&weights, x), &x);
                    assert!(close(&column(&values, stride, b), &slopes, TOLERANCE));
                    for (sum, slope) in exact_gradient
                        .iter_mut()
                        .zip(differences(|w| loss(w, &x), &weights))
                    {
                        *sum += slope;
                    }
                }
                let given: Vec<f64> = weight_gradient.iter().map(|g| f64::from(*g)).collect();
                assert!(close(&given, &exact_gradient, TOLERANCE));
            }
        }
    }
}
