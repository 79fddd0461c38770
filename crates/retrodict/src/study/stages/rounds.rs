//! Sequential inference in a study: what its rounds leave, and what of it can be checked.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::error::{Error, Result};
use crate::infer::sequential::{
    ProposalKind, RoundKeeper, RoundModel, RoundReport, SequentialConfig, SequentialMethod,
    SequentialTask, TruncatedPosterior, sequential,
};
use crate::infer::{Posterior, fits_in_memory};
use crate::npy;
use crate::report::html::Fact;
use crate::seed::{Seed, Stream};
use crate::simulate::{Campaign, Role, Simulations, Store, ThetaSource};
use crate::study::stages::check::{not_calibrated, read_json, write_json};
use crate::study::stages::simulate::{Watcher, remove_stale};
use crate::study::{Method, Run, Stage, hash};
use crate::table::Table;
use crate::train::{Observer, TrainLog};

/// What marks a folder of rounds as belonging to this study.
const BELONGS: &str = "belongs.json";
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
    /// How many simulations each round has learned from at most; the first of one round all.
    pub(super) fn round_sizes(&self, n: usize) -> Vec<usize> {
        let rounds = self.study().config().inference.rounds();
        let each = n / rounds;
        (0..rounds)
            .map(|later| n - each * (rounds - 1 - later))
            .collect()
    }

    /// Fits in rounds, each resumable, and leaves the last model in `folder`.
    pub(super) fn fit_rounds(&self, folder: &Path, observer: Observer<'_>) -> Result<TrainLog> {
        self.check_rounds()?;
        let method = self.sequential_method();
        let config = self.sequential_config();
        let task = self.task(&method, &config);
        let mut keeper = StudyRounds {
            run: self,
            method: &method,
        };
        let fit = sequential(&task, &mut keeper, observer)?;
        let model = fit.models.last().expect("there are rounds");
        model.save(folder)?;
        let mut log = fit.log;
        if let RoundModel::Auto(model) = model {
            for reason in &model.choice.reasons {
                self.note(format!("auto: {reason}"));
            }
        }
        for report in fit.reports {
            let of = |note: String| format!("round {}: {note}", report.round);
            log.notes.extend(report.notes.into_iter().map(of));
        }
        Ok(log)
    }

    /// Refuses rounds of another study, and marks the folder as this one's.
    fn check_rounds(&self) -> Result<()> {
        let config = self.study().config();
        let n = config.inference.simulations.unwrap_or(0);
        let columns = self.study().prior().n_parameters() + self.study().observations().n_columns();
        let memory = config.inference.train.memory;
        if !fits_in_memory(n, columns, memory) {
            return Err(Error::invalid(
                "inference.train.memory",
                memory,
                format!(
                    "more, for {n} simulations of {columns} numbers: several rounds keep them in memory"
                ),
                "Allow more memory, use fewer simulations, or one round.",
            ));
        }
        let inputs = format!("{:?}", self.inputs(Stage::Fit));
        let belongs = hash::of_bytes(inputs.as_bytes());
        let path = self.folder().rounds().join(BELONGS);
        if path.exists() {
            if read_json::<String>(&path)? == belongs {
                return Ok(());
            }
            return Err(Error::Mismatch {
                path: self.folder().rounds(),
                difference: "its rounds were made with other settings, another observation or other simulations".into(),
                advice: "Give another --out; or delete this folder, and `simulations/round-001` and later, to make all rounds but the first anew.".into(),
            });
        }
        make_folder(&self.folder().rounds())?;
        write_json(&path, &belongs)
    }

    fn sequential_method(&self) -> SequentialMethod {
        let inference = &self.study().config().inference;
        let sampler = inference.sampler.clone().unwrap_or_default();
        match inference.method {
            Method::Nle => SequentialMethod::Nle(inference.nle(), sampler),
            Method::Nre => SequentialMethod::Nre(inference.nre(), sampler),
            Method::Auto => SequentialMethod::Auto(Box::new(self.auto_config(sampler))),
            _ => SequentialMethod::Npe(inference.npe()),
        }
    }

    fn sequential_config(&self) -> SequentialConfig {
        let inference = &self.study().config().inference;
        inference.sequential.clone().unwrap_or_default()
    }

    fn task<'t>(
        &'t self,
        method: &'t SequentialMethod,
        config: &'t SequentialConfig,
    ) -> SequentialTask<'t> {
        let study = self.study();
        SequentialTask {
            prior: study.prior(),
            // All trials, if there are several.
            x: study.observations().values(),
            method,
            config,
            simulations: study.config().inference.simulations.unwrap_or(0),
            rounds: study.config().inference.rounds(),
            seed: Seed(study.config().study.seed),
        }
    }

    /// The simulations of every round.
    pub(super) fn all_rounds(&self) -> Result<Simulations> {
        let n = self.study().config().inference.simulations.unwrap_or(0);
        let mut all = self.load(Stage::Simulate)?;
        for (round, sizes) in self.round_sizes(n).windows(2).enumerate() {
            let folder = self.folder().round_simulations(round + 1);
            let later = Store::open(folder)?.read(sizes[1] - sizes[0])?;
            all = all.followed_by(&later)?;
        }
        Ok(all)
    }

    /// A campaign at given θ.
    fn campaign_at<'s>(&'s self, theta: &'s Table, role: Role, first: u64) -> Result<Campaign<'s>> {
        let mut campaign = self.campaign(Stage::Fit, theta.n_rows(), &**self.simulator()?);
        let bytes: Vec<u8> = theta
            .values()
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        campaign.prior_hash = hash::of_bytes(&bytes);
        campaign.theta = ThetaSource::Given(theta);
        campaign.role = role;
        campaign.first = first;
        Ok(campaign)
    }

    fn run_at(&self, campaign: &Campaign<'_>, folder: &Path) -> Result<Simulations> {
        let watcher = Watcher {
            run: self,
            stage: Stage::Fit,
        };
        let mut made = campaign.complete(folder, &watcher)?.read(campaign.n)?;
        let names = self.study().observations().names().to_vec();
        made.x = Table::new(names, made.x.values().to_vec())?;
        Ok(made)
    }

    /// What calibration can say after several rounds: with truncated proposals, whether the posterior is
    /// right for data from the last truncated prior.
    pub(super) fn calibrate_rounds(&self, posterior: &dyn Posterior) -> Result<Vec<Check>> {
        let config = self.study().config();
        let (method, options) = (self.sequential_method(), self.sequential_config());
        let truncated = options.proposal == ProposalKind::Truncated;
        let untested = match &method {
            SequentialMethod::Npe(_) => !truncated,
            SequentialMethod::Auto(_) => self.auto_model()?.posterior.is_none(),
            _ => true,
        };
        if untested {
            let why = format!(
                "{} rounds were aimed at one observation by a method that is not amortised, and it is right near \
                 that observation's posterior only",
                config.inference.rounds()
            );
            return Ok(vec![not_calibrated(&why, ONE_ROUND)]);
        }
        let task = self.task(&method, &options);
        let round = task.rounds - 1;
        let before = method.load(&self.folder().round(round - 1).join(MODEL), task.prior)?;
        let region = task.region(round, Some(&before), &self.round_reports()?[..round])?;
        let n = config.check.test_simulations;
        let seed = task.seed.derive(Stream::TestParameters, 0);
        let theta = match &region {
            Some(region) => region.sample(n, seed)?.theta,
            // Of `auto`, when there was nothing to learn beyond a linear guess.
            None => task.prior.sample_table(n, seed, Stream::TestParameters),
        };
        let mut campaign = self.campaign_at(&theta, Role::Test, 0)?;
        // Failures among the tests are counted and do not end the checks.
        campaign.max_failed = 1.0;
        let folder = self.folder().test_simulations();
        remove_stale(&folder, &campaign)?;
        let tests = self.run_at(&campaign, &folder)?;
        let Some(region) = &region else {
            return self.calibrate_with(posterior, &tests);
        };
        let quick = match &method {
            SequentialMethod::Auto(_) => self.auto_model()?.quick_posterior(task.prior)?,
            _ => None,
        };
        let posterior: &dyn Posterior = match &quick {
            Some(quick) => &**quick,
            None => posterior,
        };
        let truncated = TruncatedPosterior::new(posterior, region);
        match self.calibrate_with(&truncated, &tests) {
            Err(Error::Invalid { what, given, .. }) => {
                let why = format!("the {what} had {given}");
                Ok(vec![not_calibrated(
                    &why,
                    "Give more simulations or fewer rounds.",
                )])
            }
            checks => checks,
        }
    }

    /// What the draws say about where they come from.
    pub(super) fn aim(&self) -> Result<Vec<(String, String)>> {
        let inference = &self.study().config().inference;
        if let Some(given) = &inference.given_rounds {
            let rounds = given.rounds.len().to_string();
            let entries = [("amortised", "false".into()), ("rounds", rounds)];
            return Ok(entries.map(|(key, value)| (key.to_string(), value)).into());
        }
        if !inference.is_sequential() {
            return Ok(Vec::new());
        }
        let mut entries = vec![
            ("amortised", self.is_amortised()?.to_string()),
            ("rounds", inference.rounds().to_string()),
        ];
        if let Some(choice) = self.chosen_by_auto()? {
            entries.push(("chosen", choice.method.name().into()));
            entries.push(("because", choice.reasons.join(" ")));
        }
        let owned = entries
            .into_iter()
            .map(|(key, value)| (key.to_string(), value));
        Ok(owned.collect())
    }

    /// What the rounds were, if there were several.
    fn round_reports(&self) -> Result<Vec<RoundReport>> {
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

    /// Whether the result of rounds serves every observation, because none of them was aimed.
    pub(super) fn is_amortised(&self) -> Result<bool> {
        let reports = self.round_reports()?;
        Ok(!reports.is_empty() && reports.iter().all(RoundReport::is_unaimed))
    }

    /// What a reader has to know, if there were several rounds.
    pub(super) fn about_rounds(&self) -> Result<Option<String>> {
        let inference = &self.study().config().inference;
        if !inference.is_aimed() {
            return Ok(None);
        }
        if self.is_amortised()? {
            return Ok(Some(
                "The rounds were not aimed: all drew from the prior, because aiming promised little. The \
                 result is amortised, and serves other observations."
                    .into(),
            ));
        }
        let given = inference.given_rounds.as_ref();
        let rounds = given.map_or(inference.rounds(), |given| given.rounds.len());
        Ok(Some(format!(
            "The result is not amortised: {rounds} rounds of simulations were aimed at this observation, and it \
             holds for no other."
        )))
    }

    /// Refuses to draw for an observation at which the rounds were not aimed.
    pub(in crate::study) fn refuse_another_observation(
        &self,
        file: &Path,
        given: &Table,
    ) -> Result<()> {
        let own = self.study().observations();
        let inference = &self.study().config().inference;
        let first = inference.method == Method::Auto;
        if !inference.is_sequential() || first || given.values() == own.values() {
            return Ok(());
        }
        if self.is_amortised()? {
            return Ok(());
        }
        Err(Error::file(
            file,
            format!(
                "holds another observation than the study's, at which {} rounds were aimed: the posterior is not amortised",
                self.study().config().inference.rounds()
            ),
            "Give the observation a study of its own, or use `rounds = 1`, which serves any observation.",
        ))
    }

    /// One fact a round, for the report.
    pub(super) fn round_facts(&self) -> Result<Vec<Fact>> {
        Ok(self.round_reports()?.iter().map(fact).collect())
    }
}

pub(super) const ONE_ROUND: &str = "Compare with a run of `rounds = 1` and as many simulations, which can be tested; the posterior predictive check applies as it is.";

fn fact(report: &RoundReport) -> Fact {
    let share = report.acceptance.map_or_else(String::new, |share| {
        format!(", which took {:.2} % of its candidates", 100.0 * share)
    });
    Fact::new(
        format!("round {}", report.round),
        format!(
            "{} simulations from the {}{share}; {} learned from, validation loss {:.3}",
            report.simulations, report.proposal, report.used, report.validation_loss
        ),
    )
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))
}

/// Keeps rounds in the run's folder.
struct StudyRounds<'r, 'a> {
    run: &'r Run<'a>,
    method: &'r SequentialMethod,
}

impl StudyRounds<'_, '_> {
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
        make_folder(&self.run.folder().round(round))?;
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
