//! Noise → data.

use super::SplineShape;
use super::bin::{Axis, Bin, select_inside, softmax};
use crate::Kernels;
use crate::lanes::{Lanes, Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// x with spline(x) = y feature by feature, and −Σⱼ ln dyⱼ/dxⱼ.
#[derive(Debug)]
pub struct SplineInverse<'a> {
    /// The splines.
    pub shape: &'a SplineShape,
    /// The first feature present; `values` and `parameters` hold those from here on.
    pub first_feature: usize,
    /// Rows of `stride` for each feature present.
    pub y: &'a [f32],
    /// In: their raw parameters. Out: with the softmax of widths and heights in place of their logits.
    pub parameters: &'a mut [f32],
    /// Length of a row.
    pub stride: usize,
    /// Out: as long as `y`.
    pub x: &'a mut [f32],
    /// Added to; `stride`.
    pub log_det: &'a mut [f32],
}

impl SplineInverse<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let n_present = self.y.len() / self.stride;
        assert_eq!(self.y.len(), n_present * self.stride);
        assert!(self.first_feature + n_present <= self.shape.n_features());
        let rows = n_present * self.shape.parameters_per_feature();
        assert_eq!(self.parameters.len(), rows * self.stride);
        assert_eq!(self.x.len(), self.y.len());
        assert_eq!(self.log_det.len(), self.stride);
        kernels.dispatch(self);
    }
}

impl WithSimd for SplineInverse<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (n_bins, bound) = (self.shape.n_bins, self.shape.bound);
        let y = Rows::new(simd, self.y, self.stride);
        let mut parameters = RowsMut::new(simd, self.parameters, self.stride);
        let mut x = RowsMut::new(simd, self.x, self.stride);
        let mut log_det = RowsMut::new(simd, self.log_det, self.stride);
        for j in 0..self.y.len() / self.stride {
            let mut feature = self.shape.feature(self.first_feature + j);
            feature.start = j * self.shape.parameters_per_feature();
            for v in 0..vectors_per_row::<S>(self.stride) {
                softmax(&mut parameters, feature.width_row(0), n_bins, v);
                softmax(&mut parameters, feature.height_row(0), n_bins, v);
                let value = y.get(j, v);
                let clamped = value.clamp(-bound, bound);
                let bin = Bin::find(feature, |row| parameters.get(row, v), clamped, Axis::Y);
                let (inside, log_slope) = solve(&bin, clamped);
                let inside = inside.clamp(-bound, bound);
                x.set(j, v, select_inside(feature, value, inside, value));
                let log_slope = select_inside(feature, value, log_slope, value.all(0.0));
                log_det.add(0, v, -log_slope);
            }
        }
    }
}

/// The root of the quadratic in the form that does not cancel (equations 6 to 8 of the paper),
/// and ln dy/dx there.
#[inline(always)]
fn solve<S: Simd>(bin: &Bin<S>, y: Lanes<S>) -> (Lanes<S>, Lanes<S>) {
    let curve = bin.curve().0;
    let rise = y - bin.bottom;
    let bend = rise * curve.excess();
    let a = bin.height.mul_add(curve.slope - curve.left, bend);
    let b = bin.height.mul_add(curve.left, -bend);
    let c = -(curve.slope * rise);
    let discriminant = b.mul_add(b, a * c * c.all(-4.0));
    // Rounding may take it below zero where it is zero; asked this way round, NaN stays NaN.
    let zero = b.all(0.0);
    let root = discriminant.lt(zero).select(zero, discriminant).sqrt();
    let t = ((c + c) / (-b - root)).clamp(0.0, 1.0);
    let log_slope = curve.log_slope(curve.at(t));
    (bin.width.mul_add(t, bin.left), log_slope)
}
