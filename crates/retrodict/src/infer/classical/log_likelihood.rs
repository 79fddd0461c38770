//! A likelihood, learned or given, whatever it was made from.

use crate::error::Result;

/// log p(x | θ) up to a constant in θ, learned or given.
pub trait LogLikelihood: Send + Sync + std::fmt::Debug {
    /// How many data one trial has.
    fn n_data(&self) -> usize;

    /// Fills `values[i]` with Σ over rows of `x` (independent trials, each `n_data` long) of
    /// log p(`x_t` | `θ_i`), for each row of `theta` (n × `n_parameters`, row-major, inside the
    /// prior's support).
    ///
    /// # Errors
    /// If the lengths do not fit together, a number is not finite, or what is needed to evaluate
    /// the likelihood fails as a whole.
    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()>;

    /// As [`LogLikelihood::log_likelihood`], and fills `gradients` (n × `n_parameters`) with the
    /// gradients in θ; `false`, with nothing filled, if there are none.
    ///
    /// # Errors
    /// As [`LogLikelihood::log_likelihood`].
    fn with_gradient(
        &self,
        _theta: &[f64],
        _x: &[f64],
        _values: &mut [f64],
        _gradients: &mut [f64],
    ) -> Result<bool> {
        Ok(false)
    }
}
