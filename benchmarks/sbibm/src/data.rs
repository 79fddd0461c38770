//! The benchmark's observations and reference posterior samples, as `download.sh` leaves them.

use std::path::{Path, PathBuf};

use retrodict::{Error, Result, Table};

/// The folder of the benchmark's files.
#[derive(Debug, Clone)]
pub(crate) struct Data(pub(crate) PathBuf);

impl Data {
    /// Observation `number`, from 1 to 10.
    pub(crate) fn observation(&self, task: &str, number: usize) -> Result<Vec<f64>> {
        let name = match task {
            "slcp_distractors" => "observation_distractors.csv",
            "bernoulli_glm_raw" => "observation_raw.csv",
            _ => "observation.csv",
        };
        Ok(self.read(task, number, name)?.row(0).to_vec())
    }

    /// The 10,000 reference samples of the posterior given observation `number`.
    pub(crate) fn reference(&self, task: &str, number: usize) -> Result<Table> {
        self.read(task, number, "reference_posterior_samples.csv")
    }

    fn read(&self, task: &str, number: usize, name: &str) -> Result<Table> {
        // Variants of a task share its reference posteriors.
        let folder = match task {
            "slcp_distractors" => "slcp",
            "bernoulli_glm_raw" => "bernoulli_glm",
            _ => task,
        };
        let path = self.0.join(folder).join("files");
        read_table(&path.join(format!("num_observation_{number}")).join(name))
    }
}

/// Reads numbers under a header.
pub(crate) fn read_table(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    let malformed = |problem: String| Error::file(path, problem, "Run download.sh again.");
    let mut lines = text.lines();
    let header = lines
        .next()
        .ok_or_else(|| malformed("empty; expected a header and numbers".into()))?;
    let mut values = Vec::new();
    for (i, line) in lines.filter(|line| !line.is_empty()).enumerate() {
        for value in line.split(',') {
            let number = value.trim().parse::<f64>();
            let row = i + 1;
            values
                .push(number.map_err(|_| {
                    malformed(format!("`{value}` in row {row}; expected a number"))
                })?);
        }
    }
    let table = Table::new(header.split(','), values)?;
    if table.n_rows() == 0 {
        return Err(malformed("no rows; expected at least one".into()));
    }
    Ok(table)
}
