//! How two parameters hang together at one observation.

use super::marginal::Marginal;
use super::marginals::MarginalRatio;
use crate::error::Result;
use crate::infer::LogLikelihood;
use crate::seed::Random;

/// Equal shares of each marginal posterior, in the middles of which the ratio is looked at.
const BINS: usize = 128;
/// Rows and columns are scaled to the same sums until these differ by less than this, or so many times.
const TOLERANCE: f64 = 1e-9;
const SCALINGS: usize = 1000;
/// No bin has less than exp of this of the largest of its row, so that no column is empty.
const LEAST: f64 = -60.0;

/// The density c(u, v) of two parameters' shares of their marginal posteriors, constant in each bin: p(θᵢ, θⱼ | x) =
/// c(u, v) p(θᵢ | x) p(θⱼ | x).
///
/// The ratios of the pair and of each parameter are learned apart and do not agree exactly. c is scaled row by row
/// and column by column until all of these have the same sum (Sinkhorn 1964), so that the pair has the marginals of
/// its parameters.
#[derive(Debug, Clone)]
pub(super) struct PairCopula {
    /// c of each bin, by rows of the first parameter.
    values: Vec<f64>,
}

impl PairCopula {
    pub(super) fn new(
        each: [&Marginal; 2],
        pair: &MarginalRatio,
        singles: [&MarginalRatio; 2],
        x: &[f64],
    ) -> Result<Self> {
        let levels = each.map(|marginal| {
            let middle = |bin: usize| marginal.quantile((bin as f64 + 0.5) / BINS as f64);
            (0..BINS).map(middle).collect::<Vec<f64>>()
        });
        let mut both = Vec::with_capacity(2 * BINS * BINS);
        for first in &levels[0] {
            for second in &levels[1] {
                both.extend([*first, *second]);
            }
        }
        let mut log_values = vec![0.0; BINS * BINS];
        pair.ratio.log_likelihood(&both, x, &mut log_values)?;
        let [mut rows, mut columns] = [vec![0.0; BINS], vec![0.0; BINS]];
        singles[0].ratio.log_likelihood(&levels[0], x, &mut rows)?;
        singles[1]
            .ratio
            .log_likelihood(&levels[1], x, &mut columns)?;
        for (row, own) in log_values.chunks_exact_mut(BINS).zip(&rows) {
            for (value, other) in row.iter_mut().zip(&columns) {
                *value -= own + other;
            }
        }
        Ok(Self::scaled(&log_values))
    }

    fn scaled(log_values: &[f64]) -> Self {
        let mut values = Vec::with_capacity(BINS * BINS);
        for row in log_values.chunks_exact(BINS) {
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            values.extend(row.iter().map(|v| (v - largest).max(LEAST).exp()));
        }
        for _ in 0..SCALINGS {
            let mut sums = vec![0.0; BINS];
            for row in values.chunks_exact(BINS) {
                sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
            }
            let mut largest_error: f64 = 0.0;
            for row in values.chunks_exact_mut(BINS) {
                row.iter_mut().zip(&sums).for_each(|(v, sum)| *v /= sum);
                let scale = 1.0 / row.iter().sum::<f64>();
                largest_error = largest_error.max((scale - 1.0).abs());
                for value in row {
                    *value *= scale;
                }
            }
            if largest_error < TOLERANCE {
                break;
            }
        }
        for value in &mut values {
            *value *= BINS as f64;
        }
        Self { values }
    }

    /// The same with the parameters in the other order.
    pub(super) fn turned(&self) -> Self {
        let column = |k| self.values.iter().skip(k).step_by(BINS).copied();
        Self {
            values: (0..BINS).flat_map(column).collect(),
        }
    }

    fn row(&self, share: f64) -> &[f64] {
        let bin = bin(share);
        &self.values[bin * BINS..(bin + 1) * BINS]
    }

    /// log c.
    pub(super) fn log_density(&self, [first, second]: [f64; 2]) -> f64 {
        self.row(first)[bin(second)].ln()
    }

    /// A share of the second parameter given one of the first.
    pub(super) fn draw(&self, first: f64, random: &mut Random) -> f64 {
        let row = self.row(first);
        let mut left = random.uniform() * row.iter().sum::<f64>();
        let found = row.iter().position(|value| {
            left -= value;
            left < 0.0
        });
        (found.unwrap_or(BINS - 1) as f64 + random.uniform_open()) / BINS as f64
    }
}

fn bin(share: f64) -> usize {
    ((share * BINS as f64) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::Tail;
    use crate::prior::special::normal_quantile;
    use crate::seed::{Seed, Stream};

    const CORRELATION: f64 = 0.8;

    fn normal(share: f64) -> f64 {
        normal_quantile(Tail::Lower(share))
    }

    /// Of two normal parameters, with each row off by a factor of its own.
    fn gaussian() -> PairCopula {
        let middle = |bin: usize| normal((bin as f64 + 0.5) / BINS as f64);
        let mut log_values = Vec::new();
        for a in (0..BINS).map(middle) {
            for b in (0..BINS).map(middle) {
                let square = CORRELATION * CORRELATION;
                let form = square * (a * a + b * b) - 2.0 * CORRELATION * a * b;
                log_values.push(-0.5 * form / (1.0 - square) + 0.3 * a);
            }
        }
        PairCopula::scaled(&log_values)
    }

    #[test]
    fn rows_and_columns_have_the_mean_one_and_the_density_is_that_of_two_normal_parameters() {
        let copula = gaussian();
        for k in 0..BINS {
            let row: f64 = copula.values[k * BINS..(k + 1) * BINS].iter().sum();
            let column: f64 = copula.values.iter().skip(k).step_by(BINS).sum();
            assert!((row / BINS as f64 - 1.0).abs() < 1e-8, "{k} {row}");
            assert!((column / BINS as f64 - 1.0).abs() < 1e-8, "{k} {column}");
        }
        let root = (1.0 - CORRELATION * CORRELATION).sqrt();
        for [u, v] in [[0.3, 0.4], [0.5, 0.5], [0.9, 0.7], [0.2, 0.6]] {
            let middle = |share: f64| (bin(share) as f64 + 0.5) / BINS as f64;
            let [a, b] = [u, v].map(|share| normal(middle(share)));
            let form = (a * a - 2.0 * CORRELATION * a * b + b * b) / (root * root) - a * a - b * b;
            let exact = -0.5 * form - root.ln();
            let own = copula.log_density([u, v]);
            assert!((own - exact).abs() < 0.02, "{u} {v}: {own} {exact}");
        }
    }

    #[test]
    fn draws_have_the_correlation() {
        let copula = gaussian();
        let mut random = Seed(1).stream(Stream::Test, 0);
        let n = 20_000;
        let product = (0..n).map(|_| {
            let first = random.uniform_open();
            normal(first) * normal(copula.draw(first, &mut random))
        });
        let mean = product.sum::<f64>() / n as f64;
        // Five standard errors, √(1 + ρ²) / √n each; bins flatten the tails by 0.01.
        assert!((mean - CORRELATION).abs() < 0.045 + 0.01, "{mean}");
    }
}
