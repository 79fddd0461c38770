//! Simulations that exist already, and which of them are kept for testing.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::observation;
use super::record::Stage;
use super::resolved::Study;
use crate::error::{Error, Result};
use crate::npy;
use crate::seed::{Seed, Stream};
use crate::simulate::{Simulations, read_simulations};
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
    let section = study
        .config()
        .simulator
        .data
        .as_ref()
        .expect("called for a study from data");
    let paths = [
        study.folder().join(&section.theta),
        study.folder().join(&section.x),
    ];
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

/// The rows to learn from and the rows to test with, each in order.
fn split(study: &Study, path: &Path, n: usize) -> Result<(Vec<usize>, Vec<usize>)> {
    let config = study.config();
    let n_tests = config.check.test_simulations;
    let n_training = config
        .inference
        .simulations
        .unwrap_or_else(|| n.saturating_sub(n_tests));
    if n_training < FEWEST_ROWS || n_training + n_tests > n {
        let wanted = n_training.max(FEWEST_ROWS);
        return Err(Error::file(
            path,
            format!(
                "{n} rows, expected at least {wanted} to learn from and {n_tests} to test with"
            ),
            "Give more rows, or lower `inference.simulations` or `check.test_simulations`.",
        ));
    }
    let mut rows: Vec<usize> = (0..n).collect();
    Seed(config.study.seed)
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
        fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
        let text = json!({ "rows": self.rows(stage) }).to_string();
        npy::write_atomically(folder.join("rows.json"), text.as_bytes())
    }
}
