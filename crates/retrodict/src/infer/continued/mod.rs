//! Training that goes on where a finished one ended: what the networks and what they are given have to share.

mod npe;
#[cfg(test)]
mod tests;

pub use npe::npe_continued;

use serde::Serialize;

use super::discrete::DiscreteColumn;
use crate::error::{Error, Result};
use crate::estimator::EstimatorConfig;
use crate::table::Table;
use crate::train::TrainLog;

/// Refuses a setting that is not that of the networks: the study would say what is not so.
pub(super) fn same<T: PartialEq + Serialize>(option: &str, given: &T, networks: &T) -> Result<()> {
    if given == networks {
        return Ok(());
    }
    let [given, expected] = [given, networks]
        .map(|value| serde_json::to_string(value).expect("settings are plain data"));
    Err(Error::invalid(
        option,
        given,
        format!("{expected}, as the networks to go on with have"),
        "Give the settings that the networks were trained with, or train fresh ones.",
    ))
}

/// Refuses another estimator; what is left out is as the networks have it.
pub(super) fn same_estimator(given: &EstimatorConfig, networks: &EstimatorConfig) -> Result<()> {
    same("estimator", &given.completed_by(networks), networks)
}

/// Refuses data of another length.
pub(super) fn check_columns(known: usize, x: &Table) -> Result<()> {
    if x.n_columns() == known {
        return Ok(());
    }
    Err(Error::invalid(
        "data",
        format!("{} columns", x.n_columns()),
        format!("{known}, as the networks to go on with were trained on"),
        "Give simulations of the same simulator.",
    ))
}

/// Refuses a value of a discrete parameter that the networks do not know.
pub(super) fn check_levels(
    known: &[DiscreteColumn],
    now: &[DiscreteColumn],
    names: &[String],
) -> Result<()> {
    for (then, now) in known.iter().zip(now) {
        let mut levels = now.levels.iter();
        if let Some(level) = levels.find(|level| !then.levels.contains(level)) {
            return Err(Error::invalid(
                format!("discrete parameter `{}`", names[now.column]),
                level,
                "a value that the networks to go on with were trained on",
                "Train fresh networks.",
            ));
        }
    }
    Ok(())
}

/// Says which of the columns that never changed when training began change now: the networks cannot see them.
pub(super) fn newly_varying(constant: &[usize], x: &Table) -> Option<String> {
    let varies = |j: usize| {
        let mut known = x.column(j).into_iter().filter(|value| value.is_finite());
        let first = known.next();
        known.any(|value| Some(value) != first)
    };
    let columns = constant.iter().filter(|j| varies(**j));
    let names: Vec<&str> = columns.map(|j| x.names()[*j].as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "the networks do not see {}, which never changed in the simulations that their training began with: \
             train fresh ones if it matters",
            names.join(", ")
        )
    })
}

/// Says which networks gained nothing.
pub(super) fn unchanged(log: &TrainLog) -> Option<String> {
    let same = log.members.iter().filter(|member| member.best_epoch == 0);
    let (same, all) = (same.count(), log.members.len());
    (same > 0).then(|| {
        format!(
            "{same} of {all} networks stay as they were: more training does not predict the simulations held out \
             better"
        )
    })
}
