//! Which candidates are simulated: any, or those about which the networks disagree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::seed::{Seed, Stream};

/// How a round chooses among its proposals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Acquisition {
    /// It does not: every proposal is simulated.
    #[default]
    None,
    /// Ten times as many draws from the posterior are made, and θ chosen among them with probabilities
    /// proportional to how much the densities of the networks differ there.
    Disagreement,
}

/// Candidates for each simulation.
pub(super) const CANDIDATES: usize = 10;

/// How much the networks disagree about each candidate, a draw from the posterior that they give together:
/// the standard deviation over networks k of pₖ(θ | xₒ) / p(θ | xₒ). `members[k]` holds log pₖ(xₒ | θ) of
/// every candidate and `joint` that of all networks together, each up to a constant.
///
/// Draws from p chosen with these probabilities have a density proportional to the standard deviation of
/// pₖ(θ | xₒ), so that simulations go where the variance of the posterior's density is large: a stochastic
/// form of the rule of maximal variance, which does not make a batch crowd at one point.
///
/// # Reference
/// Järvenpää et al. 2019, arXiv:1704.00520; Lueckmann et al. 2018, arXiv:1805.09294.
pub(super) fn disagreement(members: &[Vec<f64>], joint: &[f64]) -> Vec<f64> {
    let relative: Vec<Vec<f64>> = members.iter().map(|own| relative(own, joint)).collect();
    let count = members.len() as f64;
    let of = |i: usize| {
        let mean = relative.iter().map(|r| r[i]).sum::<f64>() / count;
        let square = relative.iter().map(|r| (r[i] - mean).powi(2)).sum::<f64>();
        (square / count).sqrt()
    };
    (0..joint.len()).map(of).collect()
}

/// pₖ / p of each candidate, one in the mean, as candidates are draws from p.
fn relative(own: &[f64], joint: &[f64]) -> Vec<f64> {
    let logs: Vec<f64> = own.iter().zip(joint).map(|(a, b)| a - b).collect();
    let finite = |log: &f64| log.is_finite();
    let largest = logs
        .iter()
        .copied()
        .filter(finite)
        .fold(f64::NEG_INFINITY, f64::max);
    let of = |log: f64| {
        if log.is_finite() {
            (log - largest).exp()
        } else {
            0.0
        }
    };
    let ratios: Vec<f64> = logs.into_iter().map(of).collect();
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    if mean > 0.0 {
        ratios.iter().map(|ratio| ratio / mean).collect()
    } else {
        vec![1.0; ratios.len()]
    }
}

/// `n` positions, without replacement, with probabilities proportional to the weights: the largest of
/// log w + Gumbel noise.
pub(super) fn choose(weights: impl Iterator<Item = f64>, n: usize, seed: Seed) -> Vec<usize> {
    let mut random = seed.stream(Stream::Acquisition, 0);
    let mut keys: Vec<(f64, usize)> = weights
        .enumerate()
        .map(|(i, log_weight)| (log_weight - (-random.uniform_open().ln()).ln(), i))
        .collect();
    keys.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    keys.into_iter().take(n).map(|key| key.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_chosen_where_densities_differ() {
        // Two networks say N(∓0.5, 1), together their mixture; candidates are draws from it.
        let mut random = Seed(1).stream(Stream::Test, 0);
        let n = 20_000;
        let theta: Vec<f64> = (0..n)
            .map(|i| if i % 2 == 0 { 0.5 } else { -0.5 } + random.normal())
            .collect();
        let log = |center: f64| -> Vec<f64> {
            theta.iter().map(|t| -0.5 * (t - center).powi(2)).collect()
        };
        let (a, b) = (log(-0.5), log(0.5));
        let joint = a.iter().zip(&b);
        let joint: Vec<f64> = joint.map(|(a, b)| (a.exp() + b.exp()).ln()).collect();
        // A constant of one network's density changes nothing.
        let shifted: Vec<f64> = b.iter().map(|b| b + 700.0).collect();
        let found = disagreement(&[a, shifted], &joint);
        // |p₁ − p₂| / (p₁ + p₂) = tanh |θ / 2|.
        for (theta, found) in theta.iter().zip(&found) {
            let exact = (0.5 * theta).tanh().abs();
            assert!(
                (found - exact).abs() < 0.03,
                "{theta}: {found}, not {exact}"
            );
        }
        let chosen = choose(found.iter().map(|w| w.ln()), 2000, Seed(1));
        let mean = |rows: &mut dyn Iterator<Item = f64>| {
            let all: Vec<f64> = rows.collect();
            all.iter().sum::<f64>() / all.len() as f64
        };
        let before = mean(&mut theta.iter().map(|t| t.abs()));
        let after = mean(&mut chosen.iter().map(|&i| theta[i].abs()));
        assert!(after > 1.3 * before, "{after} {before}");
        let mut unique = chosen.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), 2000);
    }

    #[test]
    fn networks_that_agree_choose_like_none() {
        let same = vec![0.3, 1.0, -2.0];
        let found = disagreement(&[same.clone(), same.clone()], &same);
        assert!(found.iter().all(|d| *d == 0.0));
        assert_eq!(choose(found.iter().map(|w| w.ln()), 3, Seed(1)).len(), 3);
    }
}
