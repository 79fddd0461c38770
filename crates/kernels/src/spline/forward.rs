//! Data → noise.

use super::SplineShape;
use super::bin::{Axis, Bin, select_inside, softmax};
use crate::Kernels;
use crate::lanes::{Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// y = spline(x) feature by feature, and Σⱼ ln dyⱼ/dxⱼ.
#[derive(Debug)]
pub struct SplineForward<'a> {
    /// The splines.
    pub shape: &'a SplineShape,
    /// `n_features × stride`.
    pub x: &'a [f32],
    /// In: the raw parameters, `n_features · parameters_per_feature × stride`. Out: with the softmax
    /// of widths and heights in place of their logits, as the way back needs them.
    pub parameters: &'a mut [f32],
    /// Length of a row.
    pub stride: usize,
    /// Out: `n_features × stride`.
    pub y: &'a mut [f32],
    /// Added to; `stride`.
    pub log_det: &'a mut [f32],
}

impl SplineForward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        self.shape
            .check(self.x.len(), self.parameters.len(), self.stride);
        assert_eq!(self.y.len(), self.x.len());
        assert_eq!(self.log_det.len(), self.stride);
        kernels.dispatch(self);
    }
}

impl WithSimd for SplineForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (n_bins, bound) = (self.shape.n_bins, self.shape.bound);
        let x = Rows::new(simd, self.x, self.stride);
        let mut parameters = RowsMut::new(simd, self.parameters, self.stride);
        let mut y = RowsMut::new(simd, self.y, self.stride);
        let mut log_det = RowsMut::new(simd, self.log_det, self.stride);
        for j in 0..self.shape.n_features() {
            let feature = self.shape.feature(j);
            for v in 0..vectors_per_row::<S>(self.stride) {
                softmax(&mut parameters, feature.width_row(0), n_bins, v);
                softmax(&mut parameters, feature.height_row(0), n_bins, v);
                let value = x.get(j, v);
                let clamped = value.clamp(-bound, bound);
                let bin = Bin::find(feature, |row| parameters.get(row, v), clamped, Axis::X);
                let curve = bin.curve().0;
                let point = curve.at((clamped - bin.left) / bin.width);
                // Rounding must not carry it out of the box.
                let inside = bin
                    .height
                    .mul_add(point.rise, bin.bottom)
                    .clamp(-bound, bound);
                y.set(j, v, select_inside(feature, value, inside, value));
                let log_slope = curve.log_slope(point);
                log_det.add(
                    0,
                    v,
                    select_inside(feature, value, log_slope, value.all(0.0)),
                );
            }
        }
    }
}
