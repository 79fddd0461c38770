//! Another posterior as the place where a sampler starts.

use std::sync::{Mutex, PoisonError};

use super::space::Space;
use super::states::join;
use crate::error::{Error, Result};
use crate::infer::posterior::Posterior;
use crate::sample::{LogDensity, Reference};
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// q(θ | x), as a density of z: summed over the values of discrete parameters.
pub(super) struct Proposal<'a> {
    space: &'a Space,
    posterior: &'a dyn Posterior,
    x: &'a [f64],
    failure: Mutex<Option<Error>>,
}

impl<'a> Proposal<'a> {
    /// # Errors
    /// If its parameters are not those of the prior.
    pub(super) fn new(
        space: &'a Space,
        posterior: &'a dyn Posterior,
        x: &'a [f64],
    ) -> Result<Self> {
        let given: Vec<String> = posterior
            .parameters()
            .iter()
            .map(|p| p.name.clone())
            .collect();
        let names = space.prior().names();
        if given != names {
            return Err(Error::invalid(
                "the proposal's parameters",
                given.join(", "),
                names.join(", "),
                "Use a proposal that was made with the same prior.",
            ));
        }
        Ok(Self {
            space,
            posterior,
            x,
            failure: Mutex::new(None),
        })
    }

    /// What the proposal failed with, if it did.
    pub(super) fn failure(&self) -> Result<()> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().map_or(Ok(()), Err)
    }

    fn fail(&self, error: Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
    }

    fn log_prob(&self, theta: Vec<f64>) -> Result<Vec<f64>> {
        let table = Table::new(self.space.prior().names(), theta)?;
        self.posterior.log_prob(&table, self.x)
    }

    /// Draws that all count the same, mapped to z.
    fn rows(&self, n: usize, seed: Seed, points: &mut [f64]) -> Result<()> {
        let samples = self.posterior.sample(self.x, n, seed)?;
        if samples.log_weights.is_some() {
            return Err(Error::invalid(
                "proposal",
                "weighted draws",
                "draws that all count the same",
                "Use a posterior that draws directly.",
            ));
        }
        let rows = points.chunks_exact_mut(self.space.n_coordinates());
        for (z, theta) in rows.zip(samples.draws.rows()) {
            self.space.coordinates(theta, z);
        }
        Ok(())
    }
}

impl LogDensity for Proposal<'_> {
    fn dimension(&self) -> usize {
        self.space.n_coordinates()
    }

    fn log_density(&self, points: &[f64], values: &mut [f64]) {
        values.fill(f64::NEG_INFINITY);
        for state in 0..self.space.n_states() {
            let (theta, log_dets) = self.space.parameters(points, state);
            match self.log_prob(theta) {
                Ok(densities) => {
                    let rows = values.iter_mut().zip(densities).zip(log_dets);
                    for ((value, density), log_det) in rows {
                        join(value, density + log_det);
                    }
                }
                Err(error) => return self.fail(error),
            }
        }
    }
}

impl Reference for Proposal<'_> {
    fn draw(&self, first: u64, seed: Seed, points: &mut [f64]) {
        let n = points.len() / self.dimension();
        let own = seed.derive(Stream::Proposal, first);
        if let Err(error) = self.rows(n, own, points) {
            points.fill(0.0);
            self.fail(error);
        }
    }
}
