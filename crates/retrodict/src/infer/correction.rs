//! An amortised posterior corrected by a likelihood that is known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::posterior::Posterior;
use super::potential::{LogLikelihood, PotentialPosterior, SampledPosterior};
use crate::error::{Error, Result};
use crate::prior::{Parameter, Prior};
use crate::sample::{ImportanceConfig, SamplerConfig};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// Draws from an approximate posterior q(θ | x) with weights w ∝ p(x | θ) p(θ) / q(θ | x), whose tail is
/// smoothed by a Pareto distribution: exact posterior expectations, and the evidence, from any q that
/// covers the posterior.
///
/// The result's draws have `log_weights`; its report says k̂, the shape of the weights' tail (above 0.7
/// they are not to be trusted: q misses a part of the posterior), and the log evidence with its error.
/// For other corrections, with draws that all count the same, see [`PotentialPosterior::sample_from`].
///
/// # Errors
/// As [`PotentialPosterior::sample_from`].
///
/// # Reference
/// Dax et al. 2023, "Neural importance sampling for rapid and reliable gravitational-wave inference",
/// arXiv:2210.05686; Vehtari et al. 2024, arXiv:1507.02646.
pub fn corrected(
    posterior: &dyn Posterior,
    prior: &Prior,
    likelihood: Box<dyn LogLikelihood>,
    x: &[f64],
    n: usize,
    seed: Seed,
) -> Result<SampledPosterior> {
    let importance = SamplerConfig::Importance(ImportanceConfig {
        resample: false,
        ..ImportanceConfig::default()
    });
    PotentialPosterior::new(prior, likelihood, importance)?.sample_from(posterior, x, n, seed)
}

/// How draws of an amortised posterior are corrected. Every field has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CorrectionConfig {
    /// How many draws of the network are weighted for each draw that is kept.
    pub oversampling: usize,
    /// How often the likelihood may be evaluated for one observation.
    pub max_evaluations: usize,
}

impl Default for CorrectionConfig {
    fn default() -> Self {
        Self {
            oversampling: 4,
            max_evaluations: ImportanceConfig::default().max_evaluations,
        }
    }
}

impl CorrectionConfig {
    /// Refuses numbers that make no sense.
    pub fn validate(&self) -> Result<()> {
        for (field, value) in [
            ("oversampling", self.oversampling),
            ("max_evaluations", self.max_evaluations),
        ] {
            if value == 0 {
                return Err(Error::invalid_option("correction", field, 0, "at least 1"));
            }
        }
        Ok(())
    }
}

/// An amortised posterior q(θ | x), corrected for any observation by a likelihood that is known: draws of q
/// are weighted as in [`corrected`], and resampled, so that all count the same.
///
/// Its density is the exact one. k̂ and the effective size of the weights are in the provenance of the draws.
pub struct CorrectedPosterior {
    proposal: Box<dyn Posterior>,
    exact: PotentialPosterior,
    weighted: PotentialPosterior,
}

/// Draws from which the normalisation is estimated, always with the same seed.
const N_EVIDENCE: usize = 10_000;

impl CorrectedPosterior {
    /// # Errors
    /// If an option makes no sense, or as [`PotentialPosterior::new`].
    pub fn new(
        proposal: Box<dyn Posterior>,
        prior: &Prior,
        likelihood: impl Fn() -> Result<Box<dyn LogLikelihood>>,
        config: &CorrectionConfig,
        method: &str,
    ) -> Result<Self> {
        config.validate()?;
        let made = |resample: bool| {
            let importance = SamplerConfig::Importance(ImportanceConfig {
                oversampling: config.oversampling,
                resample,
                max_evaluations: config.max_evaluations,
            });
            let made = PotentialPosterior::new(prior, likelihood()?, importance)?;
            Ok(made.with_method(method))
        };
        Ok(Self {
            proposal,
            exact: made(true)?,
            weighted: made(false)?,
        })
    }

    /// Draws, and how the weights were.
    pub(super) fn sampled(&self, x: &[f64], n: usize, seed: Seed) -> Result<SampledPosterior> {
        self.exact.sample_from(&*self.proposal, x, n, seed)
    }
}

impl std::fmt::Debug for CorrectedPosterior {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CorrectedPosterior")
            .field("exact", &self.exact)
            .finish_non_exhaustive()
    }
}

impl Posterior for CorrectedPosterior {
    fn parameters(&self) -> &[Parameter] {
        self.proposal.parameters()
    }

    /// # Errors
    /// As [`PotentialPosterior::sample_from`].
    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        Ok(self.sampled(x, n, seed)?.samples)
    }

    /// log p(x | θ) + log p(θ), less the evidence as importance sampling estimates it.
    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let sampled = self
            .weighted
            .sample_from(&*self.proposal, x, N_EVIDENCE, Seed(0))?;
        let evidence = sampled.report.evidence.map_or(0.0, |e| e.log_evidence);
        let mut values = self.log_unnormalized(theta, x)?;
        for value in &mut values {
            *value -= evidence;
        }
        Ok(values)
    }

    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.exact.log_unnormalized(theta, x)
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        let own = seed.derive(Stream::Search, 1);
        let draws = self.proposal.sample(x, 1000, own)?.draws;
        self.exact.map_from(&draws, x, seed)
    }

    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.exact.map_from(draws, x, seed)
    }
}
