//! Simulators that come with Retrodict: textbook examples and the ten tasks of the SBI benchmark.

mod bernoulli_glm;
mod densities;
mod gaussian_linear;
mod gaussian_mixture;
mod gaussian_toy;
mod linear_gaussian;
mod lotka_volterra;
mod lotka_volterra_summaries;
mod lynx_hare;
mod numpy_random;
mod observations;
mod priors;
mod runge_kutta;
mod sir;
mod slcp;
mod slcp_distractors;
#[cfg(test)]
mod tests;
mod two_moons;

use std::fmt;

pub use bernoulli_glm::BernoulliGlm;
pub use gaussian_mixture::GaussianMixture;
pub use gaussian_toy::GaussianToy;
pub use linear_gaussian::{Gaussian, LinearGaussian, LinearGaussianConfig};
pub use lotka_volterra::LotkaVolterra;
pub use lotka_volterra_summaries::LotkaVolterraSummaries;
pub use lynx_hare::LynxHare;
pub use runge_kutta::{IntegrationFailure, Tolerance, integrate};
pub use sir::Sir;
pub use slcp::Slcp;
pub use slcp_distractors::SlcpDistractors;
pub use two_moons::TwoMoons;

use crate::error::{Error, Result};
use crate::prior::Prior;

use super::Simulator;

/// log p(x | θ), up to a term that does not depend on θ: `f(theta, x)`.
pub type LogLikelihood = Box<dyn Fn(&[f64], &[f64]) -> f64 + Send + Sync>;

/// A simulator with everything that inference needs: a prior and an observation.
pub struct Builtin {
    /// What a study file calls it.
    pub name: &'static str,
    /// One line about it.
    pub description: &'static str,
    /// The simulator.
    pub simulator: Box<dyn Simulator>,
    /// Its usual prior.
    pub prior: Prior,
    /// The observation when none is given. For a task of the benchmark it is observation 1.
    pub observation: Vec<f64>,
    /// What the columns of the data are called.
    pub data_names: Vec<String>,
    /// The likelihood, where it has a closed form.
    pub log_likelihood: Option<LogLikelihood>,
}

impl fmt::Debug for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builtin")
            .field("name", &self.name)
            .field("description", &self.description)
            .field("observation", &self.observation)
            .finish_non_exhaustive()
    }
}

type Maker = fn() -> Result<Builtin>;

const BUILTINS: [(&str, Maker); 14] = [
    ("gaussian_toy", gaussian_toy::builtin),
    ("linear_gaussian", linear_gaussian::builtin),
    (
        "lotka_volterra_summaries",
        lotka_volterra_summaries::builtin,
    ),
    ("lynx_hare", lynx_hare::builtin),
    ("gaussian_linear", gaussian_linear::gaussian_prior),
    ("gaussian_linear_uniform", gaussian_linear::uniform_prior),
    ("slcp", slcp::builtin),
    ("slcp_distractors", slcp_distractors::builtin),
    ("bernoulli_glm", || {
        bernoulli_glm::builtin(BernoulliGlm::SufficientStatistics)
    }),
    ("bernoulli_glm_raw", || {
        bernoulli_glm::builtin(BernoulliGlm::Raw)
    }),
    ("gaussian_mixture", gaussian_mixture::builtin),
    ("two_moons", two_moons::builtin),
    ("sir", sir::builtin),
    ("lotka_volterra", lotka_volterra::builtin),
];

/// The ten tasks of the SBI benchmark (Lueckmann et al. 2021, arXiv:2101.04653), in its order.
pub const BENCHMARK: [&str; 10] = [
    "gaussian_linear",
    "gaussian_linear_uniform",
    "slcp",
    "slcp_distractors",
    "bernoulli_glm",
    "bernoulli_glm_raw",
    "gaussian_mixture",
    "two_moons",
    "sir",
    "lotka_volterra",
];

/// The names of all built-in simulators.
pub fn names() -> Vec<&'static str> {
    BUILTINS.iter().map(|(name, _)| *name).collect()
}

/// All built-in simulators.
///
/// # Errors
/// None in practice: the definitions are fixed and tested.
pub fn all() -> Result<Vec<Builtin>> {
    BUILTINS.iter().map(|(_, make)| make()).collect()
}

/// The built-in simulator with this name.
///
/// # Errors
/// If there is none; the error lists the names and suggests the nearest.
///
/// # Example
/// ```
/// use retrodict::simulate::builtin;
/// let toy = builtin::by_name("gaussian_toy")?;
/// assert_eq!(toy.observation, [0.8, 0.6, 0.4]);
/// assert!(builtin::by_name("two_moon").unwrap_err().to_string().contains("`two_moons`?"));
/// # Ok::<(), retrodict::Error>(())
/// ```
pub fn by_name(name: &str) -> Result<Builtin> {
    if let Some((_, make)) = BUILTINS.iter().find(|(n, _)| *n == name) {
        return make();
    }
    let nearest = BUILTINS
        .iter()
        .map(|(n, _)| (strsim::jaro_winkler(n, name), *n))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.7);
    let advice = nearest.map_or_else(
        || "Choose one of them.".to_string(),
        |(_, nearest)| format!("Did you mean `{nearest}`?"),
    );
    let expected = format!("one of {}", names().join(", "));
    Err(Error::invalid(
        "built-in simulator",
        format!("`{name}`"),
        expected,
        advice,
    ))
}

/// `prefix_1` to `prefix_n`.
fn numbered(prefix: &str, n: usize) -> Vec<String> {
    (1..=n).map(|i| format!("{prefix}_{i}")).collect()
}

/// An integration that failed, as a simulation that failed.
fn no_solution(failure: IntegrationFailure) -> super::SimulationFailure {
    super::SimulationFailure {
        status: super::Status::Failed,
        reason: format!("the differential equation has no solution: {failure}"),
    }
}
