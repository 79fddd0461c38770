//! A density up to a factor, drawn by weighting the draws of a posterior that is close to it.

use std::sync::Arc;

use crate::error::Result;
use crate::infer::{
    CorrectedPosterior, CorrectionConfig, LogLikelihood, NeuralPosterior, Posterior,
    PotentialPosterior,
};
use crate::prior::{Parameter, Prior};
use crate::sample::{Report, SamplerConfig};
use crate::samples::Samples;
use crate::seed::Seed;
use crate::table::Table;

/// p(θ | x) ∝ L(θ, x) p(θ), with draws of q(θ | x) resampled by L p / q. Independent draws find every mode that
/// q has, in its right weight, where chains stay in the one they start in. Where too few of them count, a
/// sampler draws, if there is one, from starts that q gives.
#[derive(Debug)]
pub struct RefinedPosterior {
    proposal: Arc<NeuralPosterior>,
    corrected: CorrectedPosterior,
    chains: Option<PotentialPosterior>,
}

/// Draws of q for each that is wanted.
const OVERSAMPLING: usize = 20;
/// A heavier tail of the weights says that q misses a part.
const MOST_K_HAT: f64 = 0.7;

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
        let config = CorrectionConfig {
            oversampling: OVERSAMPLING,
            ..CorrectionConfig::default()
        };
        let own = || Ok(Box::new(Arc::clone(likelihood)) as Box<dyn LogLikelihood>);
        let chains = |sampler: &SamplerConfig| -> Result<PotentialPosterior> {
            Ok(PotentialPosterior::new(prior, own()?, sampler.clone())?.with_method(method))
        };
        let drawn = Box::new(Arc::clone(&proposal));
        Ok(Self {
            corrected: CorrectedPosterior::new(drawn, prior, own, &config, method)?,
            chains: sampler.map(chains).transpose()?,
            proposal,
        })
    }
}

/// Whether so many draws of this run may be believed.
fn is_sound(report: &Report, n: usize) -> bool {
    report
        .effective
        .is_some_and(|effective| effective >= n as f64)
        && report.k_hat.is_none_or(|k| k < MOST_K_HAT)
}

impl Posterior for RefinedPosterior {
    fn parameters(&self) -> &[Parameter] {
        self.corrected.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let weighted = self.corrected.sampled(x, n, seed);
        match (&self.chains, weighted) {
            (None, weighted) => Ok(weighted?.samples),
            (Some(_), Ok(drawn)) if is_sound(&drawn.report, n) => Ok(drawn.samples),
            (Some(chains), _) => Ok(chains.sample_from(&*self.proposal, x, n, seed)?.samples),
        }
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.corrected.log_prob(theta, x)
    }

    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.corrected.log_unnormalized(theta, x)
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.corrected.map(x, seed)
    }

    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.corrected.map_from(draws, x, seed)
    }
}
