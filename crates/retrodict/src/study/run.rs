//! A run: a study, the folder it leaves, and which of its stages are done.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::events::{Event, Observer, StopFlag};
use super::folder::RunFolder;
use super::given_data::LargeData;
use super::inputs::{self, may_be_redone};
use super::journal::Journal;
use super::provenance;
use super::record::{Inputs, Records, Stage, difference};
use super::resolved::Study;
use crate::check::Verdict;
use crate::error::{Error, Result};
use crate::infer::Missing;
use crate::npy;
use crate::samples::Samples;
use crate::simulate::{Simulator, read_observations, read_observations_with_gaps};

/// What a whole run gives.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The posterior draws, one set an observation.
    pub samples: Vec<Samples>,
    /// The verdict.
    pub verdict: Verdict,
    /// The report's file.
    pub report: PathBuf,
}

/// A study in its run folder; its stages leave files there and skip what is there already.
///
/// What was made from another study is refused, never overwritten: simulations, a fitted model and
/// posterior draws stay until someone deletes them. Checks, figures and the report are made again
/// whenever what they rest on has changed, and so are the draws if only their number has.
pub struct Run<'a> {
    study: Study,
    folder: RunFolder,
    records: Records,
    journal: Arc<Journal>,
    observer: &'a Observer<'a>,
    stop: StopFlag,
    /// The study's own simulator, once it is needed.
    pub(super) started: OnceLock<Arc<dyn Simulator>>,
    /// Data files that are larger than memory, once they have been opened and passed over.
    pub(super) large_data: OnceLock<Option<LargeData>>,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("study", &self.study.config().study.name)
            .field("folder", &self.folder.path())
            .finish_non_exhaustive()
    }
}

impl<'a> Run<'a> {
    /// Opens the folder of a run, or makes it, and writes the resolved study there.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the folder holds results of another study, with what differs; and if
    /// the folder cannot be used.
    pub fn open(
        study: Study,
        out: impl AsRef<Path>,
        observer: &'a Observer<'a>,
        stop: StopFlag,
    ) -> Result<Self> {
        let folder = RunFolder::open(out)?;
        let records = Records::read(folder.path())?;
        let journal = Arc::new(Journal::open(&folder.log())?);
        let mut run = Self {
            study,
            folder,
            records,
            journal,
            observer,
            stop,
            started: OnceLock::new(),
            large_data: OnceLock::new(),
        };
        run.refuse_another_study()?;
        // First of all, so that the folder is known as a run from now on.
        run.records.write(run.folder.path())?;
        run.write_study()?;
        Ok(run)
    }

    /// Every stage, one after the other.
    ///
    /// # Errors
    /// Of any stage; [`Error::Interrupted`] if the run was asked to stop. Running it again goes on.
    pub fn all(&mut self) -> Result<Outcome> {
        self.simulate()?;
        self.fit()?;
        let samples = self.sample()?;
        let verdict = self.check()?;
        let report = self.report()?;
        Ok(Outcome {
            samples,
            verdict,
            report,
        })
    }

    /// The study.
    pub fn study(&self) -> &Study {
        &self.study
    }

    /// The folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Draws from the fitted posterior for other observations, the rows of a file.
    ///
    /// # Errors
    /// If no model is fitted yet, or the file does not hold observations.
    pub fn sample_for(&self, file: &Path, n: usize) -> Result<Vec<Samples>> {
        self.require(Stage::Fit, "fit")?;
        let length = self.study.observations().n_columns();
        let table = if self.study.config().inference.missing == Missing::Refuse {
            read_observations(file, Some(length))?
        } else {
            read_observations_with_gaps(file, Some(length))?
        };
        self.refuse_another_observation(file, &table)?;
        self.draw(&table, n)
    }

    pub(super) fn stop(&self) -> &StopFlag {
        &self.stop
    }

    pub(super) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    pub(super) fn records(&self) -> &Records {
        &self.records
    }

    pub(super) fn tell(&self, event: &Event) {
        if !matches!(event, Event::Progress { .. }) {
            self.journal.note(event);
        }
        (self.observer)(event);
    }

    pub(super) fn note(&self, message: impl Into<String>) {
        self.tell(&Event::Note {
            message: message.into(),
        });
    }

    pub(super) fn inputs(&self, stage: Stage) -> Inputs {
        inputs::inputs(stage, self.study.config(), self.study.facts())
    }

    pub(super) fn is_done(&self, stage: Stage) -> bool {
        self.records.is_finished(stage, &self.inputs(stage)) && self.folder.output(stage).exists()
    }

    /// Does a stage's work unless it is done, and keeps the record.
    pub(super) fn stage(
        &mut self,
        stage: Stage,
        total: usize,
        work: impl FnOnce(&Self) -> Result<String>,
    ) -> Result<()> {
        if self.is_done(stage) {
            self.tell(&Event::Kept { stage });
            return Ok(());
        }
        self.stop.check()?;
        self.records.begin(stage, self.inputs(stage));
        self.records.write(self.folder.path())?;
        self.tell(&Event::Started { stage, total });
        let start = Instant::now();
        let result = work(self);
        let seconds = start.elapsed().as_secs_f64();
        self.records.end(stage, result.is_ok(), seconds);
        self.records.write(self.folder.path())?;
        provenance::write(self)?;
        self.tell(&Event::Finished {
            stage,
            seconds,
            message: result?,
        });
        Ok(())
    }

    /// Refuses to go on without a stage that has to be done before.
    pub(super) fn require(&self, stage: Stage, command: &str) -> Result<()> {
        if self.is_done(stage) {
            return Ok(());
        }
        Err(Error::file(
            self.folder.path(),
            format!("this run has no {} yet", stage.words()),
            format!(
                "Run `retrodict {command}` on the study first, or `retrodict run` for all stages."
            ),
        ))
    }

    fn refuse_another_study(&mut self) -> Result<()> {
        for stage in [
            Stage::Simulate,
            Stage::SimulateTests,
            Stage::Fit,
            Stage::Sample,
        ] {
            let Some(record) = self.records.get(stage) else {
                continue;
            };
            let output = self.folder.output(stage);
            if !output.exists() {
                self.records.forget(stage);
                continue;
            }
            let now = self.inputs(stage);
            let Some(words) = difference(&record.inputs, &now) else {
                continue;
            };
            if changed_keys(&record.inputs, &now)
                .iter()
                .all(|key| may_be_redone(stage, key))
            {
                continue;
            }
            return Err(Error::Mismatch {
                path: output,
                difference: format!("its {}: {words}", stage.words()),
                advice: advice(stage),
            });
        }
        Ok(())
    }

    /// The text of the resolved study: once a search is done, with what it found.
    pub(super) fn resolved(&self) -> String {
        let settled = self.settled();
        let inference = settled.as_ref().unwrap_or(&self.study.config().inference);
        self.study.to_toml_with(inference, self.folder.path())
    }

    pub(super) fn write_study(&self) -> Result<()> {
        let path = self.folder.study();
        let text = self.resolved();
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        npy::write_atomically(&path, text.as_bytes())
    }
}

fn changed_keys(old: &Inputs, new: &Inputs) -> BTreeSet<String> {
    let keys = old.keys().chain(new.keys());
    keys.filter(|key| old.get(*key) != new.get(*key))
        .cloned()
        .collect()
}

fn advice(stage: Stage) -> String {
    match stage {
        Stage::Sample => "Delete this folder to draw anew from the same model, or give another --out; `retrodict sample STUDY --x FILE` draws for another observation and changes nothing here.".into(),
        Stage::Fit => "Give another --out, or delete this folder and `posterior` beside it to train anew on the same simulations.".into(),
        _ => "Give another --out, or delete the run folder to start again.".into(),
    }
}
