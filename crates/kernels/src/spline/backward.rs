//! The gradients of the spline.

use super::bin::{Axis, Bin, Curve, Point, select_inside};
use super::{Feature, MIN_BIN, SplineShape};
use crate::Kernels;
use crate::lanes::{Lanes, Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// The gradients of [`super::SplineForward`].
#[derive(Debug)]
pub struct SplineBackward<'a> {
    /// The splines.
    pub shape: &'a SplineShape,
    /// `n_features × stride`.
    pub x: &'a [f32],
    /// As `SplineForward` left them.
    pub parameters: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// ∂L/∂`log_det`; `stride`.
    pub log_det_gradient: &'a [f32],
    /// In: ∂L/∂y. Out: ∂L/∂x as far as it goes through the splines themselves.
    pub values: &'a mut [f32],
    /// Out: ∂L/∂(raw parameters).
    pub parameter_gradient: &'a mut [f32],
}

impl SplineBackward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        self.shape
            .check(self.x.len(), self.parameters.len(), self.stride);
        assert_eq!(self.values.len(), self.x.len());
        assert_eq!(self.parameter_gradient.len(), self.parameters.len());
        assert_eq!(self.log_det_gradient.len(), self.stride);
        kernels.dispatch(self);
    }
}

impl WithSimd for SplineBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let bound = self.shape.bound;
        let x = Rows::new(simd, self.x, self.stride);
        let parameters = Rows::new(simd, self.parameters, self.stride);
        let d_log_det = Rows::new(simd, self.log_det_gradient, self.stride);
        let mut values = RowsMut::new(simd, self.values, self.stride);
        let mut gradient = RowsMut::new(simd, self.parameter_gradient, self.stride);
        for j in 0..self.shape.n_features() {
            let feature = self.shape.feature(j);
            for v in 0..vectors_per_row::<S>(self.stride) {
                let (value, upstream) = (x.get(j, v), values.get(j, v));
                let clamped = value.clamp(-bound, bound);
                let bin = Bin::find(feature, |row| parameters.get(row, v), clamped, Axis::X);
                let (curve, sigmoids) = bin.curve();
                let zero = value.all(0.0);
                let d_y = select_inside(feature, value, upstream, zero);
                let d_log = select_inside(feature, value, d_log_det.get(0, v), zero);
                let slopes = Slopes::new(&bin, &curve, clamped, d_y, d_log);
                let d_x = select_inside(feature, value, slopes.x, upstream);
                values.set(j, v, d_x);
                let get = |row| parameters.get(row, v);
                let mut set = |row, value| gradient.set(row, v, value);
                through_softmax(
                    feature,
                    bin.index,
                    &get,
                    &mut set,
                    feature.width_row(0),
                    [-slopes.x, slopes.width],
                );
                through_softmax(
                    feature,
                    bin.index,
                    &get,
                    &mut set,
                    feature.height_row(0),
                    [d_y, slopes.height],
                );
                let d_raw = [slopes.left * sigmoids[0], slopes.right * sigmoids[1]];
                to_derivatives(feature, bin.index, &mut set, d_raw);
            }
        }
    }
}

/// ∂L/∂ of what makes up a bin.
struct Slopes<S: Simd> {
    x: Lanes<S>,
    width: Lanes<S>,
    height: Lanes<S>,
    /// Of the derivatives at both knots.
    left: Lanes<S>,
    right: Lanes<S>,
}

impl<S: Simd> Slopes<S> {
    /// With t the place in the bin, s the mean slope, q the rise, E the denominator and M the
    /// numerator: y = bottom + height · q and ln dy/dx = 2 ln s + ln M − 2 ln E.
    #[inline(always)]
    fn new(bin: &Bin<S>, curve: &Curve<S>, x: Lanes<S>, d_y: Lanes<S>, d_log: Lanes<S>) -> Self {
        let per_width = x.all(1.0) / bin.width;
        let t = (x - bin.left) * per_width;
        let point = curve.at(t);
        let d_rise = d_y * bin.height / point.denominator;
        let d_ln_m = d_log / point.numerator;
        let d_ln_e = (d_log + d_log) / point.denominator;
        let at = Upstream {
            rise: d_rise,
            numerator: d_ln_m,
            denominator: d_ln_e,
        };
        let d_t = at.place(curve, &point, t);
        let d_s = at.mean_slope(&point, t) + (d_log + d_log) / curve.slope;
        let rest = t.all(1.0) - t;
        let d_end = d_ln_e * point.product;
        Self {
            x: d_t * per_width,
            width: -(d_t * t + d_s * curve.slope) * per_width,
            height: d_y.mul_add(point.rise, d_s * per_width),
            left: d_rise * point.product * (t.all(1.0) - point.rise) + d_ln_m * rest * rest - d_end,
            right: d_ln_m * t * t - d_rise * point.product * point.rise - d_end,
        }
    }
}

/// ∂L/∂q / E, ∂L/∂M and −∂L/∂E through the logarithm.
struct Upstream<S: Simd> {
    rise: Lanes<S>,
    numerator: Lanes<S>,
    denominator: Lanes<S>,
}

impl<S: Simd> Upstream<S> {
    /// ∂L/∂t.
    #[inline(always)]
    fn place(&self, curve: &Curve<S>, point: &Point<S>, t: Lanes<S>) -> Lanes<S> {
        let rest = t.all(1.0) - t;
        let tilt = rest - t;
        let two = t.all(2.0);
        let rise = (two * curve.slope * t).mul_add(t.all(1.0), curve.left * tilt);
        let denominator = curve.excess() * tilt;
        let numerator = two * (curve.right * t + curve.slope * tilt - curve.left * rest);
        self.rise * (rise - point.rise * denominator) + self.numerator * numerator
            - self.denominator * denominator
    }

    /// ∂L/∂s, but for 2 ln s.
    #[inline(always)]
    fn mean_slope(&self, point: &Point<S>, t: Lanes<S>) -> Lanes<S> {
        let twice = point.product + point.product;
        let denominator = t.all(1.0) - twice;
        self.rise * (t * t - point.rise * denominator) + self.numerator * twice
            - self.denominator * denominator
    }
}

/// From a bin's start and size to the logits whose softmax made all sizes: sizes before the bin move
/// its start, its own size is its size.
#[inline(always)]
fn through_softmax<S: Simd>(
    feature: Feature<'_>,
    index: Lanes<S>,
    get: &impl Fn(usize) -> Lanes<S>,
    set: &mut impl FnMut(usize, Lanes<S>),
    first_row: usize,
    [d_start, d_size]: [Lanes<S>; 2],
) {
    let n_bins = feature.shape.n_bins;
    let scale = 2.0 * feature.shape.bound * (1.0 - MIN_BIN * n_bins as f32);
    let scale = index.all(scale);
    let (d_start, d_size) = (d_start * scale, d_size * scale);
    let slope = |bin: usize| {
        let bin = index.all(bin as f32);
        let from_here = bin.ge(index).select(d_size, d_start);
        bin.gt(index).select(index.all(0.0), from_here)
    };
    let mut mean = index.all(0.0);
    for bin in 0..n_bins {
        mean = get(first_row + bin).mul_add(slope(bin), mean);
    }
    for bin in 0..n_bins {
        set(first_row + bin, get(first_row + bin) * (slope(bin) - mean));
    }
}

/// Each bin has a part in the derivatives at its own two knots alone.
#[inline(always)]
fn to_derivatives<S: Simd>(
    feature: Feature<'_>,
    index: Lanes<S>,
    set: &mut impl FnMut(usize, Lanes<S>),
    [d_left, d_right]: [Lanes<S>; 2],
) {
    let zero = index.all(0.0);
    let n_bins = feature.shape.n_bins;
    let start = feature.start + 2 * n_bins;
    for row in start..feature.start + feature.shape.parameters_per_feature() {
        set(row, zero);
    }
    for knot in 0..=n_bins {
        let Some(row) = feature.derivative_row(knot) else {
            continue;
        };
        let place = index.all(knot as f32);
        // The bin that starts at this knot has its number; the bin that ends there the one before.
        let starts = place.ge(index).select(d_left, zero);
        let starts = place.gt(index).select(zero, starts);
        let before = index + index.all(1.0);
        let ends = place.ge(before).select(d_right, zero);
        let ends = place.gt(before).select(zero, ends);
        set(row, starts + ends);
    }
}
