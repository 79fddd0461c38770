//! The stage that checks the result and gives the verdict.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::check::{
    CalibrationChecks, Chains, Check, CheckStatus, Misspecification, PredictedSet, Predictive,
    PredictiveKind, Recovery, SamplerRun, Verdict, convergence, draws_inside_prior, powers,
    simulation_failures, training,
};
use crate::error::{Error, Result};
use crate::infer::{Posterior, fits_in_memory};
use crate::npy;
use crate::samples::Samples;
use crate::seed::Seed;
use crate::simulate::{SimulationSource, Simulations, read_all, spread_sample};
use crate::study::export::file_name;
use crate::study::{Event, Run, Stage};
use crate::table::Table;

use super::numbered::{numbered, of_observation};
use super::robust::{POSTERIOR_PREDICTIVE, PRIOR_PREDICTIVE, TESTS};
use super::rounds::ONE_ROUND;

/// Each observation's posterior predictive check takes simulations: more observations than this
/// are not checked that way.
pub(super) const MOST_OBSERVATIONS: usize = 10;
/// How many copies of sampled simulations the checks make, and some room beside them.
const COPIES: usize = 8;
/// How many units of progress the stage has beside one an observation.
const STEPS: usize = 3;

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
            self.drawn_from_prior(&sample).valid()
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
        checks.extend(self.typical_trials(&all[0])?);
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
        if fits_in_memory(source.n_rows(), columns, memory) {
            return read_all(source);
        }
        let bytes = size_of::<f64>() * columns * COPIES;
        spread_sample(source, (memory.bytes() as usize / bytes).max(1000))
    }

    /// Of given rounds, the simulations that drew from the prior; all others otherwise.
    fn drawn_from_prior(&self, all: &Simulations) -> Simulations {
        match &self.study().config().inference.given_rounds {
            Some(given) => all.select(&(0..given.rounds[0].min(all.len())).collect::<Vec<_>>()),
            None => all.clone(),
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
        let found = CalibrationChecks::run(posterior, tests, draws, seed)?;
        self.keep("calibration", &found.calibration)?;
        self.keep("rank_uniformity", &found.ranks)?;
        self.keep("coverage", &found.coverage)?;
        self.keep("data_dependence", &found.dependence)?;
        self.keep("recovery", &Recovery::of(&found.calibration, tests))?;
        let mut checks = found.checks();
        checks.extend(self.test_locally(&found.calibration, tests)?);
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
            let mut own = self.sampler(n, i)?;
            own.extend(convergence(&chains));
            of_observation(&mut own, i, n);
            checks.append(&mut own);
        }
        Ok(checks)
    }

    /// What the sampler of one of n observations met, if a sampler drew.
    fn sampler(&self, n: usize, i: usize) -> Result<Vec<Check>> {
        let name = file_name("sampler", (n > 1).then_some(i), "json");
        let path = self.folder().posterior().join(name);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let run: Map<String, Value> = read_json(&path)?;
        let number = |key: &str| run.get(key).and_then(Value::as_f64);
        let count = |key: &str| number(key).unwrap_or(0.0) as usize;
        let run = SamplerRun {
            k_hat: run.get("k_hat").map(|v| v.as_f64().unwrap_or(f64::NAN)),
            divergences: count("divergences"),
            evaluations: count("evaluations"),
            invalid: count("invalid_log_likelihoods"),
        };
        Ok(run.checks())
    }

    /// Prior and posterior predictive checks of one observation.
    fn predict(
        &self,
        i: usize,
        n_observations: usize,
        samples: &Samples,
        simulations: &Simulations,
    ) -> Result<Vec<Check>> {
        let whole = self.study().observations().row(i);
        let (prior_data, observed) = &present(&simulations.x, whole)?;
        let name = |kind: &str| numbered(kind, i, n_observations);
        let prior = Predictive::of(PredictiveKind::Prior, prior_data, observed)?;
        self.keep(&name("prior_predictive"), &prior)?;
        let mut checks = prior.checks();
        let typical = Misspecification::of(self.study().prior(), simulations, whole)?;
        self.keep(&name("misspecification"), &typical)?;
        checks.extend(typical.check());
        if i >= MOST_OBSERVATIONS {
            if i == MOST_OBSERVATIONS {
                self.note(format!(
                    "posterior predictive checks of the first {MOST_OBSERVATIONS} observations only"
                ));
            }
        } else if let Some(simulations) = self.predictive_simulations(i, samples)? {
            let replicated =
                self.as_observed(&simulations.valid().x, POSTERIOR_PREDICTIVE + i as u64)?;
            let (data, _) = present(&replicated, whole)?;
            if data.n_rows() < FEWEST_TESTS {
                checks.push(not_predicted(data.n_rows(), simulations.len()));
            } else {
                let posterior = Predictive::of(PredictiveKind::Posterior, &data, observed)?;
                let posterior = posterior.shaped(&self.simulator()?.data_shape());
                self.keep(&name("posterior_predictive"), &posterior)?;
                checks.extend(posterior.checks());
            }
        }
        of_observation(&mut checks, i, n_observations);
        Ok(checks)
    }

    /// Whether independent trials look, all together, like as many simulated at draws from their posterior.
    fn typical_trials(&self, samples: &Samples) -> Result<Vec<Check>> {
        let observations = self.study().observations();
        let n = observations.n_rows().min(MOST_OBSERVATIONS);
        let whole = observations.values().iter().all(|v| v.is_finite());
        if !self.study().trials() || n < 2 || !whole {
            return Ok(Vec::new());
        }
        let made = (0..n).map(|i| self.predictive_simulations(i, samples));
        let Some(made) = made.collect::<Result<Option<Vec<Simulations>>>>()? else {
            return Ok(Vec::new());
        };
        let succeeded = |k: &usize| {
            made.iter()
                .all(|one| one.x.row(*k).iter().all(|v| v.is_finite()))
        };
        let replicates: Vec<Vec<&[f64]>> = (0..made[0].len())
            .filter(succeeded)
            .map(|k| made.iter().map(|one| one.x.row(k)).collect())
            .collect();
        let observed: Vec<&[f64]> = observations.rows().take(n).collect();
        let found = Misspecification::of_trials(&replicates, &observed);
        self.keep("misspecification_trials", &found)?;
        let typical = found.check().map(|check| Check {
            name: "misspecification: all trials together".into(),
            ..check
        });
        let set = PredictedSet::of(observations.names(), &replicates, &observed)?;
        if let Some(set) = &set {
            self.keep("predicted_set", set)?;
        }
        let set = set.iter().flat_map(PredictedSet::checks);
        Ok(typical.into_iter().chain(set).collect())
    }

    pub(super) fn keep(&self, name: &str, value: &impl Serialize) -> Result<()> {
        write_json(&self.folder().checks().join(format!("{name}.json")), value)
    }
}

/// The columns of simulated data that the observation does not lack, and their observed values.
fn present(data: &Table, observed: &[f64]) -> Result<(Table, Vec<f64>)> {
    if observed.iter().all(|v| !v.is_nan()) {
        return Ok((data.clone(), observed.to_vec()));
    }
    let kept: Vec<usize> = (0..observed.len())
        .filter(|&j| !observed[j].is_nan())
        .collect();
    let names = kept.iter().map(|&j| data.names()[j].clone());
    let values = data.rows().flat_map(|row| kept.iter().map(|&j| row[j]));
    let table = Table::new(names, values.collect())?;
    Ok((table, kept.iter().map(|&j| observed[j]).collect()))
}

pub(super) const MORE_TESTS: &str = "Set `check.test_simulations` to 300 or so.";

/// Fewer test simulations than this cannot tell a right posterior from a wrong one.
const FEWEST_TESTS: usize = 20;

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

fn not_predicted(succeeded: usize, total: usize) -> Check {
    Check {
        name: "posterior predictive check".into(),
        statistic: succeeded as f64,
        interval: None,
        p_value: None,
        threshold: Some(FEWEST_TESTS as f64),
        status: CheckStatus::Caution,
        explanation: format!(
            "Only {succeeded} of {total} simulations at posterior draws gave data, so the posterior \
             lies where the simulator mostly fails. Look why it fails there, or narrow the prior."
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
