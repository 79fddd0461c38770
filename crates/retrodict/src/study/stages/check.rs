//! The stage that checks the result and gives the verdict.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::check::{
    CalibrationChecks, Chains, Check, CheckStatus, Recovery, Verdict, convergence,
    draws_inside_prior, powers, simulation_failures, training,
};
use crate::error::{Error, Result};
use crate::infer::{Posterior, fits_in_memory};
use crate::npy;
use crate::samples::Samples;
use crate::seed::Seed;
use crate::simulate::{SimulationSource, Simulations, read_all, spread_sample};
use crate::study::export::file_name;
use crate::study::{Event, Run, Stage};

use super::numbered::of_observation;
use super::robust::{PRIOR_PREDICTIVE, TESTS};
use super::round_calibration::ONE_ROUND;
use super::watched::WatchedPosterior;

/// Each observation's posterior predictive check takes simulations: more observations than this
/// are not checked that way.
pub(super) const MOST_OBSERVATIONS: usize = 10;
/// How many copies of sampled simulations the checks make, and some room beside them.
const COPIES: usize = 8;
/// How many units of progress the stage has beside one an observation.
pub(super) const STEPS: usize = 3;

impl Run<'_> {
    /// Checks the result and gives the verdict, unless that is done.
    ///
    /// # Errors
    /// If an earlier stage is not done, too many simulations fail, or the run was asked to stop.
    pub fn check(&mut self) -> Result<Verdict> {
        self.require(Stage::Sample, "sample")?;
        let n = self.study().observations().n_rows().min(MOST_OBSERVATIONS);
        self.stage(Stage::Check, STEPS + n, Run::check_all)?;
        self.verdict()
    }

    /// The verdict in the run folder.
    ///
    /// # Errors
    /// If there is none yet, or it is damaged.
    pub fn verdict(&self) -> Result<Verdict> {
        self.require(Stage::Check, "check")?;
        read_json(&self.folder().verdict())
    }
}

impl Run<'_> {
    fn check_all(&self) -> Result<String> {
        let folder = self.folder().checks();
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(Error::io(&folder, "remove"))?;
        }
        fs::create_dir_all(&folder).map_err(Error::io(&folder, "create the folder"))?;
        let posterior = self.posterior()?;
        let mut checks = self.calibrate(&*posterior)?;
        self.checked(1)?;
        let sequential = self.study().config().inference.is_sequential();
        let source: Box<dyn SimulationSource> = if sequential {
            Box::new(self.all_rounds()?)
        } else {
            self.training_simulations()?
        };
        let sample = self.sample_of(&*source)?;
        checks.push(simulation_failures(
            &source.failures()?,
            source.n_rows(),
            &sample,
        ));
        checks.extend(self.training_log()?.as_ref().map(training));
        // Only the first round's data are predictions of the prior.
        let mut prior_data = if sequential {
            self.load(Stage::Simulate)?.valid()
        } else {
            self.drawn_from_prior(&sample)
        };
        prior_data.x = self.as_observed(&prior_data.x, PRIOR_PREDICTIVE)?;
        drop((source, sample));
        self.checked(2)?;
        let all = self.samples()?;
        checks.push(self.inside_prior(&all));
        checks.extend(self.chains(all.len())?);
        checks.extend(self.online_checks()?);
        checks.extend(self.compare_without_errors(&all)?);
        self.checked(3)?;
        // One posterior has to predict each of its trials.
        let n = self.study().observations().n_rows();
        for i in 0..n {
            let samples = &all[i.min(all.len() - 1)];
            checks.extend(self.predict(i, n, samples, &prior_data)?);
            self.checked(STEPS + i + 1)?;
        }
        checks.extend(self.check_trials(&all[0])?);
        checks.extend(self.calibrate_posteriors(&*posterior, &all)?);
        let verdict = Verdict::from_checks(checks);
        write_json(&self.folder().verdict(), &verdict)?;
        let word = format!("{:?}", verdict.verdict).to_lowercase();
        Ok(format!("{} checks, verdict {word}", verdict.checks.len()))
    }

    /// The simulations themselves, or as many of them as a part of the memory for training holds.
    fn sample_of(&self, source: &dyn SimulationSource) -> Result<Simulations> {
        let memory = self.study().config().inference.train.memory;
        let columns = source.parameters().len() + source.data().len();
        // Given rounds are told apart by their rows, and their training holds all of them anyway.
        let given = self.study().config().inference.given_rounds.is_some();
        if given || fits_in_memory(source.n_rows(), columns, memory) {
            return read_all(source);
        }
        let bytes = size_of::<f64>() * columns * COPIES;
        spread_sample(source, (memory.bytes() as usize / bytes).max(1000))
    }

    /// The simulations with data whose parameters came from the prior: of given rounds, those of the first.
    fn drawn_from_prior(&self, all: &Simulations) -> Simulations {
        let valid = all.valid_rows();
        match &self.study().config().inference.given_rounds {
            Some(given) => {
                let first = valid.into_iter().filter(|row| *row < given.rounds[0]);
                all.select(&first.collect::<Vec<_>>())
            }
            None => all.select(&valid),
        }
    }

    fn checked(&self, done: usize) -> Result<()> {
        self.tell(&Event::Progress {
            stage: Stage::Check,
            done,
            message: String::new(),
        });
        self.stop().check()
    }

    /// Simulation-based calibration and what follows from it.
    fn calibrate(&self, posterior: &dyn Posterior) -> Result<Vec<Check>> {
        let config = self.study().config();
        if config.inference.method.simulates() {
            return self.calibrate_by_repetition();
        }
        if config.check.test_simulations == 0 {
            return Ok(vec![not_calibrated(
                "the study asks for no test simulations",
                MORE_TESTS,
            )]);
        }
        if config.inference.is_sequential() {
            return self.calibrate_rounds(posterior);
        }
        if config.inference.given_rounds.is_some() {
            return Ok(vec![not_calibrated(
                "the proposals of given rounds were aimed at one observation, and the posterior is right near it only",
                ONE_ROUND,
            )]);
        }
        let mut tests = self.test_simulations()?;
        if self.errors_in_training() {
            tests.x = self.as_observed(&tests.x, TESTS)?;
        }
        // Chains for every test simulation would take hours: the network alone is calibrated.
        let network = self
            .without_errors()?
            .filter(|_| !self.errors_in_training());
        self.calibrate_with(network.as_deref().unwrap_or(posterior), &tests)
    }

    /// Calibration on these simulations, if enough of them gave data.
    pub(super) fn calibrate_with(
        &self,
        posterior: &dyn Posterior,
        tests: &Simulations,
    ) -> Result<Vec<Check>> {
        let config = self.study().config();
        if tests.valid_rows().len() < FEWEST_TESTS {
            return Ok(vec![not_calibrated(
                "too few test simulations gave data",
                MORE_TESTS,
            )]);
        }
        let draws = config.check.posterior_draws;
        let seed = Seed(config.study.seed);
        let watched = WatchedPosterior::new(posterior, self, (0, tests.valid_rows().len()));
        let found = CalibrationChecks::run(&watched, tests, draws, seed);
        // Rows that were not drawn any more are no failures of the posterior.
        self.stop().check()?;
        let found = found?;
        self.keep("calibration", &found.calibration)?;
        self.keep("rank_uniformity", &found.ranks)?;
        self.keep("coverage", &found.coverage)?;
        self.keep("data_dependence", &found.dependence)?;
        self.keep("recovery", &Recovery::of(&found.calibration, tests))?;
        let mut checks;
        if self.is_joint()? {
            checks = found.checks();
            checks.extend(self.test_locally(&found.calibration, tests)?);
        } else {
            checks = found.checks_of_marginals();
        }
        checks.extend(self.log_probability(tests)?);
        self.keep("power", &powers(&found.ranks, &found.dependence))?;
        checks.extend(self.conformal(&found.calibration, posterior)?);
        checks.extend(self.ratio_identity(&found.calibration, tests)?);
        checks.extend(self.learning_curve(tests)?);
        Ok(checks)
    }

    fn inside_prior(&self, all: &[Samples]) -> Check {
        let prior = self.study().prior();
        let log_probs: Vec<f64> = all
            .iter()
            .flat_map(|samples| samples.draws.rows())
            .map(|theta| prior.log_prob(theta))
            .collect();
        draws_inside_prior(&log_probs)
    }

    /// Whether the chains that drew for each observation agree and met nothing strange, if a sampler drew.
    fn chains(&self, n: usize) -> Result<Vec<Check>> {
        let mut checks = Vec::new();
        for i in 0..n {
            let name = file_name("summary", (n > 1).then_some(i), "json");
            let summary: Map<String, Value> = read_json(&self.folder().posterior().join(name))?;
            let of = |fields: &Value, key: &str| fields[key].as_f64().unwrap_or(f64::NAN);
            let drawn = summary
                .iter()
                .filter(|(_, fields)| fields.get("r_hat").is_some());
            let chains: Vec<Chains<'_>> = drawn
                .map(|(name, fields)| Chains {
                    name,
                    r_hat: of(fields, "r_hat"),
                    ess: [of(fields, "ess_bulk"), of(fields, "ess_tail")],
                })
                .collect();
            let mut own = self.sampler_checks(i, n)?;
            own.extend(convergence(&chains));
            of_observation(&mut own, i, n);
            checks.append(&mut own);
        }
        Ok(checks)
    }

    pub(super) fn keep(&self, name: &str, value: &impl Serialize) -> Result<()> {
        write_json(&self.folder().checks().join(format!("{name}.json")), value)
    }
}

pub(super) const MORE_TESTS: &str = "Set `check.test_simulations` to 300 or so.";

/// Fewer test simulations than this cannot tell a right posterior from a wrong one.
pub(super) const FEWEST_TESTS: usize = 20;

pub(super) fn not_calibrated(why: &str, advice: &str) -> Check {
    Check {
        name: "simulation-based calibration".into(),
        statistic: 0.0,
        interval: None,
        p_value: None,
        threshold: Some(FEWEST_TESTS as f64),
        status: CheckStatus::Caution,
        explanation: format!(
            "The posterior was not tested on simulations it has not seen, because {why}: whether \
             its error bars are honest is not known. {advice}"
        ),
    }
}

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).expect("checks are plain data");
    npy::write_atomically(path, (text + "\n").as_bytes())
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = fs::read(path).map_err(Error::io(path, "read"))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let advice = "Delete it and check again.";
        Error::file(path, format!("damaged: {error}"), advice)
    })
}
