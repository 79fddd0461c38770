//! One distribution of all parameters, at one observation, that has their marginals.

use super::marginal::Marginal;
use super::marginals::TruncatedMarginals;
use super::pair_copula::PairCopula;
use crate::error::Result;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};

/// A child and its parent, and how they hang together.
struct Link {
    parent: usize,
    child: usize,
    copula: PairCopula,
}

/// Each parameter's marginal posterior, and the copulas of a tree of pairs.
pub(super) struct Joint<'a> {
    owner: &'a TruncatedMarginals,
    /// Those that are asked for, by position.
    each: Vec<Option<Marginal>>,
    links: Vec<Link>,
}

impl<'a> Joint<'a> {
    /// That of all parameters.
    pub(super) fn new(owner: &'a TruncatedMarginals, x: &[f64]) -> Result<Self> {
        let columns: Vec<usize> = (0..owner.prior().n_parameters()).collect();
        let mut joint = Self::independent(owner, &columns, x)?;
        for branch in &owner.tree {
            joint.link(branch.marginal, branch.child, x)?;
        }
        Ok(joint)
    }

    /// That of one marginal's parameters.
    pub(super) fn of_marginal(owner: &'a TruncatedMarginals, m: usize, x: &[f64]) -> Result<Self> {
        let columns = &owner.marginals[m].columns;
        let mut joint = Self::independent(owner, columns, x)?;
        if let [_, child] = columns[..] {
            joint.link(m, child, x)?;
        }
        Ok(joint)
    }

    fn independent(owner: &'a TruncatedMarginals, columns: &[usize], x: &[f64]) -> Result<Self> {
        let mut each = vec![None; owner.prior().n_parameters()];
        for &j in columns {
            each[j] = Some(owner.marginal(j, x)?);
        }
        Ok(Self {
            owner,
            each,
            links: Vec::new(),
        })
    }

    fn link(&mut self, m: usize, child: usize, x: &[f64]) -> Result<()> {
        let pair = &self.owner.marginals[m];
        let columns = [pair.columns[0], pair.columns[1]];
        let each = columns.map(|j| self.of(j));
        let singles = columns.map(|j| &self.owner.marginals[j]);
        let copula = PairCopula::new(each, pair, singles, x)?;
        let (parent, copula) = if columns[1] == child {
            (columns[0], copula)
        } else {
            (columns[1], copula.turned())
        };
        self.links.push(Link {
            parent,
            child,
            copula,
        });
        Ok(())
    }

    fn of(&self, j: usize) -> &Marginal {
        self.each[j]
            .as_ref()
            .expect("the marginals of a pair are made before it")
    }

    /// `n` draws of some of the parameters; row *i* depends on (seed, i) alone.
    pub(super) fn sample(&self, columns: &[usize], n: usize, seed: Seed) -> Result<Samples> {
        let mut values = Vec::with_capacity(n * columns.len());
        for i in 0..n {
            let mut random = seed.stream(Stream::Truncation, i as u64);
            let mut shares: Vec<f64> = self.each.iter().map(|_| random.uniform_open()).collect();
            for link in &self.links {
                shares[link.child] = link.copula.draw(shares[link.parent], &mut random);
            }
            let value = |&j: &usize| self.owner.bounds.value(j, self.of(j).quantile(shares[j]));
            values.extend(columns.iter().map(value));
        }
        let names = self.owner.prior().names();
        Samples::from_rows(columns.iter().map(|&j| names[j].clone()), values)
    }

    /// The log-density of θ: −∞ outside the bounds.
    pub(super) fn log_density(&self, theta: &[f64]) -> f64 {
        let bounds = &self.owner.bounds;
        let Some(levels) = bounds.levels_within(theta) else {
            return f64::NEG_INFINITY;
        };
        let mut sum = 0.0;
        for (j, level) in levels.iter().enumerate() {
            sum += self.of(j).log_density(*level) + bounds.log_prior(j, theta[j]);
        }
        for link in &self.links {
            let shares = [link.parent, link.child].map(|j| self.of(j).share_below(levels[j]));
            sum += link.copula.log_density(shares);
        }
        if sum.is_nan() { f64::NEG_INFINITY } else { sum }
    }
}
