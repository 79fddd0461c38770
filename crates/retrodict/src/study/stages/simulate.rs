//! The stage that simulates: what is learned from, and what is tested with.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::infer::fits_in_memory;
use crate::samples::Samples;
use crate::seed::Seed;
use crate::simulate::{
    Campaign, Failures, Manifest, Observer, Progress, Role, SimulationSource, Simulations,
    Simulator, Store, StoredSimulations, ThetaSource, check_failures, read_all,
};
use crate::study::given_data::LargeData;
use crate::study::{Event, Run, Stage, given_data, hash, provenance};
use crate::table::Table;

impl Run<'_> {
    /// Makes the simulations to learn from and those to test with, unless they are there. What an
    /// earlier attempt finished is kept.
    ///
    /// # Errors
    /// If the simulator cannot be started or does not suit the study, more simulations fail than
    /// the study accepts, or the run was asked to stop.
    pub fn simulate(&mut self) -> Result<()> {
        for stage in [Stage::Simulate, Stage::SimulateTests] {
            let n = self.wanted(stage)?;
            if n > 0 {
                self.stage(stage, n, |run| run.make(stage, n))?;
                self.refuse_failures(stage)?;
            }
        }
        Ok(())
    }

    /// How many simulations the study wants.
    pub(super) fn wanted(&self, stage: Stage) -> Result<usize> {
        let config = self.study().config();
        if config.inference.is_sequential() {
            // The tests of several rounds come from where the last one proposed.
            let n = config.inference.simulations.unwrap_or(0);
            let first = self.round_sizes(n)[0];
            return Ok(if stage == Stage::SimulateTests {
                0
            } else {
                first
            });
        }
        if stage == Stage::SimulateTests {
            let repeated = config.check.repeated_inferences > 0;
            let tested = repeated || !config.inference.method.simulates();
            return Ok(if tested {
                config.check.test_simulations
            } else {
                0
            });
        }
        match (config.prior_simulations(), self.large_data()?) {
            (Some(n), _) => Ok(n),
            (None, Some(large)) => Ok(large.training.n_rows()),
            (None, None) => Ok(given_data::read(self.study())?.training.len()),
        }
    }

    /// The study's data files, if they are larger than memory.
    fn large_data(&self) -> Result<Option<&LargeData>> {
        if self.study().config().simulator.data.is_none() {
            return Ok(None);
        }
        if let Some(large) = self.large_data.get() {
            return Ok(large.as_ref());
        }
        let large = given_data::open_large(self.study())?;
        Ok(self.large_data.get_or_init(|| large).as_ref())
    }

    fn make(&self, stage: Stage, n: usize) -> Result<String> {
        if self.study().config().simulator.data.is_some() {
            let folder = self.folder().output(stage);
            match self.large_data()? {
                Some(large) => large.note(&folder, stage)?,
                None => given_data::read(self.study())?.note(&folder, stage)?,
            }
            return Ok(format!("{n} simulations that existed already"));
        }
        if self.is_restricted() {
            return self.make_within(stage, n);
        }
        let simulator = self.simulator()?;
        let watcher = Watcher { run: self, stage };
        let store = self
            .campaign(stage, n, &**simulator)
            .complete(&self.folder().output(stage), &watcher)?;
        let names = self.study().observations().names().to_vec();
        let failures = StoredSimulations::open(store, n, names)?.failures()?;
        Ok(describe(&failures, n))
    }

    /// The same for a study that restricts its prior.
    fn make_within(&self, stage: Stage, n: usize) -> Result<String> {
        if stage == Stage::SimulateTests {
            self.make_restricted_tests(n)?;
        } else {
            self.make_restricted(n)?;
        }
        Ok(describe(&self.load(stage)?.failures(), n))
    }

    pub(super) fn campaign<'s>(
        &'s self,
        stage: Stage,
        n: usize,
        simulator: &'s dyn Simulator,
    ) -> Campaign<'s> {
        let config = self.study().config();
        let seed = Seed(config.study.seed);
        let mut campaign = Campaign::new(simulator, self.study().prior(), n, seed);
        if stage == Stage::SimulateTests {
            campaign.role = Role::Test;
        }
        campaign.prior_hash = self.campaign_hash(["parameters.", "parameters."]);
        campaign.simulator_hash = self.campaign_hash(["simulator.", "file."]);
        campaign.max_failed = config.simulator.max_failed;
        campaign
    }

    /// The simulations to learn from; those that do not fit into memory stay on disk.
    pub(super) fn training_simulations(&self) -> Result<Box<dyn SimulationSource>> {
        self.require(Stage::Simulate, "simulate")?;
        if self.is_restricted() {
            let all = self.load(Stage::Simulate)?;
            return Ok(Box::new(self.within_restriction(all)?));
        }
        self.source(Stage::Simulate)
    }

    fn source(&self, stage: Stage) -> Result<Box<dyn SimulationSource>> {
        let n = self.wanted(stage)?;
        if stage == Stage::Simulate && !self.is_restricted() && !self.in_memory(n) {
            if let Some(large) = self.large_data()? {
                return Ok(Box::new(large.training.clone()));
            }
            if self.study().config().simulator.data.is_none() {
                let store = Store::open(self.folder().output(stage))?;
                let names = self.study().observations().names().to_vec();
                return Ok(Box::new(StoredSimulations::open(store, n, names)?));
            }
        }
        Ok(Box::new(self.load(stage)?))
    }

    /// Whether `n` simulations fit into the memory for training.
    fn in_memory(&self, n: usize) -> bool {
        let study = self.study();
        let columns = study.prior().n_parameters() + study.observations().n_columns();
        fits_in_memory(n, columns, study.config().inference.train.memory)
    }

    /// The simulations to test with.
    pub(super) fn test_simulations(&self) -> Result<Simulations> {
        self.require(Stage::SimulateTests, "simulate")?;
        self.load(Stage::SimulateTests)
    }

    pub(super) fn load(&self, stage: Stage) -> Result<Simulations> {
        let n = self.wanted(stage)?;
        if self.study().config().simulator.data.is_some() {
            return match self.large_data()? {
                Some(large) if stage == Stage::SimulateTests => large.test_simulations(),
                Some(large) => read_all(&large.training),
                None => Ok(given_data::read(self.study())?.select(stage)),
            };
        }
        if stage == Stage::Simulate && self.is_restricted() {
            return self.load_restricted(n);
        }
        let mut simulations = Store::open(self.folder().output(stage))?.read(n)?;
        let names = self.study().observations().names().to_vec();
        simulations.x = Table::new(names, simulations.x.values().to_vec())?;
        Ok(simulations)
    }

    /// Simulations at posterior draws, for the posterior predictive check of observation `i`; none
    /// if there is no simulator or the study wants none.
    pub(super) fn predictive_simulations(
        &self,
        i: usize,
        samples: &Samples,
    ) -> Result<Option<Simulations>> {
        let config = self.study().config();
        let n = config
            .check
            .predictive_simulations
            .min(samples.draws.n_rows());
        if !self.can_simulate() || n == 0 {
            if i == 0 {
                self.note("no posterior predictive check: there is no simulator to run, or the study asks for no simulation");
            }
            return Ok(None);
        }
        let theta = samples.draws.select(&(0..n).collect::<Vec<_>>());
        let simulator = self.simulator()?;
        let mut campaign = self.campaign(Stage::Check, n, &**simulator);
        let bytes: Vec<u8> = theta
            .values()
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        campaign.prior_hash = hash::of_bytes(&bytes);
        campaign.theta = ThetaSource::Given(&theta);
        campaign.role = Role::Predictive;
        campaign.first = (i as u64) << 32;
        // Failures at posterior draws are a finding, not a reason to give up.
        campaign.max_failed = 1.0;
        let folder = self.folder().predictive_simulations(i);
        remove_stale(&folder, &campaign)?;
        let watcher = Watcher {
            run: self,
            stage: Stage::Check,
        };
        let mut simulations = campaign.complete(&folder, &watcher)?.read(n)?;
        let names = self.study().observations().names().to_vec();
        simulations.x = Table::new(names, simulations.x.values().to_vec())?;
        Ok(Some(simulations))
    }

    /// Counts of simulations by what became of them, for the provenance.
    pub(in crate::study) fn counts(&self) -> Result<Map<String, Value>> {
        let mut counts = Map::new();
        for (name, stage) in [
            ("training", Stage::Simulate),
            ("test", Stage::SimulateTests),
        ] {
            if self.is_done(stage) {
                let found = self.known(stage)?;
                let counted = provenance::counts(&found.failures()?, found.n_rows());
                counts.insert(name.into(), counted);
            }
        }
        if let Some((failures, n)) = self.online_counts()? {
            let name = self.study().config().inference.method.name();
            counts.insert(name.into(), provenance::counts(&failures, n));
        }
        Ok(counts)
    }

    /// What a stage left; of the simulations to learn from, those of all rounds that are done.
    fn known(&self, stage: Stage) -> Result<Box<dyn SimulationSource>> {
        let later = stage == Stage::Simulate && self.is_done(Stage::Fit);
        if later && self.study().config().inference.is_sequential() {
            return Ok(Box::new(self.all_rounds()?));
        }
        self.source(stage)
    }

    pub(super) fn refuse_failures(&self, stage: Stage) -> Result<()> {
        if stage == Stage::Simulate && self.is_restricted() {
            return self.refuse_restricted_failures();
        }
        let found = self.source(stage)?;
        let limit = self.study().config().simulator.max_failed;
        check_failures(&found.failures()?, found.n_rows(), limit)
    }

    /// Whether there is a simulator that can be run, as far as that is known without starting it.
    fn can_simulate(&self) -> bool {
        let simulator = &self.study().config().simulator;
        simulator.data.is_none() && (simulator.function.is_none() || self.started.get().is_some())
    }

    /// The study's simulator, started and known to suit the study.
    pub(super) fn simulator(&self) -> Result<&Arc<dyn Simulator>> {
        if let Some(simulator) = self.started.get() {
            return Ok(simulator);
        }
        let simulator = self.study().start_simulator()?;
        Ok(self.started.get_or_init(|| simulator))
    }

    /// What the study's simulations depend on beside their own number and parameters.
    pub(super) fn simulator_hash(&self) -> String {
        let simulator = self.campaign_hash(["simulator.", "file."]);
        hash::of_bytes(format!("{} {simulator}", self.study().config().study.seed).as_bytes())
    }

    fn campaign_hash(&self, prefixes: [&str; 2]) -> String {
        let inputs = self.inputs(Stage::Simulate);
        let of = inputs
            .iter()
            .filter(|(key, _)| prefixes.iter().any(|p| key.starts_with(p)));
        hash::of_bytes(format!("{:?}", of.collect::<Vec<_>>()).as_bytes())
    }
}

/// Removes predictive simulations at other draws: they are part of the checks, which are made anew
/// when what they rest on has changed.
pub(super) fn remove_stale(folder: &Path, campaign: &Campaign<'_>) -> Result<()> {
    let stale = Manifest::read(folder)?.is_some_and(|manifest| {
        manifest.prior != campaign.prior_hash
            || manifest.simulator != campaign.simulator_hash
            || manifest.seed != campaign.seed.0
    });
    if stale {
        fs::remove_dir_all(folder).map_err(Error::io(folder, "remove"))?;
    }
    Ok(())
}

pub(super) fn describe(failures: &Failures, n: usize) -> String {
    if failures.is_empty() {
        return format!("{n} simulations");
    }
    let kinds: Vec<String> = failures
        .iter()
        .map(|(status, count)| format!("{count} {}", status.words()))
        .collect();
    format!("{n} simulations, of which {}", kinds.join(", "))
}

/// Shows a campaign's progress, and passes on that it is asked to stop.
pub(super) struct Watcher<'r, 'a> {
    pub(super) run: &'r Run<'a>,
    pub(super) stage: Stage,
}

impl Observer for Watcher<'_, '_> {
    fn progress(&self, progress: &Progress) {
        // While fitting and checking, the stage counts its own steps.
        if matches!(self.stage, Stage::Fit | Stage::Check) {
            return;
        }
        let failed: usize = progress.failures.values().sum();
        let message = if failed > 0 {
            format!("{failed} failed")
        } else {
            String::new()
        };
        self.run.tell(&Event::Progress {
            stage: self.stage,
            done: progress.done,
            message,
        });
    }

    fn interrupted(&self) -> bool {
        self.run.stop().is_set()
    }

    fn log(&self, line: &str) {
        self.run.journal().simulator(line);
    }
}
