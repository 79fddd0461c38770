//! A box that holds the posterior, in the coordinates in which the prior is uniform.

use super::marginal::{above, between, log_ratios};
use super::marginals::MarginalRatio;
use crate::error::{Error, Result};
use crate::prior::{DistributionConfig as D, Law, Prior, Tail, Univariate};
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// For each parameter, the levels of its distribution function between which it lies.
#[derive(Debug, Clone)]
pub(in crate::infer) struct Bounds {
    prior: Prior,
    laws: Vec<Univariate>,
    levels: Vec<[f64; 2]>,
}

impl Bounds {
    /// All of the prior.
    ///
    /// # Errors
    /// If a parameter is discrete, or its distribution is not its own.
    pub(in crate::infer) fn whole(prior: &Prior) -> Result<Self> {
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

    /// Bounds that were kept.
    pub(super) fn restored(prior: &Prior, levels: Vec<[f64; 2]>) -> Result<Self> {
        Ok(Self {
            levels,
            ..Self::whole(prior)?
        })
    }

    pub(super) fn prior(&self) -> &Prior {
        &self.prior
    }

    pub(super) fn levels(&self) -> &[[f64; 2]] {
        &self.levels
    }

    /// The distribution of some parameters' levels: uniform.
    pub(super) fn prior_of(&self, columns: &[usize]) -> Result<Prior> {
        let names = self.prior.names();
        let own = columns.iter().map(|&j| {
            let [low, high] = self.levels[j];
            (names[j].clone(), D::uniform(low, high))
        });
        Prior::new(own)
    }

    /// log p of a value of parameter `j`, by its prior.
    pub(super) fn log_prior(&self, j: usize, value: f64) -> f64 {
        self.laws[j].log_density(value)
    }

    /// The share of the prior within.
    pub(in crate::infer) fn volume(&self) -> f64 {
        self.levels.iter().map(|[low, high]| high - low).product()
    }

    /// The level of a value of parameter `j`, moved to the nearest within.
    pub(super) fn level(&self, j: usize, value: f64) -> f64 {
        let [low, high] = self.levels[j];
        let level = self.laws[j].tails(value).lower;
        level.clamp(low.next_up(), high.next_down())
    }

    /// Some columns of θ, as levels.
    pub(super) fn levels_of(&self, columns: &[usize], theta: &Table) -> Vec<f64> {
        let row = |theta: &[f64]| {
            let own = columns.iter().map(|&j| self.level(j, theta[j]));
            own.collect::<Vec<_>>()
        };
        theta.rows().flat_map(row).collect()
    }

    /// The levels of θ, if it lies within.
    pub(super) fn levels_within(&self, theta: &[f64]) -> Option<Vec<f64>> {
        let inside = theta.iter().all(|v| v.is_finite()) && self.contains(theta);
        let levels = theta.iter().enumerate();
        inside.then(|| levels.map(|(j, v)| self.level(j, *v)).collect())
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

    pub(in crate::infer) fn contains(&self, theta: &[f64]) -> bool {
        let mut each = self.levels.iter().zip(&self.laws).zip(theta);
        each.all(|(([low, high], law), value)| {
            let level = law.tails(*value).lower;
            *low <= level && level <= *high
        })
    }

    /// `n` draws from the prior truncated to the bounds; row *i* depends on (seed, i) alone.
    pub(in crate::infer) fn sample(&self, n: usize, seed: Seed) -> Table {
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

    /// Bounds that hold all values whose ratio is above `epsilon` of its largest.
    pub(super) fn truncated(
        &self,
        ratios: &[MarginalRatio],
        x: &[f64],
        epsilon: f64,
    ) -> Result<Self> {
        let mut next = self.clone();
        for (levels, marginal) in next.levels.iter_mut().zip(ratios) {
            let seen = above(&log_ratios(*levels, marginal, x)?, epsilon);
            *levels = between(*levels, seen);
        }
        Ok(next)
    }
}
