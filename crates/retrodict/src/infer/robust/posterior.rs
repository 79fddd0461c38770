//! The posterior of an observation with errors.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::denoise::{Denoised, denoise};
use super::error_model::ErrorModel;
use crate::error::{Error, Result};
use crate::infer::nle::MarginalDensity;
use crate::infer::{NeuralPosterior, Posterior};
use crate::prior::Parameter;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// p(θ | y) = ∫ q(θ | x) p(x | y) dx with p(x | y) ∝ p(x) p(y | x): q is what a network learned from simulations as
/// they are, p(x) a learned density of the data, and p(y | x) an error model.
///
/// What y says that no simulation says is taken for an error, and the posterior is the mean of those given
/// data that the simulator can have made.
///
/// # Reference
/// Ward et al. 2022, "Robust neural posterior estimation and statistical model criticism", arXiv:2210.06564.
#[derive(Debug)]
pub struct RobustPosterior {
    network: NeuralPosterior,
    marginal: MarginalDensity,
    errors: ErrorModel,
    seed: Seed,
    /// The data of the last observation without their errors.
    last: Mutex<Option<(Vec<f64>, Arc<Denoised>)>>,
}

/// With more data than this, chains that move one at a time do not get around; summaries help.
const MOST_DATA: usize = 200;
/// Of so many denoised data the density of θ is averaged.
const FOR_DENSITY: usize = 128;
/// Draws among which the one with the largest density is taken for the maximum.
const FOR_MAXIMUM: usize = 2000;

impl RobustPosterior {
    /// With the seed of the chains: an observation is always given the same data without errors.
    ///
    /// # Errors
    /// If there are more than 200 data.
    pub fn new(
        network: NeuralPosterior,
        marginal: MarginalDensity,
        errors: ErrorModel,
        seed: Seed,
    ) -> Result<Self> {
        let n = errors.scales.len();
        if n > MOST_DATA {
            return Err(Error::invalid(
                "robust option `at = \"observation\"`",
                format!("{n} data"),
                format!("at most {MOST_DATA}"),
                "Give summaries of the data, or use `at = \"training\"`.",
            ));
        }
        Ok(Self {
            network,
            marginal,
            errors,
            seed,
            last: Mutex::new(None),
        })
    }

    /// Draws of the data without errors, and what is thought of each datum.
    ///
    /// # Errors
    /// If the observation does not suit the network.
    pub fn denoised(&self, x: &[f64]) -> Result<Arc<Denoised>> {
        // The network's words about a wrong observation.
        self.network.context(x)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, denoised)) = &*last
            && known == x
        {
            return Ok(denoised.clone());
        }
        let log_prior = |rows: &[Vec<f64>]| self.marginal.log_prob(rows);
        let denoised = Arc::new(denoise(&self.errors, &log_prior, x, self.seed));
        *last = Some((x.to_vec(), denoised.clone()));
        Ok(denoised)
    }
}

impl Posterior for RobustPosterior {
    fn parameters(&self) -> &[Parameter] {
        self.network.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let denoised = self.denoised(x)?;
        let rows = &denoised.rows;
        // As even as can be, and the first ones first.
        let share = |k: usize| n / rows.len() + usize::from(k < n % rows.len());
        let parts: Vec<Samples> = rows
            .par_iter()
            .enumerate()
            .filter(|(k, _)| share(*k) > 0)
            .map(|(k, row)| {
                let seed = seed.derive(Stream::Denoising, k as u64);
                self.network.sample(row, share(k), seed)
            })
            .collect::<Result<_>>()?;
        let draws = parts.iter().flat_map(|part| part.draws.values()).copied();
        let names = self.network.parameters().iter().map(|p| p.name.clone());
        let mut samples = Samples::from_rows(names, interleaved(&draws.collect::<Vec<_>>(), self))?;
        samples.provenance = parts[0].provenance.clone();
        let method = format!("{}, robust", samples.provenance["method"]);
        samples.provenance.insert("method".into(), method);
        samples.provenance.insert("seed".into(), seed.0.to_string());
        Ok(samples)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let denoised = self.denoised(x)?;
        let apart = denoised.rows.len().div_ceil(FOR_DENSITY);
        let some: Vec<&Vec<f64>> = denoised.rows.iter().step_by(apart).collect();
        let each: Vec<Vec<f64>> = some
            .par_iter()
            .map(|row| self.network.log_prob(theta, row))
            .collect::<Result<_>>()?;
        let mean = |i: usize| {
            let largest = each.iter().map(|l| l[i]).fold(f64::NEG_INFINITY, f64::max);
            if largest == f64::NEG_INFINITY {
                return largest;
            }
            let total: f64 = each.iter().map(|l| (l[i] - largest).exp()).sum();
            largest + (total / each.len() as f64).ln()
        };
        Ok((0..theta.n_rows()).map(mean).collect())
    }

    /// The densest of 2,000 draws.
    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        let draws = self.sample(x, FOR_MAXIMUM, seed)?.draws;
        let densities = self.log_prob(&draws, x)?;
        let larger = |a: &usize, b: &usize| densities[*a].total_cmp(&densities[*b]);
        let best = (0..draws.n_rows()).max_by(larger).unwrap_or(0);
        Ok(draws.row(best).to_vec())
    }
}

/// Draws of all parts in turns, so that the first ones stand for all of them.
fn interleaved(values: &[f64], of: &RobustPosterior) -> Vec<f64> {
    let d = of.network.parameters().len();
    let n = values.len() / d;
    // Steps of about the golden section's share, which meet every row once.
    let mut step = ((n as f64 * 0.618) as usize).max(1);
    while gcd(step, n) > 1 {
        step += 1;
    }
    let row = |i: usize| &values[(i * step % n) * d..(i * step % n + 1) * d];
    (0..n).flat_map(row).copied().collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
