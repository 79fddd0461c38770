//! Which of a posterior and a likelihood knows more about fresh simulations, and in what mixture.

use serde::{Deserialize, Serialize};

use super::gain::{best_share, gain};
use super::pairs::Pairs;
use super::{Gain, LearnedLikelihood, Nearby};
use crate::error::Result;
use crate::infer::neural::finite_or_zero_density;
use crate::infer::{LogLikelihood, NeuralPosterior, Posterior};
use crate::prior::Prior;
use crate::samples::{effective_number, normalized};
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::table::Table;

/// More simulations are not needed to tell.
pub(super) const MOST_ROWS: usize = 400;
/// Fewer simulations cannot tell.
pub(super) const FEWEST_ROWS: usize = 20;
/// So many of them have to count, however far from the observation they are.
const LEAST_EFFECTIVE: f64 = 50.0;

/// A posterior and a likelihood that are compared.
pub type ChosenModels<'a> = (&'a NeuralPosterior, &'a LearnedLikelihood);

/// A posterior q(θ | x) and a likelihood p̂(x | θ) compared on simulations that neither has seen.
///
/// The pool r(θ | x) ∝ q(θ | x)^(1−α) (p̂(x | θ) p(θ))^α leads from one (α = 0) to the other (α = 1).
/// With w = p̂(x | θ) p(θ) / q(θ | x), the log-density of the true θ* gains, over that of q,
/// α log w(θ*) − log mean w^α, where the mean is over draws of q(θ | x) and θ* itself. That θ* is among
/// them makes the normalisation an upper bound in expectation (Grosse et al. 2015, arXiv:1511.02543), so a
/// likelihood whose posterior the draws miss is praised too little and not too much. Where simulations
/// come from a truncated prior, only draws inside its region count, for both.
///
/// What matters is how good each is for the observation xₒ, so a simulation counts the more, the likelier its
/// θ* is given xₒ: by r(θ* | xₒ) / p(θ*) at α = ½, to a power that leaves at least 50 of them effective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// How many simulations.
    pub simulations: usize,
    /// How many they are worth, weighted by how likely their parameters are given the observation.
    pub effective: f64,
    /// The likelihood's posterior over the posterior: α = 1 over α = 0.
    pub likelihood: Gain,
    /// The best α.
    pub share: f64,
    /// The mixture with the best α over the posterior alone.
    pub over_posterior: Gain,
    /// The mixture with the best α over the likelihood alone.
    pub over_likelihood: Gain,
    /// The median effective share of the posterior's draws under the likelihood's weights: near zero, the two
    /// disagree about where the parameters are.
    pub overlap: f64,
    /// The same among simulations that the likelihood proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearby: Option<Nearby>,
}

impl Comparison {
    /// Compares on the successful ones of `fresh`, for the observation `x`. `inside` tells which rows of
    /// θ count.
    ///
    /// Nothing if there are fewer than 20.
    ///
    /// # Errors
    /// If a density cannot be evaluated.
    pub fn new(
        prior: &Prior,
        models: ChosenModels<'_>,
        (fresh, x): (&Simulations, &[f64]),
        inside: &dyn Fn(&Table) -> Result<Vec<bool>>,
        seed: Seed,
    ) -> Result<Option<Self>> {
        let mut fresh = fresh.valid();
        if fresh.len() < FEWEST_ROWS {
            return Ok(None);
        }
        let near = nearness(prior, models, &fresh.theta, x)?;
        let mut rows: Vec<usize> = (0..near.len()).collect();
        rows.sort_by(|&a, &b| near[b].total_cmp(&near[a]));
        rows.truncate(MOST_ROWS);
        let near: Vec<f64> = rows.iter().map(|&row| near[row]).collect();
        fresh = fresh.select(&rows);
        let pairs = Pairs::new(models.0, &fresh, inside, seed)?;
        let weights = pairs.log_weights(prior, models)?;
        Ok(Self::of(&weights, &near))
    }

    /// From log w of each simulation, first that of the truth, then those of draws; and the log of how
    /// likely its θ is given the observation.
    pub(super) fn of(weights: &[Vec<f64>], near: &[f64]) -> Option<Self> {
        // The truth alone, without a draw that counts, says nothing about either.
        let usable: Vec<usize> = (0..weights.len())
            .filter(|&i| weights[i].len() > 1 && weights[i][0] < f64::INFINITY)
            .collect();
        if usable.len() < FEWEST_ROWS {
            return None;
        }
        let known: Vec<&[f64]> = usable.iter().map(|&i| &weights[i][..]).collect();
        let near: Vec<f64> = usable.iter().map(|&i| near[i]).collect();
        let count = counted(&near);
        let gains = |share: f64| -> Vec<f64> { known.iter().map(|own| gain(own, share)).collect() };
        let (share, best, last) = best_share(&gains, &count);
        let over: Vec<f64> = best.iter().zip(&last).map(|(a, b)| a - b).collect();
        let mut overlaps: Vec<f64> = known.iter().map(|own| overlap(&own[1..])).collect();
        overlaps.sort_unstable_by(f64::total_cmp);
        Some(Self {
            simulations: known.len(),
            effective: effective_number(&count),
            likelihood: Gain::of(&last, &count),
            share,
            over_posterior: Gain::of(&best, &count),
            over_likelihood: Gain::of(&over, &count),
            overlap: overlaps[overlaps.len() / 2],
            nearby: None,
        })
    }

    /// Whether the likelihood is so far behind that it may have missed a part of the posterior.
    fn misses_a_part(&self) -> bool {
        self.likelihood.reversed().is_at_least(MISSED)
    }

    /// What the likelihood gains over the posterior, and the best α: near the observation, unless it may miss a part.
    pub fn decisive(&self) -> (Gain, f64) {
        match self.nearby {
            Some(nearby) if !self.misses_a_part() => (nearby.likelihood, nearby.share),
            _ => (self.likelihood, self.share),
        }
    }
}

/// Of a likelihood that misses a tenth of the posterior, every tenth simulation costs a few dozen nats.
const MISSED: f64 = 2.0;

/// log r(θ | x) / p(θ) of each row of θ at α = ½, up to a constant.
fn nearness(
    prior: &Prior,
    (posterior, likelihood): (&NeuralPosterior, &LearnedLikelihood),
    theta: &Table,
    x: &[f64],
) -> Result<Vec<f64>> {
    let mut likelihoods = vec![0.0; theta.n_rows()];
    likelihood.log_likelihood(theta.values(), x, &mut likelihoods)?;
    let densities = posterior.log_prob(theta, x)?;
    let rows = theta.rows().zip(densities.iter().zip(&likelihoods));
    Ok(rows
        .map(|(theta, (q, l))| 0.5 * (l + q - prior.log_prob(theta)))
        .map(finite_or_zero_density)
        .collect())
}

/// How much each simulation counts, in sum one: e^(β near), with the largest power β of the form 2⁻ᵏ, or
/// none, that leaves enough of them.
fn counted(near: &[f64]) -> Vec<f64> {
    let wanted = LEAST_EFFECTIVE.min(0.5 * near.len() as f64);
    let powers = (0..8).map(|k| 0.5_f64.powi(k));
    let tempered = |power: f64| normalized(&near.iter().map(|v| power * v).collect::<Vec<f64>>());
    powers
        .map(tempered)
        .find(|weights| effective_number(weights) >= wanted)
        .unwrap_or_else(|| vec![1.0 / near.len() as f64; near.len()])
}

/// (Σ w)² / (n Σ w²).
fn overlap(weights: &[f64]) -> f64 {
    let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if weights.is_empty() || largest == f64::NEG_INFINITY {
        return 0.0;
    }
    let relative = || weights.iter().map(|w| (w - largest).exp());
    relative().sum::<f64>().powi(2)
        / (relative().map(|w| w * w).sum::<f64>() * weights.len() as f64)
}
