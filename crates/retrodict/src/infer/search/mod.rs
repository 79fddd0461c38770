//! A search for the settings whose networks predict held-out simulations best.

mod config;
mod duration;
mod result;
mod rungs;
mod settings;
#[cfg(test)]
mod tests;
mod trial;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

pub use config::{SearchConfig, SearchMethod};
pub use duration::TimeSpan;
pub use result::SearchResult;
pub use settings::Settings;
pub use trial::{Trial, TrialFolder};

use self::rungs::{Rung, rungs, survivors};
use super::npe::NpeConfig;
use super::streamed::{fits_in_memory, npe_from};
use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::SimulationSource;
use crate::train::{EpochRecord, Memory};

/// Is shown every trial as it ends, those that were finished before included; `Break` stops the
/// search with [`Error::Interrupted`], as it does when asked within a trial, without one.
pub type TrialObserver<'a> = &'a (dyn Fn(Option<&Trial>) -> ControlFlow<()> + Sync);

/// Tries configurations and finds the best.
///
/// Each trial trains one network of `base` with other settings, on the same rows with the same seed,
/// and is judged by its loss over the same held-out rows. Trials run side by side, one a core; trial
/// *i* has the same settings and the same result whatever runs beside it, and is written to `folder`
/// when it ends, so that a search that was killed goes on from there. The time that earlier runs
/// used counts. A trial whose training fails is counted.
///
/// # Errors
/// If a setting makes no sense, the simulations cannot be learned from, no trial succeeds, a file
/// cannot be written, or the observer stops it.
pub fn search(
    prior: &Prior,
    source: &dyn SimulationSource,
    (base, config): (&NpeConfig, &SearchConfig),
    seed: Seed,
    folder: Option<&TrialFolder>,
    observer: TrialObserver<'_>,
) -> Result<SearchResult> {
    config.validate()?;
    let base = &NpeConfig {
        estimator: (base.estimator).settled_for(base.train.training_rows(source.n_rows())),
        train: base.train.resolved(source.n_rows(), source.data().len()),
        ..base.clone()
    };
    let search = Search {
        prior,
        source,
        base,
        config,
        seed,
        folder,
        observer,
        start: Instant::now(),
        before: used_before(config, base, folder),
    };
    let mut trials: Vec<Trial> = Vec::new();
    let mut indices: Vec<usize> = (0..config.trials).collect();
    for rung in rungs(config.method, base.train.max_steps) {
        let finished = search.run(&indices, &rung)?;
        indices = survivors(&finished);
        trials.extend(finished);
    }
    SearchResult::new(trials, search.elapsed(), config)
}

/// The time that finished trials of earlier runs used.
fn used_before(config: &SearchConfig, base: &NpeConfig, folder: Option<&TrialFolder>) -> f64 {
    let rungs = rungs(config.method, base.train.max_steps);
    let all = rungs
        .iter()
        .flat_map(|rung| (0..config.trials).map(|index| (index, rung.number)));
    let found = all.filter_map(|(index, rung)| folder?.read(index, rung));
    found.map(|trial| trial.elapsed).fold(0.0, f64::max)
}

struct Search<'a> {
    prior: &'a Prior,
    source: &'a dyn SimulationSource,
    base: &'a NpeConfig,
    config: &'a SearchConfig,
    seed: Seed,
    folder: Option<&'a TrialFolder>,
    observer: TrialObserver<'a>,
    start: Instant,
    /// Seconds that earlier runs used.
    before: f64,
}

impl Search<'_> {
    fn elapsed(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    fn has_time(&self) -> bool {
        let time = self.config.time.as_ref();
        time.is_none_or(|time| self.elapsed() < time.seconds())
    }

    /// The trials of a rung in order, as far as the time goes; those that begin are taken in order.
    fn run(&self, indices: &[usize], rung: &Rung) -> Result<Vec<Trial>> {
        let next = AtomicUsize::new(0);
        let work = |_| -> Result<Vec<Trial>> {
            let mut finished = Vec::new();
            while let Some(&index) = indices.get(next.fetch_add(1, Ordering::Relaxed)) {
                finished.extend(self.trial(index, rung)?);
            }
            Ok(finished)
        };
        let parts = (0..self.workers()).into_par_iter().map(work);
        let mut trials = parts.collect::<Result<Vec<_>>>()?.concat();
        trials.sort_by_key(|trial| trial.index);
        Ok(trials)
    }

    /// One trial a core, or as many as have room for copies of the simulations.
    fn workers(&self) -> usize {
        let columns = self.source.parameters().len() + self.source.data().len();
        let fits = |workers: usize| {
            let memory: Memory = self.base.train.memory;
            fits_in_memory(self.source.n_rows() * workers, columns, memory)
        };
        let cores = rayon::current_num_threads();
        (1..=cores).rev().find(|&n| fits(n)).unwrap_or(1)
    }

    /// One trial, made or found; none if the time is over.
    fn trial(&self, index: usize, rung: &Rung) -> Result<Option<Trial>> {
        let found = self.folder.and_then(|f| f.read(index, rung.number));
        let trial = match found {
            Some(trial) => trial,
            None if !self.has_time() => return Ok(None),
            None => {
                let trial = self.train(index, rung)?;
                if let Some(folder) = self.folder {
                    folder.write(&trial)?;
                }
                trial
            }
        };
        match (self.observer)(Some(&trial)) {
            ControlFlow::Continue(()) => Ok(Some(trial)),
            ControlFlow::Break(()) => Err(Error::Interrupted),
        }
    }

    fn train(&self, index: usize, rung: &Rung) -> Result<Trial> {
        let settings = Settings::draw(self.config, self.base, self.seed, index);
        let mut config = settings.applied_to(self.base);
        config.train.ensemble_size = 1;
        config.train.max_steps = rung.max_steps;
        let start = Instant::now();
        let watch = |_: &EpochRecord| (self.observer)(None);
        let (loss, failure, epochs) =
            match npe_from(self.prior, self.source, &config, self.seed, &watch) {
                Ok((_, log)) => {
                    let member = &log.members[0];
                    (Some(member.best_validation_loss), None, member.epochs.len())
                }
                Err(Error::Training { problem, .. }) => (None, Some(problem), 0),
                Err(error) => return Err(error),
            };
        Ok(Trial {
            index,
            rung: rung.number,
            max_steps: rung.max_steps,
            settings,
            loss,
            failure,
            epochs,
            seconds: start.elapsed().as_secs_f64(),
            elapsed: self.elapsed(),
        })
    }
}
