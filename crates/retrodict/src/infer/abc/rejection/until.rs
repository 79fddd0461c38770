//! Rejection with a simulator, until there are enough draws.

use super::config::AbcRejectionConfig;
use super::{abc_rejection, finish, none_accepted, recipe};
use crate::error::{Error, Result};
use crate::infer::abc::acceptance::{Acceptance, AcceptanceConfig};
use crate::infer::abc::candidates::{AbcProblem, Accepted, Candidates, Limits};
use crate::infer::abc::comparison::Comparison;
use crate::infer::abc::population::Population;
use crate::infer::abc::result::{AbcResult, Generation, Stop};
use crate::seed::{Random, Seed};

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
    let limits = Limits {
        wanted: n_draws,
        most: max_simulations,
        near: 0.0,
    };
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
pub(in crate::infer::abc) fn record(
    accepted: &Accepted,
    population: &Population,
    tolerance: f64,
) -> Generation {
    Generation {
        tolerance: Some(tolerance),
        n_simulations: accepted.n_simulations,
        n_failed: accepted.n_failed,
        n_undefined: accepted.n_undefined,
        acceptance_rate: accepted.rate(),
        effective_sample_size: population.effective_sample_size(),
    }
}
