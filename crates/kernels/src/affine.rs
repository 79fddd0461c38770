//! The elementwise affine map of autoregressive flows, and its log-determinant.

use crate::Kernels;
use crate::functions::{exp_of_minus_size, ln, softplus_and_sigmoid_from};
use crate::lanes::{Lanes, Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// The least scale, and the least derivative of a spline: softplus alone could underflow.
pub const MIN_SCALE: f32 = 1e-3;

/// The u whose scale is one: ln(e^(1 − [`MIN_SCALE`]) − 1).
pub const IDENTITY_SCALE: f32 = 0.539_742_4;

/// yⱼ = scaleⱼ xⱼ + shiftⱼ with scaleⱼ = softplus(uⱼ) + [`MIN_SCALE`]; log-det = Σⱼ ln scaleⱼ.
#[derive(Debug)]
pub struct AffineForward<'a> {
    /// `d × stride`.
    pub x: &'a [f32],
    /// In: (shiftⱼ, uⱼ) for each feature, `2d × stride`. Out: (shiftⱼ, scaleⱼ).
    pub parameters: &'a mut [f32],
    /// Out: sigmoid(uⱼ), for the way back; `d × stride`.
    pub sigmoid: &'a mut [f32],
    /// Length of a row.
    pub stride: usize,
    /// Out: `d × stride`.
    pub y: &'a mut [f32],
    /// Added to; `stride`.
    pub log_det: &'a mut [f32],
}

/// The gradients of [`AffineForward`].
#[derive(Debug)]
pub struct AffineBackward<'a> {
    /// `d × stride`.
    pub x: &'a [f32],
    /// As `AffineForward` left them.
    pub parameters: &'a [f32],
    /// As `AffineForward` left them.
    pub sigmoid: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// ∂L/∂`log_det`; `stride`.
    pub log_det_gradient: &'a [f32],
    /// In: ∂L/∂y. Out: ∂L/∂x as far as it goes through the map itself; `d × stride`.
    pub values: &'a mut [f32],
    /// Out: ∂L/∂(shiftⱼ, uⱼ); `2d × stride`.
    pub parameter_gradient: &'a mut [f32],
}

/// xⱼ = (yⱼ − shiftⱼ) / scaleⱼ; log-det = −Σⱼ ln scaleⱼ.
#[derive(Debug)]
pub struct AffineInverse<'a> {
    /// `d × stride`.
    pub y: &'a [f32],
    /// (shiftⱼ, uⱼ); `2d × stride`.
    pub parameters: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// Out: `d × stride`.
    pub x: &'a mut [f32],
    /// Added to; `stride`.
    pub log_det: &'a mut [f32],
}

impl AffineForward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        assert_eq!(self.y.len(), self.x.len());
        assert_eq!(self.sigmoid.len(), self.x.len());
        assert_eq!(self.parameters.len(), 2 * self.x.len());
        assert_eq!(self.log_det.len(), self.stride);
        kernels.dispatch(self);
    }
}

impl WithSimd for AffineForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_features = self.x.len() / self.stride;
        let x = Rows::new(simd, self.x, self.stride);
        let mut parameters = RowsMut::new(simd, self.parameters, self.stride);
        let mut sigmoids = RowsMut::new(simd, self.sigmoid, self.stride);
        let mut y = RowsMut::new(simd, self.y, self.stride);
        let mut log_det = RowsMut::new(simd, self.log_det, self.stride);
        let n_vectors = vectors_per_row::<S>(self.stride);
        // Short loops: where all functions of a vector follow each other, they are too many for a core
        // to look ahead to the next vector, and it waits for each result.
        for j in 0..n_features {
            for v in 0..n_vectors {
                sigmoids.set(j, v, exp_of_minus_size(parameters.get(2 * j + 1, v)));
            }
            for v in 0..n_vectors {
                let u = parameters.get(2 * j + 1, v);
                let (scale, sigmoid) = scale_and_sigmoid(u, sigmoids.get(j, v));
                parameters.set(2 * j + 1, v, scale);
                sigmoids.set(j, v, sigmoid);
            }
            for v in 0..n_vectors {
                let scale = parameters.get(2 * j + 1, v);
                y.set(j, v, x.get(j, v).mul_add(scale, parameters.get(2 * j, v)));
                log_det.add(0, v, ln(scale));
            }
        }
    }
}

impl AffineBackward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        assert_eq!(self.values.len(), self.x.len());
        assert_eq!(self.sigmoid.len(), self.x.len());
        assert_eq!(self.parameters.len(), 2 * self.x.len());
        assert_eq!(self.parameter_gradient.len(), 2 * self.x.len());
        assert_eq!(self.log_det_gradient.len(), self.stride);
        kernels.dispatch(self);
    }
}

impl WithSimd for AffineBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_features = self.x.len() / self.stride;
        let x = Rows::new(simd, self.x, self.stride);
        let parameters = Rows::new(simd, self.parameters, self.stride);
        let sigmoid = Rows::new(simd, self.sigmoid, self.stride);
        let d_log_det = Rows::new(simd, self.log_det_gradient, self.stride);
        let mut values = RowsMut::new(simd, self.values, self.stride);
        let mut gradient = RowsMut::new(simd, self.parameter_gradient, self.stride);
        for v in 0..vectors_per_row::<S>(self.stride) {
            for j in 0..n_features {
                let scale = parameters.get(2 * j + 1, v);
                let d_y = values.get(j, v);
                let d_scale = d_y.mul_add(x.get(j, v), d_log_det.get(0, v) / scale);
                gradient.set(2 * j, v, d_y);
                gradient.set(2 * j + 1, v, d_scale * sigmoid.get(j, v));
                values.set(j, v, d_y * scale);
            }
        }
    }
}

impl AffineInverse<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        assert_eq!(self.x.len(), self.y.len());
        assert_eq!(self.parameters.len(), 2 * self.y.len());
        assert_eq!(self.log_det.len(), self.stride);
        kernels.dispatch(self);
    }
}

impl WithSimd for AffineInverse<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_features = self.y.len() / self.stride;
        let y = Rows::new(simd, self.y, self.stride);
        let parameters = Rows::new(simd, self.parameters, self.stride);
        let mut x = RowsMut::new(simd, self.x, self.stride);
        let mut log_det = RowsMut::new(simd, self.log_det, self.stride);
        let n_vectors = vectors_per_row::<S>(self.stride);
        // Short loops, as forward; x holds what is known of the scale so far.
        for j in 0..n_features {
            for v in 0..n_vectors {
                x.set(j, v, exp_of_minus_size(parameters.get(2 * j + 1, v)));
            }
            for v in 0..n_vectors {
                let u = parameters.get(2 * j + 1, v);
                x.set(j, v, scale_and_sigmoid(u, x.get(j, v)).0);
            }
            for v in 0..n_vectors {
                let scale = x.get(j, v);
                x.set(j, v, (y.get(j, v) - parameters.get(2 * j, v)) / scale);
                log_det.add(0, v, -ln(scale));
            }
        }
    }
}

/// softplus(u) + [`MIN_SCALE`] and sigmoid(u), given exp(−|u|).
#[inline(always)]
fn scale_and_sigmoid<S: Simd>(u: Lanes<S>, e: Lanes<S>) -> (Lanes<S>, Lanes<S>) {
    let (softplus, sigmoid) = softplus_and_sigmoid_from(u, e);
    (softplus + softplus.all(MIN_SCALE), sigmoid)
}

#[cfg(test)]
mod tests;
