//! The posterior of some parameters where others have given values.

use std::sync::Arc;

use super::posterior::Posterior;
use super::potential::{LogLikelihood, PotentialPosterior};
use crate::error::Result;
use crate::prior::Prior;
use crate::sample::SamplerConfig;
use crate::table::Table;

/// p(free | fixed, x) ∝ p(free, fixed | x): the density of the free parameters where the others
/// have the values `fixed`, and a sampler. What a compensation mechanism looks like: a parameter may be
/// free alone and pinned down by the others.
///
/// The result is asked for the observation `x` and no other; its parameters are the free ones, in the
/// prior's order.
///
/// # Errors
/// As [`Prior::without`], and if an option of the sampler makes no sense.
///
/// # Reference
/// Gonçalves et al. 2020, "Training deep neural density estimators to identify mechanistic models of
/// neural dynamics", eLife 9:e56261.
pub fn conditional(
    posterior: Arc<dyn Posterior>,
    prior: &Prior,
    x: &[f64],
    fixed: &[(&str, f64)],
    sampler: SamplerConfig,
) -> Result<PotentialPosterior> {
    let free = prior.without(fixed)?;
    let values = prior.names().into_iter().map(|name| {
        let found = fixed.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    });
    let slice = Slice {
        posterior,
        names: prior.names(),
        values: values.collect(),
        free: free.clone(),
        n_data: x.len(),
    };
    let made = PotentialPosterior::new(&free, Box::new(slice), sampler)?;
    Ok(made.with_method("conditional"))
}

/// A posterior's density over the free parameters, divided by their prior's.
struct Slice {
    posterior: Arc<dyn Posterior>,
    names: Vec<String>,
    /// The value of each parameter that is fixed.
    values: Vec<Option<f64>>,
    free: Prior,
    n_data: usize,
}

impl std::fmt::Debug for Slice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slice")
            .field("names", &self.names)
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

impl LogLikelihood for Slice {
    fn n_data(&self) -> usize {
        self.n_data
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        let width = self.free.n_parameters();
        let mut whole = Vec::with_capacity(values.len() * self.names.len());
        for free in theta.chunks_exact(width) {
            let mut free = free.iter().copied();
            let one = |fixed: &Option<f64>| fixed.or_else(|| free.next()).unwrap_or(f64::NAN);
            whole.extend(self.values.iter().map(one));
        }
        let whole = Table::new(self.names.iter().cloned(), whole)?;
        let densities = self.posterior.log_unnormalized(&whole, x)?;
        let rows = theta.chunks_exact(width).zip(densities);
        for (value, (theta, density)) in values.iter_mut().zip(rows) {
            *value = density - self.free.log_prob(theta);
        }
        Ok(())
    }
}
