//! What is asked about the posterior beside its draws: maximum, conditional densities, sensitivity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::infer::abc::ModelProbability;
use crate::infer::{ActiveSubspace, ConditionalSlices, Posterior};
use crate::npy;
use crate::prior::Parameter;
use crate::report::html::NamedTable;
use crate::report::{ConditionalCorner, Figure};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::study::export::file_name;
use crate::study::{Event, Run, Stage};
use crate::table::Table;

use super::check::{read_json, write_json};
use super::explored_tables::{correlation_table, direction_table};
use super::model_choice::{model_table, words};

/// More observations than this have no conditional densities and no sensitivity.
pub(super) const MOST_OBSERVATIONS: usize = 10;
/// Draws at which gradients are taken, and by which conditional densities find where to look.
const N_DRAWS: usize = 2000;
/// So many show where the posterior is.
const ENOUGH_DRAWS: usize = 200;

/// What was found about each observation: `posterior/exploration.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exploration {
    observations: Vec<Explored>,
}

/// What was found about one observation.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Explored {
    /// The θ with the largest density.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    map: Option<BTreeMap<String, f64>>,
    /// Active subspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sensitivity: Option<ActiveSubspace>,
    /// The point at which the others were held, and the correlations there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conditional: Option<Correlations>,
    /// How probable each model is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    models: Vec<ModelProbability>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Correlations {
    pub(super) at: BTreeMap<String, f64>,
    pub(super) parameters: Vec<String>,
    pub(super) correlation: Vec<Vec<f64>>,
}

impl Run<'_> {
    /// Finds what `[posterior]` asks for beside draws, unless that is done.
    ///
    /// # Errors
    /// If the posterior cannot be evaluated, or the run was asked to stop.
    pub(super) fn explore(&mut self) -> Result<()> {
        let config = self.study().config();
        if !config.posterior.explores() && config.inference.model_choice.is_none() {
            return Ok(());
        }
        let n = self.study().n_posteriors();
        self.stage(Stage::Explore, n, Run::explore_all)
    }

    fn explore_all(&self) -> Result<String> {
        let posterior = self.posterior()?;
        let all = self.samples()?;
        let models = self.models()?;
        let mut observations = Vec::with_capacity(all.len());
        for (i, samples) in all.iter().enumerate() {
            self.stop().check()?;
            let mut found = self.explore_one(&*posterior, i, all.len(), samples)?;
            found.models = self.choose_model(&models, i)?;
            if !found.models.is_empty() {
                self.note(format!("models: {}", words(&found.models)));
            }
            observations.push(found);
            let message = String::new();
            self.tell(&Event::Progress {
                stage: Stage::Explore,
                done: i + 1,
                message,
            });
        }
        write_json(&self.folder().exploration(), &Exploration { observations })?;
        Ok(self.explored_words())
    }

    fn explored_words(&self) -> String {
        let section = &self.study().config().posterior;
        let choice = self.study().config().inference.model_choice.is_some();
        let asked = [
            (section.maximum(), "maximum"),
            (section.conditional.is_some(), "conditional densities"),
            (section.sensitivity, "sensitivity"),
            (choice, "models"),
        ];
        let words: Vec<&str> = asked.iter().filter(|a| a.0).map(|a| a.1).collect();
        words.join(", ")
    }

    fn explore_one(
        &self,
        posterior: &dyn Posterior,
        i: usize,
        n: usize,
        samples: &Samples,
    ) -> Result<Explored> {
        let study = self.study();
        let section = &study.config().posterior;
        let x = study.observed(i);
        let mut found = Explored::default();
        let names = study.prior().names();
        let named = |theta: &[f64]| names.iter().cloned().zip(theta.iter().copied()).collect();
        let at = section.conditional.as_ref().map(|c| &c.at);
        let all_given = at.is_some_and(|at| at.len() == names.len());
        let close = i < MOST_OBSERVATIONS;
        let mut maximum = Vec::new();
        if section.maximum() || (close && at.is_some() && !all_given) {
            let seed = Seed(study.config().study.seed).derive(Stream::Exploration, i as u64);
            maximum = top(posterior, samples, x, seed)?;
            found.map = Some(named(&maximum));
        }
        if !close {
            return Ok(found);
        }
        let index = (n > 1).then_some(i);
        let rows: Vec<usize> = (0..samples.draws.n_rows().min(N_DRAWS)).collect();
        let draws = samples.draws.select(&spread(&rows, samples.draws.n_rows()));
        if let Some(at) = at {
            let value =
                |(j, name): (usize, &String)| at.get(name).copied().unwrap_or_else(|| maximum[j]);
            let point: Vec<f64> = names.iter().enumerate().map(value).collect();
            let slices = ConditionalSlices::of(posterior, study.prior(), x, &draws, &point)?;
            let shown = slices.columns.iter().map(|&j| names[j].clone());
            found.conditional = Some(Correlations {
                at: named(&point),
                parameters: shown.collect(),
                correlation: slices.correlation.clone(),
            });
            write_json(&self.slices_file(index), &slices)?;
        }
        if section.sensitivity {
            let subspace = ActiveSubspace::of_draws(posterior, study.prior(), x, &draws)?;
            let path = self.folder().posterior();
            let path = path.join(file_name("sensitivity", index, "csv"));
            npy::write_atomically(path, sensitivity_csv(&subspace).as_bytes())?;
            found.sensitivity = Some(subspace);
        }
        Ok(found)
    }

    fn slices_file(&self, index: Option<usize>) -> std::path::PathBuf {
        self.folder()
            .posterior()
            .join(file_name("conditional", index, "json"))
    }

    /// What was found about observation `i`, if anything was asked for.
    pub(super) fn explored(&self, i: usize) -> Result<Explored> {
        if !self.is_done(Stage::Explore) {
            return Ok(Explored::default());
        }
        let mut all: Exploration = read_json(&self.folder().exploration())?;
        if i >= all.observations.len() {
            return Ok(Explored::default());
        }
        Ok(all.observations.swap_remove(i))
    }

    /// The figure of the conditional densities of observation `i` of `n`, if there are any.
    pub(super) fn conditional_figure(
        &self,
        i: usize,
        n: usize,
        samples: &Samples,
        explored: &Explored,
    ) -> Result<Option<Figure>> {
        if explored.conditional.is_none() {
            return Ok(None);
        }
        let index = (n > 1).then_some(i);
        let slices: ConditionalSlices = read_json(&self.slices_file(index))?;
        let prior = self.study().prior();
        let given = self.study().config().posterior.conditional.as_ref();
        let n_given = given.map_or(0, |c| c.at.len());
        let point = match n_given {
            0 => "maximum",
            given if given == prior.n_parameters() => "given values",
            _ => "given values and maximum",
        };
        let name = index.map_or_else(|| "conditional".into(), |i| format!("conditional-{i:03}"));
        let figure = ConditionalCorner {
            name: &name,
            parameters: prior.parameters(),
            posterior: samples,
            limits: &self.limits(),
            slices: &slices,
            point,
        };
        figure.figure().map(Some)
    }
}

/// The maximum, searched from the run's own draws if they are where the mass is: not if they have weights, or are few.
fn top(posterior: &dyn Posterior, samples: &Samples, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
    if samples.log_weights.is_none() && samples.draws.n_rows() >= ENOUGH_DRAWS {
        return posterior.map_from(&samples.draws, x, seed);
    }
    posterior.map(x, seed)
}

/// Rows as far apart as they can be.
fn spread(chosen: &[usize], n: usize) -> Vec<usize> {
    chosen.iter().map(|i| i * n / chosen.len()).collect()
}

/// One line a direction: eigenvalue, its share, and the direction's entries.
fn sensitivity_csv(subspace: &ActiveSubspace) -> String {
    let names = ["eigenvalue".to_string(), "share".to_string()];
    let names = names.into_iter().chain(subspace.parameters.iter().cloned());
    let mut values = Vec::new();
    for (k, eigenvalue) in subspace.eigenvalues.iter().enumerate() {
        values.extend([*eigenvalue, share(subspace, k)]);
        values.extend_from_slice(&subspace.directions[k]);
    }
    let table = Table::new(names, values);
    table.map_or_else(|_| String::new(), |table| crate::study::to_csv(&table))
}

pub(super) fn share(subspace: &ActiveSubspace, k: usize) -> f64 {
    subspace.eigenvalues[k] / subspace.eigenvalues.iter().sum::<f64>()
}

impl Explored {
    /// The maximum in the prior's order, if it was searched.
    pub(super) fn maximum(&self, parameters: &[Parameter]) -> Option<Vec<f64>> {
        let map = self.map.as_ref()?;
        parameters
            .iter()
            .map(|p| map.get(&p.name).copied())
            .collect()
    }

    /// Tables for the report.
    pub(super) fn tables(&self) -> Vec<NamedTable> {
        let correlations = self.conditional.iter().map(correlation_table);
        let sensitivity = self.sensitivity.iter().map(direction_table);
        let models = (!self.models.is_empty()).then(|| model_table(&self.models));
        correlations.chain(sensitivity).chain(models).collect()
    }
}
