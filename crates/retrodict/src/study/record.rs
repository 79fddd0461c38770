//! What each stage of a run rested on: how a rerun knows what is there and what has changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::npy;

/// A stage of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Simulations to learn from.
    Simulate,
    /// Simulations to test with, never trained on.
    SimulateTests,
    /// Training.
    Fit,
    /// Draws from the posterior of the study's observation.
    Sample,
    /// What is asked about the posterior beside its draws.
    Explore,
    /// Checks and the verdict.
    Check,
    /// Figures and the HTML report.
    Report,
}

impl Stage {
    /// What the stage makes, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Simulate => "simulations",
            Self::SimulateTests => "test simulations",
            Self::Fit => "fitted model",
            Self::Sample => "posterior draws",
            Self::Explore => "exploration",
            Self::Check => "checks",
            Self::Report => "report",
        }
    }
}

/// Dotted keys and their values: everything a stage's result depends on.
pub type Inputs = BTreeMap<String, String>;

/// What one stage rested on, and whether it was finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRecord {
    /// Everything the result depends on.
    pub inputs: Inputs,
    /// Whether the stage came to its end.
    pub finished: bool,
    /// How long it took, in seconds, all its attempts together.
    pub seconds: f64,
}

/// `stages.json`: the records of a run folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Records(BTreeMap<Stage, StageRecord>);

impl Records {
    /// The file's name in a run folder.
    pub const FILE: &str = "stages.json";

    /// Reads a run folder's records; a folder without any has none.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(Self::FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Error::io(&path, "read")(error)),
        };
        serde_json::from_str(&text).map_err(|error| {
            Error::file(
                &path,
                format!("damaged: {error}"),
                "Give another --out, or delete the run folder to start again.",
            )
        })
    }

    /// Writes the records, atomically.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text =
            serde_json::to_string_pretty(self).expect("a map of text can be written as JSON");
        npy::write_atomically(folder.join(Self::FILE), text.as_bytes())
    }

    /// The record of a stage.
    pub fn get(&self, stage: Stage) -> Option<&StageRecord> {
        self.0.get(&stage)
    }

    /// Whether a stage came to its end with exactly these inputs.
    pub fn is_finished(&self, stage: Stage, inputs: &Inputs) -> bool {
        self.get(stage)
            .is_some_and(|record| record.finished && record.inputs == *inputs)
    }

    /// Notes that a stage begins; time spent on the same inputs before is kept.
    pub fn begin(&mut self, stage: Stage, inputs: Inputs) {
        let before = self
            .0
            .remove(&stage)
            .filter(|record| record.inputs == inputs && !record.finished);
        let seconds = before.map_or(0.0, |record| record.seconds);
        self.0.insert(
            stage,
            StageRecord {
                inputs,
                finished: false,
                seconds,
            },
        );
    }

    /// Notes that a stage ended, or was interrupted, after this many more seconds.
    pub fn end(&mut self, stage: Stage, finished: bool, seconds: f64) {
        if let Some(record) = self.0.get_mut(&stage) {
            record.finished = finished;
            record.seconds += seconds;
        }
    }

    /// Forgets a stage.
    pub fn forget(&mut self, stage: Stage) {
        self.0.remove(&stage);
    }

    /// Seconds a stage, for those that have begun.
    pub fn seconds(&self) -> BTreeMap<Stage, f64> {
        self.0
            .iter()
            .map(|(stage, record)| (*stage, record.seconds))
            .collect()
    }
}

/// The inputs that differ, in words: `study.seed was 1 and is now 2`.
pub(super) fn difference(old: &Inputs, new: &Inputs) -> Option<String> {
    const SHOWN: usize = 3;
    let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed: Vec<String> = keys
        .into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => format!("{key} was {} and is now {}", short(old), short(new)),
            (Some(old), None) => format!("{key} was {} and is now left out", short(old)),
            (None, Some(new)) => format!("{key} is new: {}", short(new)),
            (None, None) => unreachable!("the key comes from one of the two"),
        })
        .collect();
    let more = changed.len().saturating_sub(SHOWN);
    let mut words: Vec<String> = changed.iter().take(SHOWN).cloned().collect();
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    (!changed.is_empty()).then(|| words.join("; "))
}

fn short(value: &str) -> String {
    const LONGEST: usize = 60;
    if value.chars().count() <= LONGEST {
        return value.to_string();
    }
    let head: String = value.chars().take(LONGEST).collect();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(pairs: &[(&str, &str)]) -> Inputs {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_string(), (*v).to_string()))
            .collect()
    }

    #[test]
    fn a_difference_names_the_old_value_and_the_new_one() {
        let old = inputs(&[("study.seed", "1"), ("a", "x"), ("gone", "3")]);
        let new = inputs(&[("study.seed", "2"), ("a", "x"), ("fresh", "4")]);
        let words = difference(&old, &new).unwrap();
        assert!(words.contains("study.seed was 1 and is now 2"), "{words}");
        assert!(words.contains("gone was 3 and is now left out"), "{words}");
        assert!(words.contains("fresh is new: 4"), "{words}");
        assert_eq!(difference(&old, &old), None);
    }

    #[test]
    fn records_survive_the_file_and_remember_what_was_finished() {
        let folder = tempfile::tempdir().unwrap();
        let mut records = Records::read(folder.path()).unwrap();
        let seed_1 = inputs(&[("study.seed", "1")]);
        records.begin(Stage::Fit, seed_1.clone());
        records.end(Stage::Fit, false, 1.5);
        records.begin(Stage::Fit, seed_1.clone());
        records.end(Stage::Fit, true, 0.5);
        records.write(folder.path()).unwrap();
        let records = Records::read(folder.path()).unwrap();
        assert!(records.is_finished(Stage::Fit, &seed_1));
        assert!(!records.is_finished(Stage::Fit, &inputs(&[("study.seed", "2")])));
        assert_eq!(records.seconds()[&Stage::Fit], 2.0);
        fs::write(folder.path().join(Records::FILE), "{").unwrap();
        assert!(Records::read(folder.path()).is_err());
    }
}
