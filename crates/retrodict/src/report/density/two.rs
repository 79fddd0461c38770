//! Densities of two parameters.

use super::bandwidth;
use super::cosine::Cosine;
use super::domain::{Domain, effective_draws};
use super::one::decay;
use crate::samples::quantiles;

/// A density on a square grid, as the share of all draws in each cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Density2 {
    pub(crate) x: Domain,
    pub(crate) y: Domain,
    /// How many cells there are along each axis.
    pub(crate) n: usize,
    /// The share in each cell: row after row, y upwards, x running fastest.
    pub(crate) shares: Vec<f64>,
}

/// The best mean error leaves ripples that the eye takes for features; a wider kernel has none, and
/// since levels are those that enclose the draws, contours do not grow with it.
const CALM: f64 = 2.0;

/// The density of weighted pairs (the weights sum to one) within the bounds of each.
pub(crate) fn density_2(
    values: [&[f64]; 2],
    weights: &[f64],
    bounds: [[f64; 2]; 2],
    n: usize,
) -> Density2 {
    let n_effective = effective_draws(&values, weights);
    let [x, y] = [0, 1].map(|a| Domain::of(values[a], weights, bounds[a], n_effective));
    let mut counts = vec![0.0; n * n];
    for ((vx, vy), weight) in values[0].iter().zip(values[1]).zip(weights) {
        let Some(((i, right), (j, up))) = x.cell(*vx, n).zip(y.cell(*vy, n)) else {
            continue;
        };
        counts[j * n + i] += weight * (1.0 - right) * (1.0 - up);
        counts[j * n + i + 1] += weight * right * (1.0 - up);
        counts[(j + 1) * n + i] += weight * (1.0 - right) * up;
        counts[(j + 1) * n + i + 1] += weight * right * up;
    }
    let cosine = Cosine::new(n);
    let mut coefficients = cosine.both_axes(&counts, Cosine::forward);
    // Rows are y, so the first axis of the coefficients is y.
    let times = bandwidth::times_2(&coefficients, n, n_effective);
    let time_y = y.bounded_time(times.map(|t| CALM * t[0]));
    let time_x = x.bounded_time(times.map(|t| CALM * t[1]));
    for (at, coefficient) in coefficients.iter_mut().enumerate() {
        *coefficient *= decay(at / n, time_y) * decay(at % n, time_x);
    }
    let shares = cosine.both_axes(&coefficients, Cosine::inverse);
    Density2 {
        x,
        y,
        n,
        shares: shares.into_iter().map(|v| v.max(0.0)).collect(),
    }
}

impl Density2 {
    /// The levels above which the density holds each `mass` of the draws it was made of: the borders
    /// of the smallest regions that hold it (highest-density regions).
    ///
    /// Counting draws and not cells keeps a region at its mass although smoothing widens the density.
    pub(crate) fn mass_levels<const N: usize>(
        &self,
        values: [&[f64]; 2],
        weights: &[f64],
        masses: [f64; N],
    ) -> [f64; N] {
        let pairs = values[0].iter().zip(values[1]);
        let heights: Vec<f64> = pairs.map(|(x, y)| self.at(*x, *y)).collect();
        quantiles(&heights, weights, masses.map(|mass| 1.0 - mass))
    }

    /// The share at a point, interpolated between cells; zero outside.
    fn at(&self, x: f64, y: f64) -> f64 {
        let n = self.n;
        let Some(((i, right), (j, up))) = self.x.cell(x, n).zip(self.y.cell(y, n)) else {
            return 0.0;
        };
        let row =
            |j: usize| (1.0 - right) * self.shares[j * n + i] + right * self.shares[j * n + i + 1];
        (1.0 - up) * row(j) + up * row(j + 1)
    }
}
