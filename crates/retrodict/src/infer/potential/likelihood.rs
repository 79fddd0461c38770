//! A likelihood, learned or given.

use std::sync::Arc;

use crate::error::Result;

/// log p(x | θ) up to a constant in θ, learned or given.
pub trait LogLikelihood: Send + Sync + std::fmt::Debug {
    /// Length of one datum (trial).
    fn n_data(&self) -> usize;

    /// Fills `values[i]` with Σ over rows of `x` (independent trials, each `n_data` long) of
    /// log p(xₜ | θᵢ), for each row of `theta` (n × `n_parameters`, row-major, inside the prior's
    /// support). −∞ is allowed; NaN counts as −∞ and is counted.
    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()>;

    /// Whether NaN in an observation stands for a number that is missing.
    fn takes_missing(&self) -> bool {
        false
    }

    /// The same with gradients with respect to θ (n × `n_parameters`); `Ok(false)` if there are none.
    fn with_gradient(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) -> Result<bool> {
        let _ = (theta, x, values, gradients);
        Ok(false)
    }

    /// Whether several θ at once cost much less than one after the other: then chains that know one point at a time
    /// wait for each other.
    fn gains_from_batches(&self) -> bool {
        false
    }
}

impl<L: LogLikelihood + ?Sized> LogLikelihood for Arc<L> {
    fn n_data(&self) -> usize {
        (**self).n_data()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        (**self).log_likelihood(theta, x, values)
    }

    fn takes_missing(&self) -> bool {
        (**self).takes_missing()
    }

    fn with_gradient(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) -> Result<bool> {
        (**self).with_gradient(theta, x, values, gradients)
    }

    fn gains_from_batches(&self) -> bool {
        (**self).gains_from_batches()
    }
}
