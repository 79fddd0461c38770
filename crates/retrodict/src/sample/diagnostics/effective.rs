//! Effective sample sizes and Monte Carlo standard errors.

use super::autocovariance::Autocovariance;
use super::{Halves, mean, quantile, sorted, variance};

/// How many independent draws give as good a mean: the number of draws over the integrated
/// autocorrelation time, summed to where pairs of autocorrelations stop to be positive and made to
/// fall monotonously (Geyer 1992).
pub(super) fn ess_mean(halves: &Halves) -> f64 {
    let n_draws = halves.values.len() as f64;
    let smallest = halves.values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = halves
        .values
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    if largest - smallest < f64::MIN_POSITIVE {
        return n_draws;
    }
    let time = autocorrelation_time(&autocorrelation(halves));
    // Chains that are better than independent ones are believed up to a point.
    n_draws / time.max(1.0 / n_draws.log10())
}

/// ρₜ over all chains, for every lag t.
fn autocorrelation(halves: &Halves) -> Vec<f64> {
    let n = halves.length as f64;
    let transform = Autocovariance::new(halves.length);
    let mut covariance = vec![0.0; halves.length];
    for chain in halves.chains() {
        for (sum, own) in covariance.iter_mut().zip(transform.of(chain)) {
            *sum += own / halves.n_chains() as f64;
        }
    }
    let within = covariance[0] * n / (n - 1.0);
    let means: Vec<f64> = halves.chains().map(mean).collect();
    let total = covariance[0] + variance(&means);
    let rho = |covariance: &f64| 1.0 - (within - covariance) / total;
    let mut rho: Vec<f64> = covariance.iter().map(rho).collect();
    rho[0] = 1.0;
    rho
}

/// −1 + 2 Σ ρₜ, with Geyer's initial monotone sequence of pairs.
fn autocorrelation_time(rho: &[f64]) -> f64 {
    let n = rho.len();
    let mut kept = vec![1.0, rho.get(1).copied().unwrap_or(0.0)];
    let mut next = kept[0] + kept[1];
    let mut last_even = kept[0];
    let mut t = 1;
    while t + 3 < n && next > 0.0 {
        let (even, odd) = (rho[t + 1], rho[t + 2]);
        next = even + odd;
        last_even = even;
        if next >= 0.0 {
            kept.extend([even, odd]);
        }
        t += 2;
    }
    // Of the pair at which it ended, the even lag still counts, once.
    let end = t - 1;
    kept.resize(end + 1, 0.0);
    if last_even > 0.0 {
        kept[end] = last_even;
    }
    let mut t = 1;
    while t + 2 < end {
        let before = kept[t - 1] + kept[t];
        if kept[t + 1] + kept[t + 2] > before {
            kept[t + 1] = 0.5 * before;
            kept[t + 2] = 0.5 * before;
        }
        t += 2;
    }
    -1.0 + 2.0 * kept[..end].iter().sum::<f64>() + kept[end]
}

/// The smaller of the effective sample sizes of the indicators θ ≤ q at the 5 and 95 % quantiles.
pub(super) fn ess_tail(halves: &Halves) -> f64 {
    let sorted = sorted(&halves.values);
    let at = |level| {
        let limit = quantile(&sorted, level);
        ess_mean(&halves.map(|v| f64::from(u8::from(v <= limit))))
    };
    at(0.05).min(at(0.95))
}

/// The standard error of the mean of all draws.
pub(super) fn mcse_mean(halves: &Halves, values: &[f64]) -> f64 {
    (variance(values) / ess_mean(halves)).sqrt()
}

/// The standard error of their standard deviation: that of the mean square distance from the mean,
/// by the delta method.
pub(super) fn mcse_sd(halves: &Halves, values: &[f64]) -> f64 {
    let center = mean(values);
    let squares: Vec<f64> = values.iter().map(|v| (v - center).powi(2)).collect();
    let ess = ess_mean(&halves.map(|v| (v - center).powi(2)));
    let mean_square = mean(&squares);
    let fourth = mean(&squares.iter().map(|s| s * s).collect::<Vec<_>>());
    let of_variance = (fourth - mean_square.powi(2)) / ess;
    (of_variance / mean_square / 4.0).sqrt()
}
