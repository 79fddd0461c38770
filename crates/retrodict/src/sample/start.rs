//! Where chains start.

use super::evaluator::Evaluator;
use super::{LogDensity, Reference};
use crate::error::{Error, Result};
use crate::samples::{effective_number, normalized};
use crate::seed::{Random, Seed, Stream};

/// Where chains start, and what is known about the scale of the density there.
pub(super) struct Start {
    /// One row a chain.
    pub(super) points: Vec<f64>,
    /// The log-density there, finite.
    pub(super) values: Vec<f64>,
    /// A standard deviation a coordinate, from the weighted candidates: no more than a first guess,
    /// but never zero.
    pub(super) spread: Vec<f64>,
    /// How many draws from the target the candidates are worth.
    pub(super) worth: f64,
}

/// Candidates drawn at once.
const BLOCK: usize = 4096;
/// Candidates before anyone looks whether they are enough.
const FIRST_CANDIDATES: usize = 500;
/// Where all candidates are wanted.
pub(super) const ALL: f64 = f64::INFINITY;
/// The least spread, in standard deviations of the candidates: one candidate may have all weight.
const MIN_SPREAD: f64 = 1e-3;

/// Chooses starts among draws from the reference, with probability proportional to the ratio of the
/// two densities (so that each mode gets its share of chains, and no chain starts where there is
/// nothing). Of `n_candidates` no more are drawn once they are worth `enough` draws from the target.
///
/// # Errors
/// If the density is zero at every candidate.
pub(super) fn start(
    evaluator: &mut Evaluator<'_>,
    reference: &dyn Reference,
    n_chains: usize,
    n_candidates: usize,
    enough: f64,
    seed: Seed,
) -> Result<Start> {
    let candidates = search(evaluator, reference, n_candidates, enough, seed)?;
    let n_candidates = candidates.target.len();
    if candidates.log_ratios().all(|w| w == f64::NEG_INFINITY) {
        return Err(no_density(n_candidates, evaluator.invalid));
    }
    let d = evaluator.dimension();
    let weights = normalized(&candidates.log_ratios().collect::<Vec<_>>());
    let mut random = seed.stream(Stream::Start, 1);
    let chosen = multinomial(&weights, n_chains, &mut random);
    let row = |i: &usize| candidates.points[i * d..(i + 1) * d].iter().copied();
    Ok(Start {
        worth: effective_number(&weights),
        points: chosen.iter().flat_map(row).collect(),
        values: chosen.iter().map(|&i| candidates.target[i]).collect(),
        spread: (0..d)
            .map(|j| {
                let column = || candidates.points.iter().skip(j).step_by(d).copied();
                let all = weighted_sd(column(), std::iter::repeat(1.0 / n_candidates as f64));
                let here = weighted_sd(column(), weights.iter().copied());
                here.max(MIN_SPREAD * all).max(f64::MIN_POSITIVE)
            })
            .collect(),
    })
}

/// Candidates in blocks that double what there is; the first ones are the same whatever the number.
fn search(
    evaluator: &mut Evaluator<'_>,
    reference: &dyn Reference,
    most: usize,
    enough: f64,
    seed: Seed,
) -> Result<Proposals> {
    let mut all = Proposals::default();
    while all.target.len() < most && all.effective() < enough {
        let n = all.target.len();
        let next = (2 * n).max(FIRST_CANDIDATES).min(most);
        let seed = seed.derive(Stream::Start, 0);
        let more = propose(evaluator, reference, n..next, seed, || {
            "while looking for starts".to_string()
        })?;
        all.append(more);
    }
    Ok(all)
}

/// Draws from a reference, with both log-densities.
#[derive(Default)]
pub(super) struct Proposals {
    pub(super) points: Vec<f64>,
    pub(super) target: Vec<f64>,
    pub(super) reference: Vec<f64>,
}

impl Proposals {
    /// log target − log reference of each: −∞ where the target is zero.
    pub(super) fn log_ratios(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        let pairs = self.target.iter().zip(&self.reference);
        pairs.map(|(target, reference)| log_ratio(*target, *reference))
    }

    fn append(&mut self, mut more: Self) {
        self.points.append(&mut more.points);
        self.target.append(&mut more.target);
        self.reference.append(&mut more.reference);
    }

    /// (Σ w)² / Σ w²: how many draws from the target they are worth.
    fn effective(&self) -> f64 {
        let ratios: Vec<f64> = self.log_ratios().collect();
        if ratios.iter().all(|w| *w == f64::NEG_INFINITY) {
            return 0.0;
        }
        effective_number(&normalized(&ratios))
    }
}

/// log a − log b, where a draw from b has b > 0 whatever rounding says.
pub(super) fn log_ratio(target: f64, reference: f64) -> f64 {
    if target == f64::NEG_INFINITY || !reference.is_finite() {
        return f64::NEG_INFINITY;
    }
    target - reference
}

/// Draws the rows of a range from the reference, in blocks, and evaluates both densities there.
pub(super) fn propose(
    evaluator: &mut Evaluator<'_>,
    reference: &dyn Reference,
    rows: std::ops::Range<usize>,
    seed: Seed,
    progress: impl Fn() -> String,
) -> Result<Proposals> {
    let d = evaluator.dimension();
    evaluator.afford(rows.len(), &progress)?;
    let mut all = Proposals::default();
    for first in rows.clone().step_by(BLOCK) {
        let n = BLOCK.min(rows.end - first);
        let mut points = vec![0.0; n * d];
        let (mut target, mut own) = (vec![0.0; n], vec![0.0; n]);
        reference.draw(first as u64, seed, &mut points);
        evaluator.evaluate(&points, &mut target, &progress)?;
        LogDensity::log_density(reference, &points, &mut own);
        all.points.append(&mut points);
        all.target.append(&mut target);
        all.reference.append(&mut own);
    }
    Ok(all)
}

/// The error of a density that is zero wherever one looks.
pub(super) fn no_density(n: usize, invalid: usize) -> Error {
    let not_numbers = if invalid > 0 {
        format!("; {invalid} of the values were NaN or +∞")
    } else {
        String::new()
    };
    Error::Sampling {
        problem: format!(
            "the density is zero (its logarithm −∞) at all {n} candidates drawn from the prior{not_numbers}"
        ),
        advice: "Check that the observation is one that the model can make, in the units of the \
                 simulations, and that the log-likelihood is finite inside the prior; if the posterior \
                 is only very narrow, use the `smc` sampler, or more candidates or particles."
            .to_string(),
    }
}

/// `n` independent indices with these probabilities, in ascending order.
pub(super) fn multinomial(weights: &[f64], n: usize, random: &mut Random) -> Vec<usize> {
    let mut levels: Vec<f64> = (0..n).map(|_| random.uniform()).collect();
    levels.sort_by(f64::total_cmp);
    pick_levels(weights, &levels)
}

/// The indices at ascending levels of the cumulative weights; never one of weight zero.
pub(crate) fn pick_levels(weights: &[f64], levels: &[f64]) -> Vec<usize> {
    let last = weights.iter().rposition(|w| *w > 0.0).unwrap_or(0);
    let (mut at, mut below) = (0, weights[0]);
    let pick = |level: &f64| {
        while at < last && below <= *level {
            at += 1;
            below += weights[at];
        }
        at
    };
    levels.iter().map(pick).collect()
}

fn weighted_sd(
    values: impl Iterator<Item = f64> + Clone,
    weights: impl Iterator<Item = f64> + Clone,
) -> f64 {
    let pairs = values.zip(weights);
    let mean: f64 = pairs.clone().map(|(v, w)| v * w).sum();
    pairs
        .map(|(v, w)| w * (v - mean).powi(2))
        .sum::<f64>()
        .sqrt()
}
