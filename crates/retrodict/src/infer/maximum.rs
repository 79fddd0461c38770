//! The θ with the largest posterior density.

use super::neural::{BLOCK, NeuralPosterior, finite_or_zero_density, log_sum_exp};
use super::posterior::Posterior;
use crate::error::Result;
use crate::estimator::{Estimator, Purpose, Workspace};
use crate::seed::{Seed, Stream};

/// Draws among which the starts are chosen.
const N_DRAWS: usize = BLOCK;
/// Starts: the draws with the largest density. As many as a vector of any processor has lanes.
const N_STARTS: usize = 16;
const N_STEPS: usize = 100;
/// The first step length, in standard deviations of θ as the network sees it; it falls to zero.
const STEP: f64 = 0.05;
/// The search stays within the range of the draws and this share of it on each side: beyond, a
/// network's tail, divided by a map that flattens out, says nothing about a maximum.
const MARGIN: f64 = 0.1;
/// For the derivative of the map's log-determinant.
const DIFFERENCE: f32 = 1e-3;

/// Maximises the density of θ itself, not that of the space in which the network works (the two
/// differ by the map's Jacobian): Adam from the best of many draws, uphill on
/// log q(z̃ | x) − log |det ∂θ/∂z̃|, then the best point seen.
pub(super) fn maximum(posterior: &NeuralPosterior, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
    let context = posterior.context(x)?;
    let seed = seed.derive(Stream::Search, 0);
    let draws = posterior.sample(x, N_DRAWS, seed)?.draws;
    let densities = posterior.log_prob(&draws, x)?;
    let mut order: Vec<usize> = (0..N_DRAWS).collect();
    order.sort_by(|&a, &b| densities[b].total_cmp(&densities[a]));
    let d = posterior.target.n_features();
    let (mut real, mut z) = (vec![0.0; d], vec![0.0; d]);
    let mut all = Vec::with_capacity(N_DRAWS * d);
    for &row in &order {
        posterior
            .target
            .forward(draws.row(row), &context, &mut real, &mut z);
        all.extend_from_slice(&z);
    }
    let mut search = Search::new(posterior, &context, &all);
    for step in 0..N_STEPS {
        search.step(step);
    }
    Ok(search.best(draws.row(order[0]), densities[order[0]]))
}

struct Search<'a> {
    posterior: &'a NeuralPosterior,
    workspace: Workspace,
    context: &'a [f32],
    /// Row-major, one row a start.
    z: Vec<f32>,
    range: Vec<[f32; 2]>,
    moments: Vec<[f64; 2]>,
    best: (f64, Vec<f32>),
}

impl<'a> Search<'a> {
    /// `draws` are row-major and in descending order of density.
    fn new(posterior: &'a NeuralPosterior, context: &'a [f32], draws: &[f32]) -> Self {
        let d = posterior.target.n_features();
        let bounded = posterior.target.bounded();
        let n_discrete = posterior.target.discrete.len();
        let range = (0..d)
            .map(|j| {
                let column = draws.iter().skip(j).step_by(d);
                let low = column.clone().copied().fold(f32::INFINITY, f32::min);
                let high = column.copied().fold(f32::NEG_INFINITY, f32::max);
                let margin = MARGIN as f32 * (high - low);
                let limit = if j >= n_discrete && bounded[j - n_discrete] {
                    posterior.config.estimator.bound().unwrap_or(f32::MAX)
                } else {
                    f32::MAX
                };
                [(low - margin).max(-limit), (high + margin).min(limit)]
            })
            .collect();
        Self {
            posterior,
            workspace: posterior.flow.workspace(N_STARTS, Purpose::Training),
            context,
            z: draws[..N_STARTS * d].to_vec(),
            range,
            moments: vec![[0.0; 2]; N_STARTS * d],
            best: (f64::NEG_INFINITY, draws[..d].to_vec()),
        }
    }

    fn step(&mut self, step: usize) {
        let d = self.range.len();
        let (log_prob, gradient) = self.evaluate();
        for (z, &value) in self.z.chunks_exact(d).zip(&log_prob) {
            if value > self.best.0 {
                self.best = (value, z.to_vec());
            }
        }
        let progress = step as f64 / N_STEPS as f64;
        let rate = STEP * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
        let time = (step + 1) as i32;
        for (i, (slope, moment)) in gradient.iter().zip(&mut self.moments).enumerate() {
            let slope = if slope.is_finite() { *slope } else { 0.0 };
            moment[0] = 0.9 * moment[0] + 0.1 * slope;
            moment[1] = 0.99 * moment[1] + 0.01 * slope * slope;
            let mean = moment[0] / (1.0 - 0.9_f64.powi(time));
            let spread = (moment[1] / (1.0 - 0.99_f64.powi(time))).sqrt();
            let [low, high] = self.range[i % d];
            self.z[i] = (self.z[i] + (rate * mean / (spread + 1e-8)) as f32).clamp(low, high);
        }
    }

    /// The log-density of θ at every start, and its gradient with respect to z̃.
    fn evaluate(&mut self) -> (Vec<f64>, Vec<f64>) {
        self.load();
        let d = self.range.len();
        let mut log_prob = vec![f64::NEG_INFINITY; N_STARTS];
        let mut gradient = vec![0.0; N_STARTS * d];
        let posterior = self.posterior;
        for (weights, share) in posterior.members.iter().zip(&posterior.config.mixture) {
            posterior.flow.value_gradient(weights, &mut self.workspace);
            for start in 0..N_STARTS {
                let own = f64::from(self.workspace.log_prob()[start]);
                let own = share.ln() + finite_or_zero_density(own);
                if own == f64::NEG_INFINITY {
                    continue;
                }
                let sum = log_sum_exp(log_prob[start], own);
                let (so_far, part) = ((log_prob[start] - sum).exp(), (own - sum).exp());
                for j in 0..d {
                    let slope = f64::from(self.workspace.value_gradient(start, j));
                    let mean = &mut gradient[start * d + j];
                    *mean = so_far * *mean + part * slope;
                }
                log_prob[start] = sum;
            }
        }
        self.subtract_volume(&mut log_prob, &mut gradient);
        (log_prob, gradient)
    }

    fn load(&mut self) {
        self.workspace.resize(N_STARTS);
        for (start, z) in self.z.chunks_exact(self.range.len()).enumerate() {
            self.workspace.set_row(start, z, self.context);
        }
        self.workspace.pad();
    }

    /// From the density of z̃ to that of θ.
    fn subtract_volume(&mut self, log_prob: &mut [f64], gradient: &mut [f64]) {
        let d = self.range.len();
        let rows = self.z.chunks_exact_mut(d).zip(gradient.chunks_exact_mut(d));
        for ((z, gradient), log_prob) in rows.zip(log_prob) {
            let at = log_volume(self.posterior, self.context, z);
            *log_prob = finite_or_zero_density(*log_prob - at);
            // Codes of discrete parameters stay what they are.
            for j in self.posterior.target.discrete.len()..d {
                let center = z[j];
                z[j] = center + DIFFERENCE;
                let above = log_volume(self.posterior, self.context, z);
                z[j] = center - DIFFERENCE;
                let below = log_volume(self.posterior, self.context, z);
                z[j] = center;
                gradient[j] -= (above - below) / f64::from(2.0 * DIFFERENCE);
            }
        }
    }

    /// The best point, unless it is no better than the best draw.
    fn best(&self, draw: &[f64], density: f64) -> Vec<f64> {
        if self.best.0 <= density {
            return draw.to_vec();
        }
        let mut real = vec![0.0; self.range.len()];
        let mut theta = vec![0.0; draw.len()];
        self.posterior
            .target
            .inverse(&self.best.1, self.context, &mut real, &mut theta);
        theta
    }
}

/// log |det ∂θ/∂z̃|.
fn log_volume(posterior: &NeuralPosterior, context: &[f32], z: &[f32]) -> f64 {
    let mut real = vec![0.0; z.len()];
    let mut theta = vec![0.0; posterior.parameters.len()];
    posterior.target.inverse(z, context, &mut real, &mut theta)
}
