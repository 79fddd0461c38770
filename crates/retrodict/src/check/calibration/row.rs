//! One test simulation: where its truth stands among the draws of its posterior.

use crate::infer::Posterior;
use crate::sample::Diagnostics;
use crate::samples::Samples;
use crate::seed::{Random, Seed, Stream};
use crate::table::Table;

/// Of so many draws the log-density is looked at: it costs as much as several draws, and the place of
/// the truth among more is no more precise than the number of test simulations lets see.
const DENSITY_DRAWS: usize = 250;

/// A test simulation, and a point that was chosen without looking at its θ.
#[derive(Clone, Copy)]
pub(super) struct Truth<'a> {
    pub(super) theta: &'a [f64],
    pub(super) x: &'a [f64],
    pub(super) point: &'a [f64],
}

/// One test simulation.
pub(super) struct Row {
    pub(super) positions: Vec<f64>,
    pub(super) means: Vec<f64>,
    pub(super) sds: Vec<f64>,
    /// One draw, to be compared with the truth as a whole.
    pub(super) draw: Vec<f64>,
}

impl Row {
    pub(super) fn rank(
        posterior: &dyn Posterior,
        truth: Truth<'_>,
        pairs: &[(usize, usize)],
        n_draws: usize,
        seed: Seed,
    ) -> Result<Self, String> {
        let Truth { theta, x, point } = truth;
        let samples = posterior
            .sample(x, n_draws, seed)
            .map_err(|e| e.to_string())?;
        let weights = samples.weights();
        let density = DensityRank::of(posterior, &samples, theta, x)?;
        let (n_chains, draws) = (samples.n_chains, samples.draws);
        let (means, sds) = moments(&draws, &weights);
        if means.iter().chain(&sds).any(|v| !v.is_finite()) {
            return Err("the posterior gave draws that are not finite".into());
        }
        let scaled = |row: &[f64], j: usize| (row[j] - means[j]) / sds[j].max(f64::MIN_POSITIVE);
        let mut random = seed.stream(Stream::Check, 0);
        let mut position = |value: &dyn Fn(&[f64]) -> f64| {
            let values: Vec<f64> = draws.rows().map(value).collect();
            let resolution = resolution(&values, &weights, n_chains);
            position(&values, &weights, value(theta), resolution, &mut random)
        };
        let mut positions: Vec<f64> = (0..means.len()).map(|j| position(&|row| row[j])).collect();
        for &(i, j) in pairs {
            positions.push(position(&|row| scaled(row, i) + scaled(row, j)));
            positions.push(position(&|row| scaled(row, i) - scaled(row, j)));
        }
        positions.push(density.position(&weights, &mut random));
        let distances: Vec<f64> = draws.rows().map(|row| distance(row, point, &sds)).collect();
        let own = distance(theta, point, &sds);
        let resolution = resolution(&distances, &weights, n_chains);
        positions.push(self::position(
            &distances,
            &weights,
            own,
            resolution,
            &mut random,
        ));
        let chosen = chosen(&weights, random.uniform());
        Ok(Self {
            positions,
            means,
            sds,
            draw: draws.row(chosen).to_vec(),
        })
    }
}

/// The log-densities of draws, and of the truth.
struct DensityRank {
    drawn: Vec<f64>,
    truth: f64,
}

impl DensityRank {
    fn of(
        posterior: &dyn Posterior,
        samples: &Samples,
        theta: &[f64],
        x: &[f64],
    ) -> Result<Self, String> {
        // Weighted draws are worth less than their number, and count all.
        let n = match samples.log_weights {
            Some(_) => samples.draws.n_rows(),
            None => samples.draws.n_rows().min(DENSITY_DRAWS),
        };
        // From all chains, and as far apart in each as can be.
        let all = samples.draws.n_rows();
        let spread: Vec<usize> = (0..n).map(|k| k * all / n).collect();
        let mut points = samples.draws.select(&spread);
        points.push(theta);
        // Ranks are all that is taken from them.
        let log_probs = posterior.log_unnormalized(&points, x);
        let log_probs = log_probs.map_err(|e| e.to_string())?;
        if log_probs.iter().any(|v| v.is_nan()) {
            return Err("the posterior's log-density is NaN".into());
        }
        let (truth, drawn) = log_probs.split_last().expect("the truth is the last");
        Ok(Self {
            drawn: drawn.to_vec(),
            truth: *truth,
        })
    }

    /// Where the truth stands, given the weights of all draws.
    fn position(&self, weights: &[f64], random: &mut Random) -> f64 {
        let weights = &weights[..self.drawn.len()];
        let total: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|w| w / total).collect();
        let resolution = resolution(&self.drawn, &shares, 1);
        position(&self.drawn, &shares, self.truth, resolution, random)
    }
}

/// One over the number of independent draws that these are worth: Σ w², or for chains what their
/// autocorrelation leaves.
///
/// A truth outside all draws is as rare as one in so many, so that ranks among the L draws of chains
/// that move slowly are too often 0 or L, without any fault of the posterior (Talts et al. 2018,
/// section 5.1).
pub(super) fn resolution(values: &[f64], weights: &[f64], n_chains: usize) -> f64 {
    let own: f64 = weights.iter().map(|w| w * w).sum();
    if n_chains == 1 {
        return own;
    }
    // One over a number that is not one, of a value that never changes, is none either.
    own.max(1.0 / Diagnostics::of(values, n_chains).ess_bulk)
}

/// Where the truth stands among weighted values, on (0, 1).
///
/// For L independent draws of equal weight it is (r + U·(1 + t)) / (L + 1), with r values below the
/// truth, t equal to it, and U uniform: exactly uniform if truth and values are exchangeable. Otherwise
/// it takes the `resolution` for 1 / L.
pub(super) fn position(
    values: &[f64],
    weights: &[f64],
    truth: f64,
    resolution: f64,
    random: &mut Random,
) -> f64 {
    let mut below = 0.0;
    let mut equal = 0.0;
    for (&value, &weight) in values.iter().zip(weights) {
        below += if value < truth { weight } else { 0.0 };
        equal += if value == truth { weight } else { 0.0 };
    }
    (below + random.uniform_open() * (equal + resolution)) / (1.0 + resolution)
}

/// The first index at which the sum of the weights exceeds u, a number below one.
fn chosen(weights: &[f64], u: f64) -> usize {
    let mut sum = 0.0;
    let exceeds = |weight: &f64| {
        sum += weight;
        sum > u
    };
    let last = weights.len() - 1;
    weights.iter().position(exceeds).unwrap_or(last)
}

/// √ Σⱼ ((aⱼ − bⱼ) / sⱼ)².
pub(super) fn distance(a: &[f64], b: &[f64], scales: &[f64]) -> f64 {
    let terms = a.iter().zip(b).zip(scales);
    let square = |((a, b), s): ((&f64, &f64), &f64)| ((a - b) / s.max(f64::MIN_POSITIVE)).powi(2);
    terms.map(square).sum::<f64>().sqrt()
}

/// The weighted mean and standard deviation of each column.
pub(in crate::check) fn moments(draws: &Table, weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
    (0..draws.n_columns())
        .map(|j| {
            let column = || draws.rows().map(|row| row[j]).zip(weights);
            let mean: f64 = column().map(|(v, w)| v * w).sum();
            let variance: f64 = column().map(|(v, w)| w * (v - mean).powi(2)).sum();
            (mean, variance.sqrt())
        })
        .unzip()
}
