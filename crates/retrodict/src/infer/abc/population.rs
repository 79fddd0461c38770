//! Weighted draws of θ with the data that were simulated at each.

use crate::samples::quantiles;

/// Accepted candidates: rows of θ and x, a distance and a log-weight each.
#[derive(Debug, Clone, Default)]
pub(super) struct Population {
    pub(super) theta: Vec<f64>,
    pub(super) x: Vec<f64>,
    pub(super) distances: Vec<f64>,
    pub(super) log_weights: Vec<f64>,
}

impl Population {
    /// How many draws there are.
    pub(super) fn len(&self) -> usize {
        self.distances.len()
    }

    pub(super) fn push(&mut self, theta: &[f64], x: &[f64], distance: f64, log_weight: f64) {
        self.theta.extend_from_slice(theta);
        self.x.extend_from_slice(x);
        self.distances.push(distance);
        self.log_weights.push(log_weight);
    }

    /// The weights, which sum to one.
    pub(super) fn weights(&self) -> Vec<f64> {
        normalized(&self.log_weights)
    }

    /// (Σ w)² / Σ w².
    pub(super) fn effective_sample_size(&self) -> f64 {
        effective_sample_size(&self.weights())
    }

    /// The weighted quantile of the distances.
    pub(super) fn distance_quantile(&self, level: f64) -> f64 {
        quantiles(&self.distances, &self.weights(), [level])[0]
    }

    /// The largest distance.
    pub(super) fn farthest(&self) -> f64 {
        self.distances.iter().copied().fold(0.0, f64::max)
    }
}

/// exp of log-weights, scaled to sum to one; NaN if all are −∞.
pub(super) fn normalized(log_weights: &[f64]) -> Vec<f64> {
    let largest = log_weights
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = log_weights.iter().map(|w| (w - largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

/// (Σ w)² / Σ w² (Kong et al. 1994); zero if there is no weight.
pub(super) fn effective_sample_size(weights: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    let square: f64 = weights.iter().map(|w| w * w).sum();
    if square > 0.0 {
        sum * sum / square
    } else {
        0.0
    }
}
