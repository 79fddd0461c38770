//! The rational-quadratic spline.

use super::scale;
use crate::spline::MIN_BIN;
use crate::{IDENTITY_SCALE, SplineShape, Tail};

/// Knots along one axis from the logits of the sizes of n bins: n + 1 numbers from −B to B.
pub fn spline_knots(logits: &[f64], bound: f64) -> Vec<f64> {
    let least = f64::from(MIN_BIN);
    let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
    let mut knots = vec![-bound];
    for logit in logits {
        let share = least + (1.0 - least * logits.len() as f64) * logit.exp() / total;
        knots.push(knots[knots.len() - 1] + 2.0 * bound * share);
    }
    knots
}

struct Spline {
    xs: Vec<f64>,
    ys: Vec<f64>,
    derivatives: Vec<f64>,
}

impl Spline {
    fn new(shape: &SplineShape, tail: Tail, raw: &[f64]) -> Self {
        let (n, bound) = (shape.n_bins(), f64::from(shape.bound()));
        let derivative = |knot| {
            let raw = shape.derivative_row(tail, knot).map(|row| raw[row]);
            scale(raw.unwrap_or(f64::from(IDENTITY_SCALE)))
        };
        Self {
            xs: spline_knots(&raw[..n], bound),
            ys: spline_knots(&raw[n..2 * n], bound),
            derivatives: (0..=n).map(derivative).collect(),
        }
    }

    /// y and dy/dx at x (equations 4 and 5 of the paper).
    fn at(&self, x: f64) -> (f64, f64) {
        let n = self.xs.len() - 1;
        let k = self.xs[1..n].partition_point(|knot| *knot <= x);
        let (width, height) = (self.xs[k + 1] - self.xs[k], self.ys[k + 1] - self.ys[k]);
        let (d_0, d_1) = (self.derivatives[k], self.derivatives[k + 1]);
        let (s, t) = (height / width, (x - self.xs[k]) / width);
        let denominator = s + (d_0 + d_1 - 2.0 * s) * t * (1.0 - t);
        let y = self.ys[k] + height * (s * t * t + d_0 * t * (1.0 - t)) / denominator;
        let numerator = d_1 * t * t + 2.0 * s * t * (1.0 - t) + d_0 * (1.0 - t) * (1.0 - t);
        (y, s * s * numerator / (denominator * denominator))
    }
}

/// (y, ln dy/dx) of one number under one spline; `raw` holds the parameters of that feature.
pub fn spline_forward(shape: &SplineShape, tail: Tail, raw: &[f64], x: f64) -> (f64, f64) {
    let bound = f64::from(shape.bound());
    if tail == Tail::Linear && x.abs() > bound {
        return (x, 0.0);
    }
    let (y, slope) = Spline::new(shape, tail, raw).at(x.clamp(-bound, bound));
    (y, slope.ln())
}

/// (x, ln dx/dy) of one number under one spline, by bisection.
pub fn spline_inverse(shape: &SplineShape, tail: Tail, raw: &[f64], y: f64) -> (f64, f64) {
    let bound = f64::from(shape.bound());
    if tail == Tail::Linear && y.abs() > bound {
        return (y, 0.0);
    }
    let spline = Spline::new(shape, tail, raw);
    let (mut low, mut high) = (-bound, bound);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if spline.at(middle).0 < y {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low, -spline.at(low).1.ln())
}
