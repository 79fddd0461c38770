//! Simulators, worker processes, and the store of simulations.
//!
//! A [`Simulator`] turns one θ into one row of data; [`simulate()`] runs it over a table of θ in
//! parallel, [`run_campaign`] does the same into a folder that survives being killed. Simulation
//! *i* depends on (seed, i) alone, whatever runs it, in whatever order.

pub mod builtin;
mod command;
pub(crate) mod dormand_prince;
mod files;
mod function;
mod in_process;
mod rows;
mod simulations;
mod source;
mod store;
mod worker;

pub use command::{CommandConfig, CommandSimulator, FileFormat};
pub use files::{read_observations, read_observations_with_gaps, read_rows, read_simulations};
pub use function::FunctionSimulator;
pub use rows::{Noise, Observer, Progress, RowSink, Rows, simulate};
pub use simulations::{Failures, Simulations, Status};
pub(crate) use source::empty;
pub use source::{
    Blocks, GivenSimulations, SimulationSource, StoredSimulations, read_all, spread_sample,
};
pub use store::{
    Campaign, MAX_FAILED, Manifest, Role, Store, ThetaSource, check_failures, run_campaign,
};
pub(crate) use store::{Journal, Record};
pub use worker::{Protocol, WorkerConfig, WorkerPool};

use crate::error::{Error, Result};
use crate::seed::Random;

/// Why one simulation gave no data. It is counted, never trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulationFailure {
    /// How it failed.
    pub status: Status,
    /// What the simulator said, if anything.
    pub reason: String,
}

/// A program that turns parameters into data, with randomness inside.
pub trait Simulator: Send + Sync {
    /// What it is called in messages and in the provenance.
    fn name(&self) -> String;

    /// How many parameters it takes.
    fn n_parameters(&self) -> usize;

    /// The shape of one simulation's data; the product is the length of a row.
    fn data_shape(&self) -> Vec<usize>;

    /// Simulates once: reads `theta`, draws from `random` alone, fills `x`.
    ///
    /// # Errors
    /// A [`SimulationFailure`] when there is no data for this θ; the caller counts it and goes on.
    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure>;

    /// Simulates many rows and hands them to `sink`, in any order, as they are finished.
    ///
    /// Row *i* draws from `rows.random(i)` alone. The provided method calls
    /// [`Simulator::simulate`] on all threads; a simulator that lives outside this process
    /// has its own.
    ///
    /// # Errors
    /// If the simulator as a whole cannot go on, or `sink` refuses a block or is interrupted. A
    /// simulation that fails is no error: its status says so and its data are NaN.
    fn simulate_rows(&self, rows: &Rows<'_>, sink: &dyn RowSink) -> Result<()> {
        in_process::simulate_rows(self, rows, sink)
    }

    /// Whether it also knows how probable data are: [`Simulator::log_likelihood`].
    fn has_log_likelihood(&self) -> bool {
        false
    }

    /// Fills `values[i]` with log p(x | θᵢ) for each row of `theta` and one row of data, up to a
    /// constant in θ: −∞ where x is impossible, NaN where there is no answer.
    ///
    /// # Errors
    /// If it does not know, cannot go on, or `observer` is interrupted.
    fn log_likelihood(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        observer: &dyn Observer,
    ) -> Result<()> {
        let _ = (theta, x, values, observer);
        Err(no_log_likelihood(self.name()))
    }
}

/// The error of a simulator that only simulates.
pub(crate) fn no_log_likelihood(simulator: String) -> Error {
    Error::Simulator {
        simulator,
        problem: "it gives no log-likelihood".into(),
        advice:
            "Let the worker say `\"log_likelihood\": true` in its first line and answer requests \
                 for it, or choose a method that only simulates, such as `npe`."
                .into(),
    }
}
