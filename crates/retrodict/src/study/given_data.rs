//! Simulations that exist already, and which of them are kept for testing.
//!
//! Files that do not fit into memory are never read whole: see [`LargeData`].

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::observation;
use super::record::Stage;
use super::resolved::Study;
use crate::error::{Error, Result};
use crate::infer::fits_in_memory;
use crate::npy;
use crate::npy::RowFile;
use crate::seed::{Seed, Stream};
use crate::simulate::{GivenSimulations, SimulationSource, Simulations, read_simulations};
use crate::table::Table;

/// The rows of a study's data files, and what they are used for.
#[derive(Debug)]
pub(super) struct GivenData {
    simulations: Simulations,
    /// The rows to learn from, in order.
    pub(super) training: Vec<usize>,
    /// The rows to test with, in order.
    tests: Vec<usize>,
}

/// Fewer rows than this teach a network nothing.
const FEWEST_ROWS: usize = 100;

/// Reads the files of `[simulator] data` and splits rows off for testing, at random.
///
/// # Errors
/// If the files do not belong together, do not suit the study, or hold too few rows.
pub(super) fn read(study: &Study) -> Result<GivenData> {
    let paths = paths(study);
    let mut simulations = read_simulations(&paths[0], &paths[1], study.prior())?;
    let observations = study.observations();
    let length = simulations.x.n_columns();
    observation::check_length(study.source(), observations.n_columns(), length)?;
    simulations.x = Table::new(
        observations.names().to_vec(),
        simulations.x.values().to_vec(),
    )?;
    let (training, tests) = split(study, &paths[0], simulations.len())?;
    Ok(GivenData {
        simulations,
        training,
        tests,
    })
}

fn paths(study: &Study) -> [PathBuf; 2] {
    let section = study.config().simulator.data.as_ref();
    let section = section.expect("called for a study from data");
    [&section.theta, &section.x].map(|name| study.folder().join(name))
}

/// The rows of data files that are larger than memory, and which of them are kept for testing.
#[derive(Debug)]
pub(super) struct LargeData {
    pub(super) training: GivenSimulations,
    /// The rows to test with, in order.
    tests: Vec<usize>,
}

/// Opens the files of `[simulator] data` if they are `.npy` and would not fit into the memory for
/// training; `None` otherwise.
///
/// # Errors
/// As [`read`].
pub(super) fn open_large(study: &Study) -> Result<Option<LargeData>> {
    let paths = paths(study);
    let npy = |path: &PathBuf| {
        path.extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("npy"))
    };
    if !paths.iter().all(npy) {
        return Ok(None);
    }
    let [theta, x] = [RowFile::open(&paths[0])?, RowFile::open(&paths[1])?];
    let (n, columns) = (theta.n_rows(), theta.row_length() + x.row_length());
    if fits_in_memory(n, columns, study.config().inference.train.memory) {
        return Ok(None);
    }
    let observations = study.observations();
    observation::check_length(study.source(), observations.n_columns(), x.row_length())?;
    let n_training = check_counts(study, &paths[0], n)?;
    let seed = Seed(study.config().study.seed);
    let tests = distinct_rows(n, study.config().check.test_simulations, seed);
    let training = GivenSimulations::open(
        [&paths[0], &paths[1]],
        study.prior(),
        observations.names().to_vec(),
        (Some(n_training), tests.clone()),
    )?;
    Ok(Some(LargeData { training, tests }))
}

/// `wanted` different rows of `n`, at random and in order (Floyd's algorithm: Bentley and Floyd
/// 1987), with memory for those alone.
fn distinct_rows(n: usize, wanted: usize, seed: Seed) -> Vec<usize> {
    let mut random = seed.stream(Stream::TestParameters, 0);
    let mut rows = BTreeSet::new();
    for last in n - wanted..n {
        let row = random.below(last + 1);
        if !rows.insert(row) {
            rows.insert(last);
        }
    }
    rows.into_iter().collect()
}

impl LargeData {
    pub(super) fn test_simulations(&self) -> Result<Simulations> {
        self.training.rows(&self.tests)
    }

    /// Notes in the run folder which rows are used: those to test with, counted from zero, or that
    /// it is the others.
    pub(super) fn note(&self, folder: &Path, stage: Stage) -> Result<()> {
        let rows = match stage {
            Stage::SimulateTests => json!({ "rows": self.tests }),
            _ => json!({ "all_but": self.tests, "evenly_spread": self.training.n_rows() }),
        };
        write_note(folder, &rows)
    }
}

/// How many of `n` rows are to learn from.
fn check_counts(study: &Study, path: &Path, n: usize) -> Result<usize> {
    let config = study.config();
    let n_tests = config.check.test_simulations;
    let n_training = config
        .inference
        .simulations
        .unwrap_or_else(|| n.saturating_sub(n_tests));
    if n_training >= FEWEST_ROWS && n_training + n_tests <= n {
        return Ok(n_training);
    }
    let wanted = n_training.max(FEWEST_ROWS);
    Err(Error::file(
        path,
        format!("{n} rows, expected at least {wanted} to learn from and {n_tests} to test with"),
        "Give more rows, or lower `inference.simulations` or `check.test_simulations`.",
    ))
}

/// The rows to learn from and the rows to test with, each in order.
fn split(study: &Study, path: &Path, n: usize) -> Result<(Vec<usize>, Vec<usize>)> {
    let n_training = check_counts(study, path, n)?;
    let n_tests = study.config().check.test_simulations;
    let mut rows: Vec<usize> = (0..n).collect();
    Seed(study.config().study.seed)
        .stream(Stream::TestParameters, 0)
        .shuffle(&mut rows);
    let mut tests = rows[..n_tests].to_vec();
    let mut training = rows[n_tests..n_tests + n_training].to_vec();
    tests.sort_unstable();
    training.sort_unstable();
    Ok((training, tests))
}

impl GivenData {
    /// The rows of a stage.
    pub(super) fn select(&self, stage: Stage) -> Simulations {
        self.simulations.select(self.rows(stage))
    }

    fn rows(&self, stage: Stage) -> &[usize] {
        match stage {
            Stage::SimulateTests => &self.tests,
            _ => &self.training,
        }
    }

    /// Notes in the run folder which rows of the files are used, counted from zero.
    pub(super) fn note(&self, folder: &Path, stage: Stage) -> Result<()> {
        write_note(folder, &json!({ "rows": self.rows(stage) }))
    }
}

fn write_note(folder: &Path, rows: &Value) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
    npy::write_atomically(folder.join("rows.json"), rows.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_rows_are_distinct_and_every_row_is_as_likely() {
        let mut counts = [0_u32; 10];
        for seed in 0..3000 {
            let rows = distinct_rows(10, 4, Seed(seed));
            assert_eq!(rows.len(), 4);
            assert!(rows.windows(2).all(|w| w[0] < w[1]));
            for row in rows {
                counts[row] += 1;
            }
        }
        // 1,200 ± 27 each; six standard deviations.
        assert!(counts.iter().all(|&n| n.abs_diff(1200) < 162), "{counts:?}");
    }
}
