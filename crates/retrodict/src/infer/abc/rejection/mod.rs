//! Rejection: draws from the prior are kept where their data are near the observation.

mod config;
mod measured;
#[cfg(test)]
mod tests;
mod until;

pub use config::AbcRejectionConfig;
pub(super) use config::check_noise;
pub(super) use measured::{Measured, Wanted};
pub use until::abc_rejection_until;
pub(super) use until::record;

use super::acceptance::NoiseDistance;
use super::comparison::{Comparison, check_observation};
use super::distance::{Distance, DistanceConfig};
use super::population::Population;
use super::result::{AbcResult, Generation, Stop, failure_notes, samples};
use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::simulate::{Failures, Simulations};
use crate::table::Table;

/// The distance that counts: that of the noise, the user's own, or the configured one.
pub(super) fn recipe<'a>(
    noise: Option<&'a NoiseDistance>,
    own: Option<&'a dyn Distance>,
    config: &'a DistanceConfig,
) -> &'a dyn Distance {
    match (noise, own) {
        (Some(noise), _) => noise,
        (None, Some(own)) => own,
        (None, None) => config,
    }
}

/// Draws from p(θ | distance ≤ ε) out of simulations whose θ were drawn from the prior.
///
/// With `quantile` q, the ⌈q n⌉ simulations with the smallest distances of the n that gave data are
/// accepted (the first of equal ones), and ε is the largest of their distances. Failed simulations
/// are rejected and counted. `distance` takes the place of the configured distance.
///
/// # Errors
/// If an option makes no sense, the simulations do not fit the prior or the observation, or no
/// simulation lies within the tolerance.
///
/// # Reference
/// Pritchard et al. (1999); Beaumont, Zhang and Balding (2002).
///
/// # Example
/// ```
/// use retrodict::infer::abc::{AbcRejectionConfig, abc_rejection};
/// use retrodict::simulate::{Noise, builtin, simulate};
/// use retrodict::{Seed, Stream};
/// let toy = builtin::by_name("gaussian_toy")?;
/// let theta = toy.prior.sample_table(10_000, Seed(1), Stream::Parameters);
/// let noise = Noise { seed: Seed(1), purpose: Stream::Simulator, first: 0 };
/// let simulations = simulate(&*toy.simulator, theta, noise, &())?;
/// let config = AbcRejectionConfig::default();
/// let result = abc_rejection(&toy.prior, &simulations, &toy.observation, &config, None)?;
/// assert_eq!(result.samples.draws.n_rows(), 100);
/// assert!(result.samples.draws.rows().all(|theta| toy.prior.contains(theta)));
/// # Ok::<(), retrodict::Error>(())
/// ```
pub fn abc_rejection(
    prior: &Prior,
    simulations: &Simulations,
    observation: &[f64],
    config: &AbcRejectionConfig,
    distance: Option<&dyn Distance>,
) -> Result<AbcResult> {
    config.validate()?;
    check_observation(observation, simulations.x.n_columns())?;
    let noise = config.acceptance.noise(observation.len())?;
    let recipe = recipe(noise.as_ref(), distance, &config.distance);
    let comparison = Comparison::new(recipe, config.summaries, prior, simulations, observation)?;
    let measured = Measured::new(simulations, &comparison);
    let wanted = match (&noise, config.tolerance) {
        (Some(_), _) => Wanted::All,
        (None, Some(tolerance)) => Wanted::Within(tolerance),
        (None, None) => Wanted::Share(config.share()),
    };
    let (mut population, tolerance) = measured.nearest(simulations, wanted);
    if noise.is_some() {
        for (weight, distance) in population.log_weights.iter_mut().zip(&population.distances) {
            *weight = -distance;
        }
    }
    if population.len() == 0 {
        return Err(none_accepted(config.tolerance, measured.smallest()));
    }
    let generation = Generation {
        tolerance: Some(if noise.is_some() { 1.0 } else { tolerance }),
        n_simulations: simulations.len(),
        n_failed: simulations.len() - measured.n_valid(),
        n_undefined: measured.n_undefined,
        acceptance_rate: population.len() as f64 / simulations.len() as f64,
        effective_sample_size: population.effective_sample_size(),
    };
    finish(
        prior,
        population,
        &comparison,
        config,
        generation,
        simulations.failures(),
    )
}

fn finish(
    prior: &Prior,
    mut population: Population,
    comparison: &Comparison<'_>,
    config: &AbcRejectionConfig,
    generation: Generation,
    failures: Failures,
) -> Result<AbcResult> {
    let tolerance = generation.tolerance.unwrap_or(f64::INFINITY);
    let sds = population.sds();
    config
        .adjustment
        .adjust(prior, &mut population, comparison, tolerance)?;
    let n_data = population.x.len() / population.len();
    let effective_sample_size = population.effective_sample_size();
    Ok(AbcResult {
        samples: samples(prior, &population, "abc_rejection")?,
        data: Table::numbered("x", n_data, population.x)?,
        tolerance,
        adjustment: config.adjustment,
        effective_sample_size,
        generations: vec![generation],
        sds: vec![sds],
        stopped: Stop::Tolerance,
        n_simulations: generation.n_simulations,
        notes: failure_notes(&failures, generation.n_simulations),
        failures,
    })
}

fn none_accepted(tolerance: Option<f64>, smallest: f64) -> Error {
    let nearest = if smallest.is_finite() {
        format!(", the smallest distance being {smallest}")
    } else {
        String::new()
    };
    let Some(tolerance) = tolerance else {
        return Error::invalid(
            "distance",
            "NaN for every simulation",
            "a number",
            "Look at the distance and at the simulated data.",
        );
    };
    Error::invalid(
        "abc_rejection option `tolerance`",
        format!("{tolerance}, within which no simulation lies{nearest}"),
        "a tolerance that simulations reach",
        "Raise it, simulate more, or give `quantile` instead.",
    )
}
