//! Likelihoods without networks: kernel densities, histograms and synthetic likelihoods.
//!
//! Each learns p(x | θ) from pairs of θ and x, or estimates it at each θ by new simulations, and gives
//! a [`LogLikelihood`](crate::infer::LogLikelihood) for any observation: for Markov chain Monte Carlo, or as weights of draws from
//! the prior ([`weigh_prior_draws`]). Kernel densities and histograms learn from pairs with θ from any
//! proposal.

mod bandwidth;
pub(in crate::infer) mod covariance;
pub(in crate::infer) mod factor;
mod histogram;
mod kernel_density;
mod pairs;
mod semi_parametric;
mod synthetic_config;
mod synthetic_likelihood;
#[cfg(test)]
mod testing;
mod weighted;

pub use bandwidth::BandwidthConfig;
pub use histogram::{BinRule, Histogram, HistogramConfig};
pub use kernel_density::{KernelDensity, KernelDensityConfig};
pub use synthetic_config::{
    RandomNumbers, ShrinkageConfig, SyntheticEstimator, SyntheticLikelihoodConfig,
};
pub use synthetic_likelihood::{SyntheticCounts, SyntheticEstimate, SyntheticLikelihood};
pub use weighted::weigh_prior_draws;
