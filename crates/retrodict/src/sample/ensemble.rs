//! An affine-invariant ensemble of walkers.

use super::config::EnsembleConfig;
use super::drawn::{Drawn, Recorder, Report};
use super::evaluator::Evaluator;
use super::start::{ALL, Start, no_density, start};
use super::{LogDensity, Reference};
use crate::error::{Error, Result};
use crate::seed::{Random, Seed, Stream};

/// Walkers in two halves; each moves along lines through walkers of the other half, so all proposals
/// of a half are evaluated at once (Goodman and Weare 2010, Comm. App. Math. Comp. Sci. 5;
/// Foreman-Mackey et al. 2013, arXiv:1202.3665).
///
/// A move either stretches the line to one other walker, or adds the difference of two (differential
/// evolution: ter Braak 2006, Statistics and Computing 16), one in ten of these at full length, which
/// jumps between modes.
///
/// # Errors
/// If there are too few walkers, the density is zero wherever they could start, or the budget is
/// spent.
pub(super) fn ensemble(
    target: &dyn LogDensity,
    reference: &dyn Reference,
    n: usize,
    config: &EnsembleConfig,
    seed: Seed,
) -> Result<Drawn> {
    let mut evaluator = Evaluator::new(target, config.max_evaluations);
    let d = evaluator.dimension();
    let n_walkers = n_walkers(config, d)?;
    let start = start(
        &mut evaluator,
        reference,
        n_walkers,
        config.candidates,
        ALL,
        seed,
    )?;
    let mut walkers = Walkers::new(&start, &mut evaluator, config, seed)?;
    let mut recorder = Recorder::new(n_walkers, d);
    let kept = n.div_ceil(n_walkers) * config.thin;
    let mut accepted = 0;
    for step in 0..config.warmup + kept {
        let mut moved = 0;
        for half in 0..2 {
            moved += walkers.step(half, &mut evaluator, || {
                let all = config.warmup + kept;
                format!("after {step} of {all} steps of all walkers (warm-up included)")
            })?;
        }
        if step >= config.warmup {
            accepted += moved;
            if (step + 1 - config.warmup).is_multiple_of(config.thin) {
                for (walker, point) in walkers.points.chunks_exact(d).enumerate() {
                    recorder.push(walker, point, walkers.values[walker]);
                }
            }
        }
    }
    Ok(recorder.into_drawn(Report {
        sampler: "ensemble".to_string(),
        evaluations: evaluator.spent,
        invalid: evaluator.invalid,
        acceptance: Some(accepted as f64 / (kept * n_walkers).max(1) as f64),
        ..Report::default()
    }))
}

/// Walkers if none are asked for, in few dimensions.
const N_WALKERS: usize = 40;

fn n_walkers(config: &EnsembleConfig, d: usize) -> Result<usize> {
    let least = 2 * d + 2;
    let n = config.walkers.unwrap_or(N_WALKERS.max(4 * d));
    if n < least || !n.is_multiple_of(2) {
        return Err(Error::invalid_option(
            "sampler",
            "walkers",
            n,
            format!("an even number, at least {least} in {d} dimensions"),
        ));
    }
    Ok(n)
}

/// The longest stretch, a of Goodman and Weare.
const STRETCH: f64 = 2.0;
/// Walkers start this far from a candidate, in units of the spread: two in one place cannot move.
const JITTER: f64 = 0.1;
/// Differences are blurred by this, in units of the spread, so that every point can be reached.
const BLUR: f64 = 1e-5;
/// The share of differential evolution at full length.
const JUMPS: f64 = 0.1;

struct Walkers {
    points: Vec<f64>,
    values: Vec<f64>,
    random: Vec<Random>,
    spread: Vec<f64>,
    differential_evolution: f64,
}

impl Walkers {
    fn new(
        start: &Start,
        evaluator: &mut Evaluator<'_>,
        config: &EnsembleConfig,
        seed: Seed,
    ) -> Result<Self> {
        let n = start.values.len();
        let streams = (0..n as u64).map(|i| seed.stream(Stream::Chain, i));
        let mut walkers = Self {
            points: start.points.clone(),
            values: vec![f64::NEG_INFINITY; n],
            random: streams.collect(),
            spread: start.spread.clone(),
            differential_evolution: config.differential_evolution,
        };
        walkers.scatter(start, evaluator)?;
        Ok(walkers)
    }

    /// Moves each walker a little away from its candidate, the less the more often it falls where
    /// there is no density.
    fn scatter(&mut self, start: &Start, evaluator: &mut Evaluator<'_>) -> Result<()> {
        let d = self.spread.len();
        let mut jitter = JITTER;
        for _ in 0..12 {
            let lost: Vec<usize> = (0..self.values.len())
                .filter(|&i| self.values[i] == f64::NEG_INFINITY)
                .collect();
            if lost.is_empty() {
                return Ok(());
            }
            let mut points = Vec::with_capacity(lost.len() * d);
            for &i in &lost {
                let random = &mut self.random[i];
                let near = start.points[i * d..(i + 1) * d].iter().zip(&self.spread);
                points.extend(near.map(|(x, sd)| x + jitter * sd * random.normal()));
            }
            let mut values = vec![0.0; lost.len()];
            evaluator.evaluate(&points, &mut values, || "while placing walkers".to_string())?;
            for (k, &i) in lost.iter().enumerate() {
                self.values[i] = values[k];
                self.points[i * d..(i + 1) * d].copy_from_slice(&points[k * d..(k + 1) * d]);
            }
            jitter *= 0.1;
        }
        if self.values.contains(&f64::NEG_INFINITY) {
            return Err(no_density(self.values.len(), evaluator.invalid));
        }
        Ok(())
    }

    /// Moves one half; returns how many proposals were accepted.
    fn step(
        &mut self,
        half: usize,
        evaluator: &mut Evaluator<'_>,
        progress: impl Fn() -> String,
    ) -> Result<usize> {
        let d = self.spread.len();
        let n = self.values.len() / 2;
        let first = half * n;
        let mut points = Vec::with_capacity(n * d);
        let log_factors: Vec<f64> = (first..first + n)
            .map(|walker| self.propose(walker, (1 - half) * n, &mut points))
            .collect();
        let mut values = vec![0.0; n];
        evaluator.evaluate(&points, &mut values, progress)?;
        let mut accepted = 0;
        for k in 0..n {
            let walker = first + k;
            let log_rate = log_factors[k] + values[k] - self.values[walker];
            if self.random[walker].uniform_open().ln() < log_rate {
                self.values[walker] = values[k];
                self.points[walker * d..(walker + 1) * d]
                    .copy_from_slice(&points[k * d..(k + 1) * d]);
                accepted += 1;
            }
        }
        Ok(accepted)
    }

    /// Adds a proposal for one walker, made with the half that begins at `other`, and returns the
    /// logarithm of the factor by which it is the more likely to be accepted.
    fn propose(&mut self, walker: usize, other: usize, points: &mut Vec<f64>) -> f64 {
        let d = self.spread.len();
        let n = self.values.len() / 2;
        let random = &mut self.random[walker];
        let own = &self.points[walker * d..(walker + 1) * d];
        let row = |i: usize| &self.points[(other + i) * d..(other + i + 1) * d];
        if random.uniform() < self.differential_evolution {
            let i = random.below(n);
            let j = (i + 1 + random.below(n - 1)) % n;
            let length = if random.uniform() < JUMPS {
                1.0
            } else {
                2.38 / (2.0 * d as f64).sqrt()
            };
            let differences = row(i).iter().zip(row(j)).map(|(a, b)| a - b);
            let each = own.iter().zip(differences).zip(&self.spread);
            points.extend(each.map(|((x, difference), sd)| {
                x + length * difference + BLUR * sd * random.normal()
            }));
            return 0.0;
        }
        let from = row(random.below(n));
        let stretch = (1.0 + (STRETCH - 1.0) * random.uniform()).powi(2) / STRETCH;
        points.extend(own.iter().zip(from).map(|(x, c)| c + stretch * (x - c)));
        (d as f64 - 1.0) * stretch.ln()
    }
}
