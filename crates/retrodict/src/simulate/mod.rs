//! Simulators, worker processes, and the store of simulations.

mod simulations;

pub use simulations::{Failures, Simulations, Status};

use crate::error::Result;
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
}
