//! Many simulations in one call: what goes in, who is told, and the table that comes out.

use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::seed::{Random, Seed, Stream};
use crate::simulate::{Failures, Simulations, Simulator, Status};
use crate::table::Table;

/// Where the randomness of a table of simulations comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    /// The seed of the run.
    pub seed: Seed,
    /// What the simulations are for, such as [`Stream::Simulator`].
    pub purpose: Stream,
    /// The index of the first row's simulation.
    pub first: u64,
}

/// The simulations of one call: θ, and for each row the index of its simulation.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    theta: &'a [f64],
    indices: &'a [u64],
    seed: Seed,
    purpose: Stream,
}

impl<'a> Rows<'a> {
    /// Rows of `theta` (row-major), where row *i* belongs to simulation `indices[i]`.
    pub fn new(theta: &'a [f64], indices: &'a [u64], seed: Seed, purpose: Stream) -> Self {
        let n = indices.len();
        assert!(
            n == 0 || (!theta.is_empty() && theta.len().is_multiple_of(n)),
            "one row of θ an index"
        );
        Self {
            theta,
            indices,
            seed,
            purpose,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The parameters of all rows, row after row.
    pub fn all_theta(&self) -> &'a [f64] {
        self.theta
    }

    /// The parameters of row `i`.
    pub fn theta(&self, i: usize) -> &'a [f64] {
        let n = self.theta.len() / self.indices.len();
        &self.theta[i * n..(i + 1) * n]
    }

    /// The index of row `i`'s simulation.
    pub fn index(&self, i: usize) -> u64 {
        self.indices[i]
    }

    /// Other rows that draw from the same seed for the same purpose.
    pub fn of_same_streams<'b>(&self, theta: &'b [f64], indices: &'b [u64]) -> Rows<'b> {
        Rows::new(theta, indices, self.seed, self.purpose)
    }

    /// The generator of row `i`.
    pub fn random(&self, i: usize) -> Random {
        self.seed.stream(self.purpose, self.indices[i])
    }
}

/// Takes finished simulations, in any order and from any thread.
pub trait RowSink: Sync {
    /// Takes the rows from `first` on: one status a row, and their data, row after row.
    ///
    /// # Errors
    /// If they cannot be kept; then no more are simulated.
    fn finished(&self, first: usize, status: &[Status], x: &[f64]) -> Result<()>;

    /// Whether the user asked to stop. Rows that are not finished yet are given up.
    fn interrupted(&self) -> bool {
        false
    }

    /// A line that a simulator wrote, or why a simulation failed.
    fn log(&self, _line: &str) {}
}

/// How far a table of simulations is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// How many simulations are finished, failed ones included.
    pub done: usize,
    /// How many there will be.
    pub total: usize,
    /// How many of those finished have failed, by kind.
    pub failures: Failures,
}

/// Watches simulations run. `()` watches nothing.
pub trait Observer: Sync {
    /// Called whenever a block of simulations is finished, from any thread.
    fn progress(&self, _progress: &Progress) {}

    /// Asked often; `true` ends the work with [`Error::Interrupted`].
    fn interrupted(&self) -> bool {
        false
    }

    /// A line that a simulator wrote to its standard error, or why a simulation failed.
    fn log(&self, _line: &str) {}
}

impl Observer for () {}

/// Simulates every row of `theta`, in parallel, in memory.
///
/// Row *i* depends on `theta`'s row *i* and on (`noise.seed`, `noise.purpose`, `noise.first` + i)
/// alone: the bits do not depend on how many threads or worker processes there are. Simulations
/// that fail are counted in the result's `status` and hold NaN.
///
/// # Errors
/// If `theta` does not have the simulator's number of columns, if the simulator as a whole cannot
/// go on, or if `observer` is interrupted.
///
/// # Example
/// ```
/// use retrodict::simulate::{FunctionSimulator, Noise, simulate};
/// use retrodict::{Seed, Stream, Table};
/// let simulator = FunctionSimulator::new("shift", 1, [1], |theta, random, x| {
///     x[0] = theta[0] + random.normal();
///     Ok(())
/// });
/// let theta = Table::new(["mu"], vec![0.0, 100.0])?;
/// let noise = Noise { seed: Seed(1), purpose: Stream::Simulator, first: 0 };
/// let simulations = simulate(&simulator, theta, noise, &())?;
/// assert!((simulations.x.row(1)[0] - 100.0).abs() < 10.0);
/// # Ok::<(), retrodict::Error>(())
/// ```
pub fn simulate(
    simulator: &dyn Simulator,
    theta: Table,
    noise: Noise,
    observer: &dyn Observer,
) -> Result<Simulations> {
    check_columns(simulator, theta.n_columns())?;
    let n = theta.n_rows();
    let indices: Vec<u64> = (noise.first..noise.first + n as u64).collect();
    let rows = Rows::new(theta.values(), &indices, noise.seed, noise.purpose);
    let sink = Memory::new(n, row_length(simulator), observer);
    simulator.simulate_rows(&rows, &sink)?;
    sink.into_simulations(theta)
}

/// The length of one row of data.
pub(crate) fn row_length(simulator: &(impl Simulator + ?Sized)) -> usize {
    simulator.data_shape().iter().product()
}

pub(crate) fn check_columns(simulator: &dyn Simulator, n_columns: usize) -> Result<()> {
    if simulator.n_parameters() == n_columns {
        return Ok(());
    }
    Err(Error::Simulator {
        simulator: simulator.name(),
        problem: format!(
            "it takes {} parameters, but {n_columns} are given",
            simulator.n_parameters()
        ),
        advice: "Give one prior for each parameter of the simulator.".into(),
    })
}

/// Keeps finished rows in memory, each at its place.
pub(crate) struct Memory<'a> {
    length: usize,
    observer: &'a dyn Observer,
    kept: Mutex<Kept>,
}

struct Kept {
    x: Vec<f64>,
    status: Vec<Option<Status>>,
    progress: Progress,
}

impl<'a> Memory<'a> {
    fn new(n: usize, length: usize, observer: &'a dyn Observer) -> Self {
        let progress = Progress {
            done: 0,
            total: n,
            failures: Failures::new(),
        };
        let kept = Kept {
            x: vec![f64::NAN; n * length],
            status: vec![None; n],
            progress,
        };
        Self {
            length,
            observer,
            kept: Mutex::new(kept),
        }
    }

    fn into_simulations(self, theta: Table) -> Result<Simulations> {
        let kept = self
            .kept
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let status = kept
            .status
            .into_iter()
            .map(|status| status.expect("a simulator finishes every row or returns an error"))
            .collect();
        Ok(Simulations {
            theta,
            x: Table::numbered("x", self.length, kept.x)?,
            status,
        })
    }
}

impl RowSink for Memory<'_> {
    fn finished(&self, first: usize, status: &[Status], x: &[f64]) -> Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.x[first * self.length..][..x.len()].copy_from_slice(x);
        for (i, &status) in status.iter().enumerate() {
            kept.status[first + i] = Some(status);
        }
        kept.progress.add(status);
        self.observer.progress(&kept.progress);
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.observer.interrupted()
    }

    fn log(&self, line: &str) {
        self.observer.log(line);
    }
}

impl Progress {
    /// Counts a finished block.
    pub(crate) fn add(&mut self, status: &[Status]) {
        self.done += status.len();
        for &status in status.iter().filter(|&&s| s != Status::Ok) {
            *self.failures.entry(status).or_default() += 1;
        }
    }
}
