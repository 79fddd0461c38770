//! One posterior of several independent trials, from a field that was trained on one.

mod common_space;
mod compose;
mod config;
#[cfg(test)]
mod exact_tests;
mod fields;
mod likelihood;
mod normals;
mod symmetric;
#[cfg(test)]
mod tests;

pub use config::{CompositionConfig, FactorizedComposition, GaussianComposition};
pub(super) use fields::pack;

use std::sync::Arc;

use rayon::prelude::*;

use self::common_space::CommonSpace;
use self::compose::{BLOCK, Composer};
use self::fields::Trained;
use self::likelihood::ImpliedLikelihood;
use super::posterior::FieldPosterior;
use crate::error::{Error, Result};
use crate::infer::{Posterior, PotentialPosterior};
use crate::prior::{Parameter, Prior, SupportKind};
use crate::sample::SamplerConfig;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// Draws among which the search for the maximum begins.
const N_STARTS: usize = 200;

/// p(θ | x₁, …, xₙ) ∝ p(θ)^(1−n) Πᵢ q(θ | xᵢ): the trials of an observation are its rows, one after another.
///
/// Draws come from the composed score, see [`CompositionConfig`]; densities and the maximum from the
/// product itself, normalised by tempering as [`PotentialPosterior`] does. With one trial it is the
/// [`FieldPosterior`].
#[derive(Debug)]
pub struct FieldTrials {
    posterior: Arc<FieldPosterior>,
    product: PotentialPosterior,
    composition: CompositionConfig,
}

impl FieldTrials {
    /// From the posterior of one trial and the prior it was trained with.
    ///
    /// # Errors
    /// If an option makes no sense, or the posterior was trained in a space in which the prior is not
    /// normal: it needs `support = "probit"` and a prior that is not given as functions.
    pub fn new(
        posterior: FieldPosterior,
        prior: &Prior,
        composition: CompositionConfig,
    ) -> Result<Self> {
        composition.validate()?;
        if posterior.model().support != SupportKind::Probit || prior.to_config().is_err() {
            return Err(Error::invalid(
                "trials of one observation, for a vector field",
                "a space in which the prior is not normal",
                "`support = \"probit\"`, and a prior that is not given as functions",
                "Train with `support = \"probit\"`, or use `nle`.",
            ));
        }
        let posterior = Arc::new(posterior);
        let likelihood = ImpliedLikelihood {
            posterior: Arc::clone(&posterior),
            prior: prior.clone(),
        };
        let product =
            PotentialPosterior::new(prior, Box::new(likelihood), SamplerConfig::default())?;
        Ok(Self {
            posterior,
            product,
            composition,
        })
    }

    /// The posterior of one trial.
    pub fn of_one(&self) -> &FieldPosterior {
        &self.posterior
    }

    fn n_data(&self) -> usize {
        self.posterior.model().x.columns().len()
    }

    fn is_one(&self, x: &[f64]) -> bool {
        x.len() <= self.n_data() || !x.len().is_multiple_of(self.n_data())
    }
}

impl Posterior for FieldTrials {
    fn parameters(&self) -> &[Parameter] {
        self.posterior.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        if self.is_one(x) {
            return self.posterior.sample(x, n, seed);
        }
        let contexts = x.chunks_exact(self.n_data());
        let contexts = contexts.map(|x| self.posterior.context(x));
        let contexts: Vec<Vec<f32>> = contexts.collect::<Result<_>>()?;
        let space = CommonSpace::new(&self.posterior, &contexts);
        let fields = Trained {
            posterior: &self.posterior,
            contexts: &contexts,
        };
        let composer = Composer::new(&fields, &space, &self.composition, seed);
        let width = self.parameters().len();
        let mut draws = vec![0.0; n * width];
        let blocks = draws.par_chunks_mut(BLOCK * width).enumerate();
        let lost: Vec<usize> = blocks
            .map(|(block, out)| {
                let random = seed.stream(Stream::Posterior, block as u64);
                let n = out.len() / width;
                let points = composer.draw(random, n);
                let d = points.len() / n;
                let mut lanes = vec![0.0; points.len()];
                pack(&points, d, n, &mut lanes);
                self.posterior.to_parameters(&lanes, n, &contexts[0], out)
            })
            .collect();
        let names = self.posterior.model().parameters.iter().cloned();
        let mut samples = Samples::from_rows(names, draws)?;
        let lost: usize = lost.into_iter().sum();
        let path = self.posterior.model().estimator.path();
        let entries = [
            ("method", Some(path.method().to_string())),
            ("sampler", Some("composed scores".to_string())),
            ("trials", Some(contexts.len().to_string())),
            ("version", Some(env!("CARGO_PKG_VERSION").to_string())),
            ("seed", Some(seed.0.to_string())),
            (
                "notes",
                (lost > 0)
                    .then(|| format!("{lost} draws were no numbers and stand at the centre.")),
            ),
        ];
        samples.provenance = entries
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_string(), value?)))
            .collect();
        Ok(samples)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        if self.is_one(x) {
            return self.posterior.log_prob(theta, x);
        }
        self.product.log_prob(theta, x)
    }

    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        if self.is_one(x) {
            return self.posterior.log_prob(theta, x);
        }
        self.product.log_unnormalized(theta, x)
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        if self.is_one(x) {
            return self.posterior.map(x, seed);
        }
        // Composed draws cost a fraction of what chains through the product would, whose every step solves equations.
        let starts = self.sample(x, N_STARTS, seed.derive(Stream::Search, 1))?;
        self.product.map_from(&starts.draws, x, seed)
    }

    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        if self.is_one(x) {
            return self.posterior.map(x, seed);
        }
        self.product.map_from(draws, x, seed)
    }
}
