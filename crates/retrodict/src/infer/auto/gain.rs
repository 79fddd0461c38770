//! What one of two models knows more than the other, in nats a simulation, and the exponent of their best mixture.

use serde::{Deserialize, Serialize};

/// The exponents that are tried lie this far apart.
const STEP: f64 = 0.05;

/// A difference of mean log-densities, with its standard error from the paired differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gain {
    /// The mean, in nats a simulation.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl Gain {
    /// The weighted mean of `values`; the weights sum to one.
    pub(super) fn of(values: &[f64], weights: &[f64]) -> Self {
        let both = || values.iter().zip(weights);
        let mean: f64 = both().map(|(v, w)| v * w).sum();
        let variance: f64 = both().map(|(v, w)| (w * (v - mean)).powi(2)).sum();
        Self {
            mean,
            standard_error: variance.sqrt(),
        }
    }

    /// Whether it is more than chance makes of nothing.
    pub fn is_clear(&self) -> bool {
        self.mean > 2.0 * self.standard_error
    }

    /// Whether it is clear and so many nats or more.
    pub fn is_at_least(&self, nats: f64) -> bool {
        self.is_clear() && self.mean >= nats
    }

    /// What the other one gains.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            mean: -self.mean,
            ..*self
        }
    }
}

/// The α whose gains over α = 0 are best in the mean, with these gains, and those of α = 1.
pub(super) fn best_share(
    gains: &dyn Fn(f64) -> Vec<f64>,
    count: &[f64],
) -> (f64, Vec<f64>, Vec<f64>) {
    let steps = (1.0 / STEP).round() as usize;
    let mut tried: Vec<(f64, Vec<f64>)> = (0..=steps)
        .map(|step| step as f64 / steps as f64)
        .map(|share| (share, gains(share)))
        .collect();
    let total = |gains: &[f64]| Gain::of(gains, count).mean;
    let last = tried[steps].1.clone();
    let best = (0..=steps)
        .rev()
        .max_by(|&a, &b| total(&tried[a].1).total_cmp(&total(&tried[b].1)))
        .expect("shares are tried");
    let (share, best) = tried.swap_remove(best);
    (share, best, last)
}

/// The least log w that counts, relative to the largest of its simulation: a likelihood that calls the
/// truth, or everything, impossible is wrong, but not infinitely.
const FLOOR: f64 = -50.0;

/// α log w* − log mean w^α.
pub(super) fn gain(weights: &[f64], share: f64) -> f64 {
    let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return share * FLOOR;
    }
    let relative = |w: f64| share * (w - largest).max(FLOOR);
    let mean = weights.iter().map(|w| relative(*w).exp()).sum::<f64>() / weights.len() as f64;
    relative(weights[0]) - mean.ln()
}
