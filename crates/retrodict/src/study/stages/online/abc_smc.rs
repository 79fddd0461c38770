//! Sequential Monte Carlo for each observation of a study.

use std::path::Path;
use std::sync::Arc;

use super::recorded_simulator::RecordedSimulator;
use crate::check::{Check, CheckStatus};
use crate::error::Result;
use crate::infer::abc::{AbcProblem, AbcResult, AdjustmentConfig, Stop, abc_smc};
use crate::infer::{AbcPopulation, AbcPopulations, AbcSmcConfig};
use crate::report::html::Fact;
use crate::seed::{Seed, Stream};
use crate::simulate::{Failures, SimulationSource, Simulations, check_failures};
use crate::study::stages::simulate::Watcher;
use crate::study::{Run, Stage};

/// Fewer effective draws make a coarse posterior.
const FEWEST_DRAWS: f64 = 100.0;
/// A parameter whose sd still falls by more than this share from one generation to the next is as wide
/// as the tolerance, not as the posterior.
const SETTLED: f64 = 0.95;

impl Run<'_> {
    /// A population for each observation. All begin with the study's simulations from the prior, and
    /// each may run as many as are missing to `inference.simulations`.
    pub(super) fn fit_abc_smc(&self, folder: &Path, source: &dyn SimulationSource) -> Result<()> {
        let given = self.all_simulations(source)?;
        let n = self.study().observations().n_rows();
        for i in 0..n {
            self.stop().check()?;
            let result = self.sequence(i, &given)?;
            let limit = self.study().config().simulator.max_failed;
            check_failures(&result.failures, result.n_simulations, limit)?;
            let of = if n > 1 {
                format!("observation {}: ", i + 1)
            } else {
                String::new()
            };
            self.note(format!("{of}{}", describe(&result)));
            for note in &result.notes {
                self.note(format!("{of}{note}"));
            }
            let x = self.study().observations().row(i);
            AbcPopulation::new(result, x).save(folder, i)?;
        }
        Ok(())
    }

    fn sequence(&self, i: usize, given: &Simulations) -> Result<AbcResult> {
        let config = self.abc_smc_config(given);
        let folder = self.record_folder(&format!("abc_smc-{i:03}"), &self.simulator_hash())?;
        let simulator = RecordedSimulator::open(Arc::clone(self.simulator()?), &folder)?;
        let watcher = Watcher {
            run: self,
            stage: Stage::Fit,
        };
        let problem = AbcProblem {
            observer: &watcher,
            ..AbcProblem::new(
                self.study().prior(),
                &simulator,
                self.study().observations().row(i),
            )
        };
        let seed = Seed(self.study().config().study.seed).derive(Stream::Online, i as u64);
        abc_smc(&problem, &config, Some(given), seed)
    }

    /// The budget is what is missing to `inference.simulations`.
    pub(super) fn abc_smc_config(&self, given: &Simulations) -> AbcSmcConfig {
        let inference = &self.study().config().inference;
        let config = inference.abc_smc.clone().unwrap_or_default();
        let budget = inference.simulations.unwrap_or(config.max_simulations);
        AbcSmcConfig {
            population: Some(config.population(budget)),
            max_simulations: budget - given.len().min(budget),
            initial_simulations: None,
            ..config
        }
    }

    pub(super) fn populations(&self, folder: &Path) -> Result<AbcPopulations> {
        let n = self.study().observations().n_rows();
        AbcPopulations::load(folder, n, self.study().prior())
    }

    /// The simulations of all observations beyond those from the prior, which they share.
    pub(super) fn abc_smc_counts(&self) -> Result<(Failures, usize)> {
        let source = self.training_simulations()?;
        let (shared, n_shared) = (source.failures()?, source.n_rows());
        let (mut failures, mut n) = (Failures::new(), 0);
        for population in self.populations(&self.folder().model())?.populations() {
            n += population.n_simulations() - n_shared;
            for (status, count) in population.failures() {
                let own = count - shared.get(status).copied().unwrap_or(0);
                *failures.entry(*status).or_default() += own;
            }
        }
        failures.retain(|_, count| *count > 0);
        Ok((failures, n))
    }

    /// Whether the tolerance is small enough and the draws are many enough, for each observation.
    pub(super) fn abc_smc_checks(&self) -> Result<Vec<Check>> {
        let populations = self.populations(&self.folder().model())?;
        let n = populations.populations().len();
        let names = self.study().prior().names();
        let each = populations.populations().iter().enumerate();
        Ok(each
            .flat_map(|(i, population)| {
                let of = |kind: &str| match n {
                    1 => kind.to_string(),
                    _ => format!("{kind}: observation {}", i + 1),
                };
                [
                    tolerance_check(of("tolerance"), population, &names),
                    draws_check(of("effective draws"), population),
                ]
            })
            .collect())
    }

    pub(super) fn abc_smc_facts(&self, i: usize) -> Result<Vec<Fact>> {
        let population = AbcPopulation::load(&self.folder().model(), i, self.study().prior())?;
        let tolerance = population.tolerance().map(|t| format!("{t:.4}"));
        let generations = population.generations().len();
        Ok(vec![
            Fact::new("tolerance", tolerance.unwrap_or_else(|| "none".into())),
            Fact::new("generations", generations.to_string()),
            Fact::new("ended by", stop_words(population.stopped())),
            Fact::new("simulations", population.n_simulations().to_string()),
            Fact::new(
                "effective draws",
                format!("{:.0}", population.effective_sample_size()),
            ),
        ])
    }
}

fn describe(result: &AbcResult) -> String {
    let generations = match result.generations.len() {
        1 => "one generation".to_string(),
        n => format!("{n} generations"),
    };
    let adjusted = match result.adjustment {
        AdjustmentConfig::None => "",
        AdjustmentConfig::LocalLinear => ", adjusted (local linear)",
        AdjustmentConfig::Heteroscedastic => ", adjusted (heteroscedastic)",
    };
    format!(
        "{generations}, tolerance {:.4}{adjusted}, {} simulations, {:.0} effective draws; ended by {}",
        result.tolerance,
        result.n_simulations,
        result.effective_sample_size,
        stop_words(result.stopped)
    )
}

fn stop_words(stop: Stop) -> &'static str {
    match stop {
        Stop::Tolerance => "the tolerance that was asked for",
        Stop::NoneNearer => "no draw being nearer",
        Stop::Generations => "the number of generations",
        Stop::AcceptanceRate => "too few candidates being accepted",
        Stop::Budget => "the budget of simulations",
        Stop::Degenerate => "weights on too few draws",
    }
}

/// Whether the draws would still become narrower with a smaller tolerance.
fn tolerance_check(name: String, population: &AbcPopulation, names: &[String]) -> Check {
    let mut check = Check {
        name,
        statistic: 0.0,
        interval: None,
        p_value: None,
        threshold: Some(SETTLED),
        status: CheckStatus::Caution,
        explanation: String::new(),
    };
    let [.., before, last] = population.sds() else {
        check.explanation =
            "There was one generation only: the draws are those of the prior whose data lie \
                             nearest. Allow more `simulations`, or a smaller `population`."
                .into();
        return check;
    };
    let ratios = last.iter().zip(before).map(|(last, before)| last / before);
    let (worst, ratio) = ratios
        .enumerate()
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .expect("there is at least one parameter");
    check.statistic = ratio;
    let tolerance = population.tolerance().unwrap_or(f64::INFINITY);
    let found = format!(
        "From the last generation but one to the last, with tolerance {tolerance:.4}, the standard deviation \
         of `{}` changed most downwards, to {:.0} % of what it was",
        names[worst],
        100.0 * ratio
    );
    if ratio >= SETTLED {
        check.status = CheckStatus::Passed;
        check.explanation = format!("{found}: a smaller tolerance would change little.");
    } else {
        let advice = match population.adjustment() {
            AdjustmentConfig::None => {
                "`adjustment = \"heteroscedastic\"` in `[inference.abc_smc]` takes most of that away, but is"
            }
            _ => "Their adjustment takes most of that away, which is",
        };
        check.explanation = format!(
            "{found}: the draws were still as wide as the tolerance, and the posterior is narrower. \
             Allow more `simulations`. {advice} not counted here."
        );
    }
    check
}

fn draws_check(name: String, population: &AbcPopulation) -> Check {
    let effective = population.effective_sample_size();
    let enough = effective >= FEWEST_DRAWS;
    let advice = if enough {
        ""
    } else {
        " Raise `population` in `[inference.abc_smc]`."
    };
    Check {
        name,
        statistic: effective,
        interval: None,
        p_value: None,
        threshold: Some(FEWEST_DRAWS),
        status: if enough {
            CheckStatus::Passed
        } else {
            CheckStatus::Caution
        },
        explanation: format!(
            "The weighted draws of the last generation are worth {effective:.0} equal ones.{advice}"
        ),
    }
}
