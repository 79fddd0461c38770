//! The likelihood of a trial that a posterior implies.

use std::sync::Arc;

use super::super::posterior::FieldPosterior;
use crate::error::Result;
use crate::infer::LogLikelihood;
use crate::prior::Prior;

/// Σᵢ [log q(θ | xᵢ) − log p(θ)], which is log p(x₁, …, xₙ | θ) up to a constant in θ.
#[derive(Debug)]
pub(super) struct ImpliedLikelihood {
    pub(super) posterior: Arc<FieldPosterior>,
    pub(super) prior: Prior,
}

impl LogLikelihood for ImpliedLikelihood {
    fn n_data(&self) -> usize {
        self.posterior.model().x.columns().len()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        values.fill(0.0);
        for x in x.chunks_exact(self.n_data()) {
            let context = self.posterior.context(x)?;
            let densities = self.posterior.densities(theta, |_| &context);
            let rows = theta.chunks_exact(self.prior.n_parameters());
            for ((value, density), theta) in values.iter_mut().zip(densities).zip(rows) {
                *value += density - self.prior.log_prob(theta);
            }
        }
        Ok(())
    }
}
