//! A learned likelihood on disk.

use serde::{Deserialize, Serialize};

use super::NleConfig;
use super::data_space::DataSpace;
use crate::embed::Standardization;
use crate::estimator::EstimatorConfig;
use crate::infer::SemiAutomatic;
use crate::infer::discrete::DiscreteColumn;
use crate::infer::model_file::{Description, Header, check_mixture};
use crate::infer::parameter_space::ParameterSpace;
use crate::prior::{Prior, SupportKind};

/// Everything about a learned likelihood but its weights, as it stands in `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LikelihoodModel {
    /// Always `retrodict-model`.
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// Always `nle`.
    pub method: String,
    /// The names of the parameters, in column order.
    pub parameters: Vec<String>,
    /// The conditional density of x.
    pub estimator: EstimatorConfig,
    /// How the prior's support is mapped to real space.
    pub support: SupportKind,
    /// The standardisation of θ after the support's map.
    pub theta: Standardization,
    /// The discrete parameters, and the values that each can take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discrete_parameters: Vec<DiscreteColumn>,
    /// What stands for the data, if not they themselves; x below are then the summaries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summaries: Option<SemiAutomatic>,
    /// The standardisation of x, and the linear guess of x given θ.
    pub x: DataSpace,
    /// The weight of each network in the mixture; there is one file of weights for each.
    pub mixture: Vec<f64>,
}

impl LikelihoodModel {
    pub(super) fn new(
        prior: &Prior,
        config: &NleConfig,
        space: &ParameterSpace,
        x: DataSpace,
        mixture: Vec<f64>,
    ) -> Self {
        let Header {
            format,
            version,
            method,
        } = Header::of::<Self>();
        Self {
            format,
            version,
            method,
            parameters: prior.names(),
            estimator: config.estimator.settled(),
            support: config.support,
            theta: space.standardization.clone(),
            discrete_parameters: space.discrete.clone(),
            summaries: None,
            x,
            mixture,
        }
    }
}

impl LikelihoodModel {
    /// The same of one network.
    pub(super) fn of_one(&self) -> Self {
        Self {
            mixture: vec![1.0],
            ..self.clone()
        }
    }
}

impl Description for LikelihoodModel {
    const METHOD: &'static str = "nle";

    fn check(&self) -> Result<(), String> {
        self.estimator.validate().map_err(|e| e.to_string())?;
        ParameterSpace::check(&self.theta, &self.discrete_parameters)?;
        self.x.check()?;
        if let Some(summaries) = &self.summaries {
            summaries.check()?;
            if summaries.n_summaries() != self.x.n_data() {
                return Err("a density of another number of summaries".into());
            }
        }
        check_mixture(&self.mixture)
    }

    fn n_networks(&self) -> usize {
        self.mixture.len()
    }
}
