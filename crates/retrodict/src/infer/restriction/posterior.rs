//! A posterior held within a part of what its networks can give.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::RestrictedPrior;
use crate::error::{Error, Result};
use crate::infer::posterior::Posterior;
use crate::prior::{Parameter, Prior};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// p(θ | x) within a restricted prior, or within the support of a prior that is given as functions, from a
/// posterior whose density may reach beyond it: draws outside are drawn again, and the density is divided by
/// the share that lies inside.
pub struct RestrictedPosterior {
    posterior: Box<dyn Posterior>,
    region: Region,
    /// The share inside for each observation, by its bits.
    shares: Mutex<BTreeMap<Vec<u64>, f64>>,
}

/// Where it is held.
enum Region {
    Success(RestrictedPrior),
    Support(Prior),
}

impl Region {
    fn prior(&self) -> &Prior {
        match self {
            Self::Success(restricted) => restricted.prior(),
            Self::Support(prior) => prior,
        }
    }

    fn inside(&self, theta: &Table) -> Vec<bool> {
        match self {
            Self::Success(restricted) => restricted.inside(theta),
            Self::Support(prior) => theta.rows().map(|theta| prior.contains(theta)).collect(),
        }
    }

    fn too_little(&self) -> &'static str {
        match self {
            Self::Success(_) => {
                "Nearly all of the posterior lies where simulations fail: look at the observation and the simulator."
            }
            Self::Support(_) => {
                "Nearly all of the posterior lies where the prior's density is zero: give the prior's function a smaller box, or look at the observation."
            }
        }
    }
}

/// Draws from which the share inside is estimated.
const N_DRAWS: usize = 10_000;
/// Rounds of drawing again.
const ROUNDS: usize = 100;

impl RestrictedPosterior {
    /// # Errors
    /// If the posterior has other parameters than the prior.
    pub fn new(posterior: Box<dyn Posterior>, restricted: RestrictedPrior) -> Result<Self> {
        Self::within(posterior, Region::Success(restricted))
    }

    /// Within the support of a prior: networks respect the box of a [`crate::prior::CustomPrior`] alone.
    ///
    /// # Errors
    /// If the posterior has other parameters than the prior.
    pub fn in_support(posterior: Box<dyn Posterior>, prior: &Prior) -> Result<Self> {
        Self::within(posterior, Region::Support(prior.clone()))
    }

    fn within(posterior: Box<dyn Posterior>, region: Region) -> Result<Self> {
        let given = posterior.parameters().iter().map(|p| p.name.clone());
        let given: Vec<String> = given.collect();
        let expected = region.prior().names();
        if given != expected {
            return Err(Error::invalid(
                "the posterior's parameters",
                given.join(", "),
                expected.join(", "),
                "Use a posterior of the same parameters.",
            ));
        }
        Ok(Self {
            posterior,
            region,
            shares: Mutex::default(),
        })
    }

    /// The share of the posterior that lies inside, from 10,000 draws of a seed of their own.
    ///
    /// # Errors
    /// As the posterior's.
    pub fn share_inside(&self, x: &[f64]) -> Result<f64> {
        let key: Vec<u64> = x.iter().map(|v| v.to_bits()).collect();
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&key) {
            return Ok(*share);
        }
        let draws = self.posterior.sample(x, N_DRAWS, Seed(0))?.draws;
        let inside = self.region.inside(&draws);
        let share = inside.iter().filter(|inside| **inside).count() as f64 / N_DRAWS as f64;
        shares.insert(key, share);
        Ok(share)
    }
}

impl std::fmt::Debug for RestrictedPosterior {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RestrictedPosterior")
            .field("posterior", &self.posterior.parameters())
            .finish_non_exhaustive()
    }
}

impl Posterior for RestrictedPosterior {
    fn parameters(&self) -> &[Parameter] {
        self.posterior.parameters()
    }

    /// # Errors
    /// As the posterior's, and if after a hundred rounds there are still too few draws inside.
    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let mut kept = Table::new(self.region.prior().names(), Vec::new())?;
        for round in 0..ROUNDS {
            let own = seed.derive(Stream::Restriction, round as u64);
            let samples = self.posterior.sample(x, n.max(100), own)?;
            let inside = self.region.inside(&samples.draws);
            let rows = samples.draws.rows().zip(inside);
            for (theta, _) in rows.filter(|(_, inside)| *inside).take(n - kept.n_rows()) {
                kept.push(theta);
            }
            if kept.n_rows() == n {
                let mut all = Samples::independent(kept);
                all.provenance = samples.provenance;
                return Ok(all);
            }
        }
        Err(Error::invalid(
            "posterior within its prior",
            format!("{} draws inside after {ROUNDS} rounds", kept.n_rows()),
            format!("{n} draws"),
            self.region.too_little(),
        ))
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let share = self.share_inside(x)?.max(0.5 / N_DRAWS as f64);
        let values = self.log_unnormalized(theta, x)?;
        Ok(values.into_iter().map(|v| v - share.ln()).collect())
    }

    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let values = self.posterior.log_prob(theta, x)?;
        let rows = values.into_iter().zip(self.region.inside(theta));
        Ok(rows
            .map(|(value, inside)| if inside { value } else { f64::NEG_INFINITY })
            .collect())
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        let top = self.posterior.map(x, seed)?;
        self.kept_inside(top, x, seed)
    }

    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        let top = self.posterior.map_from(draws, x, seed)?;
        self.kept_inside(top, x, seed)
    }
}

impl RestrictedPosterior {
    /// The posterior's own maximum if it lies inside, otherwise the best of 10,000 draws inside.
    fn kept_inside(&self, top: Vec<f64>, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        let table = Table::new(self.region.prior().names(), top.clone())?;
        if self.region.inside(&table)[0] {
            return Ok(top);
        }
        let draws = self
            .sample(x, N_DRAWS, seed.derive(Stream::Search, 1))?
            .draws;
        let values = self.posterior.log_prob(&draws, x)?;
        let best = (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b]));
        Ok(draws.row(best.unwrap_or(0)).to_vec())
    }
}
