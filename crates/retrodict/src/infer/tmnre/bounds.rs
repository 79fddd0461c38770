//! A box that holds the posterior, in the coordinates in which the prior is uniform.

use super::marginals::MarginalRatio;
use crate::error::{Error, Result};
use crate::infer::LogLikelihood;
use crate::prior::{Law, Prior, Tail, Univariate};
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// Points at which a ratio is looked at.
const GRID: usize = 1000;

/// For each parameter, the levels of its distribution function between which it lies.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    prior: Prior,
    laws: Vec<Univariate>,
    levels: Vec<[f64; 2]>,
}

impl Bounds {
    /// All of the prior.
    ///
    /// # Errors
    /// If a parameter is discrete, or its distribution is not its own.
    pub(super) fn whole(prior: &Prior) -> Result<Self> {
        let names = prior.names();
        // Of a block the parameters have other names than the entry.
        let entries = prior.to_config().map(|config| config.0).unwrap_or_default();
        let law = |j: usize| {
            let alone = entries.iter().any(|(name, _)| *name == names[j]);
            let law = prior.marginal(j).filter(|law| law.is_continuous() && alone);
            law.ok_or_else(|| {
                Error::invalid(
                    format!("parameters.{}", names[j]),
                    "a prior that is discrete, depends on others, or was given as functions",
                    "a continuous distribution of its own for each parameter",
                    "Use `npe`, `nle` or `nre`, which take such priors.",
                )
            })
        };
        let laws = (0..names.len()).map(law).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            prior: prior.clone(),
            levels: vec![[0.0, 1.0]; laws.len()],
            laws,
        })
    }

    pub(super) fn prior(&self) -> &Prior {
        &self.prior
    }

    pub(super) fn levels(&self) -> &[[f64; 2]] {
        &self.levels
    }

    /// The share of the prior within.
    pub(super) fn volume(&self) -> f64 {
        self.levels.iter().map(|[low, high]| high - low).product()
    }

    /// The level of a value of parameter `j`, moved to the nearest within.
    pub(super) fn level(&self, j: usize, value: f64) -> f64 {
        let [low, high] = self.levels[j];
        let level = self.laws[j].tails(value).lower;
        level.clamp(low.next_up(), high.next_down())
    }

    /// The value at a level.
    pub(super) fn value(&self, j: usize, level: f64) -> f64 {
        let level = level.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON);
        self.laws[j]
            .support()
            .inside(self.laws[j].quantile(Tail::Lower(level)))
    }

    /// The values between which each parameter lies.
    pub(super) fn values(&self) -> Vec<[f64; 2]> {
        let each = self.levels.iter().zip(&self.laws).enumerate();
        each.map(|(j, ([low, high], law))| {
            let support = law.support();
            let low = if *low == 0.0 {
                support.low
            } else {
                self.value(j, *low)
            };
            let high = if *high == 1.0 {
                support.high
            } else {
                self.value(j, *high)
            };
            [low, high]
        })
        .collect()
    }

    pub(super) fn contains(&self, theta: &[f64]) -> bool {
        let mut each = self.levels.iter().zip(&self.laws).zip(theta);
        each.all(|(([low, high], law), value)| {
            let level = law.tails(*value).lower;
            *low <= level && level <= *high
        })
    }

    /// `n` draws from the prior truncated to the bounds; row *i* depends on (seed, i) alone.
    pub(super) fn sample(&self, n: usize, seed: Seed) -> Table {
        let mut values = Vec::with_capacity(n * self.laws.len());
        for i in 0..n {
            let mut random = seed.stream(Stream::Truncation, i as u64);
            for (j, [low, high]) in self.levels.iter().enumerate() {
                let level = low + (high - low) * random.uniform_open();
                values.push(self.value(j, level));
            }
        }
        Table::new(self.prior.names(), values).expect("a prior's names differ")
    }

    /// Middles of equal parts of a parameter's range, as levels.
    pub(super) fn grid(&self, j: usize, n: usize) -> Vec<f64> {
        let [low, high] = self.levels[j];
        (0..n)
            .map(|i| low + (high - low) * (i as f64 + 0.5) / n as f64)
            .collect()
    }

    /// Bounds that hold all values whose ratio is above `epsilon` of its largest.
    pub(super) fn truncated(
        &self,
        ratios: &[MarginalRatio],
        x: &[f64],
        epsilon: f64,
    ) -> Result<Self> {
        let mut next = self.clone();
        for (j, marginal) in ratios.iter().enumerate() {
            let grid = self.grid(j, GRID);
            let mut values = vec![0.0; GRID];
            marginal.ratio.log_likelihood(&grid, x, &mut values)?;
            let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let above = |v: &f64| *v > largest + epsilon.ln();
            let (first, last) = (
                values.iter().position(above),
                values.iter().rposition(above),
            );
            let [low, high] = self.levels[j];
            let step = (high - low) / GRID as f64;
            if let Some((first, last)) = first.zip(last) {
                next.levels[j] = [(grid[first] - step).max(low), (grid[last] + step).min(high)];
            }
        }
        Ok(next)
    }
}
