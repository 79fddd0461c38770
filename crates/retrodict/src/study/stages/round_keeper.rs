//! What the rounds of a study leave on disk, from which they go on.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::infer::sequential::{RoundKeeper, RoundModel, RoundReport, SequentialMethod};
use crate::npy;
use crate::simulate::{Role, Simulations};
use crate::study::stages::check::{read_json, write_json};
use crate::study::{Run, Stage};
use crate::table::Table;
use crate::train::TrainLog;

/// What a round proposed: θ, and what was said about them.
const PROPOSAL: [&str; 2] = ["proposal.npy", "proposal.json"];
/// The model of a round.
pub(super) const MODEL: &str = "model";
/// How a round went: written last, so that a round that has it is finished.
const ROUND: &str = "round.json";

/// What a round leaves beside its model.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Finished {
    report: RoundReport,
    training: TrainLog,
}

impl Run<'_> {
    /// What the rounds were, if there were several.
    pub(super) fn round_reports(&self) -> Result<Vec<RoundReport>> {
        if !self.study().config().inference.is_sequential() {
            return Ok(Vec::new());
        }
        let rounds = 0..self.study().config().inference.rounds();
        let each = rounds.map(|round| {
            let finished: Finished = read_json(&self.folder().round(round).join(ROUND))?;
            Ok(finished.report)
        });
        each.collect()
    }
}

/// Keeps rounds in the run's folder.
pub(super) struct StudyRounds<'r, 'a> {
    run: &'r Run<'a>,
    method: &'r SequentialMethod,
}

impl<'r, 'a> StudyRounds<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>, method: &'r SequentialMethod) -> Self {
        Self { run, method }
    }

    fn path(&self, round: usize, name: &str) -> PathBuf {
        self.run.folder().round(round).join(name)
    }
}

impl RoundKeeper for StudyRounds<'_, '_> {
    fn simulate(&mut self, round: usize, first: u64, theta: &Table) -> Result<Simulations> {
        self.run.stop().check()?;
        if round == 0 {
            // The stage before made them, with the same numbers.
            return self.run.load(Stage::Simulate);
        }
        let campaign = self.run.campaign_at(theta, Role::Training, first)?;
        self.run
            .run_at(&campaign, &self.run.folder().round_simulations(round))
    }

    fn proposed(&mut self, round: usize) -> Result<Option<(Table, RoundReport)>> {
        let [theta, report] = PROPOSAL.map(|name| self.path(round, name));
        if !report.exists() {
            return Ok(None);
        }
        let array = npy::read(&theta)?;
        let names = self.run.study().prior().names();
        if array.shape.get(1) != Some(&names.len()) {
            let problem = format!("shape {:?}, expected {} columns", array.shape, names.len());
            return Err(Error::file(
                &theta,
                problem,
                "Delete the run's `rounds` folder.",
            ));
        }
        Ok(Some((
            Table::new(names, array.values)?,
            read_json(&report)?,
        )))
    }

    fn keep_proposed(&mut self, round: usize, theta: &Table, report: &RoundReport) -> Result<()> {
        let folder = self.run.folder().round(round);
        fs::create_dir_all(&folder).map_err(Error::io(&folder, "create the folder"))?;
        let [path, words] = PROPOSAL.map(|name| self.path(round, name));
        npy::write(path, &[theta.n_rows(), theta.n_columns()], theta.values())?;
        write_json(&words, report)?;
        self.run.note(format!(
            "round {}: {} simulations from the {}",
            report.round, report.simulations, report.proposal
        ));
        Ok(())
    }

    fn fitted(&mut self, round: usize) -> Result<Option<(RoundModel, TrainLog, RoundReport)>> {
        let path = self.path(round, ROUND);
        if !path.exists() {
            return Ok(None);
        }
        let finished: Finished = read_json(&path)?;
        let prior = self.run.study().prior();
        let model = self.method.load(&self.path(round, MODEL), prior)?;
        Ok(Some((model, finished.training, finished.report)))
    }

    fn keep_fitted(
        &mut self,
        round: usize,
        model: &RoundModel,
        log: &TrainLog,
        report: &RoundReport,
    ) -> Result<()> {
        let folder = self.path(round, MODEL);
        if folder.exists() {
            // Of an attempt that was killed while it wrote.
            fs::remove_dir_all(&folder).map_err(Error::io(&folder, "remove"))?;
        }
        model.save(&folder)?;
        let finished = Finished {
            report: report.clone(),
            training: log.clone(),
        };
        write_json(&self.path(round, ROUND), &finished)
    }
}
