//! Candidates: θ from a proposal, and data simulated with it.

use rayon::prelude::*;

use super::acceptance::Acceptance;
use super::comparison::{Comparison, check_observation};
use super::distance::Distance;
use super::population::Population;
use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::seed::{Random, Seed, Stream};
use crate::simulate::{
    Failures, Noise, Observer, Progress, Simulations, Simulator, Status, simulate,
};
use crate::table::Table;

/// What is to be inferred.
#[derive(Clone, Copy)]
pub struct AbcProblem<'a> {
    /// The prior of θ.
    pub prior: &'a Prior,
    /// The simulator.
    pub simulator: &'a dyn Simulator,
    /// The observation: one row of data.
    pub observation: &'a [f64],
    /// A distance of one's own, in place of the configured one.
    pub distance: Option<&'a dyn Distance>,
    /// Watches the simulations run; `&()` watches nothing.
    pub observer: &'a dyn Observer,
}

impl<'a> AbcProblem<'a> {
    /// A problem with the configured distance, and nobody watching.
    pub fn new(prior: &'a Prior, simulator: &'a dyn Simulator, observation: &'a [f64]) -> Self {
        Self {
            prior,
            simulator,
            observation,
            distance: None,
            observer: &(),
        }
    }

    /// The length of a row of data.
    pub(super) fn n_data(&self) -> usize {
        self.simulator.data_shape().iter().product()
    }

    pub(super) fn check(&self) -> Result<()> {
        check_observation(self.observation, self.n_data())?;
        if self.simulator.n_parameters() == self.prior.n_parameters() {
            return Ok(());
        }
        Err(Error::Simulator {
            simulator: self.simulator.name(),
            problem: format!(
                "it takes {} parameters, but the prior has {}",
                self.simulator.n_parameters(),
                self.prior.n_parameters()
            ),
            advice: "Give one prior for each parameter of the simulator.".into(),
        })
    }
}

impl std::fmt::Debug for AbcProblem<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AbcProblem")
            .field("simulator", &self.simulator.name())
            .field("observation", &self.observation)
            .field("distance", &self.distance)
            .finish_non_exhaustive()
    }
}

/// Draws one θ; fills its argument.
pub(super) type Proposal<'a> = &'a (dyn Fn(&mut Random, &mut [f64]) -> Result<()> + Sync);

/// A stream of candidates. Candidate i has the streams (seed, i) for θ and for its data, whatever
/// became of those before it.
pub(super) struct Candidates<'a> {
    pub(super) problem: AbcProblem<'a>,
    seed: Seed,
    /// How many have been simulated.
    pub(super) done: usize,
    /// How many may be.
    limit: usize,
    /// Those that failed so far, by kind.
    pub(super) failures: Failures,
}

/// When a run of candidates ends, and what it keeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How many are to be accepted.
    pub(super) wanted: usize,
    /// How many are simulated at most.
    pub(super) most: usize,
    /// Of those that are not accepted, the ones nearer than this are kept beside.
    pub(super) near: f64,
}

/// What a run of candidates gave.
pub(super) struct Accepted {
    pub(super) population: Population,
    /// Those that were not accepted, but near.
    pub(super) missed: Population,
    pub(super) n_simulations: usize,
    pub(super) n_failed: usize,
    pub(super) n_undefined: usize,
    /// Data of all simulations that gave any, accepted or not; of the first ones if there are many.
    pub(super) seen: Table,
    /// How many candidates stand up to the last one that was needed.
    pub(super) n_considered: usize,
}

/// Candidates that were simulated: θ, data, and the uniform number that decides on acceptance.
pub(super) struct Batch {
    pub(super) simulations: Simulations,
    pub(super) levels: Vec<f64>,
}

/// Rows kept to learn scales from; their median absolute deviation is known to 1 %.
const MOST_SEEN: usize = 20_000;
const SMALLEST_BATCH: usize = 16;
const LARGEST_BATCH: usize = 10_000;

impl<'a> Candidates<'a> {
    pub(super) fn new(problem: &AbcProblem<'a>, limit: usize, seed: Seed) -> Self {
        Self {
            problem: *problem,
            seed,
            done: 0,
            limit,
            failures: Failures::new(),
        }
    }

    /// A stream of this run.
    pub(super) fn stream(&self, purpose: Stream, index: u64) -> Random {
        self.seed.stream(purpose, index)
    }

    /// How many simulations are left.
    pub(super) fn left(&self) -> usize {
        self.limit - self.done
    }

    /// Simulates the next `n` candidates, or as many as are left.
    pub(super) fn batch(&mut self, n: usize, propose: Proposal<'_>) -> Result<Batch> {
        let n = n.min(self.left());
        let d = self.problem.prior.n_parameters();
        let mut theta = vec![0.0; n * d];
        let levels = theta.par_chunks_mut(d).enumerate().map(|(i, theta)| {
            let index = (self.done + i) as u64;
            let mut random = self.seed.stream(Stream::AbcParameters, index);
            let level = random.uniform_open();
            propose(&mut random, theta).map(|()| level)
        });
        let levels = levels.collect::<Result<Vec<f64>>>()?;
        let theta = Table::new(self.problem.prior.names(), theta)?;
        let simulations = self.simulate(theta)?;
        Ok(Batch {
            simulations,
            levels,
        })
    }

    /// Simulates these rows as the next candidates.
    pub(super) fn simulate(&mut self, theta: Table) -> Result<Simulations> {
        let noise = Noise {
            seed: self.seed,
            purpose: Stream::AbcSimulator,
            first: self.done as u64,
        };
        let watcher = Watcher {
            inner: self.problem.observer,
            before: self.done,
            limit: self.limit,
            failures: &self.failures,
        };
        let simulations = simulate(self.problem.simulator, theta, noise, &watcher)?;
        self.done += simulations.len();
        for (status, n) in simulations.failures() {
            *self.failures.entry(status).or_default() += n;
        }
        Ok(simulations)
    }

    /// Candidates in the order of their index until as many are accepted or simulated as the limits say, or
    /// none is left. `first` holds candidates that were simulated already.
    pub(super) fn accept(
        &mut self,
        first: Option<Batch>,
        limits: Limits,
        propose: Proposal<'_>,
        comparison: &Comparison<'_>,
        acceptance: Acceptance,
    ) -> Result<Accepted> {
        let mut accepted = Accepted::empty(self.problem.n_data())?;
        let mut next = first;
        loop {
            let batch = if let Some(first) = next.take() {
                first
            } else {
                let n = accepted.next_batch(limits.wanted);
                self.batch(n.min(limits.most - accepted.n_simulations), propose)?
            };
            if batch.levels.is_empty() {
                return Ok(accepted);
            }
            accepted.add(&batch, limits, comparison, acceptance);
            let full = accepted.population.len() == limits.wanted;
            if full || accepted.n_simulations >= limits.most {
                return Ok(accepted);
            }
        }
    }
}

impl Accepted {
    fn empty(n_data: usize) -> Result<Self> {
        Ok(Self {
            population: Population::default(),
            missed: Population::default(),
            n_simulations: 0,
            n_failed: 0,
            n_undefined: 0,
            seen: Table::numbered("x", n_data, Vec::new())?,
            n_considered: 0,
        })
    }

    /// As many as are missing at the rate so far.
    fn next_batch(&self, wanted: usize) -> usize {
        let missing = wanted - self.population.len();
        let rate = (self.population.len() as f64 + 0.5) / (self.n_simulations as f64 + 0.5);
        let n = if self.n_simulations == 0 {
            missing as f64
        } else {
            missing as f64 / rate
        };
        (n.ceil() as usize).clamp(SMALLEST_BATCH, LARGEST_BATCH)
    }

    fn add(
        &mut self,
        batch: &Batch,
        limits: Limits,
        comparison: &Comparison<'_>,
        acceptance: Acceptance,
    ) {
        let Simulations { theta, x, status } = &batch.simulations;
        let distances = comparison.distances(x.values(), x.n_columns());
        self.n_simulations += status.len();
        for i in 0..status.len() {
            if status[i] != Status::Ok {
                self.n_failed += 1;
            } else if distances[i].is_nan() {
                self.n_undefined += 1;
            }
            let ok = status[i] == Status::Ok && !distances[i].is_nan();
            if status[i] == Status::Ok && self.seen.n_rows() < MOST_SEEN {
                self.seen.push(x.row(i));
            }
            if !ok || self.population.len() == limits.wanted {
                continue;
            }
            self.n_considered = self.n_simulations - status.len() + i + 1;
            if let Some(log_weight) = acceptance.accept(distances[i], batch.levels[i]) {
                self.population
                    .push(theta.row(i), x.row(i), distances[i], log_weight);
            } else if distances[i] < limits.near {
                self.missed.push(theta.row(i), x.row(i), distances[i], 0.0);
            }
        }
    }

    /// The nearest of all that were simulated, as if the distance of the last one had been the tolerance;
    /// nothing if too few were near.
    pub(super) fn nearest(mut self, wanted: usize) -> Option<Self> {
        self.population.append(&self.missed);
        self.population = self.population.nearest(wanted)?;
        Some(self)
    }

    /// The share that was accepted of the candidates up to the last one that was needed.
    pub(super) fn rate(&self) -> f64 {
        self.population.len() as f64 / self.n_considered.max(1) as f64
    }
}

/// Tells an observer about all candidates of a run, not of a batch.
struct Watcher<'a> {
    inner: &'a dyn Observer,
    before: usize,
    limit: usize,
    failures: &'a Failures,
}

impl Observer for Watcher<'_> {
    fn progress(&self, progress: &Progress) {
        let mut failures = self.failures.clone();
        for (status, n) in &progress.failures {
            *failures.entry(*status).or_default() += n;
        }
        self.inner.progress(&Progress {
            done: self.before + progress.done,
            total: self.limit,
            failures,
        });
    }

    fn interrupted(&self) -> bool {
        self.inner.interrupted()
    }

    fn log(&self, line: &str) {
        self.inner.log(line);
    }
}
