//! The likelihood of data, learned or given.

use std::fmt::Debug;

use crate::error::Result;

/// log p(x | θ) up to a constant in θ, learned or given.
pub trait LogLikelihood: Send + Sync + Debug {
    /// How many numbers a row of data has.
    fn n_data(&self) -> usize;

    /// Fills `values[i]` with Σₜ log p(xₜ | θᵢ) over the rows xₜ of `x` (independent trials, each
    /// `n_data` long), for each row θᵢ of `theta` (n × `n_parameters`, row-major, inside the prior's
    /// support).
    ///
    /// # Errors
    /// If the lengths do not fit together, or a number of `x` is not finite.
    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()>;

    /// The same, and if there are gradients fills `gradients` (as long as `theta`) with those with respect
    /// to θ and says so; otherwise changes nothing.
    ///
    /// # Errors
    /// As [`LogLikelihood::log_likelihood`].
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
}
