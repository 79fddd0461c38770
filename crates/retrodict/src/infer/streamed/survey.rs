//! One pass over a large source: what has to be known of all rows before training.

use std::ops::Range;

use rayon::prelude::*;

use super::row_split::{RowSplit, Use};
use crate::embed::Moments;
use crate::error::Result;
use crate::infer::usable_rows::{check_finite, to_real};
use crate::prior::SupportMap;
use crate::simulate::{Blocks, SimulationSource, Simulations, Status, empty};
use crate::table::Table;

/// Blocks that are read at the same time and joined in order.
const TOGETHER: usize = 64;

/// What was found.
pub(super) struct Survey {
    /// Moments of the training rows' θ in real space, and of their x.
    pub(super) real: Moments,
    pub(super) x: Moments,
    /// Some of the training rows: θ in real space, and x.
    pub(super) sample: [Table; 2],
    /// The rows held out.
    pub(super) validation: Simulations,
    /// How many rows gave no data.
    pub(super) n_failed: usize,
}

impl Survey {
    fn new(source: &dyn SimulationSource, map: &SupportMap) -> Result<Self> {
        let n = map.n_unconstrained();
        Ok(Self {
            real: Moments::new(n),
            x: Moments::new(source.data().len()),
            sample: [Table::numbered("z", n, Vec::new())?, empty(source)?.x],
            validation: empty(source)?,
            n_failed: 0,
        })
    }

    /// Passes over all rows, checks each, and gathers what is needed.
    ///
    /// # Errors
    /// If rows cannot be read, are not finite, or lie outside the prior's support.
    pub(super) fn of(
        source: &dyn SimulationSource,
        map: &SupportMap,
        split: RowSplit,
    ) -> Result<Self> {
        let blocks = Blocks::of(source);
        let mut all = Self::new(source, map)?;
        for first in (0..blocks.count()).step_by(TOGETHER) {
            let together = first..(first + TOGETHER).min(blocks.count());
            let parts = together.into_par_iter().map(|block| {
                let mut part = Self::new(source, map)?;
                part.read(source, map, (blocks.rows(block), block, split))?;
                Ok(part)
            });
            for part in parts.collect::<Result<Vec<_>>>()? {
                all.join(part);
            }
        }
        Ok(all)
    }

    fn read(
        &mut self,
        source: &dyn SimulationSource,
        map: &SupportMap,
        (rows, block, split): (Range<usize>, usize, RowSplit),
    ) -> Result<()> {
        let mut found = empty(source)?;
        source.read(rows.clone(), &mut found)?;
        let mut real = vec![0.0; map.n_unconstrained()];
        for (i, used) in split.of(block, rows.len()).enumerate() {
            if found.status[i] != Status::Ok {
                self.n_failed += 1;
                continue;
            }
            check_finite("θ", &found.theta, i, rows.start + i)?;
            check_finite("x", &found.x, i, rows.start + i)?;
            let (theta, x) = (found.theta.row(i), found.x.row(i));
            to_real(map, theta, rows.start + i, &mut real)?;
            if used == Use::Validation {
                self.validation.theta.push(theta);
                self.validation.x.push(x);
                self.validation.status.push(Status::Ok);
                continue;
            }
            self.real.add(&real);
            self.x.add(x);
            if used == Use::Sample {
                self.sample[0].push(&real);
                self.sample[1].push(x);
            }
        }
        Ok(())
    }

    fn join(&mut self, part: Self) {
        self.real.join(&part.real);
        self.x.join(&part.x);
        let append = |to: &mut Table, from: &Table| {
            to.append(|values| values.extend_from_slice(from.values()));
        };
        append(&mut self.sample[0], &part.sample[0]);
        append(&mut self.sample[1], &part.sample[1]);
        append(&mut self.validation.theta, &part.validation.theta);
        append(&mut self.validation.x, &part.validation.x);
        self.validation.status.extend(part.validation.status);
        self.n_failed += part.n_failed;
    }
}
