//! Draws from a posterior: what every method returns and everything after it takes.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::table::Table;

/// Draws from a distribution over named parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// The draws: one row a draw, one column a parameter; chain after chain if there are several.
    pub draws: Table,
    /// How many chains the draws come from; independent draws count as one chain.
    pub n_chains: usize,
    /// The logarithm of each draw's weight, if the draws do not all count the same.
    pub log_weights: Option<Vec<f64>>,
    /// Numbers that belong to each draw, such as `log_prob`.
    pub statistics: BTreeMap<String, Vec<f64>>,
    /// Where the draws come from: method, version, seed.
    pub provenance: BTreeMap<String, String>,
}

/// What one says about one parameter in a table.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// The parameter.
    pub name: String,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
    /// The median.
    pub median: f64,
    /// The central interval that holds 68 % of the draws.
    pub interval_68: [f64; 2],
    /// The central interval that holds 95 % of the draws.
    pub interval_95: [f64; 2],
}

impl Samples {
    /// Independent draws that all count the same.
    pub fn independent(draws: Table) -> Self {
        Self {
            draws,
            n_chains: 1,
            log_weights: None,
            statistics: BTreeMap::new(),
            provenance: BTreeMap::new(),
        }
    }

    /// Independent draws from names and values, row after row.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn from_rows<N: Into<String>>(
        names: impl IntoIterator<Item = N>,
        values: Vec<f64>,
    ) -> Result<Self> {
        Ok(Self::independent(Table::new(names, values)?))
    }

    /// The normalised weight of each draw; they sum to one.
    pub fn weights(&self) -> Vec<f64> {
        let n = self.draws.n_rows();
        let Some(log_weights) = &self.log_weights else {
            return vec![1.0 / n as f64; n];
        };
        normalized(log_weights)
    }

    /// One [`Summary`] a parameter.
    pub fn summary(&self) -> Vec<Summary> {
        let weights = self.weights();
        (0..self.draws.n_columns())
            .map(|j| self.summarize(j, &weights))
            .collect()
    }

    fn summarize(&self, j: usize, weights: &[f64]) -> Summary {
        let column = self.draws.column(j);
        let mean: f64 = column.iter().zip(weights).map(|(v, w)| v * w).sum();
        let square: f64 = column
            .iter()
            .zip(weights)
            .map(|(v, w)| w * (v - mean).powi(2))
            .sum();
        // The unbiased estimate: divides by n − 1 when all draws count the same.
        let concentration: f64 = weights.iter().map(|w| w * w).sum();
        let [low_95, low_68, median, high_68, high_95] =
            quantiles(&column, weights, [0.025, 0.16, 0.5, 0.84, 0.975]);
        Summary {
            name: self.draws.names()[j].clone(),
            mean,
            sd: (square / (1.0 - concentration)).sqrt(),
            median,
            interval_68: [low_68, high_68],
            interval_95: [low_95, high_95],
        }
    }
}

/// exp of log-weights, divided by their sum; NaN if all are −∞.
pub(crate) fn normalized(log_weights: &[f64]) -> Vec<f64> {
    let largest = log_weights
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = log_weights.iter().map(|w| (w - largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

/// (Σ w)² / Σ w²: how many equal weights these are worth (Kong et al. 1994); zero if there is no weight.
pub(crate) fn effective_number(weights: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    }
}

/// Weighted quantiles, linear between the middles of the draws' weights (for equal weights: Hazen's
/// rule, type 5 of Hyndman and Fan 1996).
pub fn quantiles<const N: usize>(values: &[f64], weights: &[f64], levels: [f64; N]) -> [f64; N] {
    assert_eq!(values.len(), weights.len(), "one weight a value");
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut below = 0.0;
    let mut points = Vec::with_capacity(values.len());
    for &i in &order {
        points.push((below + 0.5 * weights[i], values[i]));
        below += weights[i];
    }
    levels.map(|level| interpolate(&points, level * below))
}

fn interpolate(points: &[(f64, f64)], at: f64) -> f64 {
    let Some((first, last)) = points.first().zip(points.last()) else {
        return f64::NAN;
    };
    let after = points.partition_point(|p| p.0 < at);
    if after == 0 {
        return first.1;
    }
    if after == points.len() {
        return last.1;
    }
    let ((a, low), (b, high)) = (points[after - 1], points[after]);
    if b > a {
        low + (high - low) * (at - a) / (b - a)
    } else {
        high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_known_numbers() {
        let samples = Samples::from_rows(["a"], (0..=100).map(f64::from).collect()).unwrap();
        let summary = &samples.summary()[0];
        assert!((summary.mean - 50.0).abs() < 1e-12 && (summary.median - 50.0).abs() < 1e-12);
        assert!((summary.sd - (101.0_f64 * 102.0 / 12.0).sqrt()).abs() < 1e-12);
        assert!((summary.interval_95[0] - 2.025).abs() < 1e-9);
    }

    #[test]
    fn a_weight_counts_as_repeated_draws() {
        let mut weighted = Samples::from_rows(["a"], vec![1.0, 2.0, 3.0]).unwrap();
        weighted.log_weights = Some(vec![0.0, 3.0_f64.ln(), 0.0]);
        let repeated = Samples::from_rows(["a"], vec![1.0, 2.0, 2.0, 2.0, 3.0]).unwrap();
        assert!((weighted.summary()[0].mean - repeated.summary()[0].mean).abs() < 1e-12);
        assert_eq!(weighted.summary()[0].median, 2.0);
    }
}
