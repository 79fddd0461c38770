//! Pairs of θ and data as classical estimators see them.

use crate::error::{Error, Result};
use crate::infer::usable_rows::{check_finite, check_names};
use crate::infer::{SemiAutomatic, SummariesConfig};
use crate::prior::{Prior, SupportKind, SupportMap};
use crate::simulate::{Simulations, Status};

/// θ in the prior's bounded space (bounded parameters on [−1, 1], half-bounded ones by their
/// logarithm), and data or their summaries.
#[derive(Debug, Clone)]
pub(super) struct Space {
    map: SupportMap,
    summaries: Option<SemiAutomatic>,
    n_data: usize,
}

/// Simulations in that space, row after row.
pub(super) struct Pairs {
    /// θ and data of those that gave data.
    pub(super) z: Vec<f64>,
    pub(super) s: Vec<f64>,
    /// How many they are.
    pub(super) n: usize,
    /// θ of those that failed.
    pub(super) failed: Vec<f64>,
}

/// With fewer pairs than this there is no density.
const MIN_ROWS: usize = 20;

impl Space {
    /// Learns the summaries, if any, and takes the pairs over.
    pub(super) fn fit(
        prior: &Prior,
        simulations: &Simulations,
        summaries: SummariesConfig,
    ) -> Result<(Self, Pairs)> {
        check_names(prior, simulations.theta.names())?;
        let rows = simulations.valid_rows();
        check(prior, simulations, &rows)?;
        let x = &simulations.x;
        let (summaries, s) = match summaries.with_left_out(prior, simulations)? {
            Some((summaries, left_out)) => (Some(summaries), left_out.values().to_vec()),
            None => (None, x.select(&rows).values().to_vec()),
        };
        let space = Self {
            map: prior.support_map(SupportKind::Box)?,
            summaries,
            n_data: x.n_columns(),
        };
        let z = rows
            .iter()
            .flat_map(|&i| space.map_theta(simulations.theta.row(i)))
            .collect();
        let failed = (0..simulations.len()).filter(|&i| simulations.status[i] != Status::Ok);
        let failed = failed
            .flat_map(|i| space.map_theta(simulations.theta.row(i)))
            .collect();
        let n = rows.len();
        Ok((space, Pairs { z, s, n, failed }))
    }

    pub(super) fn n_data(&self) -> usize {
        self.n_data
    }

    pub(super) fn n_parameters(&self) -> usize {
        self.map.n_parameters()
    }

    /// How many coordinates z has.
    pub(super) fn n_z(&self) -> usize {
        self.map.n_unconstrained()
    }

    /// How many data or summaries there are.
    pub(super) fn n_s(&self) -> usize {
        self.summaries
            .as_ref()
            .map_or(self.n_data, SemiAutomatic::n_summaries)
    }

    pub(super) fn map_theta(&self, theta: &[f64]) -> Vec<f64> {
        let mut z = vec![0.0; self.n_z()];
        self.map.forward(theta, &mut z);
        z
    }

    /// The data, or what stands for them.
    pub(super) fn summarize(&self, x: &[f64]) -> Vec<f64> {
        match &self.summaries {
            Some(summaries) => summaries.apply(x),
            None => x.to_vec(),
        }
    }

    /// Whether θ lies in the prior's support.
    pub(super) fn contains(&self, theta: &[f64]) -> bool {
        self.map.prior().contains(theta)
    }
}

fn check(prior: &Prior, simulations: &Simulations, rows: &[usize]) -> Result<()> {
    if rows.len() < MIN_ROWS {
        return Err(Error::invalid(
            "simulations",
            format!("{} with data, of {}", rows.len(), simulations.len()),
            format!("at least {MIN_ROWS}"),
            "Simulate more, or find out why simulations fail.",
        ));
    }
    for &row in rows {
        check_finite("x", &simulations.x, row, row)?;
    }
    for row in 0..simulations.len() {
        let theta = simulations.theta.row(row);
        if !prior.contains(theta) {
            return Err(Error::invalid(
                format!("simulations, θ, row {}", row + 1),
                format!("{theta:?}"),
                "a point inside the prior's support",
                "Give the prior on whose support the parameters were drawn.",
            ));
        }
    }
    Ok(())
}

/// Refuses lengths that do not fit together, and data that are not finite.
pub(super) fn check_arguments(
    [n_parameters, n_data]: [usize; 2],
    theta: &[f64],
    x: &[f64],
    values: &[f64],
) -> Result<()> {
    if theta.len() != values.len() * n_parameters {
        return Err(Error::invalid(
            "θ",
            format!("{} values", theta.len()),
            format!("{} rows of {n_parameters} parameters", values.len()),
            "Give one row of θ for each log-likelihood.",
        ));
    }
    if x.is_empty() || !x.len().is_multiple_of(n_data) {
        return Err(Error::invalid(
            "observation",
            format!("{} values", x.len()),
            format!("one or more trials of {n_data} values"),
            "Give the trials one after the other.",
        ));
    }
    match x.iter().find(|v| !v.is_finite()) {
        Some(v) => Err(Error::invalid(
            "observation",
            v,
            "finite values",
            "Leave out the trials without data.",
        )),
        None => Ok(()),
    }
}
