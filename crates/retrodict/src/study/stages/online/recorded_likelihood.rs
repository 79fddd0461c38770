//! A synthetic likelihood whose values are written down, within a budget of simulations.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::mark;
use crate::error::{Error, Result};
use crate::infer::{LogLikelihood, SummariesConfig, SyntheticLikelihood};
use crate::seed::Seed;
use crate::simulate::{Failures, Journal, Record, Status};
use crate::study::{Run, StopFlag, SyntheticLikelihoodSection};

/// Under which name the record stands among the simulations.
const NAME: &str = "synthetic_likelihood";
/// θ that are estimated at once should take no longer than this: a kill loses no more.
const BLOCK_TIME: Duration = Duration::from_secs(1);

/// More are not estimated at once, however fast they are.
const LARGEST_BLOCK: usize = 1 << 12;

/// An estimate is known again by θ and the observation.
#[derive(Debug)]
pub(super) struct RecordedLikelihood {
    inner: SyntheticLikelihood,
    n_parameters: usize,
    max_simulations: usize,
    stop: StopFlag,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    known: HashMap<Vec<u64>, f64>,
    /// At how many θ each observation was asked about.
    asked: HashMap<u64, usize>,
    journal: Journal,
    /// How many θ are estimated at once.
    block: usize,
}

impl Run<'_> {
    /// The study's synthetic likelihood, with what was estimated before.
    pub(super) fn synthetic_likelihood(&self) -> Result<RecordedLikelihood> {
        let inner = self.synthetic(Seed(self.study().config().study.seed))?;
        let section = self.study().config().inference.synthetic_likelihood;
        let section = section.unwrap_or_default();
        let folder = self.record_folder(NAME, &self.synthetic_rests_on(section))?;
        let n = self.study().prior().n_parameters();
        let limit = section.max_simulations;
        RecordedLikelihood::open(inner, n, limit, self.stop().clone(), &folder)
    }

    /// The same without a record.
    pub(super) fn synthetic(&self, seed: Seed) -> Result<SyntheticLikelihood> {
        let inference = &self.study().config().inference;
        let section = inference.synthetic_likelihood.unwrap_or_default();
        let summaries = match section.summaries {
            SummariesConfig::None => None,
            config @ SummariesConfig::SemiAutomatic { .. } => {
                let all = self.all_simulations(&*self.training_simulations()?)?;
                config.fit(self.study().prior(), &all)?
            }
        };
        let simulator = Arc::clone(self.simulator()?);
        SyntheticLikelihood::new(simulator, section.likelihood(), summaries, seed)
    }

    fn synthetic_rests_on(&self, section: SyntheticLikelihoodSection) -> String {
        let unlimited = SyntheticLikelihoodSection {
            max_simulations: 0,
            ..section
        };
        let simulations = self.study().config().inference.simulations;
        let prior = &self.study().config().parameters;
        format!(
            "{} {unlimited:?} {simulations:?} {prior:?}",
            self.simulator_hash()
        )
    }

    /// How many simulations there are, if any, and how many of them failed.
    pub(super) fn synthetic_counts(&self) -> Result<Option<(Failures, usize)>> {
        let path = self.folder().online_simulations(NAME).join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let (_, records) = Journal::open(&path, 3 + self.study().prior().n_parameters())?;
        let section = self.study().config().inference.synthetic_likelihood;
        let n = records.len() * section.unwrap_or_default().simulations;
        let failed: f64 = records.iter().map(|record| record.x[2]).sum();
        let mut failures = Failures::new();
        if failed > 0.0 {
            failures.insert(Status::Failed, failed as usize);
        }
        Ok(Some((failures, n)))
    }
}

const FILE: &str = "estimates.partial";

impl RecordedLikelihood {
    fn open(
        inner: SyntheticLikelihood,
        n_parameters: usize,
        max_simulations: usize,
        stop: StopFlag,
        folder: &Path,
    ) -> Result<Self> {
        let (journal, records) = Journal::open(&folder.join(FILE), 3 + n_parameters)?;
        let mut kept = Kept {
            known: HashMap::new(),
            asked: HashMap::new(),
            journal,
            block: 1,
        };
        for Record { x, .. } in records {
            kept.keep(x[0], &x[3..], x[1]);
        }
        Ok(Self {
            inner,
            n_parameters,
            max_simulations,
            stop,
            kept: Mutex::new(kept),
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Estimates θ that nobody has asked about, a block at a time, and writes each block down.
    fn estimate(&self, theta: &[f64], x: &[f64]) -> Result<()> {
        let (d, own) = (self.n_parameters, mark(x));
        let mut rest = theta;
        while !rest.is_empty() {
            self.stop.check()?;
            let n = self.kept().block.min(rest.len() / d);
            self.afford(n, own)?;
            let (now, later) = rest.split_at(n * d);
            let started = Instant::now();
            // Not while the record is locked: this runs on all threads.
            let estimates = self.inner.estimates(now, x)?;
            let mut kept = self.kept();
            let mut values = Vec::with_capacity(n * (3 + d));
            for (theta, estimate) in now.chunks_exact(d).zip(&estimates) {
                let numbers = [own, estimate.log_likelihood, estimate.n_failed as f64];
                values.extend(numbers.iter().chain(theta));
                kept.keep(own, theta, estimate.log_likelihood);
            }
            let positions: Vec<usize> = (0..n).collect();
            kept.journal
                .append(&positions, &vec![Status::Ok; n], &values)?;
            if started.elapsed() < BLOCK_TIME / 4 {
                kept.block = (2 * kept.block).min(LARGEST_BLOCK);
            } else if started.elapsed() > BLOCK_TIME {
                kept.block = (kept.block / 2).max(1);
            }
            rest = later;
        }
        Ok(())
    }

    /// Whether the budget is good for `n` θ more.
    fn afford(&self, n: usize, own: f64) -> Result<()> {
        let each = self.inner.n_simulations();
        let done = self.kept().asked.get(&own.to_bits()).copied().unwrap_or(0);
        if (done + n) * each <= self.max_simulations {
            return Ok(());
        }
        Err(Error::Sampling {
            problem: format!(
                "the budget of {} simulations for one observation is spent, after {done} values of θ with \
                 {each} simulations each",
                self.max_simulations
            ),
            advice: "What was simulated is kept: raise `inference.synthetic_likelihood.max_simulations` and \
                     run again to go on from here, or ask for fewer `posterior.draws` or a shorter \
                     `inference.sampler.warmup`."
                .into(),
        })
    }
}

impl Kept {
    fn keep(&mut self, own: f64, theta: &[f64], value: f64) {
        if self.known.insert(key(own, theta), value).is_none() {
            *self.asked.entry(own.to_bits()).or_default() += 1;
        }
    }
}

fn key(own: f64, theta: &[f64]) -> Vec<u64> {
    std::iter::once(own)
        .chain(theta.iter().copied())
        .map(f64::to_bits)
        .collect()
}

impl LogLikelihood for RecordedLikelihood {
    fn n_data(&self) -> usize {
        self.inner.n_data()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        let (d, own) = (self.n_parameters, mark(x));
        let mut asked = std::collections::HashSet::new();
        let unknown: Vec<f64> = {
            let kept = self.kept();
            let new = theta.chunks_exact(d).filter(|theta| {
                let key = key(own, theta);
                !kept.known.contains_key(&key) && asked.insert(key)
            });
            new.flatten().copied().collect()
        };
        self.estimate(&unknown, x)?;
        let kept = self.kept();
        for (value, theta) in values.iter_mut().zip(theta.chunks_exact(d)) {
            *value = kept.known[&key(own, theta)];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::SyntheticLikelihoodConfig;
    use crate::simulate::FunctionSimulator;

    fn plain() -> SyntheticLikelihood {
        let simulator = FunctionSimulator::new("normal", 1, [1], |theta, random, x| {
            x[0] = theta[0] + random.normal();
            Ok(())
        });
        let config = SyntheticLikelihoodConfig::default();
        SyntheticLikelihood::new(Arc::new(simulator), config, None, Seed(1)).unwrap()
    }

    #[test]
    fn a_spent_budget_keeps_what_is_there_and_a_larger_one_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let open = |limit| {
            RecordedLikelihood::open(plain(), 1, limit, StopFlag::default(), folder.path()).unwrap()
        };
        let theta: Vec<f64> = (0..40).map(|i| 0.1 * f64::from(i)).collect();
        let mut values = vec![0.0; 40];
        let small = open(2500);
        let error = small
            .log_likelihood(&theta, &[1.0], &mut values)
            .unwrap_err();
        assert!(error.to_string().contains("2500 simulations"), "{error}");
        let done = small.inner.counts().n_evaluations;
        assert!((1..=25).contains(&done), "{done}");
        drop(small);
        let large = open(4000);
        large.log_likelihood(&theta, &[1.0], &mut values).unwrap();
        assert_eq!(large.inner.counts().n_evaluations, 40 - done);
        let mut plainly = vec![0.0; 40];
        plain()
            .log_likelihood(&theta, &[1.0], &mut plainly)
            .unwrap();
        assert_eq!(values, plainly);
        // Asked twice in one call is estimated once; another observation has a budget of its own.
        let twice = [9.0, 9.0];
        large
            .log_likelihood(&twice, &[2.0], &mut values[..2])
            .unwrap();
        assert_eq!(large.inner.counts().n_evaluations, 41 - done);
    }
}
