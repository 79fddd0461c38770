//! A posterior that many observations are asked of, one after another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::infer::Posterior;
use crate::prior::Parameter;
use crate::samples::Samples;
use crate::seed::Seed;
use crate::study::{Event, Run, Stage};
use crate::table::Table;

/// Draws from a posterior, says how many test simulations have had theirs, and ends when the run is to stop: where
/// a sampler draws, all of them take hours.
pub(super) struct WatchedPosterior<'r, 'a> {
    inner: &'r dyn Posterior,
    run: &'r Run<'a>,
    /// Units of the stage that are done before, and how many observations will be asked for.
    at: usize,
    total: usize,
    done: AtomicUsize,
    told: Mutex<Instant>,
}

/// Progress is told no more often.
const EVERY: Duration = Duration::from_secs(1);

impl<'r, 'a> WatchedPosterior<'r, 'a> {
    pub(super) fn new(
        inner: &'r dyn Posterior,
        run: &'r Run<'a>,
        (at, total): (usize, usize),
    ) -> Self {
        Self {
            inner,
            run,
            at,
            total,
            done: AtomicUsize::new(0),
            told: Mutex::new(Instant::now()),
        }
    }

    fn tell(&self) {
        let done = 1 + self.done.fetch_add(1, Ordering::Relaxed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() < EVERY {
            return;
        }
        *told = Instant::now();
        self.run.tell(&Event::Progress {
            stage: Stage::Check,
            done: self.at,
            message: format!("posterior {done} of {} test simulations", self.total),
        });
    }
}

impl Posterior for WatchedPosterior<'_, '_> {
    fn parameters(&self) -> &[Parameter] {
        self.inner.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        self.run.stop().check()?;
        let samples = self.inner.sample(x, n, seed);
        self.tell();
        samples
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.inner.log_prob(theta, x)
    }

    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.inner.log_unnormalized(theta, x)
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.inner.map(x, seed)
    }

    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.inner.map_from(draws, x, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::study::{Source, StopFlag, Study};

    #[test]
    fn a_calibration_stops_before_the_next_posterior_and_goes_on_later() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[study]\nname = \"toy\"\n[simulator]\nbuiltin = \"gaussian_toy\"\n\
            [inference]\nmethod = \"abc_rejection\"\nsimulations = 1000\n\
            [check]\ntest_simulations = 40\nposterior_draws = 50\n";
        let study = || Study::from_source(Source::new("study.toml", text), None).unwrap();
        let out = folder.path().join("run");
        let stop = StopFlag::default();
        let stops = |event: &Event| {
            if matches!(
                event,
                Event::Started {
                    stage: Stage::Check,
                    ..
                }
            ) {
                stop.stop();
            }
        };
        let mut run = Run::open(study(), &out, &stops, stop.clone()).unwrap();
        assert!(matches!(run.all(), Err(Error::Interrupted)));
        let calibration = out.join("checks/calibration.json");
        assert!(!calibration.exists());
        drop(run);
        let mut run = Run::open(study(), &out, &|_| (), StopFlag::default()).unwrap();
        run.all().unwrap();
        assert!(calibration.exists());
    }
}
