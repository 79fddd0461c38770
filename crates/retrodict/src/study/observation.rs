//! The observation: written out in the study, or read from a file.

use std::path::Path;

use super::config::{ObservationSection, ObservedValues, StudyConfig};
use super::source::Source;
use crate::error::Result;
use crate::infer::Missing;
use crate::simulate::builtin::Builtin;
use crate::simulate::{read_observations, read_observations_with_gaps};
use crate::table::Table;

/// The observations of a study, one a row: its own, or that of its built-in simulator.
pub(super) fn of_study(
    config: &StudyConfig,
    source: &Source,
    folder: &Path,
    builtin: Option<&Builtin>,
) -> Result<Table> {
    let table = match (&config.observation, builtin) {
        (Some(section), _) => {
            let length = builtin.map(|builtin| builtin.observation.len());
            let missing = config.inference.missing;
            from_section(section, source, folder, (length, missing))?
        }
        (None, Some(builtin)) => {
            Table::new(builtin.data_names.clone(), builtin.observation.clone())?
        }
        (None, None) => {
            return Err(source.error(
                "observation",
                "is missing",
                "Add `[observation]` with `values = [...]`, or with `file` and the name of a csv, npy or npz file.",
            ));
        }
    };
    if let Some(function) = &config.simulator.function {
        check_length(source, table.n_columns(), function.data)?;
        return match &function.data_names {
            Some(names) => Table::new(names.clone(), table.values().to_vec())
                .map_err(|error| source.restated_at("simulator.function.data_names", error)),
            None => Ok(table),
        };
    }
    let Some(builtin) = builtin else {
        return Ok(table);
    };
    check_length(source, table.n_columns(), builtin.observation.len())?;
    Table::new(builtin.data_names.clone(), table.values().to_vec())
}

/// One row an observation; `length` is how many values each has to have, if that is known.
fn from_section(
    section: &ObservationSection,
    source: &Source,
    folder: &Path,
    (length, missing): (Option<usize>, Missing),
) -> Result<Table> {
    if let Some(file) = &section.file {
        check_exists(source, "observation.file", folder, file)?;
        let path = folder.join(file);
        return match missing {
            Missing::Refuse => read_observations(path, length),
            _ => read_observations_with_gaps(path, length),
        };
    }
    let rows: Vec<&[f64]> = match &section.values {
        Some(ObservedValues::One(row)) => vec![row],
        Some(ObservedValues::Several(rows)) => rows.iter().map(Vec::as_slice).collect(),
        None => Vec::new(),
    };
    let n_columns = rows.first().map_or(0, |row| row.len());
    Table::numbered("x", n_columns, rows.concat())
}

/// Refuses an observation whose length is not that of the simulator's data.
pub(super) fn check_length(source: &Source, given: usize, expected: usize) -> Result<()> {
    if given == expected {
        return Ok(());
    }
    Err(source.error(
        "observation",
        format!("given {given} values an observation, expected {expected}: as many as a simulation gives"),
        "Give the observation in the form of the simulator's data; several observations stand in a row each.",
    ))
}

/// Refuses a file that is not there, and says where the study names it.
pub(super) fn check_exists(source: &Source, field: &str, folder: &Path, file: &str) -> Result<()> {
    let path = folder.join(file);
    if path.is_file() {
        return Ok(());
    }
    let what = if path.is_dir() {
        "a folder, not a file:"
    } else {
        "there is no file"
    };
    Err(source.error(
        field,
        format!("{what} {}", path.display()),
        "Relative paths are meant from the study's folder.",
    ))
}
