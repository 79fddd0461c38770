//! Weighted draws of θ with the data that were simulated at each.

use std::collections::BTreeMap;

use crate::samples::{effective_number, normalized, quantiles};

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

    pub(super) fn append(&mut self, other: &Self) {
        self.theta.extend_from_slice(&other.theta);
        self.x.extend_from_slice(&other.x);
        self.distances.extend_from_slice(&other.distances);
        self.log_weights.extend_from_slice(&other.log_weights);
    }

    /// The draws of these rows.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        let n = self.len().max(1);
        let (d, m) = (self.theta.len() / n, self.x.len() / n);
        let mut picked = Self::default();
        for &i in rows {
            let (theta, x) = (&self.theta[i * d..][..d], &self.x[i * m..][..m]);
            picked.push(theta, x, self.distances[i], self.log_weights[i]);
        }
        picked
    }

    /// The `n` draws with the smallest distances, in the order in which they are; nothing if there are fewer.
    pub(super) fn nearest(&self, n: usize) -> Option<Self> {
        if self.len() < n {
            return None;
        }
        let mut rows: Vec<usize> = (0..self.len()).collect();
        rows.sort_by(|&a, &b| self.distances[a].total_cmp(&self.distances[b]));
        rows.truncate(n);
        rows.sort_unstable();
        Some(self.select(&rows))
    }

    /// The weights, which sum to one.
    pub(super) fn weights(&self) -> Vec<f64> {
        normalized(&self.log_weights)
    }

    /// (Σ w)² / Σ w².
    pub(super) fn effective_sample_size(&self) -> f64 {
        effective_number(&self.weights())
    }

    /// (Σ w)² / Σ w² with copies of a draw, which resampling makes, counted as one. Of a continuous
    /// parameter equal values are copies.
    pub(super) fn distinct_sample_size(&self) -> f64 {
        let d = self.theta.len() / self.len().max(1);
        let bits = |i: usize| self.theta[i * d..][..d].iter().map(|v| v.to_bits());
        let mut merged: BTreeMap<Vec<u64>, f64> = BTreeMap::new();
        for (i, weight) in self.weights().into_iter().enumerate() {
            *merged.entry(bits(i).collect()).or_default() += weight;
        }
        let weights: Vec<f64> = merged.into_values().collect();
        effective_number(&weights)
    }

    /// The weighted standard deviation of each parameter.
    pub(super) fn sds(&self) -> Vec<f64> {
        let d = self.theta.len() / self.len().max(1);
        let weights = self.weights();
        let column = |j: usize| self.theta.iter().skip(j).step_by(d).zip(&weights);
        let sd = |j: usize| {
            let mean: f64 = column(j).map(|(v, w)| v * w).sum();
            let square: f64 = column(j).map(|(v, w)| (v - mean).powi(2) * w).sum();
            square.sqrt()
        };
        (0..d).map(sd).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_a_draw_count_as_one() {
        let mut population = Population::default();
        for (theta, log_weight) in [
            (1.0, 0.0),
            (1.0, 0.0),
            (2.0, 2_f64.ln()),
            (3.0, f64::NEG_INFINITY),
        ] {
            population.push(&[theta, 5.0], &[0.0], 0.0, log_weight);
        }
        // Weights ¼, ¼, ½, 0; the first two are one draw of ½.
        assert!((population.effective_sample_size() - 8.0 / 3.0).abs() < 1e-12);
        assert!((population.distinct_sample_size() - 2.0).abs() < 1e-12);
        // Mean 1.5, so ½ (¼ + ¼).
        assert!((population.sds()[0] - 0.5).abs() < 1e-12 && population.sds()[1] == 0.0);
    }
}
