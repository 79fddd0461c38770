//! Approximate Bayesian computation: inference by comparing simulated data with the observation.
//!
//! A draw of θ is kept if data simulated with it lie within a tolerance of the observation:
//! [`abc_rejection`] draws from the prior, [`abc_smc`] from where the draws of the generation before
//! were kept, with weights that make up for it. What comes out is p(θ | distance ≤ ε), which is the
//! posterior in the limit ε → 0 of a distance on sufficient summaries.
//!
//! Candidates are accepted in the order of their index, never in the order in which their simulations
//! finish, so parameters with fast simulations are not favoured; candidate *i* depends on (seed, i)
//! alone.

mod acceptance;
mod adjustment;
mod candidates;
pub(in crate::infer) mod comparison;
mod distance;
mod model_choice;
mod population;
mod populations;
mod posterior;
mod rejection;
mod result;
mod smc;
#[cfg(test)]
mod testing;
mod weighted_draws;

pub use acceptance::AcceptanceConfig;
pub use adjustment::AdjustmentConfig;
pub use candidates::AbcProblem;
pub use distance::{
    Distance, DistanceConfig, DistanceFunction, EnergyConfig, FunctionDistance, MahalanobisConfig,
    MmdConfig, NormConfig, ScaleMethod, WassersteinConfig,
};
pub use model_choice::{AbcModel, ModelProbability, abc_model_choice};
pub use populations::{AbcPopulation, AbcPopulations};
pub use posterior::AbcPosterior;
pub use rejection::{AbcRejectionConfig, abc_rejection, abc_rejection_until};
pub use result::{AbcResult, Generation, Stop};
pub use smc::{AbcSmcConfig, KernelConfig, SmcAlgorithm, abc_smc};
