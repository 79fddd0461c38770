//! The no-U-turn sampler, by the crate `nuts-rs`.

mod chains;
mod density;
mod meeting;

use self::chains::{Chains, Trajectories};
use super::config::NutsConfig;
use super::drawn::{Drawn, Recorder, Report};
use super::evaluator::{Evaluator, no_gradient};
use super::start::{ALL, start};
use super::{LogDensity, Reference};
use crate::error::Result;
use crate::seed::{Seed, Stream};

/// Hamiltonian trajectories that end where they turn back (Hoffman and Gelman 2014,
/// arXiv:1111.4246), multinomial along the trajectory (Betancourt 2017, arXiv:1701.02434), with step
/// size and diagonal mass matrix adapted in warm-up. Chains run on different threads; if the density
/// gains from batches, they wait for each other at each point and have all points evaluated together.
///
/// # Errors
/// If the density has no gradient, is zero wherever chains could start, or the budget is spent.
pub(super) fn nuts(
    target: &dyn LogDensity,
    reference: &dyn Reference,
    n: usize,
    config: &NutsConfig,
    seed: Seed,
) -> Result<Drawn> {
    check_gradient(target, reference, seed)?;
    let mut evaluator = Evaluator::new(target, config.max_evaluations);
    let start = start(
        &mut evaluator,
        reference,
        config.chains,
        config.candidates,
        ALL,
        seed,
    )?;
    let chains = Chains {
        target,
        config,
        kept: n.div_ceil(config.chains),
        budget: config.max_evaluations.saturating_sub(evaluator.spent) / config.chains,
    };
    gather(target, &chains.run(&start, seed)?, &evaluator)
}

/// One evaluation, before anything else is done.
fn check_gradient(target: &dyn LogDensity, reference: &dyn Reference, seed: Seed) -> Result<()> {
    let mut point = vec![0.0; target.dimension()];
    let mut gradient = point.clone();
    reference.draw(0, seed.derive(Stream::Start, 0), &mut point);
    if target.with_gradient(&point, &mut [0.0], &mut gradient) {
        return Ok(());
    }
    Err(no_gradient())
}

fn gather(
    target: &dyn LogDensity,
    chains: &[Trajectories],
    evaluator: &Evaluator<'_>,
) -> Result<Drawn> {
    let d = target.dimension();
    let own: usize = chains.iter().map(|chain| chain.evaluations).sum();
    let mut last = Evaluator::new(target, usize::MAX);
    let mut recorder = Recorder::new(chains.len(), d);
    for (i, chain) in chains.iter().enumerate() {
        let mut values = vec![0.0; chain.points.len() / d];
        last.evaluate(&chain.points, &mut values, String::new)?;
        for (point, value) in chain.points.chunks_exact(d).zip(values) {
            recorder.push(i, point, value);
        }
    }
    let divergent = chains
        .iter()
        .map(|c| c.divergent.clone())
        .collect::<Vec<_>>();
    let divergent = divergent.concat();
    let n_steps = chains.iter().map(|c| c.n_steps.clone()).collect::<Vec<_>>();
    let divergences = divergent.iter().filter(|v| **v > 0.0).count();
    let mut notes = Vec::new();
    if divergences > 0 {
        notes.push(format!(
            "{divergences} trajectories diverged: draws may miss a part of the posterior. Raise \
             `target_acceptance`, or use the sampler `slice`."
        ));
    }
    let mut drawn = recorder.into_drawn(Report {
        sampler: "nuts".to_string(),
        evaluations: evaluator.spent + own + last.spent,
        invalid: evaluator.invalid + chains.iter().map(|c| c.invalid).sum::<usize>(),
        divergences,
        notes,
        ..Report::default()
    });
    drawn.statistics.insert("divergent".to_string(), divergent);
    let steps = ("n_steps".to_string(), n_steps.concat());
    drawn.statistics.extend([steps]);
    Ok(drawn)
}
