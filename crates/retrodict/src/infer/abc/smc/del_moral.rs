//! The sampler of Del Moral, Doucet and Jasra: reweight, resample, move.

use rayon::prelude::*;

use super::super::population::Population;
use super::super::rejection::{Measured, Wanted};
use super::super::result::{Generation, Stop};
use super::kernel::Kernel;
use super::{Run, inside, too_few};
use crate::error::Result;
use crate::samples::effective_number;
use crate::seed::Stream;
use crate::simulate::{Simulations, Status};
use crate::table::Table;

/// All generations, and why there are no more.
///
/// With one simulation a draw its weight is 1 while its distance is within the tolerance and 0
/// after. The distance is not learned anew: the weights rest on tolerances in one unit.
pub(super) fn run(run: &mut Run<'_>) -> Result<(Population, Stop)> {
    let mut population = first(run)?;
    let mut tolerance = f64::INFINITY;
    loop {
        if tolerance <= run.config.min_tolerance {
            return Ok((population, Stop::Tolerance));
        }
        if run.generations.len() > run.config.generations {
            return Ok((population, Stop::Generations));
        }
        if run.candidates.left() < run.population {
            return Ok((population, Stop::Budget));
        }
        let Some(next) = next_tolerance(run, &population, tolerance) else {
            return Ok((population, Stop::NoneNearer));
        };
        tolerance = next;
        let Some((generation, moved)) = generation(run, population.clone(), tolerance)? else {
            return Ok((population, Stop::Degenerate));
        };
        let rate = generation.acceptance_rate;
        population = moved;
        run.record(generation, &population);
        if rate < run.config.min_acceptance_rate {
            return Ok((population, Stop::AcceptanceRate));
        }
    }
}

/// The simulations from the prior that have a distance, at most as many as a population has.
fn first(run: &mut Run<'_>) -> Result<Population> {
    let measured = Measured::new(&run.first, &run.comparison);
    let (mut population, _) = measured.nearest(&run.first, Wanted::All);
    population = resample_to(&population, run.population);
    if population.len() < 2 {
        return Err(too_few(population.len()));
    }
    let generation = Generation {
        tolerance: None,
        n_simulations: run.first.len(),
        n_failed: run.first.len() - measured.n_valid(),
        n_undefined: measured.n_undefined,
        acceptance_rate: 1.0,
        effective_sample_size: population.distinct_sample_size(),
    };
    run.record(generation, &population);
    Ok(population)
}

/// The first `n` draws, which are as good as any.
fn resample_to(population: &Population, n: usize) -> Population {
    let rows: Vec<usize> = (0..population.len().min(n)).collect();
    population.select(&rows)
}

/// The smallest distance as tolerance that leaves the wanted share of the effective sample size;
/// nothing if none below the last one does and all draws agree.
fn next_tolerance(run: &Run<'_>, population: &Population, last: f64) -> Option<f64> {
    let weights = population.weights();
    let wanted = run.config.share() * effective_number(&weights);
    let mut steps: Vec<f64> = population.distances.clone();
    steps.retain(|d| *d < last);
    steps.sort_unstable_by(f64::total_cmp);
    steps.dedup();
    let left = |tolerance: f64| {
        let alive = weights.iter().zip(&population.distances);
        let kept: Vec<f64> = alive
            .map(|(w, d)| if *d <= tolerance { *w } else { 0.0 })
            .collect();
        effective_number(&kept)
    };
    // What is left grows with the tolerance, but for weights that differ much: the first that is
    // enough in that order.
    let enough = steps.partition_point(|d| left(*d) < wanted);
    let step = steps.get(enough).or(steps.last()).copied()?;
    Some(step.max(run.config.min_tolerance))
}

/// Reweights, resamples if it has to, and moves every draw; nothing if no weight is left.
fn generation(
    run: &mut Run<'_>,
    mut population: Population,
    tolerance: f64,
) -> Result<Option<(Generation, Population)>> {
    for (weight, distance) in population.log_weights.iter_mut().zip(&population.distances) {
        if *distance > tolerance {
            *weight = f64::NEG_INFINITY;
        }
    }
    let effective = effective_number(&population.weights());
    if effective.is_nan() || effective < 2.0 {
        return Ok(None);
    }
    let index = run.generations.len() as u64;
    if effective < 0.5 * population.len() as f64 {
        population = resample(run, &population, index);
    }
    let n = run.map.n_unconstrained();
    let z = run.mapped(&population.theta);
    let Some(kernel) = Kernel::new(run.config.kernel, z.clone(), n, &population.weights()) else {
        return Ok(None);
    };
    let moves = moves(run, &kernel, &population, &z)?;
    let generation = apply(run, &moves, &mut population, tolerance);
    Ok(Some((generation, population)))
}

/// Systematic resampling: every weight becomes the same.
fn resample(run: &Run<'_>, population: &Population, index: u64) -> Population {
    let n = run.population;
    // Candidates count from zero; these streams count from the end.
    let stream = u64::MAX - index;
    let start = run
        .candidates
        .stream(Stream::AbcParameters, stream)
        .uniform();
    let weights = population.weights();
    let (mut rows, mut below) = (Vec::with_capacity(n), 0.0);
    for (i, weight) in weights.iter().enumerate() {
        below += weight;
        while rows.len() < n && (rows.len() as f64 + start) / (n as f64) < below {
            rows.push(i);
        }
    }
    // Rounding can leave the last one out.
    let last = weights
        .iter()
        .rposition(|w| *w > 0.0)
        .expect("some weight is left");
    rows.resize(n, last);
    let mut picked = population.select(&rows);
    picked.log_weights.fill(0.0);
    picked
}

/// A candidate for each draw that counts.
struct Moves {
    /// Which draw it would take the place of.
    rows: Vec<usize>,
    simulations: Simulations,
    /// The uniform number that decides.
    levels: Vec<f64>,
    /// log of the ratio of prior densities in the mapped space, proposals being the same both ways.
    log_ratios: Vec<f64>,
    distances: Vec<f64>,
    n_proposed: usize,
}

/// Proposes and simulates; a proposal outside the prior is not simulated and not accepted.
fn moves(run: &mut Run<'_>, kernel: &Kernel, population: &Population, z: &[f64]) -> Result<Moves> {
    let (d, n) = (run.map.n_parameters(), run.map.n_unconstrained());
    // A stream for each draw of each generation, behind those of the first draws.
    let behind = (run.generations.len() - 1) * run.population;
    let first = (run.first.len() + behind) as u64;
    let alive: Vec<usize> = (0..population.len())
        .filter(|&i| population.log_weights[i] > f64::NEG_INFINITY)
        .collect();
    let proposed = alive.par_iter().map(|&i| {
        let mut random = run
            .candidates
            .stream(Stream::AbcParameters, first + i as u64);
        let level = random.uniform_open();
        let (mut to, mut theta) = (vec![0.0; n], vec![0.0; d]);
        kernel.step(i, &mut random, &mut to);
        if !inside(&run.map, &to) {
            return None;
        }
        run.map.inverse(&to, &mut theta);
        let here = run.log_prior(&population.theta[i * d..][..d], &z[i * n..][..n]);
        let log_ratio = run.log_prior(&theta, &to) - here;
        (log_ratio > f64::NEG_INFINITY).then_some((i, level, log_ratio, theta))
    });
    let proposed: Vec<Option<_>> = proposed.collect();
    let n_proposed = alive.len();
    let (mut rows, mut levels, mut log_ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut theta = Vec::new();
    for (i, level, log_ratio, row) in proposed.into_iter().flatten() {
        rows.push(i);
        levels.push(level);
        log_ratios.push(log_ratio);
        theta.extend(row);
    }
    let theta = Table::new(run.map.prior().names(), theta)?;
    let simulations = run.candidates.simulate(theta)?;
    let x = &simulations.x;
    Ok(Moves {
        rows,
        levels,
        log_ratios,
        distances: run.comparison.distances(x.values(), x.n_columns()),
        simulations,
        n_proposed,
    })
}

/// Accepts the moves that Metropolis and the tolerance allow.
fn apply(run: &Run<'_>, moves: &Moves, population: &mut Population, tolerance: f64) -> Generation {
    let (d, m) = (run.map.n_parameters(), run.first.x.n_columns());
    let (mut n_moved, mut n_undefined) = (0, 0);
    for (k, &i) in moves.rows.iter().enumerate() {
        let (ok, distance) = (
            moves.simulations.status[k] == Status::Ok,
            moves.distances[k],
        );
        n_undefined += usize::from(ok && distance.is_nan());
        if ok && distance <= tolerance && moves.levels[k].ln() < moves.log_ratios[k] {
            n_moved += 1;
            population.theta[i * d..][..d].copy_from_slice(moves.simulations.theta.row(k));
            population.x[i * m..][..m].copy_from_slice(moves.simulations.x.row(k));
            population.distances[i] = distance;
        }
    }
    Generation {
        tolerance: Some(tolerance),
        n_simulations: moves.simulations.len(),
        n_failed: moves.simulations.failures().values().sum(),
        n_undefined,
        acceptance_rate: n_moved as f64 / moves.n_proposed.max(1) as f64,
        effective_sample_size: population.distinct_sample_size(),
    }
}
