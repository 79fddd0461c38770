//! `[inference.model_choice]`: other models that may have made the observation.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::{ObservationSection, ObservedValues, StudyConfig};
use super::inference_section::InferenceSection;
use super::inputs::inputs;
use super::method::Method;
use super::read::parse;
use super::record::{Inputs, Stage};
use super::resolved::Study;
use super::source::Source;
use super::{hash, observation};
use crate::error::Result;
use crate::infer::SummariesConfig;
use crate::infer::abc::{AbcRejectionConfig, AcceptanceConfig, AdjustmentConfig};
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// `[inference.model_choice]`: how probable the model of this study is beside those of other studies, by rejection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelChoiceSection {
    /// The weight of this study's own model before the data are seen; weights are scaled to sum to one.
    #[serde(default = "one")]
    pub weight: f64,
    /// The others.
    pub models: Vec<OtherModel>,
}

/// A model of another study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherModel {
    /// Its study file, of which prior and simulator count, and which is called by its `[study] name`.
    pub study: String,
    /// Its weight before the data are seen.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// The dotted key of the section.
const FIELD: &str = "inference.model_choice";
/// What the simulations of a model rest on is a fact of this name.
pub(super) const FACT: &str = "model_choice";

/// What is compared, and how: the data themselves, whatever is done to the parameters afterwards.
pub(super) fn comparison(inference: &InferenceSection) -> AbcRejectionConfig {
    AbcRejectionConfig {
        adjustment: AdjustmentConfig::None,
        ..inference.abc.clone().unwrap_or_default()
    }
}

/// Refuses what makes no sense before a model is looked at.
fn validate(config: &StudyConfig, section: &ModelChoiceSection, source: &Source) -> Result<()> {
    let refuse = |field: &str, problem: String, advice: &str| {
        Err(source.error(&format!("{FIELD}{field}"), problem, advice))
    };
    if section.models.is_empty() {
        let advice = "Name the studies of the other models, or remove the section.";
        return refuse(".models", "is empty, expected at least one".into(), advice);
    }
    let own = (".weight", section.weight);
    let weights = section.models.iter().map(|model| (".models", model.weight));
    for (field, weight) in std::iter::once(own).chain(weights) {
        if !(weight > 0.0 && weight.is_finite()) {
            let advice = "Leave the model out if it is impossible.";
            let problem = format!("has a weight of {weight}, expected a positive number");
            return refuse(field, problem, advice);
        }
    }
    let compared = comparison(&config.inference);
    if compared.summaries != SummariesConfig::None
        || compared.acceptance != AcceptanceConfig::Uniform
    {
        let problem = "given with summaries or measurement noise in `abc`, which belong to the parameters of one model";
        return refuse("", problem.into(), "Remove one of the two.");
    }
    Ok(())
}

/// The studies of the other models: their priors and simulators, with the number of simulations and the observation of
/// this one, and a seed of their own.
pub(super) fn others(
    config: &StudyConfig,
    source: &Source,
    folder: &Path,
    observations: &Table,
) -> Result<Vec<Study>> {
    let Some(section) = &config.inference.model_choice else {
        return Ok(Vec::new());
    };
    validate(config, section, source)?;
    let mut found: Vec<Study> = Vec::new();
    for (k, model) in section.models.iter().enumerate() {
        let field = format!("{FIELD}.models");
        observation::check_exists(source, &field, folder, &model.study)?;
        let study = other(config, observations, &folder.join(&model.study), k)?;
        let name = &study.config().study.name;
        let mut names = found.iter().map(|other| &other.config().study.name);
        if *name == config.study.name || names.any(|other| other == name) {
            return Err(source.error(
                &field,
                format!(
                    "the study {} is called `{name}` like another one",
                    model.study
                ),
                "Give each model's study a `name` of its own in `[study]`.",
            ));
        }
        if study.config().simulator.function.is_some() {
            return Err(source.error(
                &field,
                format!(
                    "the simulator of {} is a function of a program that is not here",
                    model.study
                ),
                "Name a study whose simulator can be started.",
            ));
        }
        found.push(study);
    }
    Ok(found)
}

fn other(config: &StudyConfig, observations: &Table, path: &Path, k: usize) -> Result<Study> {
    let source = Source::read(path)?;
    let mut own = parse(&source)?;
    own.methods.clear();
    own.inference = InferenceSection {
        method: Method::AbcRejection,
        simulations: config.inference.simulations,
        ..InferenceSection::default()
    };
    if own.simulator.data.is_some() {
        own.inference.simulations = None;
    }
    own.posterior = super::PosteriorSection::default();
    own.check.test_simulations = 0;
    let values = observations.rows().map(<[f64]>::to_vec).collect();
    own.observation = Some(ObservationSection {
        values: Some(ObservedValues::Several(values)),
        ..ObservationSection::default()
    });
    // Not those of this study's simulations, whatever its own seed is.
    let seed = Seed(config.study.seed).derive(Stream::Models, k as u64);
    // Seeds of a study file are whole numbers of TOML.
    Study::resolve(own, source, Some(seed.0 >> 1))
}

/// What the simulations of each model rest on.
pub(super) fn facts(others: &[Study]) -> Inputs {
    let fact = |other: &Study| {
        let own = inputs(Stage::Simulate, other.config(), other.facts());
        let name = &other.config().study.name;
        (
            format!("{FACT}.{name}"),
            hash::of_bytes(format!("{own:?}").as_bytes()),
        )
    };
    others.iter().map(fact).collect()
}
