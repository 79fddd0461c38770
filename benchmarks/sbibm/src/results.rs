//! The file of results: one JSON object a line, appended to.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;

use retrodict::infer::auto::Choice;
use retrodict::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// One posterior, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) task: String,
    pub(crate) simulations: usize,
    pub(crate) observation: usize,
    pub(crate) seed: u64,
    /// What the column of the table is called: the name of the file of settings.
    pub(crate) label: String,
    /// All settings, defaults written out.
    pub(crate) config: serde_json::Value,
    pub(crate) c2st: f64,
    pub(crate) failed_simulations: usize,
    pub(crate) epochs: usize,
    pub(crate) seconds: Seconds,
    pub(crate) threads: usize,
    pub(crate) version: String,
    /// On what it was measured.
    #[serde(default)]
    pub(crate) machine: Machine,
    /// What `auto` chose, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) choice: Option<Choice>,
}

/// Wall-clock times. Simulation and training are shared by all observations of a task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seconds {
    pub(crate) simulate: f64,
    pub(crate) train: f64,
    pub(crate) sample: f64,
    pub(crate) c2st: f64,
}

/// All records of a file; none if it does not exist. A last line that was cut short by a kill is
/// left out, so that its posterior is measured again.
pub(crate) fn read(path: &Path) -> Result<Vec<Record>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    let record = |(i, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|e| {
            let problem = format!("line {}: {e}", i + 1);
            Error::file(path, problem, "Move the file away and run again.")
        })
    };
    let lines = complete.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(record)
        .collect()
}

/// Adds a line.
pub(crate) fn append(path: &Path, record: &Record) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
    }
    let mut line = serde_json::to_string(record).expect("a record holds nothing but JSON");
    line.push('\n');
    let write = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).read(true).append(true).open(path)?;
        // A line that was cut short by a kill goes, so that every line stays whole.
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let end = text.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        file.set_len(end as u64)?;
        file.write_all(line.as_bytes())
    };
    write().map_err(Error::io(path, "write"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_read_and_a_line_cut_short_is_left_out() {
        let path = std::env::temp_dir().join(format!("sbibm-results-{}", std::process::id()));
        let record = Record {
            task: "sir".into(),
            simulations: 10,
            observation: 1,
            seed: 1,
            label: "default".into(),
            config: serde_json::json!({"a": 1.5}),
            c2st: 0.5,
            failed_simulations: 0,
            epochs: 3,
            seconds: Seconds {
                simulate: 0.1,
                train: 0.2,
                sample: 0.3,
                c2st: 0.4,
            },
            threads: 2,
            version: "0".into(),
            machine: Machine::current(),
            choice: None,
        };
        let _ = std::fs::remove_file(&path);
        assert!(read(&path).unwrap().is_empty());
        append(&path, &record).unwrap();
        append(&path, &record).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 10);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path).unwrap(), std::slice::from_ref(&record));
        append(&path, &record).unwrap();
        assert_eq!(read(&path).unwrap(), [record.clone(), record]);
        std::fs::remove_file(&path).unwrap();
    }
}
