//! What a round learns from.

use super::{RoundModel, TruncatedPrior};
use crate::error::Result;
use crate::simulate::Simulations;
use crate::train::TrainLog;

/// What a round learns from.
#[derive(Clone, Copy)]
pub(super) struct RoundData<'a> {
    /// The round, counted from zero.
    pub(super) round: usize,
    /// The observation.
    pub(super) x: &'a [f64],
    /// The simulations of all rounds so far.
    pub(super) all: &'a Simulations,
    /// Which of them have θ in proportion to the prior, where they lie.
    pub(super) in_proportion: &'a [usize],
    /// Those of the latter inside the region.
    pub(super) inside: &'a Simulations,
    /// Those of this round with θ from the region.
    pub(super) made: &'a Simulations,
    /// So many, the last, have θ from the posterior of a likelihood.
    pub(super) n_from_likelihood: usize,
    /// The region from which this round's came.
    pub(super) region: Option<&'a TruncatedPrior<'a>>,
    /// The model of the round before.
    pub(super) last: Option<&'a RoundModel>,
    /// Its training.
    pub(super) last_log: Option<&'a TrainLog>,
}

impl<'a> RoundData<'a> {
    /// The rows from which a posterior learns: in the region, and in proportion to the prior there.
    pub(super) fn rows_in(&self, region: &TruncatedPrior<'_>) -> Result<Vec<usize>> {
        let rows = region.rows(&self.all.select(self.in_proportion).theta)?;
        Ok(rows.iter().map(|&row| self.in_proportion[row]).collect())
    }

    /// How many simulations of this round have θ from the posterior of a likelihood: all, if there is no region.
    pub(super) fn n_proposed_by_likelihood(&self) -> usize {
        match self.region {
            Some(_) => self.n_from_likelihood,
            None => self.made.len(),
        }
    }

    /// Those simulations.
    pub(super) fn proposed_by_likelihood(&self) -> Simulations {
        let rows = self.all.len() - self.n_proposed_by_likelihood()..self.all.len();
        self.all.select(&rows.collect::<Vec<_>>())
    }

    /// Of a first round.
    pub(super) fn first(simulations: &'a Simulations) -> Self {
        Self {
            round: 0,
            x: &[],
            all: simulations,
            in_proportion: &[],
            inside: simulations,
            made: simulations,
            n_from_likelihood: 0,
            region: None,
            last: None,
            last_log: None,
        }
    }
}
