//! Adaptive random-walk Metropolis, for many chains at once.

use super::config::RandomWalkConfig;
use super::covariance::{add_product, cholesky, moments};
use super::drawn::{Drawn, Recorder, Report};
use super::evaluator::Evaluator;
use super::start::{ALL, Start, start};
use super::{LogDensity, Reference};
use crate::error::Result;
use crate::seed::{Random, Seed, Stream};

/// Metropolis with normal proposals θ' = θ + s L ε (Haario, Saksman and Tamminen 2001, Bernoulli 7).
///
/// In warm-up, L Lᵀ follows the covariance of the chains' states, and s the acceptance that is best
/// for normal targets, 0.234, or 0.44 in one dimension (Roberts, Gelman and Gilks 1997), by
/// Robbins–Monro steps (Andrieu and Thoms 2008, algorithm 4). All chains share both. After warm-up
/// neither changes, so the density is left invariant exactly.
///
/// # Errors
/// If the density is zero wherever chains could start, or the budget is spent.
pub(super) fn random_walk(
    target: &dyn LogDensity,
    reference: &dyn Reference,
    n: usize,
    config: &RandomWalkConfig,
    seed: Seed,
) -> Result<Drawn> {
    let mut evaluator = Evaluator::new(target, config.max_evaluations);
    let start = start(
        &mut evaluator,
        reference,
        config.chains,
        config.candidates,
        ALL,
        seed,
    )?;
    let d = evaluator.dimension();
    let mut proposal = Proposal::new(&start);
    let mut walkers = Walkers::new(start, seed);
    let mut recorder = Recorder::new(config.chains, d);
    let kept = n.div_ceil(config.chains) * config.thin;
    let mut accepted = 0.0;
    for step in 0..config.warmup + kept {
        let rates = walkers.step(&proposal, &mut evaluator, || {
            let all = config.warmup + kept;
            format!("after {step} of {all} steps (warm-up included)")
        })?;
        if step < config.warmup {
            proposal.adapt(step, &rates, &walkers.points);
        } else {
            accepted += rates.iter().sum::<f64>();
            if (step + 1 - config.warmup).is_multiple_of(config.thin) {
                for (chain, point) in walkers.points.chunks_exact(d).enumerate() {
                    recorder.push(chain, point, walkers.values[chain]);
                }
            }
        }
    }
    Ok(recorder.into_drawn(Report {
        sampler: "random_walk".to_string(),
        evaluations: evaluator.spent,
        invalid: evaluator.invalid,
        acceptance: Some(accepted / (kept * config.chains).max(1) as f64),
        ..Report::default()
    }))
}

/// The states of all chains.
struct Walkers {
    points: Vec<f64>,
    values: Vec<f64>,
    random: Vec<Random>,
}

impl Walkers {
    fn new(start: Start, seed: Seed) -> Self {
        let streams = 0..start.values.len() as u64;
        Self {
            points: start.points,
            values: start.values,
            random: streams.map(|i| seed.stream(Stream::Chain, i)).collect(),
        }
    }

    /// One step of every chain; returns the probability with which each was accepted.
    fn step(
        &mut self,
        proposal: &Proposal,
        evaluator: &mut Evaluator<'_>,
        progress: impl Fn() -> String,
    ) -> Result<Vec<f64>> {
        let d = evaluator.dimension();
        let mut points = self.points.clone();
        let mut noise = vec![0.0; d];
        for (point, random) in points.chunks_exact_mut(d).zip(&mut self.random) {
            noise.fill_with(|| random.normal());
            add_product(&proposal.factor, &noise, proposal.log_scale.exp(), point);
        }
        let mut values = vec![0.0; self.values.len()];
        evaluator.evaluate(&points, &mut values, progress)?;
        let rates: Vec<f64> = values
            .iter()
            .zip(&self.values)
            .map(|(new, old)| (new - old).exp().min(1.0))
            .collect();
        for (chain, rate) in rates.iter().enumerate() {
            if self.random[chain].uniform() < *rate {
                let own = chain * d..(chain + 1) * d;
                self.points[own.clone()].copy_from_slice(&points[own]);
                self.values[chain] = values[chain];
            }
        }
        Ok(rates)
    }
}

/// What all chains propose with.
struct Proposal {
    mean: Vec<f64>,
    covariance: Vec<f64>,
    factor: Vec<f64>,
    log_scale: f64,
    target_rate: f64,
}

impl Proposal {
    fn new(start: &Start) -> Self {
        let d = start.spread.len();
        let covariance: Vec<f64> = (0..d * d)
            .map(|k| {
                if k / d == k % d {
                    start.spread[k / d].powi(2)
                } else {
                    0.0
                }
            })
            .collect();
        Self {
            mean: moments(&start.points, d).0,
            factor: cholesky(&covariance, d),
            covariance,
            log_scale: (2.38 / (d as f64).sqrt()).ln(),
            target_rate: if d == 1 { 0.44 } else { 0.234 },
        }
    }

    /// One Robbins–Monro step towards the chains' covariance and the rate aimed at.
    fn adapt(&mut self, step: usize, rates: &[f64], points: &[f64]) {
        let gain = ((step + 2) as f64).powf(-0.6);
        let rate = rates.iter().sum::<f64>() / rates.len() as f64;
        self.log_scale += gain * (rate - self.target_rate);
        let (mean, covariance) = moments(points, self.mean.len());
        let d = mean.len();
        let shift: Vec<f64> = mean.iter().zip(&self.mean).map(|(a, b)| a - b).collect();
        for i in 0..d {
            for j in 0..d {
                let about = covariance[i * d + j] + shift[i] * shift[j];
                let own = &mut self.covariance[i * d + j];
                *own += gain * (about - *own);
            }
        }
        for (own, shift) in self.mean.iter_mut().zip(shift) {
            *own += gain * shift;
        }
        self.factor = cholesky(&self.covariance, d);
    }
}
