//! Where the batches of training rows come from.

use std::fmt::Debug;

use super::config::TrainConfig;
use crate::error::Result;
use crate::estimator::{Examples, Workspace};
use crate::seed::{Seed, Stream};

/// Rows to train on, in memory or read as they are needed.
pub trait TrainingRows: Sync + Debug {
    /// How many rows there are.
    fn n_rows(&self) -> usize;

    /// How many of them an epoch takes, at most all.
    fn epoch_rows(&self, config: &TrainConfig) -> usize {
        let _ = config;
        self.n_rows()
    }

    /// The batches of an ensemble member, in an order that depends on (seed, member) alone.
    fn batches(&self, seed: Seed, member: usize) -> Box<dyn Batches + '_>;
}

/// The rows of one ensemble member, batch by batch.
pub trait Batches: Send {
    /// Begins an epoch, counted from zero.
    fn begin(&mut self, epoch: usize);

    /// Passes over the first `epochs` epochs of `rows` rows each, as if they had been loaded.
    ///
    /// # Errors
    /// If they cannot be read.
    fn skip(&mut self, epochs: usize, rows: usize) -> Result<()> {
        let _ = rows;
        (0..epochs).for_each(|epoch| self.begin(epoch));
        Ok(())
    }

    /// Puts the next `n` rows into the workspace.
    ///
    /// # Errors
    /// If they cannot be read.
    fn load(&mut self, n: usize, workspace: &mut Workspace) -> Result<()>;
}

/// Epochs of a member have streams of their own; no run has this many.
const MAX_EPOCHS: u64 = 1 << 32;

/// The stream of random numbers that orders the rows of a member's pass over them.
pub fn order_stream(seed: Seed, member: usize, pass: usize) -> crate::seed::Random {
    seed.stream(Stream::Batches, member as u64 * MAX_EPOCHS + pass as u64)
}

impl TrainingRows for Examples {
    fn n_rows(&self) -> usize {
        self.len()
    }

    fn batches(&self, seed: Seed, member: usize) -> Box<dyn Batches + '_> {
        Box::new(Shuffled {
            examples: self,
            order: (0..self.len()).collect(),
            next: 0,
            seed,
            member,
        })
    }
}

/// All rows in memory, in a new random order every epoch.
struct Shuffled<'a> {
    examples: &'a Examples,
    order: Vec<usize>,
    next: usize,
    seed: Seed,
    member: usize,
}

impl Batches for Shuffled<'_> {
    fn begin(&mut self, epoch: usize) {
        order_stream(self.seed, self.member, epoch).shuffle(&mut self.order);
        self.next = 0;
    }

    fn load(&mut self, n: usize, workspace: &mut Workspace) -> Result<()> {
        workspace.load(self.examples, &self.order[self.next..self.next + n]);
        self.next += n;
        Ok(())
    }
}
