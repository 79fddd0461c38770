//! A likelihood from simulations at each θ, taken to be normal.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use statrs::function::gamma::ln_gamma;

use super::covariance::{ledoit_wolf, moments, shrink};
use super::factor::Factor;
use super::pairs::check_arguments;
use super::semi_parametric::SemiParametric;
use super::synthetic_config::{
    RandomNumbers, ShrinkageConfig, SyntheticEstimator, SyntheticLikelihoodConfig,
};
use crate::error::{Error, Result};
use crate::infer::{LogLikelihood, SemiAutomatic};
use crate::prior::special::LOG_SQRT_2PI;
use crate::seed::{Seed, Stream};
use crate::simulate::{RowSink, Rows, Simulator, Status};

/// The synthetic likelihood: at each θ the data of N simulations give a mean μ̂ and a covariance Σ̂, and
/// the likelihood is N(x; μ̂, Σ̂), or another estimate of [`SyntheticEstimator`].
///
/// The k-th simulation at θ draws from the stream (seed, θ, k), or (seed, k) with
/// [`RandomNumbers::Common`]: asked twice for the same θ it gives the same number, in whatever order
/// and on however many threads. It holds no state, so random numbers that are correlated from one step
/// of a chain to the next (Deligiannidis et al. 2018) are not offered.
///
/// The likelihood of θ includes the share of its simulations that gave data: a failed simulation is
/// one that did not make the observation. With too few that gave data it is zero, and counted.
///
/// # Reference
/// Wood (2010); Price, Drovandi, Lee and Nott (2018).
pub struct SyntheticLikelihood {
    simulator: Arc<dyn Simulator>,
    config: SyntheticLikelihoodConfig,
    summaries: Option<SemiAutomatic>,
    seed: Seed,
    n_simulations: AtomicUsize,
    n_failed: AtomicUsize,
    n_evaluations: AtomicUsize,
    n_without: AtomicUsize,
}

/// What a synthetic likelihood was asked for so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntheticCounts {
    /// At how many θ.
    pub n_evaluations: usize,
    /// At how many of them too few simulations gave data, or their covariance was singular.
    pub n_without: usize,
    /// How many simulations were run.
    pub n_simulations: usize,
    /// How many of them failed.
    pub n_failed: usize,
}

/// The likelihood at one θ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SyntheticEstimate {
    /// Its logarithm; −∞ if too few simulations gave data, or they were singular.
    pub log_likelihood: f64,
    /// How many of the simulations failed.
    pub n_failed: usize,
}

/// Numbers of simulated data kept at once.
const MOST_KEPT: usize = 1 << 22;

impl SyntheticLikelihood {
    /// The likelihood of this simulator's data, or of their summaries.
    ///
    /// # Errors
    /// If an option makes no sense for the number of data or summaries.
    pub fn new(
        simulator: Arc<dyn Simulator>,
        config: SyntheticLikelihoodConfig,
        summaries: Option<SemiAutomatic>,
        seed: Seed,
    ) -> Result<Self> {
        let n_data: usize = simulator.data_shape().iter().product();
        config.validate(
            summaries
                .as_ref()
                .map_or(n_data, SemiAutomatic::n_summaries),
        )?;
        Ok(Self {
            simulator,
            config,
            summaries,
            seed,
            n_simulations: AtomicUsize::new(0),
            n_failed: AtomicUsize::new(0),
            n_evaluations: AtomicUsize::new(0),
            n_without: AtomicUsize::new(0),
        })
    }

    /// What it was asked for so far.
    pub fn counts(&self) -> SyntheticCounts {
        SyntheticCounts {
            n_evaluations: self.n_evaluations.load(Ordering::Relaxed),
            n_without: self.n_without.load(Ordering::Relaxed),
            n_simulations: self.n_simulations.load(Ordering::Relaxed),
            n_failed: self.n_failed.load(Ordering::Relaxed),
        }
    }

    /// How many simulations are run at each θ.
    pub fn n_simulations(&self) -> usize {
        self.config.simulations
    }

    /// The estimate at each row of `theta`, as [`LogLikelihood::log_likelihood`] gives it.
    ///
    /// # Errors
    /// As there.
    pub fn estimates(&self, theta: &[f64], x: &[f64]) -> Result<Vec<SyntheticEstimate>> {
        let (d, m) = (self.simulator.n_parameters(), self.n_data());
        let trials: Vec<Vec<f64>> = x.chunks_exact(m).map(|x| self.summarize(x)).collect();
        if self.config.estimator == SyntheticEstimator::Unbiased && trials.len() > 1 {
            return Err(Error::invalid(
                "synthetic_likelihood option `estimator`",
                format!("`unbiased` with {} trials", trials.len()),
                "one trial: the product of unbiased estimates from the same simulations is biased",
                "Choose `normal`.",
            ));
        }
        let n = self.config.simulations;
        let block = (MOST_KEPT / (n * m)).max(1);
        let mut estimates = Vec::with_capacity(theta.len() / d);
        for theta in theta.chunks(block * d) {
            let (data, status) = self.simulate(theta)?;
            let rows = data.par_chunks_exact(n * m).zip(status.par_chunks_exact(n));
            estimates.par_extend(rows.map(|(x, status)| self.estimate(x, status, &trials)));
        }
        Ok(estimates)
    }

    /// The data of all simulations at these rows of θ.
    fn simulate(&self, theta: &[f64]) -> Result<(Vec<f64>, Vec<Status>)> {
        let (d, n) = (self.simulator.n_parameters(), self.config.simulations);
        let mut repeated = Vec::with_capacity(theta.len() * n);
        let mut indices = Vec::with_capacity(theta.len() / d * n);
        for theta in theta.chunks_exact(d) {
            let mixed = match self.config.random_numbers {
                RandomNumbers::Fresh => hash(theta),
                RandomNumbers::Common => 0,
            };
            for k in 0..n as u64 {
                repeated.extend_from_slice(theta);
                indices.push(mix(mixed, k));
            }
        }
        let rows = Rows::new(&repeated, &indices, self.seed, Stream::SyntheticLikelihood);
        let sink = Collected::new(indices.len(), self.n_data());
        self.simulator.simulate_rows(&rows, &sink)?;
        sink.finish(&self.simulator.name())
    }

    /// The log-likelihood from the simulations at one θ; −∞ if they are not enough.
    fn estimate(&self, x: &[f64], status: &[Status], trials: &[Vec<f64>]) -> SyntheticEstimate {
        let rows = x
            .chunks_exact(self.n_data())
            .zip(status)
            .filter(|(_, s)| **s == Status::Ok);
        let valid: Vec<f64> = rows.flat_map(|(x, _)| self.summarize(x)).collect();
        let n = trials[0].len();
        let n_valid = valid.len() / n;
        let n_failed = status.len() - n_valid;
        self.n_evaluations.fetch_add(1, Ordering::Relaxed);
        self.n_simulations
            .fetch_add(status.len(), Ordering::Relaxed);
        self.n_failed.fetch_add(n_failed, Ordering::Relaxed);
        let enough = n_valid >= self.config.needed(n);
        let found = if enough {
            self.log_density(&valid, n, trials)
        } else {
            None
        };
        if let Some(found) = found.filter(|v| !v.is_nan()) {
            let share = n_valid as f64 / status.len() as f64;
            return SyntheticEstimate {
                log_likelihood: found + trials.len() as f64 * share.ln(),
                n_failed,
            };
        }
        self.n_without.fetch_add(1, Ordering::Relaxed);
        SyntheticEstimate {
            log_likelihood: f64::NEG_INFINITY,
            n_failed,
        }
    }

    fn summarize(&self, x: &[f64]) -> Vec<f64> {
        self.summaries
            .as_ref()
            .map_or_else(|| x.to_vec(), |summaries| summaries.apply(x))
    }

    fn log_density(&self, rows: &[f64], n: usize, trials: &[Vec<f64>]) -> Option<f64> {
        let (mean, mut covariance) = moments(rows, n);
        let keep = match self.config.shrinkage {
            ShrinkageConfig::None => 1.0,
            ShrinkageConfig::LedoitWolf => ledoit_wolf(rows, &mean, &covariance),
            ShrinkageConfig::Warton { keep } => keep,
        };
        if self.config.estimator == SyntheticEstimator::SemiParametric {
            let density = SemiParametric::new(rows, n, keep)?;
            return Some(trials.iter().map(|x| density.log_density(x)).sum());
        }
        shrink(&mut covariance, n, keep);
        let factor = Factor::new(&covariance, n)?;
        let each = trials.iter().map(|x| {
            let mut off: Vec<f64> = x.iter().zip(&mean).map(|(x, m)| x - m).collect();
            factor.whiten(&mut off);
            if self.config.estimator == SyntheticEstimator::Unbiased {
                unbiased(&off, &factor, rows.len() / n)
            } else {
                factor.log_density(&off)
            }
        });
        Some(each.sum())
    }
}

impl LogLikelihood for SyntheticLikelihood {
    fn n_data(&self) -> usize {
        self.simulator.data_shape().iter().product()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        let (d, m) = (self.simulator.n_parameters(), self.n_data());
        check_arguments([d, m], theta, x, values)?;
        for (value, estimate) in values.iter_mut().zip(self.estimates(theta, x)?) {
            *value = estimate.log_likelihood;
        }
        Ok(())
    }
}

impl std::fmt::Debug for SyntheticLikelihood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyntheticLikelihood")
            .field("simulator", &self.simulator.name())
            .field("config", &self.config)
            .field("seed", &self.seed)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// The logarithm of the unbiased estimate of a normal density from `count` simulations: with
/// M = (count − 1) Σ̂ and v = x − μ̂,
/// (2π)^(−d/2) c(d, count − 2) / (c(d, count − 1) (1 − 1/count)^(d/2)) |M|^(−(count − d − 2)/2)
/// |M − v vᵀ / (1 − 1/count)|₊^((count − d − 3)/2).
fn unbiased(whitened: &[f64], factor: &Factor, count: usize) -> f64 {
    let (d, n) = (whitened.len() as f64, count as f64);
    let share = 1.0 - 1.0 / n;
    // |M − v vᵀ / share| = |M| (1 − vᵀ M⁻¹ v / share).
    let square: f64 = whitened.iter().map(|w| w * w).sum();
    let left = 1.0 - square / (n - 1.0) / share;
    if left <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let log_det = d * (n - 1.0).ln() + 2.0 * factor.log_det();
    let constants = log_wishart_constant(d, n - 2.0) - log_wishart_constant(d, n - 1.0);
    constants - d * LOG_SQRT_2PI - 0.5 * d * share.ln() - 0.5 * log_det
        + 0.5 * (n - d - 3.0) * left.ln()
}

/// log c(k, v) with c(k, v) = 2^(−kv/2) π^(−k(k−1)/4) / Π Γ((v − i + 1)/2), i = 1 … k.
fn log_wishart_constant(k: f64, v: f64) -> f64 {
    let gammas: f64 = (0..k as usize)
        .map(|i| ln_gamma(0.5 * (v - i as f64)))
        .sum();
    -0.5 * k * v * std::f64::consts::LN_2
        - 0.25 * k * (k - 1.0) * std::f64::consts::PI.ln()
        - gammas
}

/// One number for a row of θ; equal rows have the same.
fn hash(theta: &[f64]) -> u64 {
    // −0 is 0.
    theta
        .iter()
        .fold(0, |hash, v| mix(hash, (v + 0.0).to_bits()))
}

/// The finaliser of splitmix64 (Steele, Lea and Flood 2014) of both.
fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_add(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ b;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Keeps finished rows, each at its place.
struct Collected {
    length: usize,
    kept: Mutex<(Vec<f64>, Vec<Option<Status>>)>,
}

impl Collected {
    fn new(n: usize, length: usize) -> Self {
        Self {
            length,
            kept: Mutex::new((vec![f64::NAN; n * length], vec![None; n])),
        }
    }

    fn finish(self, simulator: &str) -> Result<(Vec<f64>, Vec<Status>)> {
        let (x, status) = self
            .kept
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let status: Option<Vec<Status>> = status.into_iter().collect();
        let status = status.ok_or_else(|| Error::Simulator {
            simulator: simulator.to_string(),
            problem: "it left simulations unfinished without an error".into(),
            advice: "Let `simulate_rows` finish every row or return an error.".into(),
        })?;
        Ok((x, status))
    }
}

impl RowSink for Collected {
    fn finished(&self, first: usize, status: &[Status], x: &[f64]) -> Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0[first * self.length..][..x.len()].copy_from_slice(x);
        for (kept, status) in kept.1[first..].iter_mut().zip(status) {
            *kept = Some(*status);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
