//! Population Monte Carlo: importance sampling from kernels about the last generation.

use rayon::prelude::*;

use super::super::acceptance::{Acceptance, next_temperature};
use super::super::candidates::{Accepted, Limits};
use super::super::population::Population;
use super::super::rejection::{Measured, Wanted, record};
use super::super::result::{Generation, Stop};
use super::kernel::Kernel;
use super::{Run, too_few};
use crate::error::Result;
use crate::seed::Random;
use crate::table::Table;

/// All generations, and why there are no more.
pub(super) fn run(run: &mut Run<'_>) -> Result<(Population, Stop)> {
    let (mut population, mut acceptance) = first(run)?;
    // Data of all simulations of the last generation.
    let mut seen: Option<Table> = None;
    loop {
        if let Some(stop) = stop(run, &population, acceptance) {
            return Ok((population, stop));
        }
        // The same draws in the units of the next generation; if that fails, those of this one stay.
        let mut current = population.clone();
        if let Some(seen) = seen.take().filter(|x| run.config.adapt && x.n_rows() > 2) {
            run.comparison.refit(&seen)?;
            current.distances = run.comparison.distances(&current.x, seen.n_columns());
        }
        let Some(next) = next(run, &current, acceptance) else {
            return Ok((population, Stop::NoneNearer));
        };
        let Some(kernel) = kernel(run, &current) else {
            return Ok((population, Stop::Degenerate));
        };
        let accepted = generation(run, &kernel, next, current.farthest())?;
        if accepted.population.len() < run.population {
            return Ok(unfinished(run, &kernel, accepted, population));
        }
        population = weighted(run, &kernel, accepted.population.clone());
        let generation = record(&accepted, &population, next.tolerance());
        run.record(generation, &population);
        acceptance = next;
        seen = Some(accepted.seen);
    }
}

fn kernel(run: &Run<'_>, population: &Population) -> Option<Kernel> {
    let z = run.mapped(&population.theta);
    let n = run.map.n_unconstrained();
    Kernel::new(run.config.kernel, z, n, &population.weights())
}

/// The nearest of the simulations from the prior; with measurement noise, all of them.
fn first(run: &mut Run<'_>) -> Result<(Population, Acceptance)> {
    let measured = Measured::new(&run.first, &run.comparison);
    let wanted = if run.config.tempered() {
        Wanted::All
    } else {
        Wanted::Nearest(run.population)
    };
    let (population, tolerance) = measured.nearest(&run.first, wanted);
    if population.len() < 2 {
        return Err(too_few(population.len()));
    }
    let acceptance = if run.config.tempered() {
        Acceptance::Tempered {
            temperature: f64::INFINITY,
            offset: 0.0,
        }
    } else {
        Acceptance::Within(tolerance)
    };
    let generation = Generation {
        tolerance: (!run.config.tempered()).then_some(tolerance),
        n_simulations: run.first.len(),
        n_failed: run.first.len() - measured.n_valid(),
        n_undefined: measured.n_undefined,
        acceptance_rate: population.len() as f64 / run.first.len() as f64,
        effective_sample_size: population.effective_sample_size(),
    };
    run.record(generation, &population);
    Ok((population, acceptance))
}

/// Why the generation that is there is the last, if it is.
fn stop(run: &Run<'_>, population: &Population, acceptance: Acceptance) -> Option<Stop> {
    let last = run.generations.last()?;
    let reached = match acceptance {
        Acceptance::Within(tolerance) => tolerance <= run.config.min_tolerance,
        Acceptance::Tempered { temperature, .. } => temperature <= 1.0,
    };
    let ess = population.effective_sample_size();
    if ess.is_nan() || ess < 2.0 {
        Some(Stop::Degenerate)
    } else if reached {
        Some(Stop::Tolerance)
    } else if run.generations.len() > run.config.generations {
        Some(Stop::Generations)
    } else if run.generations.len() > 1 && last.acceptance_rate < run.config.min_acceptance_rate {
        Some(Stop::AcceptanceRate)
    } else if run.candidates.left() == 0 {
        Some(Stop::Budget)
    } else {
        None
    }
}

/// The rule of the next generation; nothing if no draw is nearer than the last tolerance.
fn next(run: &Run<'_>, population: &Population, last: Acceptance) -> Option<Acceptance> {
    let quantile = run.config.share();
    match last {
        Acceptance::Tempered { temperature, .. } => Some(Acceptance::Tempered {
            temperature: next_temperature(population, temperature, quantile),
            offset: population
                .distances
                .iter()
                .copied()
                .fold(f64::INFINITY, f64::min),
        }),
        Acceptance::Within(tolerance) => {
            let wanted = population
                .distance_quantile(quantile)
                .max(run.config.min_tolerance);
            // With scales learned anew, the last tolerance is in other units.
            let farthest = population.farthest();
            let bound = if run.config.adapt {
                farthest
            } else {
                tolerance
            };
            if wanted < bound {
                return Some(Acceptance::Within(wanted));
            }
            let nearer = population.distances.iter().copied().filter(|d| *d < bound);
            let nearest = nearer.fold(f64::NEG_INFINITY, f64::max);
            let floor = run.config.min_tolerance;
            nearest
                .is_finite()
                .then(|| Acceptance::Within(nearest.max(floor)))
        }
    }
}

/// Where candidates end before the generation is full, the nearest of them are the last generation: a tolerance
/// that the budget does reach. If too few lie nearer than the generation before, that one stays.
fn unfinished(
    run: &mut Run<'_>,
    kernel: &Kernel,
    accepted: Accepted,
    before: Population,
) -> (Population, Stop) {
    let stop = if run.candidates.left() == 0 {
        Stop::Budget
    } else {
        Stop::AcceptanceRate
    };
    let Some(nearest) = accepted.nearest(run.population) else {
        return (before, stop);
    };
    let population = weighted(run, kernel, nearest.population.clone());
    let generation = record(&nearest, &population, population.farthest());
    run.record(generation, &population);
    (population, stop)
}

/// Candidates from the kernels until the generation is full, or too few of them are accepted.
fn generation(
    run: &mut Run<'_>,
    kernel: &Kernel,
    acceptance: Acceptance,
    before: f64,
) -> Result<Accepted> {
    let wanted = run.population;
    let most = (wanted as f64 / run.config.min_acceptance_rate).ceil() as usize;
    let map = &run.map;
    let propose = |random: &mut Random, theta: &mut [f64]| kernel.propose(map, random, theta);
    let near = match acceptance {
        Acceptance::Within(_) => before,
        Acceptance::Tempered { .. } => f64::NEG_INFINITY,
    };
    let limits = Limits { wanted, most, near };
    run.candidates
        .accept(None, limits, &propose, &run.comparison, acceptance)
}

/// Multiplies the weights by the prior's density over that of the proposal.
fn weighted(run: &Run<'_>, kernel: &Kernel, mut population: Population) -> Population {
    let (d, n) = (run.map.n_parameters(), run.map.n_unconstrained());
    let z = run.mapped(&population.theta);
    let ratios: Vec<f64> = population
        .theta
        .par_chunks(d)
        .zip(z.par_chunks(n))
        .map(|(theta, z)| run.log_prior(theta, z) - kernel.log_density(z))
        .collect();
    for (weight, ratio) in population.log_weights.iter_mut().zip(ratios) {
        *weight += ratio;
    }
    population
}
