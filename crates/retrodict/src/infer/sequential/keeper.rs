//! Who simulates the rounds, and remembers what is done.

use super::{RoundModel, RoundReport};
use crate::error::Result;
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::TrainLog;

/// What the rounds ask of whoever runs them: simulations, and to remember what is done.
pub trait RoundKeeper {
    /// Simulates the θ of a round, counted from zero. `first` simulations were made in earlier rounds.
    ///
    /// # Errors
    /// If they cannot be simulated; that ends the inference.
    fn simulate(&mut self, round: usize, first: u64, theta: &Table) -> Result<Simulations>;

    /// The θ that an earlier attempt proposed for a round, and what it said about them.
    ///
    /// # Errors
    /// If what it left is damaged.
    fn proposed(&mut self, round: usize) -> Result<Option<(Table, RoundReport)>> {
        let _ = round;
        Ok(None)
    }

    /// Remembers the θ of a round, before they are simulated.
    ///
    /// # Errors
    /// If they cannot be kept.
    fn keep_proposed(&mut self, round: usize, theta: &Table, report: &RoundReport) -> Result<()> {
        let _ = (round, theta, report);
        Ok(())
    }

    /// What an earlier attempt fitted in a round.
    ///
    /// # Errors
    /// If what it left is damaged.
    fn fitted(&mut self, round: usize) -> Result<Option<(RoundModel, TrainLog, RoundReport)>> {
        let _ = round;
        Ok(None)
    }

    /// Remembers the model of a round.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn keep_fitted(
        &mut self,
        round: usize,
        model: &RoundModel,
        log: &TrainLog,
        report: &RoundReport,
    ) -> Result<()> {
        let _ = (round, model, log, report);
        Ok(())
    }
}
