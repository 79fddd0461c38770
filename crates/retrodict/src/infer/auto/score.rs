//! Which of a posterior and a likelihood knows more about fresh simulations, and in what mixture.

use serde::{Deserialize, Serialize};

use super::{LearnedLikelihood, Nearby};
use crate::error::Result;
use crate::infer::{LogLikelihood, NeuralPosterior, Posterior};
use crate::prior::Prior;
use crate::samples::{effective_number, normalized};
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;

/// More simulations are not needed to tell.
pub(super) const MOST_ROWS: usize = 400;
/// Draws of the posterior for each of them.
const DRAWS: usize = 256;
/// Fewer simulations cannot tell.
pub(super) const FEWEST_ROWS: usize = 20;
/// So many of them have to count, however far from the observation they are.
const LEAST_EFFECTIVE: f64 = 50.0;
/// The likelihood's exponents that are tried lie this far apart.
const STEP: f64 = 0.05;

/// A difference of mean log-densities, with its standard error from the paired differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gain {
    /// The mean, in nats a simulation.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl Gain {
    /// The weighted mean of `values`; the weights sum to one.
    pub(super) fn of(values: &[f64], weights: &[f64]) -> Self {
        let both = || values.iter().zip(weights);
        let mean: f64 = both().map(|(v, w)| v * w).sum();
        let variance: f64 = both().map(|(v, w)| (w * (v - mean)).powi(2)).sum();
        Self {
            mean,
            standard_error: variance.sqrt(),
        }
    }

    /// Whether it is more than chance makes of nothing.
    pub fn is_clear(&self) -> bool {
        self.mean > 2.0 * self.standard_error
    }

    /// Whether it is clear and so many nats or more.
    pub fn is_at_least(&self, nats: f64) -> bool {
        self.is_clear() && self.mean >= nats
    }

    /// What the other one gains.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            mean: -self.mean,
            ..*self
        }
    }
}

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

/// The α whose gains over α = 0 are best in the mean, with these gains, and those of α = 1.
pub(super) fn best_share(
    gains: &dyn Fn(f64) -> Vec<f64>,
    count: &[f64],
) -> (f64, Vec<f64>, Vec<f64>) {
    let steps = (1.0 / STEP).round() as usize;
    let mut tried: Vec<(f64, Vec<f64>)> = (0..=steps)
        .map(|step| step as f64 / steps as f64)
        .map(|share| (share, gains(share)))
        .collect();
    let total = |gains: &[f64]| Gain::of(gains, count).mean;
    let last = tried[steps].1.clone();
    let best = (0..=steps)
        .rev()
        .max_by(|&a, &b| total(&tried[a].1).total_cmp(&total(&tried[b].1)))
        .expect("shares are tried");
    let (share, best) = tried.swap_remove(best);
    (share, best, last)
}

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
        .map(|near| {
            if near.is_nan() {
                f64::NEG_INFINITY
            } else {
                near
            }
        })
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

/// The least log w that counts, relative to the largest of its simulation: a likelihood that calls the
/// truth, or everything, impossible is wrong, but not infinitely.
const FLOOR: f64 = -50.0;

/// α log w* − log mean w^α.
pub(super) fn gain(weights: &[f64], share: f64) -> f64 {
    let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return share * FLOOR;
    }
    let relative = |w: f64| share * (w - largest).max(FLOOR);
    let mean = weights.iter().map(|w| relative(*w).exp()).sum::<f64>() / weights.len() as f64;
    relative(weights[0]) - mean.ln()
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

/// For each simulation the truth, and the draws that count.
struct Pairs {
    theta: Table,
    x: Table,
    /// How many pairs each simulation has.
    counts: Vec<usize>,
}

impl Pairs {
    fn new(
        posterior: &NeuralPosterior,
        fresh: &Simulations,
        inside: &dyn Fn(&Table) -> Result<Vec<bool>>,
        seed: Seed,
    ) -> Result<Self> {
        let drawn = posterior.sample_many(&fresh.x, DRAWS, seed.derive(Stream::Choice, 0))?;
        let empty = |table: &Table| Table::new(table.names().to_vec(), Vec::new());
        let (mut theta, mut x) = (empty(&fresh.theta)?, empty(&fresh.x)?);
        let mut counts = Vec::with_capacity(fresh.len());
        for (i, samples) in drawn.iter().enumerate() {
            let kept = inside(&samples.draws)?;
            let draws = samples.draws.rows().zip(kept);
            let draws = draws.filter(|(_, kept)| *kept).map(|(row, _)| row);
            let before = theta.n_rows();
            for row in std::iter::once(fresh.theta.row(i)).chain(draws) {
                theta.push(row);
                x.push(fresh.x.row(i));
            }
            counts.push(theta.n_rows() - before);
        }
        Ok(Self { theta, x, counts })
    }

    /// log w of each pair, simulation by simulation.
    fn log_weights(
        &self,
        prior: &Prior,
        (posterior, likelihood): (&NeuralPosterior, &LearnedLikelihood),
    ) -> Result<Vec<Vec<f64>>> {
        let likelihoods = likelihood.log_likelihood_many(&self.theta, &self.x)?;
        let densities = posterior.log_prob_many(&self.theta, &self.x)?;
        let rows = self.theta.rows().zip(likelihoods.iter().zip(&densities));
        let weight = |theta: &[f64], l: f64, q: f64| {
            let weight = l + prior.log_prob(theta) - q;
            // Neither gives it any density: it says nothing.
            if weight.is_nan() {
                f64::NEG_INFINITY
            } else {
                weight
            }
        };
        let mut all = rows.map(|(theta, (l, q))| weight(theta, *l, *q));
        let each = self.counts.iter();
        Ok(each.map(|n| all.by_ref().take(*n).collect()).collect())
    }
}
