//! A posterior inside the region of a truncated prior.

use std::fmt;

use super::TruncatedPrior;
use crate::error::{Error, Result};
use crate::infer::Posterior;
use crate::prior::Parameter;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// q(θ | x) 1[θ ∈ R] / Z(x), for the region R of a [`TruncatedPrior`]: what is to be calibrated, on data
/// simulated from that truncated prior, after sequential inference with truncated proposals.
pub struct TruncatedPosterior<'a> {
    inner: &'a dyn Posterior,
    region: &'a TruncatedPrior<'a>,
}

impl fmt::Debug for TruncatedPosterior<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("TruncatedPosterior");
        out.field("region", &self.region).finish_non_exhaustive()
    }
}

/// Of so many draws a wanted one, at least one has to lie inside the region.
const MOST_DRAWS: usize = 50;
/// Draws that estimate Z(x).
const MASS_DRAWS: usize = 10_000;

impl<'a> TruncatedPosterior<'a> {
    /// Truncates `inner` to the region.
    pub fn new(inner: &'a dyn Posterior, region: &'a TruncatedPrior<'a>) -> Self {
        Self { inner, region }
    }

    fn too_little(x: &[f64]) -> Error {
        Error::invalid(
            "posterior inside the truncated prior",
            format!(
                "less than one draw in {MOST_DRAWS} for an observation of {} numbers",
                x.len()
            ),
            "mass inside the region from which the simulations came",
            "Simulate more in each round.",
        )
    }
}

impl Posterior for TruncatedPosterior<'_> {
    fn parameters(&self) -> &[Parameter] {
        self.inner.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        if self.region.threshold().is_none() {
            return self.inner.sample(x, n, seed);
        }
        let names: Vec<String> = self.parameters().iter().map(|p| p.name.clone()).collect();
        let mut kept = Vec::with_capacity(n * names.len());
        for attempt in 0..MOST_DRAWS as u64 {
            // The first draws are those of the posterior itself.
            let own = if attempt == 0 {
                seed
            } else {
                seed.derive(Stream::Posterior, attempt)
            };
            let draws = self.inner.sample(x, n, own)?.draws;
            let inside = self.region.contains(&draws)?;
            for (row, _) in draws.rows().zip(inside).filter(|(_, inside)| *inside) {
                if kept.len() < n * names.len() {
                    kept.extend_from_slice(row);
                }
            }
            if kept.len() == n * names.len() {
                return Samples::from_rows(names, kept);
            }
        }
        Err(Self::too_little(x))
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        if self.region.threshold().is_none() {
            return self.inner.log_prob(theta, x);
        }
        let draws = self.inner.sample(x, MASS_DRAWS, Seed(0))?.draws;
        let inside = self.region.contains(&draws)?;
        let n = inside.iter().filter(|inside| **inside).count();
        if n == 0 {
            return Err(Self::too_little(x));
        }
        let log_mass = (n as f64 / MASS_DRAWS as f64).ln();
        let values = self.log_unnormalized(theta, x)?;
        Ok(values.into_iter().map(|value| value - log_mass).collect())
    }

    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let mut values = self.inner.log_unnormalized(theta, x)?;
        for (value, inside) in values.iter_mut().zip(self.region.contains(theta)?) {
            if !inside {
                *value = f64::NEG_INFINITY;
            }
        }
        Ok(values)
    }

    /// The maximum of the density that is truncated; it lies inside if the region holds the mass.
    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.inner.map(x, seed)
    }

    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.inner.map_from(draws, x, seed)
    }
}
