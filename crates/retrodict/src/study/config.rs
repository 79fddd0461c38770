//! A study file's sections, with their defaults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_section::CheckSection;
use super::inference_section::InferenceSection;
use super::method::Method;
use super::posterior_section::PosteriorSection;
use super::simulator_config::SimulatorConfig;
use crate::prior::ParametersConfig;

/// A study: what `STUDY.toml` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyConfig {
    /// What the study is called, and its seed.
    pub study: StudySection,
    /// The parameters and their priors, in column order; a built-in simulator brings its own.
    #[serde(default, skip_serializing_if = "no_parameters")]
    pub parameters: ParametersConfig,
    /// Where simulations come from.
    pub simulator: SimulatorConfig,
    /// What was observed; a built-in simulator brings a default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation: Option<ObservationSection>,
    /// How to infer.
    #[serde(default)]
    pub inference: InferenceSection,
    /// What to draw from the posterior.
    #[serde(default)]
    pub posterior: PosteriorSection,
    /// How to check the result.
    #[serde(default)]
    pub check: CheckSection,
    /// All methods, if the study names several; `inference.method` is the first of them.
    #[serde(skip)]
    pub methods: Vec<Method>,
}

impl StudyConfig {
    /// Whether the rows of the observation are independent trials.
    pub(super) fn trials(&self) -> bool {
        self.observation.as_ref().is_some_and(|o| o.trials)
    }

    /// The method that runs. `auto` stays itself where it has rounds in which to choose; otherwise it is `npe`,
    /// or with trials `nle`, which takes any number of them.
    pub(super) fn method(&self) -> Method {
        match self.inference.method {
            Method::Auto if self.trials() => Method::Nle,
            Method::Auto if !self.inference.is_sequential() => Method::Npe,
            method => method,
        }
    }
}

impl StudyConfig {
    /// How many simulations from the prior the study makes: of those of `abc_smc` the first ones.
    pub(super) fn prior_simulations(&self) -> Option<usize> {
        let all = self.inference.simulations;
        if self.method() != Method::AbcSmc {
            return all;
        }
        let config = self.inference.abc_smc.clone().unwrap_or_default();
        all.map(|n| n.min(config.first_simulations(n)))
    }
}

fn no_parameters(parameters: &ParametersConfig) -> bool {
    parameters.0.is_empty()
}

/// `[study]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudySection {
    /// The name: the run's folder is called after it.
    pub name: String,
    /// The seed of every random number of the run.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// The folder from which relative paths are meant and in which simulators run; by default the
    /// study file's own. The resolved study in a run folder points back with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

fn default_seed() -> u64 {
    1
}

/// `[observation]`: values written out, or a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObservationSection {
    /// The observed data; a list of lists for several observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<ObservedValues>,
    /// A csv, npy or npz file; several rows are several observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whether the rows are independent trials of one observation: for the methods that know the
    /// likelihood of one, whose likelihoods multiply.
    #[serde(default, skip_serializing_if = "is_false")]
    pub trials: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference over"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

/// One observation, or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a list of numbers, or a list of such lists")]
pub enum ObservedValues {
    /// One observation.
    One(Vec<f64>),
    /// Several, one list each.
    Several(Vec<Vec<f64>>),
}
