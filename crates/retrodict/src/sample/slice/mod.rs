//! Slice sampling, coordinate by coordinate, for many chains at once.

mod chain;
mod hand_over;
mod warmup;

use self::chain::{Chain, MAX_SHRINKS};
use self::hand_over::HandOver;
use super::config::SliceConfig;
use super::drawn::{Drawn, Recorder, Report};
use super::evaluator::Evaluator;
use super::start::start;
use super::{LogDensity, Reference};
use crate::error::Result;
use crate::seed::Seed;

/// Candidates are enough for the starts of chains if they are worth so many draws for each: starts are
/// then hardly ever the same, and a mode with a twentieth of the mass gets its share of them.
const WORTH: f64 = 10.0;

/// Slice sampling with stepping out and shrinkage (Neal 2003, Annals of Statistics 31, figures 3
/// and 5), one coordinate after the other in random order.
///
/// A chain is a state machine that asks for one value of the density at a time; each round collects
/// the questions of all chains that have one into a single call. The widths of the brackets, one a
/// chain and coordinate, are tuned in warm-up and fixed after it. The warm-up ends as soon as the
/// chains agree, see [`warmup`]; if they never do, or have too few starts, particles draw instead, see [`HandOver`].
///
/// # Errors
/// If the density is zero wherever chains could start, or the budget is spent.
pub(super) fn slice(
    target: &dyn LogDensity,
    reference: &dyn Reference,
    n: usize,
    config: &SliceConfig,
    seed: Seed,
) -> Result<Drawn> {
    let mut evaluator = Evaluator::new(target, config.max_evaluations);
    let start = start(
        &mut evaluator,
        reference,
        config.chains,
        config.candidates,
        WORTH * config.chains as f64,
        seed,
    )?;
    let hand_over = HandOver {
        densities: (target, reference),
        n,
        config,
        seed,
    };
    if let Some(drawn) = hand_over.if_few(start.worth, &mut evaluator) {
        return Ok(drawn);
    }
    let mut chains: Vec<Chain> = (0..config.chains)
        .map(|i| Chain::new(i, &start, config, seed))
        .collect();
    let mut recorder = Recorder::new(config.chains, evaluator.dimension());
    let most = config.warmup;
    let apart = warmup::warm_up(&mut chains, most, &mut evaluator, &mut recorder)?;
    if let Some(drawn) = apart.and_then(|r_hat| hand_over.if_apart(r_hat, &mut evaluator)) {
        return Ok(drawn);
    }
    let sweeps = n.div_ceil(config.chains) * config.thin;
    run(
        &mut chains,
        [sweeps, sweeps],
        "sweeps",
        &mut evaluator,
        &mut recorder,
    )?;
    let mut report = Report {
        sampler: "slice".to_string(),
        evaluations: evaluator.spent,
        invalid: evaluator.invalid,
        ..Report::default()
    };
    let stuck: usize = chains.iter().map(|chain| chain.stuck).sum();
    if stuck > 0 {
        report.notes.push(format!(
            "{stuck} updates of a coordinate found no new point after {MAX_SHRINKS} shrinkings and kept \
             the old one: the density has a spike or is not continuous."
        ));
    }
    Ok(recorder.into_drawn(report))
}

/// Every chain goes on until it has done the first number of sweeps, out of the second.
fn run(
    chains: &mut [Chain],
    sweeps: [usize; 2],
    what: &str,
    evaluator: &mut Evaluator<'_>,
    recorder: &mut Recorder,
) -> Result<()> {
    while round(chains, sweeps, what, evaluator, recorder)? {}
    Ok(())
}

/// One question of each chain that has not done all sweeps; false if none is left.
fn round(
    chains: &mut [Chain],
    [sweeps, of]: [usize; 2],
    what: &str,
    evaluator: &mut Evaluator<'_>,
    recorder: &mut Recorder,
) -> Result<bool> {
    let mut points = Vec::new();
    for chain in chains.iter().filter(|chain| chain.sweep < sweeps) {
        chain.question(&mut points);
    }
    let mut values = vec![0.0; points.len() / evaluator.dimension()];
    if values.is_empty() {
        return Ok(false);
    }
    let first = chains.iter().map(|chain| chain.sweep).min().unwrap_or(0);
    evaluator.evaluate(&points, &mut values, || {
        format!("after {first} of {of} {what} of the slowest chain")
    })?;
    let active = chains.iter_mut().filter(|chain| chain.sweep < sweeps);
    for (chain, value) in active.zip(values) {
        if chain.answer(value) {
            recorder.push(chain.index, &chain.position, chain.log_density);
        }
    }
    Ok(true)
}
