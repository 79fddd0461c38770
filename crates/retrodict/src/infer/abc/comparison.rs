//! From a row of data to its distance from the observation.

use rayon::prelude::*;

use super::distance::{Distance, DistanceFunction};
use crate::error::{Error, Result};
use crate::infer::{SemiAutomatic, SummariesConfig};
use crate::prior::Prior;
use crate::simulate::Simulations;
use crate::table::Table;

/// Summaries, then a distance, both learned from simulations.
pub(super) struct Comparison<'a> {
    recipe: &'a dyn Distance,
    summaries: Option<SemiAutomatic>,
    observed: Vec<f64>,
    function: DistanceFunction,
}

impl<'a> Comparison<'a> {
    /// Learns from `pilot`, which is checked first.
    pub(super) fn new(
        recipe: &'a dyn Distance,
        summaries: SummariesConfig,
        prior: &Prior,
        pilot: &Simulations,
        observation: &[f64],
    ) -> Result<Self> {
        check(prior, pilot, observation)?;
        let summaries = summaries.fit(prior, pilot)?;
        let observed = features(summaries.as_ref(), observation);
        let mut comparison = Self {
            recipe,
            summaries,
            observed,
            function: Box::new(|_| f64::NAN),
        };
        comparison.refit(&pilot.x.select(&pilot.valid_rows()))?;
        Ok(comparison)
    }

    /// Learns the scales of the distance again, from other rows of data.
    pub(super) fn refit(&mut self, x: &Table) -> Result<()> {
        let n = self.observed.len();
        let values = x.rows().flat_map(|x| self.features(x)).collect();
        let rows = Table::numbered("s", n, values)?;
        self.function = self.recipe.fit(&rows, &self.observed)?;
        Ok(())
    }

    /// What stands for a row of data.
    pub(super) fn features(&self, x: &[f64]) -> Vec<f64> {
        features(self.summaries.as_ref(), x)
    }

    /// What stands for the observation.
    pub(super) fn observed(&self) -> &[f64] {
        &self.observed
    }

    /// The distance of each row of data, in parallel.
    pub(super) fn distances(&self, x: &[f64], n_data: usize) -> Vec<f64> {
        x.par_chunks(n_data).map(|x| self.distance(x)).collect()
    }

    fn distance(&self, x: &[f64]) -> f64 {
        // Rows of failed simulations hold NaN, for which nobody's distance is made.
        if x.iter().any(|v| v.is_nan()) {
            return f64::NAN;
        }
        match &self.summaries {
            Some(summaries) => (self.function)(&summaries.apply(x)),
            None => (self.function)(x),
        }
    }
}

fn features(summaries: Option<&SemiAutomatic>, x: &[f64]) -> Vec<f64> {
    summaries.map_or_else(|| x.to_vec(), |summaries| summaries.apply(x))
}

/// Refuses simulations that do not fit the prior or the observation.
pub(super) fn check(prior: &Prior, simulations: &Simulations, observation: &[f64]) -> Result<()> {
    crate::infer::usable_rows::check_names(prior, simulations.theta.names())?;
    check_observation(observation, simulations.x.n_columns())?;
    let rows = simulations.valid_rows();
    if rows.len() < 2 {
        return Err(Error::invalid(
            "simulations",
            format!("{} with data, of {}", rows.len(), simulations.len()),
            "at least 2",
            "Simulate more, or find out why simulations fail.",
        ));
    }
    for &row in &rows {
        crate::infer::usable_rows::check_finite("x", &simulations.x, row, row)?;
        if !prior.contains(simulations.theta.row(row)) {
            return Err(Error::invalid(
                format!("simulations, θ, row {}", row + 1),
                format!("{:?}", simulations.theta.row(row)),
                "a point inside the prior's support",
                "Give the prior from which the parameters were drawn.",
            ));
        }
    }
    Ok(())
}

/// Refuses an observation of another length, or with holes.
pub(in crate::infer) fn check_observation(observation: &[f64], n_data: usize) -> Result<()> {
    let bad = observation.iter().find(|v| !v.is_finite());
    if observation.len() == n_data && bad.is_none() {
        return Ok(());
    }
    let given = bad.map_or_else(
        || format!("{} values", observation.len()),
        |v| format!("{v}"),
    );
    Err(Error::invalid(
        "observation",
        given,
        format!("{n_data} finite values"),
        "Give one value for each datum that the simulator makes.",
    ))
}
