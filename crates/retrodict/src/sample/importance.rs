//! Importance sampling with Pareto-smoothed weights.

use super::config::ImportanceConfig;
use super::drawn::{Drawn, Evidence, Report};
use super::evaluator::Evaluator;
use super::pareto::smooth_weights;
use super::start::{Proposals, no_density, pick_levels, propose};
use super::{LogDensity, Reference};
use crate::error::Result;
use crate::seed::{Random, Seed, Stream};

/// Proposals from the reference, weighted by target / reference; the largest weights are smoothed, and
/// the shape k̂ of their tail says whether to believe the result (Vehtari et al. 2024,
/// arXiv:1507.02646).
///
/// # Errors
/// If the target is zero at every proposal, or the budget is spent.
pub(super) fn importance(
    target: &dyn LogDensity,
    reference: &dyn Reference,
    n: usize,
    config: &ImportanceConfig,
    seed: Seed,
) -> Result<Drawn> {
    let mut evaluator = Evaluator::new(target, config.max_evaluations);
    weighted(&mut evaluator, reference, n, config, seed)
}

/// The same with an evaluator that may have been used before.
pub(super) fn weighted(
    evaluator: &mut Evaluator<'_>,
    reference: &dyn Reference,
    n: usize,
    config: &ImportanceConfig,
    seed: Seed,
) -> Result<Drawn> {
    let n_proposals = if config.resample {
        n.saturating_mul(config.oversampling)
    } else {
        n
    };
    let own = seed.derive(Stream::Start, 0);
    let proposals = propose(evaluator, reference, 0..n_proposals, own, || {
        format!("before {n_proposals} proposals were made")
    })?;
    let ratios: Vec<f64> = proposals.log_ratios().collect();
    if ratios.iter().all(|w| *w == f64::NEG_INFINITY) {
        return Err(no_density(ratios.len(), evaluator.invalid));
    }
    let smoothed = smooth_weights(&ratios);
    let report = Report {
        sampler: "importance".to_string(),
        evaluations: evaluator.spent,
        invalid: evaluator.invalid,
        evidence: Some(evidence(&ratios)),
        effective: Some(effective(&smoothed.log_weights)),
        k_hat: Some(smoothed.k_hat),
        notes: notes(&smoothed.log_weights, smoothed.k_hat),
        ..Report::default()
    };
    let d = evaluator.dimension();
    if config.resample {
        let mut random = seed.stream(Stream::Start, 1);
        let chosen = systematic(&smoothed.log_weights, n, &mut random);
        return Ok(select(&proposals, &chosen, d, report));
    }
    let drawn = Drawn::independent(proposals.points, d, proposals.target, report);
    Ok(Drawn {
        log_weights: Some(smoothed.log_weights),
        ..drawn
    })
}

/// The logarithm of the mean weight, and its standard error by the delta method.
fn evidence(log_weights: &[f64]) -> Evidence {
    let n = log_weights.len() as f64;
    let largest = log_weights
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = log_weights.iter().map(|w| (w - largest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|w| (w / sum).powi(2)).sum();
    Evidence {
        log_evidence: largest + (sum / n).ln(),
        standard_error: (squares - 1.0 / n).max(0.0).sqrt(),
    }
}

/// Of normalised weights.
fn effective(log_weights: &[f64]) -> f64 {
    1.0 / log_weights.iter().map(|w| (2.0 * w).exp()).sum::<f64>()
}

fn notes(log_weights: &[f64], k_hat: f64) -> Vec<String> {
    let n = log_weights.len() as f64;
    let effective = effective(log_weights);
    // What so many weights can vouch for (Vehtari et al. 2024, section 3.2.4).
    let limit = (1.0 - 1.0 / n.log10()).min(0.7);
    let mut notes = Vec::new();
    // Weights that are all but equal have a tail of a shape, but nothing depends on it.
    if k_hat > limit && effective < ALMOST_EQUAL * n {
        notes.push(format!(
            "The tail of the importance weights is too heavy (k̂ = {k_hat:.2}, limit {limit:.2}): the draws, \
             and the error of the evidence, are not to be trusted. Use `smc`, or a proposal closer to the \
             posterior."
        ));
    }
    if effective < MIN_EFFECTIVE {
        notes.push(format!(
            "Only {effective:.0} of {n} proposals count: draws repeat a few points."
        ));
    }
    notes
}

/// The effective share of proposals above which the shape of the weights' tail does not matter.
const ALMOST_EQUAL: f64 = 0.99;
/// Fewer effective proposals make a coarse posterior.
const MIN_EFFECTIVE: f64 = 100.0;

/// Indices with these weights: one level at random in each of `n` equal parts, then in random order.
fn systematic(log_weights: &[f64], n: usize, random: &mut Random) -> Vec<usize> {
    let weights: Vec<f64> = log_weights.iter().map(|w| w.exp()).collect();
    let shift = random.uniform();
    let levels: Vec<f64> = (0..n).map(|i| (i as f64 + shift) / n as f64).collect();
    let mut chosen = pick_levels(&weights, &levels);
    random.shuffle(&mut chosen);
    chosen
}

/// Rows of proposals, as independent draws.
pub(super) fn select(proposals: &Proposals, rows: &[usize], d: usize, report: Report) -> Drawn {
    let row = |i: &usize| proposals.points[i * d..(i + 1) * d].iter().copied();
    let points = rows.iter().flat_map(row).collect();
    let values = rows.iter().map(|&i| proposals.target[i]).collect();
    Drawn::independent(points, d, values, report)
}
