//! A density up to a factor, drawn by weighting the draws of a posterior that is close to it.

use std::sync::Arc;

use crate::error::Result;
use crate::infer::{LogLikelihood, NeuralPosterior, Posterior, PotentialPosterior};
use crate::prior::{Parameter, Prior};
use crate::sample::{ImportanceConfig, Report, SamplerConfig};
use crate::samples::Samples;
use crate::seed::Seed;
use crate::table::Table;

/// p(θ | x) ∝ L(θ, x) p(θ), with draws of q(θ | x) resampled by L p / q. Independent draws find every mode that
/// q has, in its right weight, where chains stay in the one they start in. Where too few of them count, a
/// sampler draws, if there is one, from starts that q gives.
#[derive(Debug)]
pub struct RefinedPosterior {
    proposal: Arc<NeuralPosterior>,
    weighted: PotentialPosterior,
    chains: Option<PotentialPosterior>,
}

/// Draws of q for each that is wanted.
const OVERSAMPLING: usize = 20;
/// A heavier tail of the weights says that q misses a part.
const MOST_K_HAT: f64 = 0.7;
/// Draws of q by which the density is normalised.
const NORMALIZING: usize = 20_000;

impl RefinedPosterior {
    /// The posterior of `likelihood`, drawn by way of `proposal`.
    ///
    /// # Errors
    /// If an option of the sampler makes no sense.
    pub fn new(
        prior: &Prior,
        likelihood: &Arc<dyn LogLikelihood>,
        proposal: Arc<NeuralPosterior>,
        (sampler, method): (Option<&SamplerConfig>, &str),
    ) -> Result<Self> {
        let behind = |sampler: SamplerConfig| -> Result<PotentialPosterior> {
            let likelihood = Box::new(Arc::clone(likelihood));
            Ok(PotentialPosterior::new(prior, likelihood, sampler)?.with_method(method))
        };
        let importance = SamplerConfig::Importance(ImportanceConfig {
            resample: true,
            oversampling: OVERSAMPLING,
            ..ImportanceConfig::default()
        });
        Ok(Self {
            proposal,
            weighted: behind(importance)?,
            chains: sampler.cloned().map(behind).transpose()?,
        })
    }

    /// log ∫ L p dθ.
    fn log_evidence(&self, x: &[f64]) -> Result<f64> {
        let draws = self.proposal.sample(x, NORMALIZING, Seed(0))?.draws;
        let densities = self.proposal.log_prob(&draws, x)?;
        let targets = self.weighted.log_unnormalized(&draws, x)?;
        let weights: Vec<f64> = targets.iter().zip(densities).map(|(t, q)| t - q).collect();
        let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = weights.iter().map(|w| (w - largest).exp()).sum::<f64>() / weights.len() as f64;
        Ok(largest + mean.ln())
    }
}

/// Whether so many draws of this run may be believed.
fn is_sound(report: &Report, n: usize) -> bool {
    let Some(evidence) = report.evidence else {
        return false;
    };
    // (Σ w)² / Σ w², from the relative error of the mean weight.
    let proposals = (OVERSAMPLING * n) as f64;
    let effective = 1.0 / (evidence.standard_error.powi(2) + 1.0 / proposals);
    effective >= n as f64 && report.k_hat.is_none_or(|k| k < MOST_K_HAT)
}

impl Posterior for RefinedPosterior {
    fn parameters(&self) -> &[Parameter] {
        self.weighted.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let weighted = self.weighted.sample_from(&*self.proposal, x, n, seed);
        match (&self.chains, weighted) {
            (None, weighted) => Ok(weighted?.samples),
            (Some(_), Ok(drawn)) if is_sound(&drawn.report, n) => Ok(drawn.samples),
            (Some(chains), _) => Ok(chains.sample_from(&*self.proposal, x, n, seed)?.samples),
        }
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let log_evidence = self.log_evidence(x)?;
        let values = self.log_unnormalized(theta, x)?;
        Ok(values
            .into_iter()
            .map(|value| value - log_evidence)
            .collect())
    }

    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.weighted.log_unnormalized(theta, x)
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.chains.as_ref().unwrap_or(&self.weighted).map(x, seed)
    }
}
