//! Which of a posterior and a likelihood tells the truth apart from parameters that the observation allows.

use serde::{Deserialize, Serialize};

use super::comparison::{FEWEST_ROWS, MOST_ROWS};
use super::gain::{best_share, gain};
use super::{ChosenModels, Gain};
use crate::error::Result;
use crate::prior::Prior;
use crate::simulate::Simulations;
use crate::table::Table;

/// The truth is looked for among so many other parameters.
const RIVALS: usize = 256;

/// A posterior q(θ | x) and a likelihood p̂(x | θ) compared on simulations whose θ were drawn from the likelihood's
/// posterior for the observation.
///
/// Under that proposal r(θ) as the prior, both give a posterior for each simulation x, q(θ | x) r(θ) / p(θ) and
/// p̂(x | θ) r(θ). With r-distributed θ₁ … θₙ, one of them the true θ*, the log-density of θ* over that of r is
/// log f(θ*, x) − log mean f(θₖ, x), where f is q / p, p̂, or for a pool (q / p)^(1−α) p̂^α: the contrastive
/// score of noise-contrastive estimation (van den Oord et al. 2018, arXiv:1807.03748).
///
/// It asks about data like the observation and parameters that it allows. Simulations from the whole of a truncated
/// prior do not: in ten dimensions nearly all of them lie at its edge, where a likelihood that has learned from
/// draws near the observation has seen nothing, and need not have. But it is blind where the likelihood draws
/// nothing, so [`super::Comparison`] has to agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nearby {
    /// How many simulations.
    pub simulations: usize,
    /// The likelihood over the posterior: α = 1 over α = 0.
    pub likelihood: Gain,
    /// The best α.
    pub share: f64,
}

impl Nearby {
    /// Compares on the successful ones of `proposed`; nothing if there are fewer than 20.
    ///
    /// # Errors
    /// If a density cannot be evaluated.
    pub fn new(
        prior: &Prior,
        models: ChosenModels<'_>,
        proposed: &Simulations,
    ) -> Result<Option<Self>> {
        let Some(rivals) = Rivals::new(proposed) else {
            return Ok(None);
        };
        let likelihoods = models.1.log_likelihood_many(&rivals.theta, &rivals.x)?;
        let densities = models.0.log_prob_many(&rivals.theta, &rivals.x)?;
        let own = densities.iter().zip(rivals.theta.rows());
        let ratios: Vec<f64> = own.map(|(q, theta)| q - prior.log_prob(theta)).collect();
        Ok(Some(rivals.compared(&likelihoods, &ratios)))
    }

    /// In words, after those of [`super::Comparison`].
    pub(super) fn reason(&self) -> String {
        format!(
            "; on {} that the likelihood proposed, {:+.2} ± {:.2}, and the best exponent is {:.2}",
            self.simulations, self.likelihood.mean, self.likelihood.standard_error, self.share
        )
    }

    /// From log p̂ and log q / p of each simulation, first of the truth, then of its rivals.
    pub(super) fn of(each: &[(&[f64], &[f64])]) -> Self {
        let score = |(likelihoods, ratios): &(&[f64], &[f64]), share: f64| {
            let both = likelihoods.iter().zip(*ratios);
            let logs: Vec<f64> = both.map(|(l, q)| mixed((*q, *l), share)).collect();
            gain(&logs, 1.0)
        };
        let gains = |share: f64| -> Vec<f64> {
            let over = |own| score(own, share) - score(own, 0.0);
            each.iter().map(over).collect()
        };
        let count = vec![1.0 / each.len() as f64; each.len()];
        let (share, _, last) = best_share(&gains, &count);
        Self {
            simulations: each.len(),
            likelihood: Gain::of(&last, &count),
            share,
        }
    }
}

/// (1 − α) log q + α log l; what neither gives any density, or is not asked for, is left out.
fn mixed((q, l): (f64, f64), share: f64) -> f64 {
    let part = |value: f64, weight: f64| if weight == 0.0 { 0.0 } else { weight * value };
    let value = part(q, 1.0 - share) + part(l, share);
    if value.is_nan() {
        f64::NEG_INFINITY
    } else {
        value
    }
}

/// Each simulation that is judged beside its own θ and those of others, spread over all.
pub(super) struct Rivals {
    pub(super) theta: Table,
    pub(super) x: Table,
    /// How many pairs each simulation has.
    n_each: usize,
}

impl Rivals {
    /// Of the successful ones of `proposed`; nothing if there are fewer than 20.
    pub(super) fn new(proposed: &Simulations) -> Option<Self> {
        let proposed = proposed.valid();
        let n = proposed.len();
        if n < FEWEST_ROWS {
            return None;
        }
        let (judged, rivals) = (n.min(MOST_ROWS), RIVALS.min(n - 1));
        let stride = (n - 1) / rivals;
        let judged = (0..judged).map(|i| i * n / judged);
        let beside =
            |i: usize| std::iter::once(i).chain((0..rivals).map(move |k| (i + 1 + k * stride) % n));
        let theta: Vec<usize> = judged.clone().flat_map(beside).collect();
        let x: Vec<usize> = judged
            .flat_map(|i| std::iter::repeat_n(i, rivals + 1))
            .collect();
        Some(Self {
            theta: proposed.theta.select(&theta),
            x: proposed.x.select(&x),
            n_each: rivals + 1,
        })
    }

    /// What one function of the pairs gains over another, and their best mixture.
    pub(super) fn compared(&self, own: &[f64], other: &[f64]) -> Nearby {
        let each = own.chunks(self.n_each).zip(other.chunks(self.n_each));
        Nearby::of(&each.collect::<Vec<_>>())
    }
}
