//! Priors: distributions over named parameters, and the maps from their support to real space.
//!
//! A [`Prior`] is made from a configuration (the `[parameters]` table of a study, or the same in
//! code), from closures ([`CustomPrior`]), or by joining priors. It draws, gives its log-density,
//! and makes a [`SupportMap`]: a bijection from its support to real space.
//!
//! # Example
//! ```
//! use retrodict::prior::{DistributionConfig as D, Prior, SupportKind};
//! use retrodict::{Seed, Stream};
//!
//! let prior = Prior::new([("rate", D::uniform(0.0, 2.0)), ("noise", D::normal(0.0, 1.0))])?;
//! let draws = prior.sample_table(1_000, Seed(1), Stream::Parameters);
//! assert!(draws.rows().all(|theta| prior.contains(theta)));
//! assert_eq!(prior.log_prob(&[3.0, 0.0]), f64::NEG_INFINITY);
//!
//! let map = prior.support_map(SupportKind::Logit)?;
//! let mut theta = [0.0; 2];
//! map.inverse(&[1e30, -5.0], &mut theta);
//! assert!(prior.contains(&theta)); // whatever the point of real space
//! # Ok::<(), retrodict::Error>(())
//! ```

mod assemble;
mod beta;
mod block;
mod cauchy;
mod check;
mod condition;
mod conditional;
mod config;
mod coordinate;
mod custom;
mod dirichlet;
mod discrete;
mod exponential;
mod functions;
mod gamma;
mod half_normal;
mod interval;
mod joint;
#[cfg(test)]
mod laws;
mod log_normal;
mod log_uniform;
mod mixture;
mod multivariate_normal;
mod normal;
mod parameter;
mod poisson;
mod read;
mod reference;
mod solve;
pub(crate) mod special;
mod stick_breaking;
mod student_t;
mod support_map;
mod truncated;
mod uniform;
mod uniform_integer;
mod univariate;

pub use beta::Beta;
pub use cauchy::Cauchy;
pub use config::{Argument, DistributionConfig, ParameterConfig, ParametersConfig};
pub use custom::CustomPrior;
pub use dirichlet::Dirichlet;
pub use discrete::Discrete;
pub use exponential::Exponential;
pub use functions::{PriorFunction, PriorFunctions};
pub use gamma::Gamma;
pub use half_normal::HalfNormal;
pub use interval::Interval;
pub use joint::Prior;
pub use log_normal::LogNormal;
pub use log_uniform::LogUniform;
pub use mixture::Mixture;
pub use multivariate_normal::MultivariateNormal;
pub use normal::Normal;
pub use parameter::Parameter;
pub use poisson::Poisson;
pub use student_t::StudentT;
pub use support_map::{SupportKind, SupportMap};
pub use truncated::Truncated;
pub use uniform::Uniform;
pub use uniform_integer::UniformInteger;
pub use univariate::{Law, Moments, Tail, Tails, Univariate};
