//! An amortised posterior corrected by a likelihood that is known.

use super::posterior::Posterior;
use super::potential::{LogLikelihood, PotentialPosterior, SampledPosterior};
use crate::error::Result;
use crate::prior::Prior;
use crate::sample::{ImportanceConfig, SamplerConfig};
use crate::seed::Seed;

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
