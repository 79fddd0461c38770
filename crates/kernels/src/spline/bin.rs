//! Finding each lane's bin, and the rational quadratic within it.

use super::{Feature, MIN_BIN, Tail};
use crate::functions::{exp, ln, softplus_and_sigmoid};
use crate::lanes::{Lanes, RowsMut};
use crate::{IDENTITY_SCALE, MIN_SCALE};
use pulp::Simd;

/// Which of the two axes the bin is looked up on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    X,
    Y,
}

/// Replaces `count` rows of logits by their softmax.
#[inline(always)]
pub(super) fn softmax<S: Simd>(rows: &mut RowsMut<'_, S>, start: usize, count: usize, v: usize) {
    let mut largest = rows.get(start, v);
    for row in start + 1..start + count {
        largest = largest.max(rows.get(row, v));
    }
    let mut total = largest.all(0.0);
    for row in start..start + count {
        let weight = exp(rows.get(row, v) - largest);
        rows.set(row, v, weight);
        total += weight;
    }
    let share = total.all(1.0) / total;
    for row in start..start + count {
        rows.set(row, v, rows.get(row, v) * share);
    }
}

/// The bin that each lane's value falls into.
#[derive(Clone, Copy)]
pub(super) struct Bin<S: Simd> {
    /// Its number, as a float.
    pub(super) index: Lanes<S>,
    pub(super) left: Lanes<S>,
    pub(super) width: Lanes<S>,
    pub(super) bottom: Lanes<S>,
    pub(super) height: Lanes<S>,
    /// The raw derivatives at its two knots.
    pub(super) raw_left: Lanes<S>,
    pub(super) raw_right: Lanes<S>,
}

impl<S: Simd> Bin<S> {
    /// Walks along the knots and keeps the last one at or below `value`; `get` reads a row of
    /// parameters, widths and heights after the softmax.
    #[inline(always)]
    pub(super) fn find(
        feature: Feature<'_>,
        get: impl Fn(usize) -> Lanes<S>,
        value: Lanes<S>,
        axis: Axis,
    ) -> Self {
        let (n_bins, bound) = (feature.shape.n_bins, feature.shape.bound);
        let low = value.all(-bound);
        let scale = value.all(2.0 * bound * (1.0 - MIN_BIN * n_bins as f32));
        let least = value.all(2.0 * bound * MIN_BIN);
        let raw = |knot| {
            feature
                .derivative_row(knot)
                .map_or(value.all(IDENTITY_SCALE), &get)
        };
        let mut found = Self {
            index: value.all(0.0),
            left: low,
            width: get(feature.width_row(0)).mul_add(scale, least),
            bottom: low,
            height: get(feature.height_row(0)).mul_add(scale, least),
            raw_left: raw(0),
            raw_right: raw(1),
        };
        let (mut left, mut bottom) = (low + found.width, low + found.height);
        for bin in 1..n_bins {
            let last = bin == n_bins - 1;
            // The last knot stands exactly at the bound, whatever the sums have rounded to.
            let size = |row, start| {
                if last {
                    value.all(bound) - start
                } else {
                    get(row).mul_add(scale, least)
                }
            };
            let width = size(feature.width_row(bin), left);
            let height = size(feature.height_row(bin), bottom);
            let here = value.ge(if axis == Axis::X { left } else { bottom });
            found = Self {
                index: here.select(value.all(bin as f32), found.index),
                left: here.select(left, found.left),
                width: here.select(width, found.width),
                bottom: here.select(bottom, found.bottom),
                height: here.select(height, found.height),
                raw_left: here.select(raw(bin), found.raw_left),
                raw_right: here.select(raw(bin + 1), found.raw_right),
            };
            left += width;
            bottom += height;
        }
        found
    }

    /// The curve within the bin, and the sigmoids of its raw derivatives.
    #[inline(always)]
    pub(super) fn curve(&self) -> (Curve<S>, [Lanes<S>; 2]) {
        let (left, sigmoid_left) = softplus_and_sigmoid(self.raw_left);
        let (right, sigmoid_right) = softplus_and_sigmoid(self.raw_right);
        let least = left.all(MIN_SCALE);
        let curve = Curve {
            slope: self.height / self.width,
            left: left + least,
            right: right + least,
        };
        (curve, [sigmoid_left, sigmoid_right])
    }
}

/// The rational quadratic on the unit square: mean slope, and the derivatives at both ends.
#[derive(Clone, Copy)]
pub(super) struct Curve<S: Simd> {
    pub(super) slope: Lanes<S>,
    pub(super) left: Lanes<S>,
    pub(super) right: Lanes<S>,
}

/// The curve at a place t between 0 and 1 (equations 4 and 5 of the paper).
#[derive(Clone, Copy)]
pub(super) struct Point<S: Simd> {
    /// How far up the bin, between 0 and 1: (s t² + d₀ t(1 − t)) / `denominator`.
    pub(super) rise: Lanes<S>,
    /// s + (d₀ + d₁ − 2s) t(1 − t).
    pub(super) denominator: Lanes<S>,
    /// d₁ t² + 2 s t(1 − t) + d₀ (1 − t)².
    pub(super) numerator: Lanes<S>,
    /// t(1 − t).
    pub(super) product: Lanes<S>,
}

impl<S: Simd> Curve<S> {
    /// d₀ + d₁ − 2s.
    #[inline(always)]
    pub(super) fn excess(&self) -> Lanes<S> {
        self.left + self.right - self.slope - self.slope
    }

    #[inline(always)]
    pub(super) fn at(&self, t: Lanes<S>) -> Point<S> {
        let rest = t.all(1.0) - t;
        let product = t * rest;
        let denominator = self.excess().mul_add(product, self.slope);
        let rise = (self.slope * t).mul_add(t, self.left * product) / denominator;
        let twice = (self.slope + self.slope) * product;
        let numerator = (self.right * t).mul_add(t, (self.left * rest).mul_add(rest, twice));
        Point {
            rise,
            denominator,
            numerator,
            product,
        }
    }

    /// ln dy/dx = ln(s² · numerator / denominator²).
    #[inline(always)]
    pub(super) fn log_slope(&self, point: Point<S>) -> Lanes<S> {
        let ratio = self.slope / point.denominator;
        ln(ratio * ratio * point.numerator)
    }
}

/// One where the spline applies, zero in a linear tail; multiplies nothing but selects.
#[inline(always)]
pub(super) fn select_inside<S: Simd>(
    feature: Feature<'_>,
    value: Lanes<S>,
    inside: Lanes<S>,
    outside: Lanes<S>,
) -> Lanes<S> {
    match feature.tail {
        Tail::Bounded => inside,
        Tail::Linear => {
            let bound = value.all(feature.shape.bound);
            // NaN is not larger than the bound: it counts as inside and so stays NaN.
            value.abs().gt(bound).select(outside, inside)
        }
    }
}
