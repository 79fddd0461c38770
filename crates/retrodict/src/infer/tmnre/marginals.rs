//! Marginal posteriors within bounds.

use super::bounds::Bounds;
use super::joint::Joint;
use super::marginal::Marginal;
use super::tree::Branch;
use crate::error::{Error, Result};
use crate::infer::abc::comparison::check_observation;
use crate::infer::nre::NeuralRatio;
use crate::prior::Prior;
use crate::samples::Samples;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::table::Table;

/// The ratio of one or two parameters.
#[derive(Debug)]
pub struct MarginalRatio {
    /// Which parameters, by position.
    pub columns: Vec<usize>,
    /// log p(θ | x) / p(θ) of their levels: the values of their prior's distribution functions.
    pub ratio: NeuralRatio,
}

/// The marginal posteriors that [`super::tmnre`] finds, good for every observation of parameters within the bounds.
///
/// As a [`Posterior`](crate::infer::Posterior) it is the distribution that has these marginals and, of the pairs
/// that were learned, those of a tree: of all trees the one whose pairs say most about each other (Chow and Liu
/// 1968), other parameters being independent given those between them. Of one parameter, or of two that are a
/// pair, that is the posterior itself; of more it is an approximation, whose marginals are none.
#[derive(Debug)]
pub struct TruncatedMarginals {
    pub(super) bounds: Bounds,
    /// One a parameter, then one a pair.
    pub(super) marginals: Vec<MarginalRatio>,
    /// The pairs of the tree, by the number of the marginal, each after the one it hangs on.
    pub(super) tree: Vec<Branch>,
}

impl TruncatedMarginals {
    /// The marginals: one a parameter, then the pairs in the order they were asked for.
    pub fn marginals(&self) -> &[MarginalRatio] {
        &self.marginals
    }

    /// The prior of all of the parameters' range.
    pub fn prior(&self) -> &Prior {
        self.bounds.prior()
    }

    /// The values between which each parameter lies.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        self.bounds.values()
    }

    /// The share of the prior within the bounds.
    pub fn volume(&self) -> f64 {
        self.bounds.volume()
    }

    /// Whether a draw is one from the posterior and not only from its marginals: there is one parameter, or two
    /// that are a pair.
    pub fn is_joint(&self) -> bool {
        let n = self.prior().n_parameters();
        n == 1 || (n == 2 && !self.tree.is_empty())
    }

    /// The pairs whose dependence draws of all parameters have, by position.
    pub fn tree_of_pairs(&self) -> impl Iterator<Item = [usize; 2]> {
        self.tree.iter().map(|branch| {
            let columns = &self.marginals[branch.marginal].columns;
            [columns[0], columns[1]]
        })
    }

    /// `n` draws from the prior truncated to the bounds, to simulate tests from.
    pub fn sample_prior(&self, n: usize, seed: Seed) -> Table {
        self.bounds.sample(n, seed)
    }

    /// Values of parameter `j` and its posterior density there, which integrates to one over the bounds.
    ///
    /// # Errors
    /// If there is no such parameter, or the observation does not suit.
    pub fn density(&self, j: usize, x: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        let n = self.prior().n_parameters();
        if j >= n {
            return Err(Error::invalid(
                "marginal",
                j,
                format!("the position of one of {n} parameters"),
                "Positions begin at 0.",
            ));
        }
        let marginal = self.marginal(j, x)?;
        let levels = marginal.levels();
        let values: Vec<f64> = levels.iter().map(|u| self.bounds.value(j, *u)).collect();
        // From the density of the level to that of the value.
        let pairs = values.iter().zip(marginal.densities());
        let densities = pairs.map(|(value, own)| own * self.bounds.log_prior(j, *value).exp());
        let densities = densities.collect();
        Ok((values, densities))
    }

    pub(super) fn n_data(&self) -> usize {
        self.marginals[0].ratio.model().x.columns().len()
    }

    /// That of parameter `j` at an observation.
    pub(super) fn marginal(&self, j: usize, x: &[f64]) -> Result<Marginal> {
        check_observation(x, self.n_data())?;
        Marginal::new(&self.bounds, j, &self.marginals[j], x)
    }

    /// `n` draws from marginal `m`: of a parameter, or of a pair.
    ///
    /// # Errors
    /// If there is no such marginal, or the observation does not suit.
    pub fn sample_marginal(&self, m: usize, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let Some(marginal) = self.marginals.get(m) else {
            return Err(Error::invalid(
                "marginal",
                m,
                format!("the number of one of {}", self.marginals.len()),
                "The parameters come first, then the pairs.",
            ));
        };
        Joint::of_marginal(self, m, x)?.sample(&marginal.columns, n, seed)
    }

    /// For each parameter and each test simulation with data, the share of the marginal posterior that
    /// has a higher density than the truth: uniform on (0, 1) if the marginals are right. The tests' θ
    /// come from [`TruncatedMarginals::sample_prior`].
    ///
    /// # Errors
    /// If the tests have other parameters or data.
    pub fn coverage(&self, tests: &Simulations) -> Result<Vec<Vec<f64>>> {
        let rows = tests.valid_rows();
        let of = |j: usize| {
            let one = |&row: &usize| {
                let marginal = self.marginal(j, tests.x.row(row))?;
                let truth = self.bounds.level(j, tests.theta.row(row)[j]);
                Ok(marginal.share_above_density(truth))
            };
            rows.iter().map(one).collect::<Result<Vec<f64>>>()
        };
        (0..self.prior().n_parameters()).map(of).collect()
    }

    /// The next bounds for an observation: they hold all values whose ratio is above `epsilon` of its largest.
    pub(in crate::infer) fn truncated(&self, x: &[f64], epsilon: f64) -> Result<Bounds> {
        self.bounds.truncated(&self.marginals, x, epsilon)
    }
}
