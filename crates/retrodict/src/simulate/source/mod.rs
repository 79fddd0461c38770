//! Simulations that are read a block of rows at a time: in memory, in shards, or in given files.

mod blocks;
mod given;
mod picked;
mod stored;

use std::ops::Range;

pub(crate) use blocks::empty;
pub use blocks::{Blocks, read_all, spread_sample};
pub use given::GivenSimulations;
pub use stored::StoredSimulations;

use crate::error::Result;
use crate::simulate::{Failures, Simulations};

/// Rows of (θ, x, status) that need not fit into memory.
///
/// Whatever passes over simulations takes one of these; [`Simulations`] are the source that is in
/// memory already.
pub trait SimulationSource: Sync {
    /// The names of the columns of θ.
    fn parameters(&self) -> &[String];

    /// The names of the columns of x.
    fn data(&self) -> &[String];

    /// How many rows there are, failed simulations included.
    fn n_rows(&self) -> usize;

    /// Adds these rows to `block`, whose columns have the same names.
    ///
    /// # Errors
    /// If they cannot be read, or do not hold what simulations hold.
    fn read(&self, rows: Range<usize>, block: &mut Simulations) -> Result<()>;

    /// How many simulations failed, by kind.
    ///
    /// # Errors
    /// If the rows cannot be read.
    fn failures(&self) -> Result<Failures>;
}

impl SimulationSource for Simulations {
    fn parameters(&self) -> &[String] {
        self.theta.names()
    }

    fn data(&self) -> &[String] {
        self.x.names()
    }

    fn n_rows(&self) -> usize {
        self.len()
    }

    fn read(&self, rows: Range<usize>, block: &mut Simulations) -> Result<()> {
        let of = |n_columns: usize| rows.start * n_columns..rows.end * n_columns;
        let theta = &self.theta.values()[of(self.theta.n_columns())];
        block.theta.append(|values| values.extend_from_slice(theta));
        let x = &self.x.values()[of(self.x.n_columns())];
        block.x.append(|values| values.extend_from_slice(x));
        block.status.extend_from_slice(&self.status[rows]);
        Ok(())
    }

    fn failures(&self) -> Result<Failures> {
        Ok(self.failures())
    }
}
