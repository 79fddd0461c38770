//! Shards on disk as a source of rows.

use std::ops::Range;

use super::SimulationSource;
use crate::error::{Error, Result};
use crate::simulate::store::{ShardFiles, Store};
use crate::simulate::{Failures, Simulations};

/// The first simulations of a [`Store`], read from its shards when they are asked for.
#[derive(Debug)]
pub struct StoredSimulations {
    store: Store,
    n_rows: usize,
    data: Vec<String>,
    shards: Vec<ShardFiles>,
    failures: Failures,
}

impl StoredSimulations {
    /// The first `n` simulations; `data` are the names of the columns of x.
    ///
    /// # Errors
    /// If they are not all there, a shard is damaged, or the data have another length.
    pub fn open(store: Store, n: usize, data: Vec<String>) -> Result<Self> {
        let length: usize = store.manifest().data.iter().product();
        if data.len() != length {
            return Err(Error::invalid(
                "simulations, names of the data",
                data.len().to_string(),
                length.to_string(),
                "Give one name for each number of a simulation's data.",
            ));
        }
        let rows = store.manifest().shard_rows;
        let (mut shards, mut failures) = (Vec::new(), Failures::new());
        for number in 0..n.div_ceil(rows) {
            let needed = (n - number * rows).min(rows);
            shards.push(store.open_shard(number, needed, &mut failures)?);
        }
        Ok(Self {
            store,
            n_rows: n,
            data,
            shards,
            failures,
        })
    }
}

impl SimulationSource for StoredSimulations {
    fn parameters(&self) -> &[String] {
        &self.store.manifest().parameters
    }

    fn data(&self) -> &[String] {
        &self.data
    }

    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn read(&self, rows: Range<usize>, block: &mut Simulations) -> Result<()> {
        assert!(rows.end <= self.n_rows, "a row that is not there");
        let length = self.store.manifest().shard_rows;
        let mut start = rows.start;
        while start < rows.end {
            let number = start / length;
            let first = number * length;
            let end = rows.end.min(first + length);
            let shard = self
                .store
                .place(number)
                .read_part(&self.shards[number], start - first..end - first)?;
            block.theta.append(|values| values.extend(&shard.theta));
            block.x.append(|values| values.extend(&shard.x));
            block.status.extend(shard.status);
            start = end;
        }
        Ok(())
    }

    fn failures(&self) -> Result<Failures> {
        Ok(self.failures.clone())
    }
}
