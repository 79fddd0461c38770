//! Chains of trajectories, each on its way or all in step.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use chacha20::ChaCha8Rng;
use nuts_rs::{Chain, CpuMath, DiagNutsSettings, Settings};
use rand_core::SeedableRng;
use rayon::prelude::*;

use super::density::{Counts, Density};
use super::meeting::Meeting;
use crate::error::{Error, Result};
use crate::sample::LogDensity;
use crate::sample::config::NutsConfig;
use crate::sample::evaluator::budget_spent;
use crate::sample::start::Start;
use crate::seed::{Seed, Stream};

/// All chains of a sampler, from their starts.
pub(super) struct Chains<'a> {
    pub(super) target: &'a dyn LogDensity,
    pub(super) config: &'a NutsConfig,
    /// Draws of each chain.
    pub(super) kept: usize,
    /// Evaluations of each chain.
    pub(super) budget: usize,
}

/// What one chain gives.
pub(super) struct Trajectories {
    pub(super) points: Vec<f64>,
    pub(super) divergent: Vec<f64>,
    pub(super) n_steps: Vec<f64>,
    pub(super) evaluations: usize,
    pub(super) invalid: usize,
}

impl Chains<'_> {
    pub(super) fn run(&self, start: &Start, seed: Seed) -> Result<Vec<Trajectories>> {
        let chains: Vec<Result<Trajectories>> = if self.target.gains_from_batches() {
            self.run_together(start, seed)
        } else {
            let chains = (0..self.config.chains).into_par_iter();
            chains
                .map(|chain| self.run_one(self.target, chain, start, seed))
                .collect()
        };
        chains.into_iter().collect()
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
                    scope.spawn(move || self.run_one(&chair, chain, start, seed))
                })
                .collect();
            meeting.serve(self.target);
            let joined = chains.into_iter().map(thread::ScopedJoinHandle::join);
            joined
                .map(|chain| chain.unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        })
    }

    fn run_one(
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
}
