//! A posterior and a likelihood as one density.

use std::sync::Arc;

use super::LearnedLikelihood;
use crate::error::Result;
use crate::infer::{LogLikelihood, NeuralPosterior, Posterior};
use crate::prior::Prior;
use crate::table::Table;

/// q(θ | x)^(1−α) (p̂(x | θ) p(θ))^α as a likelihood, that is, divided by p(θ): the logarithmic pool of a
/// neural posterior and a neural likelihood, whose errors have little to do with each other, so that
/// the mean of their log-densities has less of them than either.
///
/// # Reference
/// Genest and Zidek 1986, "Combining probability distributions", Statistical Science 1, 114–135.
#[derive(Debug)]
pub struct PooledLikelihood {
    prior: Prior,
    posterior: Arc<NeuralPosterior>,
    likelihood: LearnedLikelihood,
    share: f64,
}

impl PooledLikelihood {
    /// The pool in which the likelihood has the exponent `share`, α above.
    pub fn new(
        prior: &Prior,
        posterior: Arc<NeuralPosterior>,
        likelihood: LearnedLikelihood,
        share: f64,
    ) -> Self {
        Self {
            prior: prior.clone(),
            posterior,
            likelihood,
            share,
        }
    }
}

impl LogLikelihood for PooledLikelihood {
    fn n_data(&self) -> usize {
        self.likelihood.n_data()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        self.likelihood.log_likelihood(theta, x, values)?;
        if self.share >= 1.0 {
            return Ok(());
        }
        let theta = Table::new(self.prior.names(), theta.to_vec())?;
        let densities = self.posterior.log_prob(&theta, x)?;
        for ((value, density), theta) in values.iter_mut().zip(densities).zip(theta.rows()) {
            let own = density - self.prior.log_prob(theta);
            *value = self.share * *value + (1.0 - self.share) * own;
        }
        Ok(())
    }

    fn gains_from_batches(&self) -> bool {
        self.likelihood.gains_from_batches()
    }
}
