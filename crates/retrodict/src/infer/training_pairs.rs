//! What methods that learn from pairs of θ and x prepare alike.

use super::usable_rows::{check_shapes, real_table, usable_rows};
use crate::error::Result;
use crate::prior::{Prior, SupportKind, SupportMap};
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Split, TrainConfig};

/// The simulations that gave data, and which of them are held out.
pub(super) struct TrainingPairs {
    /// θ through the map of the prior's support.
    pub(super) real: Table,
    pub(super) x: Table,
    pub(super) split: Split,
    /// How many simulations gave no data.
    pub(super) n_failed: usize,
}

impl TrainingPairs {
    /// Reads them, and gives the map of the prior's support with them.
    ///
    /// # Errors
    /// If a setting makes no sense, or is for `npe` alone; if the tables do not fit the prior, there are too
    /// few rows with data, or a number is not finite or lies outside the prior.
    pub(super) fn new(
        prior: &Prior,
        simulations: &Simulations,
        (support, train): (SupportKind, &TrainConfig),
        seed: Seed,
    ) -> Result<(SupportMap, Self)> {
        train.validate()?;
        train.refuse_conservative()?;
        let map = prior.continuous_map(support)?;
        check_shapes(prior, simulations)?;
        let rows = usable_rows(simulations)?;
        let pairs = Self {
            real: real_table(&map, simulations, &rows)?,
            x: simulations.x.select(&rows),
            split: Split::random(rows.len(), train.validation_fraction, seed),
            n_failed: simulations.len() - rows.len(),
        };
        Ok((map, pairs))
    }

    /// z and x of the training rows.
    pub(super) fn training(&self) -> [Table; 2] {
        [&self.real, &self.x].map(|table| table.select(&self.split.train))
    }
}
