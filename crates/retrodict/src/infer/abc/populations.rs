//! What sequential Monte Carlo left for each of some observations, in memory and on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::adjustment::AdjustmentConfig;
use super::result::{AbcResult, Generation, Stop};
use super::weighted_draws::WeightedDraws;
use crate::error::{Error, Result};
use crate::infer::Posterior;
use crate::npy;
use crate::prior::{Parameter, Prior};
use crate::samples::Samples;
use crate::seed::Seed;
use crate::simulate::Failures;
use crate::table::Table;

/// The last population of one observation, and how it came about.
#[derive(Debug, Clone)]
pub struct AbcPopulation {
    draws: WeightedDraws,
    report: Report,
}

/// Everything but the draws: a JSON file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    observation: Vec<f64>,
    /// The tolerance of the draws; none if every simulation was accepted.
    tolerance: Option<f64>,
    /// Runs of earlier versions say nothing of it.
    #[serde(default)]
    adjustment: AdjustmentConfig,
    generations: Vec<Generation>,
    sds: Vec<Vec<f64>>,
    stopped: Stop,
    effective_sample_size: f64,
    n_simulations: usize,
    failures: Failures,
    notes: Vec<String>,
}

impl AbcPopulation {
    /// What a run left for this observation.
    pub fn new(result: AbcResult, observation: &[f64]) -> Self {
        Self {
            report: Report {
                observation: observation.to_vec(),
                tolerance: result.tolerance.is_finite().then_some(result.tolerance),
                adjustment: result.adjustment,
                generations: result.generations,
                sds: result.sds,
                stopped: result.stopped,
                effective_sample_size: result.effective_sample_size,
                n_simulations: result.n_simulations,
                failures: result.failures,
                notes: result.notes,
            },
            draws: WeightedDraws {
                effective: result.effective_sample_size,
                samples: result.samples,
            },
        }
    }

    /// The weighted draws.
    pub fn samples(&self) -> &Samples {
        &self.draws.samples
    }

    /// The tolerance of the draws; none if every simulation was accepted.
    pub fn tolerance(&self) -> Option<f64> {
        self.report.tolerance
    }

    /// How the draws were corrected for their distance.
    pub fn adjustment(&self) -> AdjustmentConfig {
        self.report.adjustment
    }

    /// All generations.
    pub fn generations(&self) -> &[Generation] {
        &self.report.generations
    }

    /// The standard deviation of each parameter in each generation.
    pub fn sds(&self) -> &[Vec<f64>] {
        &self.report.sds
    }

    /// Why it ended.
    pub fn stopped(&self) -> Stop {
        self.report.stopped
    }

    /// (Σ w)² / Σ w² of the draws.
    pub fn effective_sample_size(&self) -> f64 {
        self.report.effective_sample_size
    }

    /// How many simulations were run or read.
    pub fn n_simulations(&self) -> usize {
        self.report.n_simulations
    }

    /// How many of them failed, by kind.
    pub fn failures(&self) -> &Failures {
        &self.report.failures
    }

    /// What a reader should know.
    pub fn notes(&self) -> &[String] {
        &self.report.notes
    }

    /// Writes it into a folder, as number `i`; the JSON file comes last, so that what has one is whole.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path, i: usize) -> Result<()> {
        let draws = &self.draws.samples.draws;
        let n = draws.n_rows();
        npy::write(
            file(folder, i, "draws.npy"),
            &[n, draws.n_columns()],
            draws.values(),
        )?;
        let weights = self.draws.samples.log_weights.clone();
        npy::write(
            file(folder, i, "log_weights.npy"),
            &[n],
            &weights.unwrap_or(vec![0.0; n]),
        )?;
        let distances = &self.draws.samples.statistics[DISTANCE];
        npy::write(file(folder, i, "distances.npy"), &[n], distances)?;
        let text = serde_json::to_string_pretty(&self.report).expect("a report is plain data");
        npy::write_atomically(file(folder, i, "json"), (text + "\n").as_bytes())
    }

    /// Reads number `i` of a folder.
    ///
    /// # Errors
    /// If a file is missing or damaged, or the draws do not have the prior's parameters.
    pub fn load(folder: &Path, i: usize, prior: &Prior) -> Result<Self> {
        let path = file(folder, i, "json");
        let bytes = fs::read(&path).map_err(Error::io(&path, "read"))?;
        let report: Report =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&path, error.to_string()))?;
        let path = file(folder, i, "draws.npy");
        let draws = npy::read(&path)?;
        let n = draws.shape[0];
        if draws.shape != [n, prior.n_parameters()] || n == 0 {
            let expected = format!("draws of {} parameters", prior.n_parameters());
            return Err(damaged(
                &path,
                format!("shape {:?}, expected {expected}", draws.shape),
            ));
        }
        if let Some(outside) = draws
            .values
            .chunks_exact(prior.n_parameters())
            .position(|theta| !prior.contains(theta))
        {
            return Err(damaged(
                &path,
                format!("draw {} lies outside the prior", outside + 1),
            ));
        }
        let column = |name: &str| {
            let path = file(folder, i, name);
            let array = npy::read(&path)?;
            if array.shape == [n] && !array.values.iter().any(|v| v.is_nan()) {
                return Ok(array.values);
            }
            Err(damaged(
                &path,
                format!("expected {n} numbers, as many as there are draws"),
            ))
        };
        let mut samples = Samples::from_rows(prior.names(), draws.values)?;
        let weights = column("log_weights.npy")?;
        if !weights.iter().any(|w| w.is_finite()) {
            return Err(damaged(
                &file(folder, i, "log_weights.npy"),
                "no draw has a weight",
            ));
        }
        samples.log_weights = Some(weights);
        samples
            .statistics
            .insert(DISTANCE.into(), column("distances.npy")?);
        samples.provenance = BTreeMap::from([("method".to_string(), "abc_smc".to_string())]);
        let effective = report.effective_sample_size;
        Ok(Self {
            draws: WeightedDraws { samples, effective },
            report,
        })
    }
}

const DISTANCE: &str = "distance";

fn file(folder: &Path, i: usize, kind: &str) -> std::path::PathBuf {
    folder.join(format!("population-{i:03}.{kind}"))
}

fn damaged(path: &Path, problem: impl Into<String>) -> Error {
    Error::file(path, problem, "Fit again, or take the folder from a copy.")
}

/// The posteriors of the observations for which sequential Monte Carlo was run; of no other.
///
/// Draws are taken from a population by their weights, with replacement: more draws than a population
/// has repeat themselves. Densities and maxima are those of
/// [`AbcPosterior`](super::AbcPosterior).
#[derive(Debug, Clone)]
pub struct AbcPopulations {
    prior: Prior,
    populations: Vec<AbcPopulation>,
}

impl AbcPopulations {
    /// From the populations of some observations.
    pub fn new(prior: Prior, populations: Vec<AbcPopulation>) -> Self {
        Self { prior, populations }
    }

    /// Reads the first `n` populations of a folder.
    ///
    /// # Errors
    /// As [`AbcPopulation::load`].
    pub fn load(folder: &Path, n: usize, prior: &Prior) -> Result<Self> {
        let populations = (0..n).map(|i| AbcPopulation::load(folder, i, prior));
        Ok(Self::new(
            prior.clone(),
            populations.collect::<Result<_>>()?,
        ))
    }

    /// All populations.
    pub fn populations(&self) -> &[AbcPopulation] {
        &self.populations
    }

    fn of(&self, x: &[f64]) -> Result<&WeightedDraws> {
        let found = self.populations.iter().find(|p| p.report.observation == x);
        found.map(|population| &population.draws).ok_or_else(|| {
            Error::invalid(
                "observation",
                "one for which no simulations were run",
                "one of those of the study: `abc_smc` simulates for each observation by itself",
                "Add it to the study's observations, or choose a method that learns for all of them, \
                 such as `npe` or `abc_rejection`.",
            )
        })
    }
}

impl Posterior for AbcPopulations {
    fn parameters(&self) -> &[Parameter] {
        self.prior.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        Ok(self.of(x)?.sample(n, seed))
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.of(x)?.log_prob(&self.prior, theta)
    }

    fn map(&self, x: &[f64], _: Seed) -> Result<Vec<f64>> {
        self.of(x)?.densest(&self.prior)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{AbcProblem, AbcSmcConfig, abc_smc};
    use super::*;

    fn population(observed: f64) -> AbcPopulation {
        let simulator = simulator();
        let observation = [observed];
        let config = AbcSmcConfig {
            population: Some(500),
            adjustment: Some(AdjustmentConfig::None),
            generations: 4,
            max_simulations: 20_000,
            ..AbcSmcConfig::default()
        };
        let problem_prior = prior();
        let problem = AbcProblem::new(&problem_prior, &simulator, &observation);
        AbcPopulation::new(
            abc_smc(&problem, &config, None, Seed(1)).unwrap(),
            &observation,
        )
    }

    #[test]
    fn populations_come_back_from_their_files_and_answer_for_their_observations_alone() {
        let folder = tempfile::tempdir().unwrap();
        let observed = [0.5, 0.05];
        for (i, x) in observed.into_iter().enumerate() {
            population(x).save(folder.path(), i).unwrap();
        }
        let loaded = AbcPopulations::load(folder.path(), 2, &prior()).unwrap();
        for (x, own) in observed.into_iter().zip(loaded.populations()) {
            let known = population(x);
            assert_eq!(own.report, known.report);
            assert_eq!(own.samples().draws, known.samples().draws);
            let samples = loaded.sample(&[x], 4000, Seed(2)).unwrap();
            let exact = moments(|t| within(t, x, own.tolerance().unwrap()));
            let summary = &samples.summary()[0];
            // An effective sample size of 300 or more: five standard errors.
            println!(
                "{:.4} ± {:.4}, exactly {exact:.4?}",
                summary.mean, summary.sd
            );
            assert!((summary.mean - exact[0]).abs() < 0.3 * exact[1]);
            assert!((summary.sd / exact[1] - 1.0).abs() < 0.2);
        }
        let message = loaded.sample(&[0.3], 10, Seed(1)).unwrap_err().to_string();
        assert!(
            message.contains("simulates for each observation"),
            "{message}"
        );
    }

    #[test]
    fn damaged_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        population(0.5).save(folder.path(), 0).unwrap();
        let load = || {
            AbcPopulation::load(folder.path(), 0, &prior())
                .unwrap_err()
                .to_string()
        };
        let weights = file(folder.path(), 0, "log_weights.npy");
        npy::write(&weights, &[2], &[0.0, 0.0]).unwrap();
        assert!(load().contains("log_weights.npy"), "{}", load());
        npy::write(&weights, &[500], &[f64::NEG_INFINITY; 500]).unwrap();
        assert!(load().contains("no draw has a weight"), "{}", load());
        npy::write(file(folder.path(), 0, "draws.npy"), &[1, 1], &[7.0]).unwrap();
        assert!(load().contains("outside the prior"), "{}", load());
        fs::write(file(folder.path(), 0, "json"), "{}").unwrap();
        assert!(
            load().contains("damaged") || load().contains("missing field"),
            "{}",
            load()
        );
    }
}
