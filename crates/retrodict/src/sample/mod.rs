//! Samplers: draws from a density that is known up to a factor, and how good they are.
//!
//! [`sample()`] draws from a [`LogDensity`] on R^d with any sampler of [`SamplerConfig`], starting from
//! a [`Reference`], a density that can be drawn from (for a posterior: the prior). Every sampler has a
//! budget of evaluations and ends with an error that says how far it came when it is spent; every
//! one gives the same bits for any number of threads, and evaluates all its chains in one call.
//!
//! # Example
//! ```
//! use retrodict::Seed;
//! use retrodict::sample::{LogDensity, SamplerConfig, StandardNormal, sample};
//!
//! /// N(1, 0.5²).
//! struct Target;
//! impl LogDensity for Target {
//!     fn dimension(&self) -> usize {
//!         1
//!     }
//!     fn log_density(&self, points: &[f64], values: &mut [f64]) {
//!         for (value, x) in values.iter_mut().zip(points) {
//!             *value = -2.0 * (x - 1.0).powi(2);
//!         }
//!     }
//! }
//!
//! let reference = StandardNormal { dimension: 1 };
//! let drawn = sample(&Target, &reference, 4000, &SamplerConfig::default(), Seed(1))?;
//! assert_eq!((drawn.n_draws(), drawn.n_chains), (4000, 20));
//! assert!(drawn.diagnostics()[0].r_hat < 1.02);
//! # Ok::<(), retrodict::Error>(())
//! ```

mod config;
pub(crate) mod covariance;
mod diagnostics;
mod drawn;
mod ensemble;
mod evaluator;
mod importance;
mod log_density;
mod nuts;
mod pareto;
mod particles;
mod random_walk;
mod rejection;
mod slice;
mod smc;
mod start;
#[cfg(test)]
mod tests;
mod variational;

pub use config::{
    EnsembleConfig, ImportanceConfig, NutsConfig, RandomWalkConfig, RejectionConfig, SamplerConfig,
    SliceConfig, SmcConfig, VariationalConfig,
};
pub use diagnostics::Diagnostics;
pub use drawn::{Drawn, Evidence, Report};
pub use log_density::{LogDensity, Reference, StandardNormal};
pub use pareto::{SmoothedWeights, smooth_weights};
pub(crate) use start::pick_levels;

use crate::error::{Error, Result};
use crate::seed::Seed;

/// At least `n` draws from `target`: exactly `n` if the draws are independent, otherwise as many as
/// make chains of equal length.
///
/// # Errors
/// If an option makes no sense, the two densities differ in dimension, the target is zero at every
/// candidate from the reference, a gradient is needed and missing, or the budget is spent.
pub fn sample(
    target: &dyn LogDensity,
    reference: &dyn Reference,
    n: usize,
    config: &SamplerConfig,
    seed: Seed,
) -> Result<Drawn> {
    config.validate()?;
    let (d, given) = (target.dimension(), reference.dimension());
    if d == 0 || d != given {
        return Err(Error::invalid(
            "reference",
            format!("a density in {given} dimensions"),
            format!("one in {d}, as the target, and at least 1"),
            "Give a reference on the space of the target.",
        ));
    }
    if n == 0 {
        let sampler = config.kind().to_string();
        let report = Report {
            sampler,
            ..Report::default()
        };
        return Ok(Drawn::independent(Vec::new(), d, Vec::new(), report));
    }
    match config {
        SamplerConfig::Slice(config) => slice::slice(target, reference, n, config, seed),
        SamplerConfig::RandomWalk(config) => {
            random_walk::random_walk(target, reference, n, config, seed)
        }
        SamplerConfig::Ensemble(config) => ensemble::ensemble(target, reference, n, config, seed),
        SamplerConfig::Nuts(config) => nuts::nuts(target, reference, n, config, seed),
        SamplerConfig::Smc(config) => smc::smc(target, reference, n, config, seed),
        SamplerConfig::Importance(config) => {
            importance::importance(target, reference, n, config, seed)
        }
        SamplerConfig::Rejection(config) => {
            rejection::rejection(target, reference, n, config, seed)
        }
        SamplerConfig::Variational(config) => {
            variational::variational(target, reference, n, config, seed)
        }
    }
}
