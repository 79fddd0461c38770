//! The stage that trains.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::infer::planned_epochs;
use crate::npy;
use crate::study::{Event, Method, Run, Stage, continued, hash};
use crate::train::{Checkpoints, EpochRecord, TrainLog, Watch};

/// What happened while training, beside the weights it gave.
const TRAINING: &str = "training.json";

impl Run<'_> {
    /// Trains on the simulations in the run folder, unless that is done.
    ///
    /// # Errors
    /// If there are no simulations yet, training fails, or the run was asked to stop.
    pub fn fit(&mut self) -> Result<()> {
        self.require(Stage::Simulate, "simulate")?;
        let train = &self.study().config().inference.train;
        let n = self.study().config().inference.simulations.unwrap_or(0);
        let columns = self.study().prior().n_parameters() + self.study().observations().n_columns();
        let trains = self.study().config().inference.method.trains();
        let sizes = self.round_sizes(n);
        let total = if trains {
            let each = sizes.iter().enumerate();
            each.map(|(round, &n)| {
                self.ratios(round + 1 == sizes.len()) * planned_epochs(train, n, columns)
            })
            .sum()
        } else if self.study().config().inference.method == Method::AbcSmc {
            n
        } else {
            0
        };
        self.stage(Stage::Fit, total, Run::train)?;
        // With the settings that a search found.
        self.write_study()
    }

    /// How many ratios of `tmnre` a round learns one after the other: the last, or another; one model of any other
    /// method.
    fn ratios(&self, last: bool) -> usize {
        let inference = &self.study().config().inference;
        match &inference.tmnre {
            Some(marginals) => marginals.n_ratios(&self.study().prior().names(), last),
            None => 1,
        }
    }

    fn train(&self) -> Result<String> {
        let folder = self.folder().model();
        if let Some(name) = &self.study().config().inference.continue_from {
            let given = continued::model_folder(self.study().folder(), name);
            continued::check_is_another(&folder, &given)?;
        }
        if folder.exists() {
            // Half a model of an attempt that was killed while it wrote; the networks' state is elsewhere.
            fs::remove_dir_all(&folder).map_err(Error::io(&folder, "remove"))?;
        }
        self.forget_search()?;
        let simulations = self.training_simulations()?;
        let epochs = EpochWriter::create(self)?;
        let inputs = format!("{:?}", self.inputs(Stage::Fit));
        let key = hash::of_bytes(inputs.as_bytes());
        let watcher = FitWatcher {
            run: self,
            epochs,
            checkpoints: Checkpoints::new(self.folder().checkpoints(), key),
        };
        let fitted = self.fit_method(&folder, &*simulations, &watcher)?;
        watcher.checkpoints.clear()?;
        let Some(log) = fitted else {
            return Ok(format!("{} simulations, no networks", simulations.n_rows()));
        };
        log.notes.iter().for_each(|note| self.note(note));
        let json = serde_json::to_string_pretty(&log).expect("a log is plain data");
        npy::write_atomically(folder.join(TRAINING), json.as_bytes())?;
        Ok(describe(&log))
    }

    /// What happened while training, if networks were trained.
    pub(super) fn training_log(&self) -> Result<Option<TrainLog>> {
        if !self.study().config().inference.method.trains() {
            return Ok(None);
        }
        let path = self.folder().model().join(TRAINING);
        let bytes = fs::read(&path).map_err(Error::io(&path, "read"))?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let advice = "Delete the run's `model` folder and fit again.";
            Error::file(&path, format!("damaged: {error}"), advice)
        })
    }
}

fn describe(log: &TrainLog) -> String {
    let epochs: usize = log.members.iter().map(|member| member.epochs.len()).sum();
    let loss = log.validation_loss();
    let networks = match log.members.len() {
        1 => "one network".to_string(),
        n => format!("{n} networks"),
    };
    format!(
        "{networks}, {epochs} epochs on {} simulations, validation loss {loss:.3}",
        log.n_train
    )
}

/// Keeps what a training needs to go on after an interruption.
struct FitWatcher<'r, 'a> {
    run: &'r Run<'a>,
    epochs: EpochWriter,
    checkpoints: Checkpoints,
}

impl Watch for FitWatcher<'_, '_> {
    fn epoch(&self, record: &EpochRecord) -> ControlFlow<()> {
        self.epochs.epoch(self.run, record)
    }

    fn checkpoints(&self) -> Option<&Checkpoints> {
        Some(&self.checkpoints)
    }
}

/// Writes `train.jsonl` as the epochs end.
struct EpochWriter(Mutex<(BufWriter<File>, usize)>);

impl EpochWriter {
    fn create(run: &Run<'_>) -> Result<Self> {
        let path = run.folder().train_log();
        let file = File::create(&path).map_err(Error::io(&path, "write"))?;
        Ok(Self(Mutex::new((BufWriter::new(file), 0))))
    }

    fn epoch(&self, run: &Run<'_>, record: &EpochRecord) -> ControlFlow<()> {
        let done = {
            let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (file, done) = &mut *guard;
            *done += 1;
            // The log is a help: a full disk shows where the weights are written.
            let line = serde_json::to_string(record).expect("a record is plain data");
            let _ = writeln!(file, "{line}").and_then(|()| file.flush());
            *done
        };
        let message = format!("validation loss {:.3}", record.validation_loss);
        run.tell(&Event::Progress {
            stage: Stage::Fit,
            done,
            message,
        });
        run.stop().flow()
    }
}
