//! The prior inside the region where a posterior has its mass.

use rayon::prelude::*;

use super::SequentialConfig;
use super::acquisition::choose;
use crate::error::Result;
use crate::infer::Posterior;
use crate::prior::special::{normal_quantile, normal_tails};
use crate::prior::{Prior, SupportKind, SupportMap, Tail};
use crate::samples::{effective_number, normalized};
use crate::seed::{Random, Seed, Stream};
use crate::table::Table;

/// p̃(θ) ∝ p(θ) 1[q(θ | xₒ) ≥ τ]: the prior cut off where the current posterior has hardly any mass, with
/// τ the ε-quantile of q(θ | xₒ) over its own draws.
///
/// Inside the region the proposal is proportional to the prior, so a posterior learned there by the
/// plain loss is the posterior, up to the share ε outside: no correction, no leakage. Where that gains
/// little, it can be [left whole](Self::unless_little).
///
/// # Reference
/// Deistler, Gonçalves and Macke 2022, arXiv:2210.04815.
pub struct TruncatedPrior<'a> {
    prior: &'a Prior,
    posterior: &'a dyn Posterior,
    x: &'a [f64],
    config: &'a SequentialConfig,
    /// None of the whole prior.
    threshold: Option<f64>,
    inside: Table,
    seed: Seed,
}

/// Draws from a truncated prior, and how they were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// One θ a row.
    pub theta: Table,
    /// The share of candidates that lay inside, if the draws are accepted candidates.
    pub acceptance: Option<f64>,
    /// The effective number of weighted posterior draws, if the draws were resampled from those.
    pub effective: Option<f64>,
}

impl Drawn {
    /// What a reader should know about `n` of them.
    pub(super) fn note(&self, n: usize) -> Option<String> {
        let effective = self.effective?;
        Some(format!(
            "hardly any draw from the prior lay inside the truncated one, so {n} proposals were \
             resampled from posterior draws worth {effective:.0}"
        ))
    }
}

/// Candidates judged at once.
const BATCH: usize = 4096;
/// After so many candidates, it is clear whether all will do.
const TRIAL: usize = 32_768;
/// The box around the region's draws is wider than they by this share of their range, on each side.
const MARGIN: f64 = 0.1;
/// Resampling chooses one of so many posterior draws, at least.
const OVERSAMPLING: usize = 100;
/// Draws from the prior that tell how much of it a region holds.
const MASS_DRAWS: usize = 10_000;

impl<'a> TruncatedPrior<'a> {
    /// Truncates `prior` to where `posterior` has its mass given `x`.
    ///
    /// # Errors
    /// If the options make no sense, or the posterior cannot be drawn from.
    pub fn new(
        prior: &'a Prior,
        posterior: &'a dyn Posterior,
        x: &'a [f64],
        config: &'a SequentialConfig,
        seed: Seed,
    ) -> Result<Self> {
        config.validate()?;
        let own = seed.derive(Stream::Candidates, 0);
        let draws = posterior.sample(x, config.threshold_draws, own)?.draws;
        let densities = posterior.log_unnormalized(&draws, x)?;
        let threshold = quantile(&densities, config.epsilon);
        let rows: Vec<usize> = (0..densities.len())
            .filter(|&i| densities[i] >= threshold)
            .collect();
        Ok(Self {
            prior,
            posterior,
            x,
            config,
            threshold: Some(threshold),
            inside: draws.select(&rows),
            seed,
        })
    }

    /// The whole prior, if the region holds more of it than `cut_below`: to cut would gain few simulations near
    /// the observation, and networks have to learn the edge that it makes.
    ///
    /// # Errors
    /// If the posterior cannot be evaluated.
    pub fn unless_little(mut self) -> Result<Self> {
        if self.prior_mass()? > self.config.cut_below {
            self.threshold = None;
        }
        Ok(self)
    }

    /// How much of the prior lies inside, by 10,000 draws from it.
    fn prior_mass(&self) -> Result<f64> {
        let own = self.seed.derive(Stream::Candidates, 1);
        let draws = self.prior.sample_table(MASS_DRAWS, own, Stream::Parameters);
        Ok(self.rows(&draws)?.len() as f64 / MASS_DRAWS as f64)
    }

    /// log τ, unless the region is the whole prior.
    pub fn threshold(&self) -> Option<f64> {
        self.threshold
    }

    /// Which rows of `theta` lie inside the region.
    ///
    /// # Errors
    /// If `theta` does not have one column a parameter.
    pub fn contains(&self, theta: &Table) -> Result<Vec<bool>> {
        let Some(threshold) = self.threshold else {
            let possible = |theta| self.prior.log_prob(theta) > f64::NEG_INFINITY;
            return Ok(theta.rows().map(possible).collect());
        };
        let densities = self.posterior.log_unnormalized(theta, self.x)?;
        Ok(densities.iter().map(|d| *d >= threshold).collect())
    }

    /// The positions of the rows of `theta` inside the region.
    pub(super) fn rows(&self, theta: &Table) -> Result<Vec<usize>> {
        let inside = self.contains(theta)?;
        Ok((0..inside.len()).filter(|&i| inside[i]).collect())
    }

    /// `n` draws, by rejection: candidates come from the prior inside a box that holds the posterior's
    /// draws. If too few of `candidates` would be accepted, the draws are chosen from those of the
    /// posterior without replacement, with probabilities proportional to p(θ) / q(θ | xₒ).
    ///
    /// # Errors
    /// If the posterior cannot be evaluated.
    pub fn sample(&self, n: usize, seed: Seed) -> Result<Drawn> {
        let Some(threshold) = self.threshold else {
            return Ok(Drawn {
                theta: self.prior.sample_table(n, seed, Stream::Parameters),
                acceptance: None,
                effective: None,
            });
        };
        let source = Candidates::new(self.prior, &self.inside)?;
        let mut theta = empty(self.prior);
        let (mut judged, mut accepted) = (0, 0);
        while theta.n_rows() < n && judged < self.config.candidates {
            let batch = source.draw(judged as u64, BATCH, seed);
            let inside = self.contains(&batch)?;
            judged += BATCH;
            for (row, inside) in batch.rows().zip(inside) {
                accepted += usize::from(inside);
                if inside && theta.n_rows() < n {
                    theta.push(row);
                }
            }
            let promised = accepted as f64 / judged as f64 * self.config.candidates as f64;
            if judged >= TRIAL && promised < n as f64 {
                break;
            }
        }
        if theta.n_rows() < n {
            return self.resample(n, threshold, seed);
        }
        Ok(Drawn {
            acceptance: Some(accepted as f64 / judged as f64),
            effective: None,
            theta,
        })
    }

    /// Sampling importance resampling; without replacement, so that no θ is simulated twice.
    fn resample(&self, n: usize, threshold: f64, seed: Seed) -> Result<Drawn> {
        let total = (OVERSAMPLING * n).max(self.config.threshold_draws);
        let draws = self.posterior.sample(self.x, total, seed)?.draws;
        let densities = self.posterior.log_unnormalized(&draws, self.x)?;
        let weight = |(theta, density): (&[f64], &f64)| {
            if *density >= threshold {
                self.prior.log_prob(theta) - density
            } else {
                f64::NEG_INFINITY
            }
        };
        let weights: Vec<f64> = draws.rows().zip(&densities).map(weight).collect();
        let rows = choose(weights.iter().copied(), n, seed);
        Ok(Drawn {
            theta: draws.select(&rows),
            acceptance: None,
            effective: Some(effective_number(&normalized(&weights))),
        })
    }
}

impl std::fmt::Debug for TruncatedPrior<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TruncatedPrior")
            .field("threshold", &self.threshold)
            .finish_non_exhaustive()
    }
}

fn empty(prior: &Prior) -> Table {
    Table::new(prior.names(), Vec::new()).expect("a prior's names differ")
}

/// The value below which a share `level` of the values lies.
fn quantile(values: &[f64], level: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[((sorted.len() as f64 * level) as usize).min(sorted.len() - 1)]
}

/// Draws from the prior, confined to a box where the prior's own distribution function allows it.
struct Candidates<'a> {
    prior: &'a Prior,
    /// In the space where the prior is standard normal, the bounds of each coordinate.
    confined: Option<(SupportMap, Vec<[f64; 2]>)>,
}

impl<'a> Candidates<'a> {
    fn new(prior: &'a Prior, inside: &Table) -> Result<Self> {
        // A prior given as functions has no distribution function: it is drawn from as it is.
        if prior.to_config().is_err() {
            return Ok(Self {
                prior,
                confined: None,
            });
        }
        let map = prior.support_map(SupportKind::Probit)?;
        let mut bounds = vec![[f64::INFINITY, f64::NEG_INFINITY]; map.n_unconstrained()];
        let mut z = vec![0.0; map.n_unconstrained()];
        for theta in inside.rows() {
            map.forward(theta, &mut z);
            for ([low, high], z) in bounds.iter_mut().zip(&z) {
                (*low, *high) = (low.min(*z), high.max(*z));
            }
        }
        for [low, high] in &mut bounds {
            let margin = MARGIN * (*high - *low);
            (*low, *high) = (*low - margin, *high + margin);
        }
        Ok(Self {
            prior,
            confined: Some((map, bounds)),
        })
    }

    /// Candidates `first`, …, each from its own stream.
    fn draw(&self, first: u64, n: usize, seed: Seed) -> Table {
        let width = self.prior.n_parameters();
        let mut values = vec![0.0; n * width];
        values
            .par_chunks_mut(width)
            .enumerate()
            .for_each(|(i, theta)| {
                let mut random = seed.stream(Stream::Candidates, first + i as u64);
                match &self.confined {
                    None => self.prior.sample(&mut random, theta),
                    Some((map, bounds)) => {
                        let z: Vec<f64> = bounds.iter().map(|b| between(*b, &mut random)).collect();
                        map.inverse(&z, theta);
                    }
                }
            });
        Table::new(self.prior.names(), values).expect("a prior's names differ")
    }
}

/// A standard normal number between two bounds, by whichever tail is the smaller one.
fn between([low, high]: [f64; 2], random: &mut Random) -> f64 {
    let u = random.uniform_open();
    let (at_low, at_high) = (normal_tails(low), normal_tails(high));
    let mix = |a: f64, b: f64| a + u * (b - a);
    let tail = if low + high > 0.0 {
        Tail::Upper(mix(at_low.upper, at_high.upper))
    } else {
        Tail::Lower(mix(at_low.lower, at_high.lower))
    };
    normal_quantile(tail).clamp(low, high)
}
