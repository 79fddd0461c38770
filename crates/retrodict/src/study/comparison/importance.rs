//! Draws of one method, weighted by what another has learned: do independent methods agree?

use serde::{Deserialize, Serialize};

use super::ComparisonRun;
use crate::check::{Check, CheckStatus, thresholds};
use crate::error::Result;
use crate::infer::Posterior;
use crate::sample::smooth_weights;
use crate::samples::{Samples, effective_number};
use crate::study::Method;
use crate::study::run::Run;

/// Draws θ of q(θ | x) with weights p̂(x | θ) p(θ)/q(θ | x), q and p̂ learned independently of each other.
///
/// If both are right all weights are alike. Their effective size falls where either is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The method that drew.
    pub proposal: String,
    /// The method whose likelihood or ratio weighs.
    pub target: String,
    /// (Σ w)²/(n Σ w²): one if all weights are alike.
    pub efficiency: f64,
    /// The shape of the weights' tail: above 0.7, part of the target is not where draws are.
    pub k_hat: f64,
    /// How many draws were weighted.
    pub draws: usize,
}

/// Draws that are weighted.
const MOST_DRAWS: usize = 2000;

/// For each observation every posterior that is known directly, with every likelihood or ratio.
pub(super) fn all(run: &ComparisonRun<'_>, draws: &[Vec<Samples>]) -> Result<Vec<Vec<Importance>>> {
    let of = |run: &Run<'_>| run.study().config().inference.method;
    let direct = |m: Method| matches!(m, Method::Npe | Method::Fmpe | Method::Npse);
    let learned = |m: Method| matches!(m, Method::Nle | Method::Nre);
    let n = draws[0].len();
    let mut found = vec![Vec::new(); n];
    let proposals = run
        .runs
        .iter()
        .zip(draws)
        .filter(|(run, _)| direct(of(run)));
    let targets = run.runs.iter().filter(|run| learned(of(run)));
    for target in targets {
        let weighing = target.posterior()?;
        for (proposal, samples) in proposals.clone() {
            let known = proposal.posterior()?;
            for (i, found) in found.iter_mut().enumerate() {
                let names = [of(proposal), of(target)].map(Method::name);
                let x = run.study.observed(i);
                found.extend(weighed(names, (&*known, &*weighing), &samples[i], x)?);
            }
        }
    }
    Ok(found)
}

fn weighed(
    [proposal, target]: [&str; 2],
    (known, weighing): (&dyn Posterior, &dyn Posterior),
    samples: &Samples,
    x: &[f64],
) -> Result<Option<Importance>> {
    let rows: Vec<usize> = (0..samples.draws.n_rows().min(MOST_DRAWS)).collect();
    let theta = samples.draws.select(&rows);
    let q = known.log_prob(&theta, x)?;
    let p = weighing.log_unnormalized(&theta, x)?;
    let weight = |(p, q): (&f64, &f64)| {
        let weight = p - q;
        if weight.is_nan() {
            f64::NEG_INFINITY
        } else {
            weight
        }
    };
    let log_weights: Vec<f64> = p.iter().zip(&q).map(weight).collect();
    if !log_weights.iter().any(|w| w.is_finite()) {
        return Ok(Some(Importance {
            proposal: proposal.into(),
            target: target.into(),
            efficiency: 0.0,
            k_hat: f64::INFINITY,
            draws: rows.len(),
        }));
    }
    let smoothed = smooth_weights(&log_weights);
    let weights: Vec<f64> = smoothed.log_weights.iter().map(|w| w.exp()).collect();
    Ok(Some(Importance {
        proposal: proposal.into(),
        target: target.into(),
        efficiency: effective_number(&weights) / rows.len() as f64,
        k_hat: smoothed.k_hat,
        draws: rows.len(),
    }))
}

/// One check for each pair of methods, about the observation where they agree least. A pair lowers the word if
/// `counts` says so of both.
pub(super) fn checks(importance: &[Vec<Importance>], counts: &dyn Fn(&str) -> bool) -> Vec<Check> {
    let n = importance.first().map_or(0, Vec::len);
    let less = |a: &&Importance, b: &&Importance| a.efficiency.total_cmp(&b.efficiency);
    let worst = |k: usize| importance.iter().map(|each| &each[k]).min_by(less);
    let both = |found: &Importance| counts(&found.proposal) && counts(&found.target);
    let found = (0..n).filter_map(worst);
    found.map(|found| check(found, both(found))).collect()
}

fn check(found: &Importance, counts: bool) -> Check {
    let little = found.efficiency < thresholds::CAUTION_EFFICIENCY;
    let (proposal, target) = (&found.proposal, &found.target);
    let meaning = if little {
        "at least one of the two has learned something wrong there"
    } else {
        "the two, learned independently, agree"
    };
    Check {
        name: format!("importance weights: {proposal} by {target}"),
        statistic: found.efficiency,
        interval: None,
        p_value: None,
        threshold: Some(thresholds::CAUTION_EFFICIENCY),
        status: if little && counts {
            CheckStatus::Caution
        } else {
            CheckStatus::Passed
        },
        explanation: format!(
            "{} draws of `{proposal}`, weighted by the density of `{target}`, are worth {:.0} % of their number (k̂ = \
             {:.2}): {meaning}.",
            found.draws,
            100.0 * found.efficiency,
            found.k_hat
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(efficiency: f64) -> Importance {
        Importance {
            proposal: "npe".into(),
            target: "nle".into(),
            efficiency,
            k_hat: 0.1,
            draws: 2000,
        }
    }

    #[test]
    fn the_observation_with_the_worst_weights_speaks() {
        let all = vec![vec![found(0.9)], vec![found(0.03)]];
        let checks = super::checks(&all, &|_| true);
        assert_eq!(checks.len(), 1);
        assert_eq!(checks[0].status, CheckStatus::Caution);
        assert!(
            checks[0].explanation.contains("worth 3 %"),
            "{}",
            checks[0].explanation
        );
        let of = |efficiency, counts: bool| {
            super::checks(&[vec![found(efficiency)]], &|_| counts)[0].status
        };
        assert_eq!(of(0.9, true), CheckStatus::Passed);
        assert_eq!(of(0.03, false), CheckStatus::Passed);
        assert!(super::checks(&[], &|_| true).is_empty());
    }
}
