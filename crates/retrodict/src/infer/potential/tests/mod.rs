//! Posteriors that are known exactly, through samplers.

mod conjugate;
mod density;
mod discrete;
mod edges;

use super::{FunctionLikelihood, PotentialPosterior};
use crate::prior::{CustomPrior, DistributionConfig as D, Interval, Parameter, Prior};
use crate::sample::{SamplerConfig, SliceConfig};

/// Slice sampling with fewer draws left over between neighbours than by default.
pub(super) fn slice() -> SamplerConfig {
    SamplerConfig::Slice(SliceConfig {
        thin: 3,
        ..SliceConfig::default()
    })
}

/// Four chains, for priors whose quantiles take long to solve for.
pub(super) fn short() -> SamplerConfig {
    SamplerConfig::Slice(SliceConfig {
        chains: 4,
        candidates: 1000,
        ..SliceConfig::default()
    })
}

pub(super) fn posterior(
    prior: &Prior,
    likelihood: FunctionLikelihood,
    sampler: SamplerConfig,
) -> PotentialPosterior {
    PotentialPosterior::new(prior, Box::new(likelihood), sampler).unwrap()
}

/// N(0, 2²), one datum x ~ N(θ, 1), with gradients.
pub(super) fn normal() -> (Prior, FunctionLikelihood) {
    let prior = Prior::new([("mu", D::normal(0.0, 2.0))]).unwrap();
    let likelihood = FunctionLikelihood::with_gradient(1, |theta, x, gradient| {
        gradient[0] = x[0] - theta[0];
        -0.5 * (x[0] - theta[0]).powi(2) - 0.5 * (2.0 * std::f64::consts::PI).ln()
    });
    (prior, likelihood.unwrap())
}

/// Exponential with rate 2, as functions.
pub(super) fn custom() -> Prior {
    let custom = CustomPrior::new(
        vec![Parameter::named("rate")],
        vec![Interval::POSITIVE],
        |theta| 2.0_f64.ln() - 2.0 * theta[0],
        |random, theta| theta[0] = 0.5 * random.exponential(),
    );
    Prior::custom(custom.unwrap()).unwrap()
}
