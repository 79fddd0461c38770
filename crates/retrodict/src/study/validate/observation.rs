//! What `[observation]` may say.

use crate::error::Result;
use crate::infer::Missing;
use crate::study::config::{ObservationSection, ObservedValues};
use crate::study::source::Source;

pub(super) fn observation(
    observation: &ObservationSection,
    missing: Missing,
    source: &Source,
) -> Result<()> {
    match (&observation.values, &observation.file) {
        (Some(_), Some(_)) => Err(source.error(
            "observation",
            "given both `values` and `file`, expected one of them",
            "Remove one.",
        )),
        (None, None) => Err(source.error(
            "observation",
            "given neither `values` nor `file`, expected one of them",
            "Write the data out with `values = [...]` or name a csv, npy or npz file with `file`.",
        )),
        (Some(values), None) => observed_values(values, missing, source),
        (None, Some(_)) => Ok(()),
    }
}

fn observed_values(values: &ObservedValues, missing: Missing, source: &Source) -> Result<()> {
    let gaps = missing != Missing::Refuse;
    let rows: Vec<&[f64]> = match values {
        ObservedValues::One(row) => vec![row],
        ObservedValues::Several(rows) => rows.iter().map(Vec::as_slice).collect(),
    };
    let field = "observation.values";
    let Some(first) = rows.first().filter(|row| !row.is_empty()) else {
        return Err(source.error(
            field,
            "is empty; expected numbers",
            "Give the observed data.",
        ));
    };
    for (i, row) in rows.iter().enumerate() {
        if row.len() != first.len() {
            return Err(source.error(
                field,
                format!(
                    "observation {} has {} values and the first has {}; expected the same length",
                    i + 1,
                    row.len(),
                    first.len()
                ),
                "Give every observation the length of the simulator's data.",
            ));
        }
        let wrong = |value: &f64| !(value.is_finite() || gaps && value.is_nan());
        if let Some(j) = row.iter().position(wrong) {
            return Err(source.error(
                field,
                format!(
                    "value {} of observation {} is {}, expected a finite number",
                    j + 1,
                    i + 1,
                    row[j]
                ),
                "Leave missing values out of the data, in the simulator and in the observation, or say with `inference.missing` what they mean.",
            ));
        }
    }
    Ok(())
}
