//! What a sampler returns.

use std::collections::BTreeMap;

use super::diagnostics::Diagnostics;

/// An estimate of log ∫ exp(log-density).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The logarithm of the integral. For log p(x | θ) + log p(θ) it is log p(x).
    pub log_evidence: f64,
    /// The standard error of that logarithm, as the sampler itself estimates it.
    pub standard_error: f64,
}

/// What a sampler says about its run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// The kind of sampler, as in its configuration.
    pub sampler: String,
    /// How often the density was evaluated, gradients included.
    pub evaluations: usize,
    /// How many of these gave NaN or +∞, which count as no density.
    pub invalid: usize,
    /// The share of proposals that were accepted, after warm-up.
    pub acceptance: Option<f64>,
    /// Trajectories that diverged after warm-up (NUTS): the draws may miss a part of the density.
    pub divergences: usize,
    /// Proposals above the bound that rejection sampling had found; the bound was raised to each.
    pub violations: usize,
    /// The evidence, from samplers that estimate it.
    pub evidence: Option<Evidence>,
    /// How many equal ones the weights of importance sampling are worth: (Σw)² / Σw², of as many proposals
    /// as `evaluations` counts.
    pub effective: Option<f64>,
    /// The shape k̂ of the tail of importance weights; above 0.7 they are not to be trusted.
    pub k_hat: Option<f64>,
    /// What a reader has to know, in sentences.
    pub notes: Vec<String>,
}

/// Draws from a density on R^d.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The draws, n × d, row-major, chain after chain.
    pub points: Vec<f64>,
    /// d.
    pub dimension: usize,
    /// How many chains of equal length there are; independent draws count as one chain.
    pub n_chains: usize,
    /// The logarithm of each draw's normalised weight, if the draws do not all count the same.
    pub log_weights: Option<Vec<f64>>,
    /// Numbers that belong to each draw: `log_density` always, and what the sampler adds
    /// (`divergent`, `n_steps`).
    pub statistics: BTreeMap<String, Vec<f64>>,
    /// What the sampler says about its run.
    pub report: Report,
}

/// The statistic that every sampler gives.
pub(super) const LOG_DENSITY: &str = "log_density";

impl Drawn {
    /// Independent draws that all count the same.
    pub(super) fn independent(
        points: Vec<f64>,
        dimension: usize,
        log_density: Vec<f64>,
        report: Report,
    ) -> Self {
        Self {
            points,
            dimension,
            n_chains: 1,
            log_weights: None,
            statistics: BTreeMap::from([(LOG_DENSITY.to_string(), log_density)]),
            report,
        }
    }

    /// How many draws there are.
    pub fn n_draws(&self) -> usize {
        self.points.len() / self.dimension
    }

    /// The draws in order.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.points.chunks_exact(self.dimension)
    }

    /// One coordinate of all draws.
    pub fn column(&self, j: usize) -> Vec<f64> {
        let column = self.points.iter().skip(j).step_by(self.dimension);
        column.copied().collect()
    }

    /// Whether the chains agree, and how many independent draws these are worth: one a coordinate.
    pub fn diagnostics(&self) -> Vec<Diagnostics> {
        (0..self.dimension)
            .map(|j| Diagnostics::of(&self.column(j), self.n_chains))
            .collect()
    }

    /// Keeps the first `n` draws, which are no longer whole chains unless there is but one or all
    /// stay: they then count as one chain.
    pub(crate) fn truncate(&mut self, n: usize) {
        if n >= self.n_draws() {
            return;
        }
        self.points.truncate(n * self.dimension);
        if let Some(weights) = &mut self.log_weights {
            weights.truncate(n);
        }
        for values in self.statistics.values_mut() {
            values.truncate(n);
        }
        self.n_chains = 1;
    }
}

/// Collects draws chain by chain.
pub(super) struct Recorder {
    dimension: usize,
    chains: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Recorder {
    pub(super) fn new(n_chains: usize, dimension: usize) -> Self {
        Self {
            dimension,
            chains: vec![(Vec::new(), Vec::new()); n_chains],
        }
    }

    pub(super) fn push(&mut self, chain: usize, point: &[f64], log_density: f64) {
        let (points, values) = &mut self.chains[chain];
        points.extend_from_slice(point);
        values.push(log_density);
    }

    pub(super) fn into_drawn(self, report: Report) -> Drawn {
        let n_chains = self.chains.len();
        let (points, values): (Vec<_>, Vec<_>) = self.chains.into_iter().unzip();
        let drawn = Drawn::independent(points.concat(), self.dimension, values.concat(), report);
        Drawn { n_chains, ..drawn }
    }
}
