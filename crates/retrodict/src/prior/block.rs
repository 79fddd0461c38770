//! A block of columns that belong together: one distribution of the joint prior.

use std::borrow::Cow;

use super::conditional::Values;
use super::{
    CustomPrior, Dirichlet, DistributionConfig, Law, MultivariateNormal, Parameter,
    ParameterConfig, Univariate,
};
use crate::seed::Random;

/// The distribution of one block.
#[derive(Debug, Clone)]
pub(super) enum Distribution {
    Fixed(Univariate),
    Conditional(DistributionConfig),
    Dirichlet(Dirichlet),
    MultivariateNormal(MultivariateNormal),
    Custom(CustomPrior),
}

/// A distribution at its place among the columns of θ.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) distribution: Distribution,
    /// The entry it came from; none for a custom prior.
    pub(super) config: Option<(String, ParameterConfig)>,
    pub(super) first: usize,
    pub(super) n_columns: usize,
}

impl Block {
    /// The one-dimensional distribution of this block, given the columns before it.
    pub(super) fn law<'a>(
        &'a self,
        parameters: &[Parameter],
        theta: &[f64],
    ) -> Option<Cow<'a, Univariate>> {
        match &self.distribution {
            Distribution::Fixed(law) => Some(Cow::Borrowed(law)),
            Distribution::Conditional(config) => {
                let values = Values {
                    parameters: &parameters[..self.first],
                    theta: &theta[..self.first],
                    lenient: true,
                };
                values.build(config).ok().map(Cow::Owned)
            }
            _ => None,
        }
    }

    pub(super) fn is_simplex(&self) -> bool {
        matches!(self.distribution, Distribution::Dirichlet(_))
    }

    pub(super) fn is_discrete(&self) -> bool {
        match &self.distribution {
            Distribution::Fixed(law) => !law.is_continuous(),
            Distribution::Conditional(config) => config.is_discrete(),
            _ => false,
        }
    }

    /// How many coordinates its support has: none where its values can be counted.
    pub(super) fn n_unconstrained(&self) -> usize {
        if self.is_discrete() {
            return 0;
        }
        self.n_columns - usize::from(self.is_simplex())
    }

    /// The columns of this block.
    pub(super) fn of<'a>(&self, theta: &'a [f64]) -> &'a [f64] {
        &theta[self.first..self.first + self.n_columns]
    }

    /// The columns of this block, to change.
    pub(super) fn of_mut<'a>(&self, theta: &'a mut [f64]) -> &'a mut [f64] {
        &mut theta[self.first..self.first + self.n_columns]
    }

    pub(super) fn sample(&self, parameters: &[Parameter], random: &mut Random, theta: &mut [f64]) {
        match &self.distribution {
            Distribution::Dirichlet(law) => law.sample(random, self.of_mut(theta)),
            Distribution::MultivariateNormal(law) => law.sample(random, self.of_mut(theta)),
            Distribution::Custom(law) => law.sample(random, self.of_mut(theta)),
            Distribution::Fixed(_) | Distribution::Conditional(_) => {
                let law = self.law(parameters, theta);
                theta[self.first] = law.map_or(f64::NAN, |law| law.sample(random));
            }
        }
    }

    pub(super) fn log_density(&self, parameters: &[Parameter], theta: &[f64]) -> f64 {
        let own = self.of(theta);
        match &self.distribution {
            Distribution::Dirichlet(law) => law.log_density(own),
            Distribution::MultivariateNormal(law) => law.log_density(own),
            Distribution::Custom(law) => law.log_density(own),
            Distribution::Fixed(_) | Distribution::Conditional(_) => self
                .law(parameters, theta)
                .map_or(f64::NEG_INFINITY, |law| law.log_density(own[0])),
        }
    }

    pub(super) fn contains(&self, parameters: &[Parameter], theta: &[f64]) -> bool {
        let own = self.of(theta);
        match &self.distribution {
            Distribution::Dirichlet(law) => law.contains(own),
            Distribution::MultivariateNormal(_) => own.iter().all(|x| x.is_finite()),
            Distribution::Custom(law) => law.contains(own),
            Distribution::Fixed(_) | Distribution::Conditional(_) => self
                .law(parameters, theta)
                .is_some_and(|law| law.contains(own[0])),
        }
    }
}
