//! Rounds that leave no files.

use super::RoundKeeper;
use crate::error::Result;
use crate::seed::{Seed, Stream};
use crate::simulate::{Noise, Simulations, Simulator, simulate};
use crate::table::Table;

/// Simulates each round in memory and keeps nothing else.
pub struct InMemory<'a> {
    simulator: &'a dyn Simulator,
    seed: Seed,
}

impl<'a> InMemory<'a> {
    /// With the seed of the simulator's noise.
    pub fn new(simulator: &'a dyn Simulator, seed: Seed) -> Self {
        Self { simulator, seed }
    }
}

impl std::fmt::Debug for InMemory<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InMemory")
            .field("simulator", &self.simulator.name())
            .finish_non_exhaustive()
    }
}

impl RoundKeeper for InMemory<'_> {
    fn simulate(&mut self, _: usize, first: u64, theta: &Table) -> Result<Simulations> {
        let noise = Noise {
            seed: self.seed,
            purpose: Stream::Simulator,
            first,
        };
        simulate(self.simulator, theta.clone(), noise, &())
    }
}
