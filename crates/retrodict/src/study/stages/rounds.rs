//! Sequential inference in a study: which rounds it makes, and where they lie.

use std::fs;
use std::path::Path;

use super::round_keeper::StudyRounds;
use crate::error::{Error, Result};
use crate::infer::fits_in_memory;
use crate::infer::sequential::{
    RoundModel, SequentialConfig, SequentialMethod, SequentialTask, sequential,
};
use crate::seed::Seed;
use crate::simulate::{Campaign, Role, Simulations, Store, ThetaSource};
use crate::study::stages::check::{read_json, write_json};
use crate::study::stages::simulate::Watcher;
use crate::study::{Method, Run, Stage, hash};
use crate::table::Table;
use crate::train::{Observer, TrainLog};

/// What marks a folder of rounds as belonging to this study.
const BELONGS: &str = "belongs.json";

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
        let mut keeper = StudyRounds::new(self, &method);
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
        let folder = self.folder().rounds();
        fs::create_dir_all(&folder).map_err(Error::io(&folder, "create the folder"))?;
        write_json(&path, &belongs)
    }

    pub(super) fn sequential_method(&self) -> SequentialMethod {
        let inference = &self.study().config().inference;
        let sampler = inference.sampler.clone().unwrap_or_default();
        match inference.method {
            Method::Nle => SequentialMethod::Nle(inference.nle(), sampler),
            Method::Nre => SequentialMethod::Nre(inference.nre(), sampler),
            Method::Tmnre => SequentialMethod::Tmnre(inference.tmnre()),
            Method::Auto => SequentialMethod::Auto(Box::new(self.auto_config(sampler))),
            _ => SequentialMethod::Npe(inference.npe()),
        }
    }

    pub(super) fn sequential_config(&self) -> SequentialConfig {
        let inference = &self.study().config().inference;
        inference.sequential.clone().unwrap_or_default()
    }

    pub(super) fn task<'t>(
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
    pub(super) fn campaign_at<'s>(
        &'s self,
        theta: &'s Table,
        role: Role,
        first: u64,
    ) -> Result<Campaign<'s>> {
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

    pub(super) fn run_at(&self, campaign: &Campaign<'_>, folder: &Path) -> Result<Simulations> {
        let watcher = Watcher {
            run: self,
            stage: Stage::Fit,
        };
        let mut made = campaign.complete(folder, &watcher)?.read(campaign.n)?;
        let names = self.study().observations().names().to_vec();
        made.x = Table::new(names, made.x.values().to_vec())?;
        Ok(made)
    }
}
