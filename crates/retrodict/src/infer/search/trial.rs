//! One trial of a search, and its file.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::settings::Settings;
use crate::error::{Error, Result};
use crate::npy;

/// A configuration that was trained once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number, from zero; the first is the study's own settings.
    pub index: usize,
    /// How often it was promoted to longer training before.
    pub rung: usize,
    /// The most steps it was trained for.
    pub max_steps: usize,
    /// What it changed.
    pub settings: Settings,
    /// The mean of −log q over the rows held out; absent if it failed.
    pub loss: Option<f64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How many epochs it took.
    pub epochs: usize,
    /// How many seconds it took.
    pub seconds: f64,
    /// How many seconds of the search had passed when it ended, earlier runs included.
    pub elapsed: f64,
}

/// A trial as it stands on disk: with a word that tells which search it belongs to.
#[derive(Serialize, Deserialize)]
struct Kept {
    search: String,
    trial: Trial,
}

/// Where finished trials are kept, one file each.
#[derive(Debug, Clone)]
pub struct TrialFolder {
    path: PathBuf,
    search: String,
}

impl TrialFolder {
    /// A folder for the trials of one search; `search` tells it from others. Files of others count
    /// for nothing.
    ///
    /// # Errors
    /// If the folder cannot be used.
    pub fn open(path: impl AsRef<Path>, search: impl Into<String>) -> Result<Self> {
        let path = path.as_ref();
        fs::create_dir_all(path).map_err(Error::io(path, "create the folder"))?;
        Ok(Self {
            path: path.to_path_buf(),
            search: search.into(),
        })
    }

    /// The finished trial, if it is there; a file that is damaged or of another search counts for
    /// nothing, as a trial is soon made again.
    pub(super) fn read(&self, index: usize, rung: usize) -> Option<Trial> {
        let bytes = fs::read(self.file(index, rung)).ok()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        let mine =
            kept.search == self.search && (kept.trial.index, kept.trial.rung) == (index, rung);
        mine.then_some(kept.trial)
    }

    /// Writes a finished trial, whole or not at all.
    pub(super) fn write(&self, trial: &Trial) -> Result<()> {
        let kept = Kept {
            search: self.search.clone(),
            trial: trial.clone(),
        };
        let text = serde_json::to_string_pretty(&kept).expect("a trial is plain data");
        npy::write_atomically(self.file(trial.index, trial.rung), text.as_bytes())
    }

    fn file(&self, index: usize, rung: usize) -> PathBuf {
        self.path.join(format!("trial-{index:04}-{rung}.json"))
    }
}
