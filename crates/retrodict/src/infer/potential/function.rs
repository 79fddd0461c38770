//! Likelihoods that are a function of this program.

use rayon::prelude::*;

use super::likelihood::LogLikelihood;
use crate::error::{Error, Result};

type Value = dyn Fn(&[f64], &[f64]) -> f64 + Send + Sync;
type ValueAndGradient = dyn Fn(&[f64], &[f64], &mut [f64]) -> f64 + Send + Sync;

/// A [`LogLikelihood`] made of a closure: θ and one datum in, log p(x | θ) out. Trials are added up, and
/// rows of θ are shared between threads.
///
/// # Example
/// ```
/// use retrodict::infer::FunctionLikelihood;
/// // x ~ N(θ, 1), up to a constant.
/// let likelihood = FunctionLikelihood::new(1, |theta, x| -0.5 * (x[0] - theta[0]).powi(2))?;
/// # Ok::<(), retrodict::Error>(())
/// ```
pub struct FunctionLikelihood {
    n_data: usize,
    function: Function,
}

enum Function {
    Value(Box<Value>),
    ValueAndGradient(Box<ValueAndGradient>),
}

impl FunctionLikelihood {
    /// `function(θ, x)` gives log p(x | θ), up to a constant in θ, of one datum of length `n_data`: −∞
    /// where it is impossible.
    ///
    /// # Errors
    /// If a datum has no length.
    pub fn new(
        n_data: usize,
        function: impl Fn(&[f64], &[f64]) -> f64 + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::checked(n_data, Function::Value(Box::new(function)))
    }

    /// The same with gradients, which samplers such as NUTS need: `function(θ, x, gradient)` returns
    /// log p(x | θ) and fills ∂/∂θ of it.
    ///
    /// # Errors
    /// As [`FunctionLikelihood::new`].
    pub fn with_gradient(
        n_data: usize,
        function: impl Fn(&[f64], &[f64], &mut [f64]) -> f64 + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::checked(n_data, Function::ValueAndGradient(Box::new(function)))
    }

    fn checked(n_data: usize, function: Function) -> Result<Self> {
        if n_data == 0 {
            return Err(Error::invalid(
                "likelihood, length of one datum",
                0,
                "at least 1",
                "Give the number of values that one trial has.",
            ));
        }
        Ok(Self { n_data, function })
    }

    /// The sum over trials, and of the gradients.
    fn sum(
        &self,
        theta: &[f64],
        x: &[f64],
        gradient: &mut [f64],
        function: &ValueAndGradient,
    ) -> f64 {
        let mut own = vec![0.0; gradient.len()];
        gradient.fill(0.0);
        let mut sum = 0.0;
        for trial in x.chunks_exact(self.n_data) {
            sum += function(theta, trial, &mut own);
            for (total, own) in gradient.iter_mut().zip(&own) {
                *total += own;
            }
        }
        sum
    }
}

impl LogLikelihood for FunctionLikelihood {
    fn n_data(&self) -> usize {
        self.n_data
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        let width = theta.len() / values.len().max(1);
        let rows = theta.par_chunks_exact(width.max(1));
        rows.zip(values).for_each(|(theta, value)| {
            *value = match &self.function {
                Function::Value(function) => x
                    .chunks_exact(self.n_data)
                    .map(|x| function(theta, x))
                    .sum(),
                Function::ValueAndGradient(function) => {
                    self.sum(theta, x, &mut vec![0.0; width], function)
                }
            }
        });
        Ok(())
    }

    fn with_gradient(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) -> Result<bool> {
        let Function::ValueAndGradient(function) = &self.function else {
            return Ok(false);
        };
        let width = theta.len() / values.len().max(1);
        let rows = theta.par_chunks_exact(width.max(1));
        rows.zip(values)
            .zip(gradients.par_chunks_exact_mut(width.max(1)))
            .for_each(|((theta, value), gradient)| *value = self.sum(theta, x, gradient, function));
        Ok(true)
    }
}

impl std::fmt::Debug for FunctionLikelihood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionLikelihood")
            .field("n_data", &self.n_data)
            .finish_non_exhaustive()
    }
}
