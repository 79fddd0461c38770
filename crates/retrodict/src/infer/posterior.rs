//! What every inference method makes.

use std::sync::Arc;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::prior::Parameter;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// A distribution over the parameters, for any observation.
///
/// Every draw and every maximum lies inside the prior's support, by construction.
pub trait Posterior: Send + Sync {
    /// The parameters, in column order.
    fn parameters(&self) -> &[Parameter];

    /// `n` draws from p(θ | x).
    ///
    /// # Errors
    /// If `x` does not have the length the method was trained for, or is not finite.
    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples>;

    /// log p(θ | x) for each row of `theta`: −∞ outside the prior's support, never NaN.
    ///
    /// # Errors
    /// As [`Posterior::sample`], and if `theta` does not have one column a parameter.
    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>>;

    /// log p(θ | x) up to a constant that is the same for all θ, which is all that ranks of densities
    /// need: for a method that has to estimate that constant, much cheaper.
    ///
    /// # Errors
    /// As [`Posterior::log_prob`].
    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.log_prob(theta, x)
    }

    /// The posteriors of many observations, the rows of `xs`: `n` draws of each. Row *i* gives what
    /// [`Posterior::sample`] gives with `seed.derive(Stream::Posterior, i)`.
    ///
    /// # Errors
    /// As [`Posterior::sample`].
    fn sample_many(&self, xs: &Table, n: usize, seed: Seed) -> Result<Vec<Samples>> {
        (0..xs.n_rows())
            .into_par_iter()
            .map(|i| self.sample(xs.row(i), n, seed.derive(Stream::Posterior, i as u64)))
            .collect()
    }

    /// The θ with the largest posterior density, searched from several starts.
    ///
    /// # Errors
    /// As [`Posterior::sample`].
    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>>;

    /// The same for a caller that has draws from p(θ | x) already: where draws are dear, because a sampler makes
    /// them, the search starts from these, if there are any, and not from draws of its own.
    ///
    /// # Errors
    /// As [`Posterior::log_prob`] with the draws.
    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        let _ = draws;
        self.map(x, seed)
    }
}

impl<P: Posterior + ?Sized> Posterior for Arc<P> {
    fn parameters(&self) -> &[Parameter] {
        (**self).parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        (**self).sample(x, n, seed)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        (**self).log_prob(theta, x)
    }

    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        (**self).log_unnormalized(theta, x)
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        (**self).map(x, seed)
    }

    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        (**self).map_from(draws, x, seed)
    }
}

/// Refuses θ that do not have one column a parameter.
pub(super) fn check_theta(theta: &Table, n_parameters: usize) -> Result<()> {
    if theta.n_columns() == n_parameters {
        return Ok(());
    }
    Err(Error::invalid(
        "θ",
        format!("{} columns", theta.n_columns()),
        format!("{n_parameters}, one a parameter"),
        "Give the parameters in the prior's order.",
    ))
}

/// Refuses pairs that are none, too.
pub(super) fn check_pairs(theta: &Table, xs: &Table, n_parameters: usize) -> Result<()> {
    check_theta(theta, n_parameters)?;
    if theta.n_rows() == xs.n_rows() {
        return Ok(());
    }
    Err(Error::invalid(
        "θ and x",
        format!("{} and {} rows", theta.n_rows(), xs.n_rows()),
        "as many rows of one as of the other",
        "Give one observation for each θ.",
    ))
}
