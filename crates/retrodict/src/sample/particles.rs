//! The particles of sequential Monte Carlo, and how they move.

use super::Reference;
use super::config::SmcConfig;
use super::drawn::{Drawn, Report};
use super::evaluator::Evaluator;
use super::start::{Proposals, log_ratio, propose};
use crate::error::Result;
use crate::seed::{Random, Seed, Stream};

/// Acceptance that moves aim at.
const TARGET_RATE: f64 = 0.234;
/// The share of moves by a whole difference, from one mode to another.
const JUMPS: f64 = 0.1;
/// Differences are blurred by this, in units of their own length, so that every point can be reached.
const BLUR: f64 = 0.01;

/// Points, with both log-densities at each.
pub(super) struct Particles {
    state: Proposals,
    random: Vec<Random>,
    /// The length of moves, as a logarithm, in units of what is best for a normal density.
    log_scale: f64,
    /// The share of moves that were accepted at the last temperature.
    pub(super) acceptance: f64,
}

impl Particles {
    pub(super) fn draw(
        evaluator: &mut Evaluator<'_>,
        reference: &dyn Reference,
        n: usize,
        seed: Seed,
    ) -> Result<Self> {
        let own = seed.derive(Stream::Start, 0);
        let first = || "while drawing the first particles".to_string();
        Ok(Self {
            state: propose(evaluator, reference, 0..n, own, first)?,
            random: (0..n as u64)
                .map(|i| seed.stream(Stream::Chain, i))
                .collect(),
            log_scale: 0.0,
            acceptance: 1.0,
        })
    }

    fn n(&self) -> usize {
        self.random.len()
    }

    fn dimension(&self) -> usize {
        self.state.points.len() / self.n()
    }

    /// log target − log reference of each.
    pub(super) fn log_ratios(&self) -> Vec<f64> {
        self.state.log_ratios().collect()
    }

    /// Takes the parents' places; streams of random numbers stay where they are.
    pub(super) fn resample(&mut self, parents: &[usize]) {
        let d = self.dimension();
        let old = std::mem::take(&mut self.state);
        for &i in parents {
            let row = &old.points[i * d..(i + 1) * d];
            self.state.points.extend_from_slice(row);
            self.state.target.push(old.target[i]);
            self.state.reference.push(old.reference[i]);
        }
    }

    /// Metropolis steps at the inverse temperature `beta`, until little is left of where they began.
    pub(super) fn move_all(
        &mut self,
        evaluator: &mut Evaluator<'_>,
        reference: &dyn Reference,
        beta: f64,
        config: &SmcConfig,
        progress: &dyn Fn() -> String,
    ) -> Result<()> {
        let before = self.state.points.clone();
        let mut accepted = 0.0;
        for step in 1..=config.max_moves {
            accepted += self.step(evaluator, reference, beta, &before, progress)?;
            self.acceptance = accepted / step as f64;
            if correlation(&before, &self.state.points, self.dimension()) < config.correlation {
                break;
            }
        }
        Ok(())
    }

    /// One step of every particle; returns the share that was accepted.
    fn step(
        &mut self,
        evaluator: &mut Evaluator<'_>,
        reference: &dyn Reference,
        beta: f64,
        others: &[f64],
        progress: &dyn Fn() -> String,
    ) -> Result<f64> {
        let (n, d) = (self.n(), self.dimension());
        let length = self.log_scale.exp() * 2.38 / (2.0 * d as f64).sqrt();
        let mut points = self.state.points.clone();
        let jumps: Vec<bool> = points
            .chunks_exact_mut(d)
            .zip(&mut self.random)
            .map(|(point, random)| {
                let jump = random.uniform() < JUMPS;
                let length = if jump { 1.0 } else { length };
                add_difference(point, others, length, random);
                jump
            })
            .collect();
        let (mut target, mut own) = (vec![0.0; n], vec![0.0; n]);
        evaluator.evaluate(&points, &mut target, progress)?;
        reference.log_density(&points, &mut own);
        let (mut accepted, mut rate, mut n_short) = (0, 0.0, 0);
        for i in 0..n {
            let state = &mut self.state;
            let new = tempered(target[i], own[i], beta);
            let old = tempered(state.target[i], state.reference[i], beta);
            let probability = (new - old).exp().min(1.0);
            if !jumps[i] {
                rate += probability;
                n_short += 1;
            }
            if self.random[i].uniform() < probability {
                let row = i * d..(i + 1) * d;
                state.points[row.clone()].copy_from_slice(&points[row]);
                state.target[i] = target[i];
                state.reference[i] = own[i];
                accepted += 1;
            }
        }
        let rate = rate / f64::from(n_short.max(1));
        self.log_scale = (self.log_scale + rate - TARGET_RATE).clamp(-5.0, 1.0);
        Ok(accepted as f64 / n as f64)
    }

    /// In random order: neighbours are children of the same particle.
    pub(super) fn into_drawn(self, report: Report, random: &mut Random) -> Drawn {
        let d = self.dimension();
        let mut order: Vec<usize> = (0..self.n()).collect();
        random.shuffle(&mut order);
        let row = |i: &usize| self.state.points[i * d..(i + 1) * d].iter().copied();
        let points = order.iter().flat_map(row).collect();
        let values = order.iter().map(|&i| self.state.target[i]).collect();
        Drawn::independent(points, d, values, report)
    }
}

/// (1 − β) log r + β log π.
fn tempered(target: f64, reference: f64, beta: f64) -> f64 {
    let ratio = log_ratio(target, reference);
    if ratio == f64::NEG_INFINITY {
        return ratio;
    }
    reference + beta * ratio
}

/// Adds the difference of two rows of `others`, which are different rows but may be equal points.
fn add_difference(point: &mut [f64], others: &[f64], length: f64, random: &mut Random) {
    let d = point.len();
    let n = others.len() / d;
    let i = random.below(n);
    let j = (i + 1 + random.below(n - 1)) % n;
    for (k, x) in point.iter_mut().enumerate() {
        let difference = others[i * d + k] - others[j * d + k];
        *x += length * difference * (1.0 + BLUR * random.normal());
    }
}

/// The mean over coordinates of the correlation of where particles were and are.
fn correlation(before: &[f64], after: &[f64], d: usize) -> f64 {
    let n = (before.len() / d) as f64;
    let one = |j: usize| {
        let pairs = || {
            let old = before.iter().skip(j).step_by(d);
            old.zip(after.iter().skip(j).step_by(d))
        };
        let (mut a, mut b) = (0.0, 0.0);
        for (old, new) in pairs() {
            a += old / n;
            b += new / n;
        }
        let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
        for (old, new) in pairs() {
            aa += (old - a).powi(2);
            bb += (new - b).powi(2);
            ab += (old - a) * (new - b);
        }
        // Points that are all the same have not moved.
        if aa > 0.0 && bb > 0.0 {
            ab / (aa * bb).sqrt()
        } else {
            1.0
        }
    };
    (0..d).map(one).sum::<f64>() / d as f64
}
