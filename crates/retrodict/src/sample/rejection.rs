//! Rejection sampling.

use super::config::RejectionConfig;
use super::drawn::{Drawn, Report};
use super::evaluator::Evaluator;
use super::start::{no_density, propose};
use super::{LogDensity, Reference};
use crate::error::Result;
use crate::seed::{Seed, Stream};

/// Proposals from the reference, accepted with probability target / (bound × reference).
///
/// The bound is `margin` times the largest ratio that a search finds. A proposal above it is a
/// violation: the bound is raised to it, and draws accepted before are accepted once more under the
/// new one (empirical supremum rejection sampling: Caffo, Booth and Davis 2002, Biometrika 89), so
/// that the draws are exact for the largest ratio that was ever seen. Violations are reported.
///
/// # Errors
/// If the target is zero at every candidate, or the budget is spent.
pub(super) fn rejection(
    target: &dyn LogDensity,
    reference: &dyn Reference,
    n: usize,
    config: &RejectionConfig,
    seed: Seed,
) -> Result<Drawn> {
    let mut evaluator = Evaluator::new(target, config.max_evaluations);
    let largest = search(&mut evaluator, reference, config, seed)?;
    let mut accepted = Accepted {
        dimension: evaluator.dimension(),
        bound: largest + config.margin.ln(),
        rows: Vec::new(),
        violations: 0,
        proposals: 0,
    };
    while accepted.rows.len() < n {
        accepted.round(&mut evaluator, reference, n, seed)?;
    }
    accepted.rows.truncate(n);
    let mut notes = Vec::new();
    if accepted.violations > 0 {
        notes.push(format!(
            "{} proposals had a larger ratio of densities than the search for the bound had found; the \
             bound was raised to the largest of them. If there are many, raise `candidates` or `margin`.",
            accepted.violations
        ));
    }
    let report = Report {
        sampler: "rejection".to_string(),
        evaluations: evaluator.spent,
        invalid: evaluator.invalid,
        acceptance: Some(n as f64 / accepted.proposals.max(1) as f64),
        violations: accepted.violations,
        notes,
        ..Report::default()
    };
    Ok(accepted.into_drawn(report))
}

/// Proposals a round.
const ROUND: [usize; 2] = [256, 65_536];

struct Accepted {
    dimension: usize,
    /// The logarithm of the bound on target / reference.
    bound: f64,
    rows: Vec<Row>,
    violations: usize,
    proposals: usize,
}

struct Row {
    point: Vec<f64>,
    log_density: f64,
    /// log u − log ratio: the row is accepted under every bound with a logarithm below minus this.
    level: f64,
}

impl Accepted {
    /// As many proposals as are likely to be enough.
    fn round(
        &mut self,
        evaluator: &mut Evaluator<'_>,
        reference: &dyn Reference,
        n: usize,
        seed: Seed,
    ) -> Result<()> {
        let rate = (self.rows.len() as f64 + 1.0) / (self.proposals as f64 + 1.0);
        let wanted = 1.1 * (n - self.rows.len()) as f64 / rate;
        let [least, most] = ROUND;
        let first = self.proposals;
        let rows = first..first + (wanted as usize).clamp(least, most);
        let ready = self.rows.len();
        let proposals = propose(
            evaluator,
            reference,
            rows.clone(),
            seed.derive(Stream::Start, 1),
            || format!("after {ready} of {n} draws, accepted from {first} proposals"),
        )?;
        let points = proposals.points.chunks_exact(self.dimension);
        let each = points.zip(proposals.log_ratios()).zip(&proposals.target);
        for (i, ((point, ratio), &log_density)) in rows.clone().zip(each) {
            let mut random = seed.stream(Stream::Chain, i as u64);
            self.judge(
                ratio,
                Row {
                    point: point.to_vec(),
                    log_density,
                    level: random.uniform_open().ln() - ratio,
                },
            );
        }
        self.proposals = rows.end;
        Ok(())
    }

    fn judge(&mut self, ratio: f64, row: Row) {
        if ratio > self.bound {
            self.violations += 1;
            self.bound = ratio;
            let bound = self.bound;
            self.rows.retain(|row| row.level < -bound);
        }
        if row.level < -self.bound {
            self.rows.push(row);
        }
    }

    fn into_drawn(self, report: Report) -> Drawn {
        let points = self.rows.iter().flat_map(|row| row.point.iter().copied());
        let values = self.rows.iter().map(|row| row.log_density).collect();
        Drawn::independent(points.collect(), self.dimension, values, report)
    }
}

/// Candidates from which the search climbs.
const N_CLIMBERS: usize = 32;
const N_STEPS: usize = 60;

/// The largest log target − log reference that is found: the best of many draws from the reference,
/// then random steps uphill from the best of them, longer after a success and shorter after a
/// failure (the (1+1) evolution strategy of Rechenberg 1973).
fn search(
    evaluator: &mut Evaluator<'_>,
    reference: &dyn Reference,
    config: &RejectionConfig,
    seed: Seed,
) -> Result<f64> {
    let own = seed.derive(Stream::Start, 0);
    let looking = || "while looking for the bound".to_string();
    let candidates = propose(evaluator, reference, 0..config.candidates, own, looking)?;
    let ratios: Vec<f64> = candidates.log_ratios().collect();
    if ratios.iter().all(|w| *w == f64::NEG_INFINITY) {
        return Err(no_density(ratios.len(), evaluator.invalid));
    }
    let d = evaluator.dimension();
    let mut order: Vec<usize> = (0..ratios.len()).collect();
    order.sort_by(|&a, &b| ratios[b].total_cmp(&ratios[a]));
    order.truncate(N_CLIMBERS);
    let mut best: Vec<f64> = order.iter().map(|&i| ratios[i]).collect();
    let row = |i: &usize| candidates.points[i * d..(i + 1) * d].iter().copied();
    let mut points: Vec<f64> = order.iter().flat_map(row).collect();
    let (_, covariance) = super::covariance::moments(&points, d);
    let spread: Vec<f64> = (0..d)
        .map(|j| covariance[j * d + j].sqrt().max(1e-6))
        .collect();
    let mut lengths = vec![1.0; best.len()];
    let mut random = seed.stream(Stream::Start, 2);
    for _ in 0..N_STEPS {
        let mut trial = points.clone();
        for (point, length) in trial.chunks_exact_mut(d).zip(&lengths) {
            for (x, sd) in point.iter_mut().zip(&spread) {
                *x += length * sd * random.normal();
            }
        }
        let (mut target, mut own) = (vec![0.0; best.len()], vec![0.0; best.len()]);
        evaluator.evaluate(&trial, &mut target, looking)?;
        reference.log_density(&trial, &mut own);
        for (i, best) in best.iter_mut().enumerate() {
            let ratio = super::start::log_ratio(target[i], own[i]);
            lengths[i] *= if ratio > *best { 1.5 } else { 0.85 };
            if ratio > *best {
                *best = ratio;
                points[i * d..(i + 1) * d].copy_from_slice(&trial[i * d..(i + 1) * d]);
            }
        }
    }
    Ok(best.into_iter().fold(f64::NEG_INFINITY, f64::max))
}
