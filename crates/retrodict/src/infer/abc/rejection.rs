//! Rejection: draws from the prior are kept where their data are near the observation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acceptance::{Acceptance, AcceptanceConfig, NoiseDistance};
use super::adjustment::AdjustmentConfig;
use super::candidates::{AbcProblem, Accepted, Candidates};
use super::comparison::{Comparison, check_observation};
use super::distance::{Distance, DistanceConfig};
use super::population::Population;
use super::result::{AbcResult, Generation, Stop, failure_notes, samples};
use crate::error::{Error, Result};
use crate::infer::SummariesConfig;
use crate::prior::Prior;
use crate::seed::{Random, Seed};
use crate::simulate::{Failures, Simulations};
use crate::table::Table;

/// How draws from the prior are accepted. Every field has a default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AbcRejectionConfig {
    /// The share of simulations with the smallest distances that is accepted: 0.01 unless a
    /// tolerance is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile: Option<f64>,
    /// The largest distance that is accepted, in place of a share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// What stands for the data when they are compared.
    pub summaries: SummariesConfig,
    /// How far data lie apart.
    pub distance: DistanceConfig,
    /// Which draws are accepted; with `gaussian_noise` all are, with the noise's density as weight.
    pub acceptance: AcceptanceConfig,
    /// How accepted draws are corrected for their distance.
    pub adjustment: AdjustmentConfig,
}

const QUANTILE: f64 = 0.01;

impl AbcRejectionConfig {
    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// With the name of the option.
    pub fn validate(&self) -> Result<()> {
        self.summaries.validate()?;
        let refuse = |option, given: f64, expected| {
            Err(Error::invalid_option(
                "abc_rejection",
                option,
                given,
                expected,
            ))
        };
        match (self.quantile, self.tolerance) {
            (Some(q), None) if !(0.0 < q && q <= 1.0) => {
                refuse("quantile", q, "above 0 and at most 1")
            }
            (None, Some(t)) if t.is_nan() || t < 0.0 => refuse("tolerance", t, "0 or more"),
            (Some(_), Some(t)) => refuse("tolerance", t, "only one of `quantile` and `tolerance`"),
            _ => check_noise(&self.acceptance, self.summaries, self.adjustment),
        }
    }

    /// The share that is accepted without a tolerance.
    pub(super) fn share(&self) -> f64 {
        self.quantile.unwrap_or(QUANTILE)
    }
}

/// Measurement noise has a density for the data themselves, and its draws are exact.
pub(super) fn check_noise(
    acceptance: &AcceptanceConfig,
    summaries: SummariesConfig,
    adjustment: AdjustmentConfig,
) -> Result<()> {
    if *acceptance == AcceptanceConfig::Uniform {
        return Ok(());
    }
    if summaries != SummariesConfig::None {
        let expected = "`none` with `gaussian_noise`, which is the noise of the data themselves";
        return Err(Error::invalid_option(
            "abc",
            "summaries",
            "semi_automatic",
            expected,
        ));
    }
    if adjustment != AdjustmentConfig::None {
        let expected = "`none` with `gaussian_noise`, whose draws need no correction";
        let given = format!("{adjustment:?}");
        return Err(Error::invalid_option("abc", "adjustment", given, expected));
    }
    Ok(())
}

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

/// Simulates candidates from the prior, in parallel, until `n_draws` lie within the tolerance.
///
/// The distance learns its scales from the first 1,000 candidates, which count like the others. The
/// first `n_draws` acceptances by index are kept; if the budget of `max_simulations` is spent before,
/// those that there are, and [`AbcResult::stopped`] says so. Without a tolerance, the whole budget is
/// simulated and [`abc_rejection`] takes its share.
///
/// # Errors
/// As [`abc_rejection`]; if the simulator cannot go on, or the observer is interrupted.
pub fn abc_rejection_until(
    problem: &AbcProblem<'_>,
    config: &AbcRejectionConfig,
    n_draws: usize,
    max_simulations: usize,
    seed: Seed,
) -> Result<AbcResult> {
    config.validate()?;
    problem.check()?;
    if n_draws == 0 || max_simulations == 0 {
        return Err(Error::invalid(
            "abc_rejection",
            format!("{n_draws} draws and {max_simulations} simulations"),
            "at least 1 of each",
            "Ask for draws, and allow simulations for them.",
        ));
    }
    let mut candidates = Candidates::new(problem, max_simulations, seed);
    let propose = |random: &mut Random, theta: &mut [f64]| {
        problem.prior.sample(random, theta);
        Ok(())
    };
    let uniform = config.acceptance == AcceptanceConfig::Uniform;
    let Some(tolerance) = config.tolerance.filter(|_| uniform) else {
        let batch = candidates.batch(max_simulations, &propose)?;
        let (x, own) = (problem.observation, problem.distance);
        return abc_rejection(problem.prior, &batch.simulations, x, config, own);
    };
    let pilot = candidates.batch(PILOT, &propose)?;
    let recipe = recipe(None, problem.distance, &config.distance);
    let comparison = Comparison::new(
        recipe,
        config.summaries,
        problem.prior,
        &pilot.simulations,
        problem.observation,
    )?;
    let acceptance = Acceptance::Within(tolerance);
    let limits = [n_draws, max_simulations];
    let accepted = candidates.accept(Some(pilot), limits, &propose, &comparison, acceptance)?;
    let population = accepted.population.clone();
    if population.len() == 0 {
        return Err(none_accepted(Some(tolerance), f64::NAN));
    }
    let generation = record(&accepted, &population, tolerance);
    let complete = population.len() == n_draws;
    let failures = candidates.failures.clone();
    let mut result = finish(
        problem.prior,
        population,
        &comparison,
        config,
        generation,
        failures,
    )?;
    if !complete {
        result.stopped = Stop::Budget;
    }
    Ok(result)
}

/// Candidates from which scales and summaries are learned.
const PILOT: usize = 1000;

/// The record of a generation of candidates.
pub(super) fn record(accepted: &Accepted, population: &Population, tolerance: f64) -> Generation {
    Generation {
        tolerance: Some(tolerance),
        n_simulations: accepted.n_simulations,
        n_failed: accepted.n_failed,
        n_undefined: accepted.n_undefined,
        acceptance_rate: accepted.rate(),
        effective_sample_size: population.effective_sample_size(),
    }
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

/// Which simulations are accepted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    All,
    Within(f64),
    Share(f64),
    Nearest(usize),
}

/// The distances of simulations that exist.
pub(super) struct Measured {
    /// Row and distance of those that gave data and have a distance.
    pairs: Vec<(usize, f64)>,
    pub(super) n_undefined: usize,
}

impl Measured {
    pub(super) fn new(simulations: &Simulations, comparison: &Comparison<'_>) -> Self {
        let rows = simulations.valid_rows();
        let x = simulations.x.select(&rows);
        let distances = comparison.distances(x.values(), x.n_columns());
        let n = rows.len();
        let pairs: Vec<(usize, f64)> = rows
            .into_iter()
            .zip(distances)
            .filter(|(_, d)| !d.is_nan())
            .collect();
        Self {
            n_undefined: n - pairs.len(),
            pairs,
        }
    }

    /// How many simulations gave data.
    pub(super) fn n_valid(&self) -> usize {
        self.pairs.len() + self.n_undefined
    }

    fn smallest(&self) -> f64 {
        self.pairs
            .iter()
            .map(|(_, d)| *d)
            .fold(f64::INFINITY, f64::min)
    }

    /// The accepted simulations in the order of their rows, and the tolerance.
    pub(super) fn nearest(&self, simulations: &Simulations, wanted: Wanted) -> (Population, f64) {
        let count = match wanted {
            Wanted::All => self.pairs.len(),
            Wanted::Share(q) => (q * self.pairs.len() as f64).ceil() as usize,
            Wanted::Nearest(n) => n,
            Wanted::Within(t) => self.pairs.iter().filter(|(_, d)| *d <= t).count(),
        };
        let mut kept = self.pairs.clone();
        kept.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        kept.truncate(count);
        let farthest = kept.last().map_or(0.0, |(_, d)| *d);
        kept.sort_unstable_by_key(|(row, _)| *row);
        let mut population = Population::default();
        for (row, distance) in kept {
            let (theta, x) = (simulations.theta.row(row), simulations.x.row(row));
            population.push(theta, x, distance, 0.0);
        }
        let tolerance = if let Wanted::Within(t) = wanted {
            t
        } else {
            farthest
        };
        (population, tolerance)
    }
}

#[cfg(test)]
mod tests;
