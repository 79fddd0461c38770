//! Truncated marginals as a distribution of all parameters.

use super::joint::Joint;
use super::marginals::TruncatedMarginals;
use crate::error::Result;
use crate::infer::LogLikelihood;
use crate::infer::abc::comparison::check_observation;
use crate::infer::posterior::{Posterior, check_theta};
use crate::infer::potential::maximum;
use crate::prior::special::{normal_cdf, normal_quantile};
use crate::prior::{Parameter, Tail};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// Draws from which the search for the maximum starts.
const N_DRAWS: usize = 1000;
/// A coordinate beyond which a parameter is at its bound.
const LIMIT: f64 = 8.0;

impl Posterior for TruncatedMarginals {
    fn parameters(&self) -> &[Parameter] {
        self.prior().parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let columns: Vec<usize> = (0..self.parameters().len()).collect();
        let mut samples = Joint::new(self, x)?.sample(&columns, n, seed)?;
        let words = [
            ("method", "tmnre".to_string()),
            ("seed", seed.0.to_string()),
        ];
        let words = words.map(|(key, word)| (key.to_string(), word));
        samples.provenance.extend(words);
        Ok(samples)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        check_theta(theta, self.parameters().len())?;
        let joint = Joint::new(self, x)?;
        Ok(theta.rows().map(|theta| joint.log_density(theta)).collect())
    }

    /// By the ratios themselves, which have no bins and a slope.
    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        check_theta(theta, self.parameters().len())?;
        check_observation(x, self.n_data())?;
        let within: Vec<_> = theta
            .rows()
            .map(|row| self.bounds.levels_within(row))
            .collect();
        let levels: Vec<f64> = within.iter().flatten().flatten().copied().collect();
        let mut values = self.log_joint(&levels, x)?.into_iter();
        let value = |inside: &Option<Vec<f64>>| inside.as_ref().and_then(|_| values.next());
        let found = within.iter().map(value);
        Ok(found
            .map(|value| value.unwrap_or(f64::NEG_INFINITY))
            .collect())
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        let draws = self.sample(x, N_DRAWS, seed.derive(Stream::Search, 0))?;
        self.map_from(&draws.draws, x, seed)
    }

    /// By the ratios themselves, which have no bins.
    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        check_theta(draws, self.parameters().len())?;
        check_observation(x, self.n_data())?;
        if draws.n_rows() == 0 {
            return self.map(x, seed);
        }
        let n = draws.n_rows().min(N_DRAWS);
        let rows = (0..n).map(|i| draws.row(i * draws.n_rows() / n));
        let points: Vec<f64> = rows.flat_map(|theta| self.coordinates(theta)).collect();
        let objective =
            |points: &[f64], values: &mut [f64]| match self.log_joint(&self.levels(points), x) {
                Ok(found) => values.copy_from_slice(&found),
                Err(_) => values.fill(f64::NEG_INFINITY),
            };
        let seed = seed.derive(Stream::Search, 0);
        let top = maximum(&objective, &points, self.parameters().len(), LIMIT, seed);
        Ok(self.values(&self.levels(&top)))
    }
}

impl TruncatedMarginals {
    /// Where θ lies between the bounds, as quantiles of the standard normal distribution.
    fn coordinates(&self, theta: &[f64]) -> Vec<f64> {
        let of = |(j, value): (usize, &f64)| {
            let [low, high] = self.bounds.levels()[j];
            let share = (self.bounds.level(j, *value) - low) / (high - low);
            normal_quantile(Tail::Lower(share)).clamp(-LIMIT, LIMIT)
        };
        theta.iter().enumerate().map(of).collect()
    }

    /// The levels of coordinates.
    fn levels(&self, points: &[f64]) -> Vec<f64> {
        let bounds = self.bounds.levels();
        let level = |(k, z): (usize, &f64)| {
            let [low, high] = bounds[k % bounds.len()];
            let level = low + (high - low) * normal_cdf(*z);
            level.clamp(low.next_up(), high.next_down())
        };
        points.iter().enumerate().map(level).collect()
    }

    fn values(&self, levels: &[f64]) -> Vec<f64> {
        let pairs = levels.iter().enumerate();
        let value =
            |(k, level): (usize, &f64)| self.bounds.value(k % self.parameters().len(), *level);
        pairs.map(value).collect()
    }

    /// log p of many rows of levels, up to a constant: Σⱼ log rⱼ + Σ (log rᵢⱼ − log rᵢ − log rⱼ) over the pairs of the
    /// tree, and the prior.
    fn log_joint(&self, levels: &[f64], x: &[f64]) -> Result<Vec<f64>> {
        let d = self.parameters().len();
        let rows = levels.chunks_exact(d);
        let prior = |row: &[f64]| {
            let values = self.values(row);
            let each = values.iter().enumerate();
            each.map(|(j, v)| self.bounds.log_prior(j, *v)).sum::<f64>()
        };
        let mut sums: Vec<f64> = rows.map(prior).collect();
        let mut values = vec![0.0; sums.len()];
        for (m, factor) in self.factors() {
            let columns = &self.marginals[m].columns;
            let own = levels
                .chunks_exact(d)
                .flat_map(|row| columns.iter().map(|&j| row[j]));
            let own: Vec<f64> = own.collect();
            let ratio = &self.marginals[m].ratio;
            ratio.log_likelihood(&own, x, &mut values)?;
            for (sum, value) in sums.iter_mut().zip(&values) {
                *sum += factor * value;
            }
        }
        Ok(sums)
    }

    /// How often each marginal stands in the density of all parameters.
    fn factors(&self) -> Vec<(usize, f64)> {
        let mut factors: Vec<(usize, f64)> =
            (0..self.parameters().len()).map(|j| (j, 1.0)).collect();
        for branch in &self.tree {
            for &j in &self.marginals[branch.marginal].columns {
                factors[j].1 -= 1.0;
            }
            factors.push((branch.marginal, 1.0));
        }
        factors
    }
}
