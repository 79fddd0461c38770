//! A learned ratio on disk.

use serde::{Deserialize, Serialize};

use super::NreConfig;
use crate::embed::Standardization;
use crate::estimator::RatioConfig;
use crate::infer::discrete::DiscreteColumn;
use crate::infer::model_file::{Description, Header};
use crate::infer::parameter_space::ParameterSpace;
use crate::prior::{Prior, SupportKind};

/// Everything about a learned ratio but its weights, as it stands in `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatioModel {
    /// Always `retrodict-model`.
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// Always `nre`.
    pub method: String,
    /// The names of the parameters, in column order.
    pub parameters: Vec<String>,
    /// The classifier, and the loss it was trained on.
    pub estimator: RatioConfig,
    /// How the prior's support is mapped to real space.
    pub support: SupportKind,
    /// The standardisation of θ after the support's map.
    pub theta: Standardization,
    /// The discrete parameters, and the values that each can take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discrete_parameters: Vec<DiscreteColumn>,
    /// The standardisation of x.
    pub x: Standardization,
    /// How many networks are averaged; there is one file of weights for each.
    pub networks: usize,
}

impl RatioModel {
    pub(super) fn new(
        prior: &Prior,
        config: &NreConfig,
        [theta, x]: [Standardization; 2],
        discrete_parameters: Vec<DiscreteColumn>,
        networks: usize,
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
            estimator: config.estimator.clone(),
            support: config.support,
            theta,
            discrete_parameters,
            x,
            networks,
        }
    }
}

impl RatioModel {
    /// The same of one network.
    pub(super) fn of_one(&self) -> Self {
        Self {
            networks: 1,
            ..self.clone()
        }
    }
}

impl Description for RatioModel {
    const METHOD: &'static str = "nre";

    fn check(&self) -> Result<(), String> {
        self.estimator.validate().map_err(|e| e.to_string())?;
        ParameterSpace::check(&self.theta, &self.discrete_parameters)?;
        if self.x.n_seen() == 0 || !self.x.is_valid() {
            return Err(
                "a standardisation of x with a scale that is not positive and finite".into(),
            );
        }
        Ok(())
    }

    fn n_networks(&self) -> usize {
        self.networks
    }
}
