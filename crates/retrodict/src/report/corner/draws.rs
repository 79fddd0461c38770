//! Draws as a corner plot needs them: finite, weighted, sorted into columns.

use std::collections::HashMap;

use crate::report::density::Shape;
use crate::report::ticks::Estimate;
use crate::samples::{Samples, quantiles};
use crate::table::Table;

/// The usable draws of one posterior.
#[derive(Debug)]
pub(super) struct Draws {
    columns: Vec<Vec<f64>>,
    shapes: Vec<Shape>,
    limits: Vec<[f64; 2]>,
    /// They sum to one.
    pub(super) weights: Vec<f64>,
    n_usable: usize,
    n_dropped: usize,
}

impl Draws {
    /// Keeps the rows that are finite and have a weight; draws that were resampled are one draw with the
    /// weight of all, or kernels would be as narrow as for that many different ones.
    pub(super) fn new(samples: &Samples, limits: &[[f64; 2]]) -> Self {
        let table = &samples.draws;
        let weights = samples.weights();
        let usable = |i: &usize| weights[*i] > 0.0 && table.row(*i).iter().all(|v| v.is_finite());
        let usable: Vec<usize> = (0..table.n_rows()).filter(usable).collect();
        let total: f64 = usable.iter().map(|&i| weights[i]).sum();
        let share = |i: &usize| weights[*i] / total;
        let (rows, weights) = different(table, &usable, share);
        let kept = table.select(&rows);
        let columns: Vec<Vec<f64>> = (0..table.n_columns()).map(|j| kept.column(j)).collect();
        Self {
            shapes: columns
                .iter()
                .map(|column| Shape::of(column, &weights))
                .collect(),
            limits: limits.to_vec(),
            columns,
            n_usable: usable.len(),
            n_dropped: table.n_rows() - usable.len(),
            weights,
        }
    }

    /// How many different draws there are.
    pub(super) fn len(&self) -> usize {
        self.weights.len()
    }

    /// How many draws there are, in words that say how many of them differ if not all do.
    pub(super) fn count(&self) -> String {
        if self.n_usable == self.len() {
            return self.n_usable.to_string();
        }
        format!("{} ({} different)", self.n_usable, self.len())
    }

    /// How many rows were not usable.
    pub(super) fn dropped(&self) -> usize {
        self.n_dropped
    }

    /// The draws of parameter `j`.
    pub(super) fn column(&self, j: usize) -> &[f64] {
        &self.columns[j]
    }

    /// What the draws of parameter `j` look like.
    pub(super) fn shape(&self, j: usize) -> &Shape {
        &self.shapes[j]
    }

    /// The prior's limits for parameter `j`.
    pub(super) fn limits(&self, j: usize) -> [f64; 2] {
        self.limits[j]
    }

    /// The quantiles of parameter `j`.
    pub(super) fn quantiles<const N: usize>(&self, j: usize, levels: [f64; N]) -> [f64; N] {
        quantiles(&self.columns[j], &self.weights, levels)
    }

    /// The median with the central 68 % interval.
    pub(super) fn estimate(&self, j: usize) -> Estimate {
        let [low, median, high] = self.quantiles(j, [0.16, 0.5, 0.84]);
        Estimate::new(median, low, high)
    }

    /// The correlation of two parameters.
    pub(super) fn correlation(&self, a: usize, b: usize) -> f64 {
        let mean = |values: &mut dyn Iterator<Item = f64>| -> f64 {
            values.zip(&self.weights).map(|(v, w)| v * w).sum()
        };
        let (a, b) = (&self.columns[a], &self.columns[b]);
        let (mean_a, mean_b) = (mean(&mut a.iter().copied()), mean(&mut b.iter().copied()));
        let pairs = || a.iter().zip(b).map(|(x, y)| (x - mean_a, y - mean_b));
        let covariance = mean(&mut pairs().map(|(x, y)| x * y));
        let variances =
            mean(&mut pairs().map(|(x, _)| x * x)) * mean(&mut pairs().map(|(_, y)| y * y));
        covariance / variances.sqrt()
    }

    /// The stretch of the axis that shows nearly all draws: without the last 0.15 % on either side
    /// if they are far out, a little wider than the draws, and not beyond the prior's limits.
    pub(super) fn visible(&self, j: usize) -> [f64; 2] {
        const FARTHEST: f64 = 2.0;
        let levels = [0.0, 0.0015, 0.025, 0.975, 0.9985, 1.0];
        let [least, low, q025, q975, high, most] = self.quantiles(j, levels);
        let width = q975 - q025;
        let low = least.max(low.min(q025 - 0.3 * width).max(q025 - FARTHEST * width));
        let high = most.min(high.max(q975 + 0.3 * width).min(q975 + FARTHEST * width));
        let margin = match &self.shapes[j] {
            Shape::Constant(_) => 0.0,
            Shape::Discrete(levels) => {
                let gaps = levels.windows(2).map(|w| w[1].0 - w[0].0);
                0.5 * gaps.fold(f64::INFINITY, f64::min)
            }
            // A few draws have wide kernels around them.
            Shape::Continuous => (0.06 + 1.0 / (self.len() as f64).sqrt()) * (high - low),
        };
        if matches!(self.shapes[j], Shape::Discrete(_)) {
            return [low - margin, high + margin];
        }
        let [bound_low, bound_high] = self.limits[j];
        [
            (low - margin).max(bound_low.min(least)),
            (high + margin).min(bound_high.max(most)),
        ]
    }
}

/// The rows that differ, in the order in which each is met first, with the weights of all its copies.
fn different(
    table: &Table,
    rows: &[usize],
    weight: impl Fn(&usize) -> f64,
) -> (Vec<usize>, Vec<f64>) {
    let (mut first, mut weights) = (Vec::new(), Vec::new());
    let mut places: HashMap<Vec<u64>, usize> = HashMap::with_capacity(rows.len());
    for i in rows {
        let bits = table.row(*i).iter().map(|v| v.to_bits()).collect();
        let place = *places.entry(bits).or_insert(first.len());
        if place == first.len() {
            first.push(*i);
            weights.push(0.0);
        }
        weights[place] += weight(i);
    }
    (first, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resampled_draws_are_one_draw_with_the_weight_of_all() {
        let table = Table::new(["a", "b"], vec![1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 1.0, 5.0]).unwrap();
        let draws = Draws::new(&Samples::independent(table), &[[f64::MIN, f64::MAX]; 2]);
        assert_eq!((draws.len(), draws.dropped()), (3, 0));
        assert_eq!(draws.count(), "4 (3 different)");
        assert_eq!(draws.column(1), [2.0, 4.0, 5.0]);
        assert_eq!(draws.weights, [0.5, 0.25, 0.25]);
    }
}
