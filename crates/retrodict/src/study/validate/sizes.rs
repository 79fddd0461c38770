//! Whether arrays fit into the computer.

use crate::error::Result;
use crate::study::config::StudyConfig;
use crate::study::memory;
use crate::study::source::Source;

/// Whether all arrays of a study do, as far as their numbers of rows tell.
pub(super) fn sizes(config: &StudyConfig, source: &Source) -> Result<()> {
    let from_data = config.simulator.data.is_some();
    // Every array has at least one column; the width is checked again when it is known.
    let arrays = [
        (
            "inference.simulations",
            config.inference.simulations.filter(|_| !from_data),
        ),
        ("posterior.draws", Some(config.posterior.draws)),
        (
            "check.test_simulations",
            Some(config.check.test_simulations),
        ),
        ("check.posterior_draws", Some(config.check.posterior_draws)),
        (
            "check.predictive_simulations",
            Some(config.check.predictive_simulations),
        ),
    ];
    arrays
        .iter()
        .try_for_each(|(field, n)| fits(source, field, n.unwrap_or(0), 1))
}

/// The simulations to learn from are on disk, which is larger than memory, but not without end.
const DISK: f64 = 100.0;

/// Refuses an array of `rows` × `columns` numbers that the computer's memory cannot hold, or for the
/// simulations to learn from its disk.
pub(in crate::study) fn fits(
    source: &Source,
    field: &str,
    rows: usize,
    columns: usize,
) -> Result<()> {
    let bytes = (rows as f64) * (columns as f64) * size_of::<f64>() as f64;
    let memory = memory::total() as f64;
    let on_disk = field == "inference.simulations";
    // Of an array in memory there are copies beside it.
    if bytes <= if on_disk { DISK } else { 0.5 } * memory {
        return Ok(());
    }
    Err(source.error(
        field,
        format!(
            "{rows} rows of {columns} numbers take {} GB, and this computer has {} GB of memory",
            gigabytes(bytes),
            gigabytes(memory)
        ),
        "Give fewer, or summarise the data in the simulator.",
    ))
}

fn gigabytes(bytes: f64) -> String {
    format!("{:.1}", bytes / 1e9)
}
