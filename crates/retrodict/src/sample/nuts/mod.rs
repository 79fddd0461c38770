//! The no-U-turn sampler, by the crate `nuts-rs`.

mod density;
mod meeting;

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use chacha20::ChaCha8Rng;
use nuts_rs::{Chain, CpuMath, DiagNutsSettings, Settings};
use rand_core::SeedableRng;
use rayon::prelude::*;

use self::density::{Counts, Density};
use self::meeting::Meeting;
use super::config::NutsConfig;
use super::drawn::{Drawn, Recorder, Report};
use super::evaluator::{Evaluator, budget_spent, no_gradient};
use super::start::{ALL, Start, start};
use super::{LogDensity, Reference};
use crate::error::{Error, Result};
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
    let plan = Plan {
        target,
        config,
        kept: n.div_ceil(config.chains),
        budget: config.max_evaluations.saturating_sub(evaluator.spent) / config.chains,
    };
    let chains = if target.gains_from_batches() {
        plan.run_together(&start, seed)
    } else {
        let chains = (0..config.chains).into_par_iter();
        chains
            .map(|chain| plan.run(target, chain, &start, seed))
            .collect()
    };
    let chains = chains.into_iter().collect::<Result<Vec<_>>>()?;
    plan.gather(&chains, &evaluator)
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

struct Plan<'a> {
    target: &'a dyn LogDensity,
    config: &'a NutsConfig,
    kept: usize,
    /// Evaluations of each chain.
    budget: usize,
}

/// What one chain gives.
struct Trajectories {
    points: Vec<f64>,
    divergent: Vec<f64>,
    n_steps: Vec<f64>,
    evaluations: usize,
    invalid: usize,
}

impl Plan<'_> {
    fn settings(&self) -> DiagNutsSettings {
        let mut settings = DiagNutsSettings {
            num_tune: self.config.warmup as u64,
            num_draws: self.kept as u64,
            maxdepth: self.config.max_depth as u64,
            num_chains: self.config.chains,
            ..DiagNutsSettings::default()
        };
        let step_size = &mut settings.adapt_options.step_size_settings;
        step_size.target_accept = self.config.target_acceptance;
        settings
    }

    /// Every chain on a thread of its own, which asks this one for densities.
    fn run_together(&self, start: &Start, seed: Seed) -> Vec<Result<Trajectories>> {
        let meeting = Meeting::new(self.config.chains);
        let d = self.target.dimension();
        thread::scope(|scope| {
            let chains: Vec<_> = (0..self.config.chains)
                .map(|chain| {
                    let chair = meeting.chair(chain, d);
                    // The chair moves there, so that a chain which ends, or panics, leaves it.
                    scope.spawn(move || self.run(&chair, chain, start, seed))
                })
                .collect();
            meeting.serve(self.target);
            let joined = chains.into_iter().map(thread::ScopedJoinHandle::join);
            joined
                .map(|chain| chain.unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        })
    }

    fn run(
        &self,
        target: &dyn LogDensity,
        chain: usize,
        start: &Start,
        seed: Seed,
    ) -> Result<Trajectories> {
        let counts = Arc::new(Counts::default());
        let density = Density {
            target,
            budget: self.budget,
            counts: Arc::clone(&counts),
        };
        let d = self.target.dimension();
        let key = seed.stream(Stream::Chain, chain as u64).next_u64();
        let mut random = ChaCha8Rng::seed_from_u64(key);
        let mut trajectories = Trajectories {
            points: Vec::with_capacity(self.kept * d),
            divergent: Vec::new(),
            n_steps: Vec::new(),
            evaluations: 0,
            invalid: 0,
        };
        let outcome = self.advance(density, chain, start, &mut random, &mut trajectories);
        trajectories.evaluations = counts.evaluations.load(Ordering::Relaxed);
        trajectories.invalid = counts.invalid.load(Ordering::Relaxed);
        match outcome {
            Ok(()) => Ok(trajectories),
            Err(problem) => Err(self.failure(&trajectories, problem)),
        }
    }

    /// Warm-up and draws; an error is what the crate says.
    fn advance(
        &self,
        density: Density<'_>,
        chain: usize,
        start: &Start,
        random: &mut ChaCha8Rng,
        trajectories: &mut Trajectories,
    ) -> Result<(), String> {
        let d = self.target.dimension();
        let sampler = self
            .settings()
            .new_chain(chain as u64, CpuMath::new(density), random);
        let mut sampler = sampler.map_err(|error| error.to_string())?;
        sampler
            .set_position(&start.points[chain * d..(chain + 1) * d])
            .map_err(|error| error.to_string())?;
        for draw in 0..self.config.warmup + self.kept {
            let (point, progress) = sampler.draw().map_err(|error| error.to_string())?;
            if draw >= self.config.warmup {
                trajectories.points.extend_from_slice(&point);
                let divergent = f64::from(u8::from(progress.diverging));
                trajectories.divergent.push(divergent);
                trajectories.n_steps.push(progress.num_steps as f64);
            }
        }
        Ok(())
    }

    fn failure(&self, trajectories: &Trajectories, problem: String) -> Error {
        if trajectories.evaluations >= self.budget {
            let ready = trajectories.n_steps.len();
            let progress = format!("after {ready} of {} draws of a chain", self.kept);
            return budget_spent(self.config.max_evaluations, &progress);
        }
        Error::Sampling {
            problem,
            advice:
                "Check that the log-density has a finite gradient inside the prior, or choose the \
                     sampler `slice`."
                    .to_string(),
        }
    }

    fn gather(&self, chains: &[Trajectories], evaluator: &Evaluator<'_>) -> Result<Drawn> {
        let d = self.target.dimension();
        let own: usize = chains.iter().map(|chain| chain.evaluations).sum();
        let mut last = Evaluator::new(self.target, usize::MAX);
        let mut recorder = Recorder::new(chains.len(), d);
        for (i, chain) in chains.iter().enumerate() {
            let mut values = vec![0.0; self.kept];
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
}
