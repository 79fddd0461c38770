//! The folder a run leaves, and where everything in it is.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::record::{Records, Stage};
use crate::error::{Error, Result};

/// A run's folder, held by one process at a time.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Where simulations from the prior are: in the folder, or for one of several methods in that of
    /// the whole study.
    simulations: PathBuf,
    /// Held for as long as the folder is in use; the system lets go of it even after a kill.
    _lock: File,
}

impl RunFolder {
    /// Opens a run's folder, or makes a new one.
    ///
    /// # Errors
    /// If the folder holds files but no run, another process uses it, or it cannot be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.is_file() {
            return Err(Error::file(
                path,
                "is a file; expected a folder for the run",
                "Give another --out.",
            ));
        }
        refuse_strangers(path)?;
        fs::create_dir_all(path).map_err(Error::io(path, "create the folder"))?;
        let path = path.canonicalize().map_err(Error::io(path, "open"))?;
        let lock_path = path.join(LOCK);
        let lock = File::create(&lock_path).map_err(Error::io(&lock_path, "write"))?;
        match lock.try_lock() {
            // Some network file systems have no locks; a run there goes on without one.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self {
                simulations: shared_simulations(&path).unwrap_or_else(|| path.join("simulations")),
                path,
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::file(
                &path,
                "another retrodict process is working in this folder",
                "Wait for it, or give another --out.",
            )),
        }
    }

    /// The folder itself, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The study with every default written out.
    pub fn study(&self) -> PathBuf {
        self.path.join(STUDY)
    }

    /// The simulations to learn from.
    pub fn simulations(&self) -> PathBuf {
        self.simulations.join("round-000")
    }

    /// The simulations of a round, counted from zero: several methods share those of the first.
    pub fn round_simulations(&self, round: usize) -> PathBuf {
        if round == 0 {
            return self.simulations();
        }
        self.path
            .join("simulations")
            .join(format!("round-{round:03}"))
    }

    /// What the rounds of sequential inference leave beside their simulations.
    pub fn rounds(&self) -> PathBuf {
        self.path.join("rounds")
    }

    /// The proposal and the model of a round, counted from zero.
    pub fn round(&self, round: usize) -> PathBuf {
        self.rounds().join(format!("round-{round:03}"))
    }

    /// The simulations to test with.
    pub fn test_simulations(&self) -> PathBuf {
        self.simulations.join("test")
    }

    /// The simulations at posterior draws.
    pub fn predictive_simulations(&self, observation: usize) -> PathBuf {
        self.path
            .join("simulations")
            .join(format!("predictive-{observation:03}"))
    }

    /// Simulations that a method ran by itself.
    pub fn online_simulations(&self, name: &str) -> PathBuf {
        self.path.join("simulations").join(name)
    }

    /// The run of one of several methods.
    pub fn method(&self, name: &str) -> PathBuf {
        self.path.join(METHODS).join(name)
    }

    /// The run of a model that this study's is compared with, which only simulates.
    pub fn model_of(&self, name: &str) -> PathBuf {
        self.path.join("models").join(name)
    }

    /// The fitted model.
    pub fn model(&self) -> PathBuf {
        self.path.join("model")
    }

    /// The finished trials of a search for hyper-parameters.
    pub fn trials(&self) -> PathBuf {
        self.path.join("search")
    }

    /// What the search found.
    pub fn search_json(&self) -> PathBuf {
        self.path.join("search.json")
    }

    /// The trials of the search as a table.
    pub fn search_csv(&self) -> PathBuf {
        self.path.join("search.csv")
    }

    /// Where training keeps its state while it lasts.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The epochs of the training, one JSON object a line.
    pub fn train_log(&self) -> PathBuf {
        self.path.join("train.jsonl")
    }

    /// The posterior's draws.
    pub fn posterior(&self) -> PathBuf {
        self.path.join("posterior")
    }

    /// What was found about the posterior beside its draws.
    pub fn exploration(&self) -> PathBuf {
        self.posterior().join("exploration.json")
    }

    /// The raw material of the checks.
    pub fn checks(&self) -> PathBuf {
        self.path.join("checks")
    }

    /// The verdict.
    pub fn verdict(&self) -> PathBuf {
        self.path.join("verdict.json")
    }

    /// The figures.
    pub fn figures(&self) -> PathBuf {
        self.path.join("figures")
    }

    /// The report.
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// Where the run comes from.
    pub fn provenance(&self) -> PathBuf {
        self.path.join("provenance.json")
    }

    /// What happened, one JSON object a line.
    pub fn log(&self) -> PathBuf {
        self.path.join("log.jsonl")
    }

    /// What a stage leaves: without it, the stage counts as not done.
    pub fn output(&self, stage: Stage) -> PathBuf {
        match stage {
            Stage::Simulate => self.simulations(),
            Stage::SimulateTests => self.test_simulations(),
            Stage::Fit => self.model(),
            Stage::Sample => self.posterior(),
            Stage::Explore => self.exploration(),
            Stage::Check => self.verdict(),
            Stage::Report => self.report(),
        }
    }
}

/// The simulations of the whole study, if this is the run of one of its methods.
fn shared_simulations(path: &Path) -> Option<PathBuf> {
    let above = path.parent().filter(|parent| parent.ends_with(METHODS))?;
    let whole = above.parent()?;
    let known = whole.join(Records::FILE).exists();
    known.then(|| whole.join("simulations"))
}

/// The folder of the runs of several methods.
const METHODS: &str = "methods";
const LOCK: &str = ".lock";
const STUDY: &str = "study.toml";

/// What a program may put into a new folder for its study to read: an observation, importance weights, networks to go
/// on with.
const INPUTS: [&str; 3] = ["observation.npy", "weights.npy", "continue_from"];

/// A folder that holds files but no run is someone's work: nothing is written there.
fn refuse_strangers(path: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(path) else {
        return Ok(());
    };
    let ours = |name: &std::ffi::OsStr| name == LOCK || INPUTS.iter().any(|own| name == *own);
    let strangers = entries.flatten().any(|entry| !ours(&entry.file_name()));
    if strangers && !path.join(Records::FILE).exists() {
        return Err(Error::file(
            path,
            "holds files, but no run",
            "Give an --out that is empty, new, or holds a run of this study.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_other_files_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.tex"), "x").unwrap();
        let message = RunFolder::open(folder.path()).unwrap_err().to_string();
        assert!(message.contains("holds files, but no run"), "{message}");
        let fresh = tempfile::tempdir().unwrap();
        fs::write(fresh.path().join("observation.npy"), "x").unwrap();
        assert!(RunFolder::open(fresh.path()).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn two_processes_cannot_hold_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = RunFolder::open(folder.path().join("run")).unwrap();
        let message = RunFolder::open(first.path()).unwrap_err().to_string();
        assert!(message.contains("another retrodict process"), "{message}");
        drop(first);
        RunFolder::open(folder.path().join("run")).unwrap();
    }
}
