//! A restricted prior on disk.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{RestrictedPrior, SuccessClassifier};
use crate::embed::Standardization;
use crate::error::Result;
use crate::estimator::Estimator;
use crate::infer::discrete::DiscreteColumn;
use crate::infer::model_file::{
    Description, Header, check_mixture, read_config, read_weights, save,
};
use crate::infer::parameter_space::ParameterSpace;
use crate::network::NetworkConfig;
use crate::prior::{Prior, SupportKind};

/// Everything about a restricted prior but its networks' weights: its `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RestrictionModel {
    format: String,
    version: u32,
    method: String,
    parameters: Vec<String>,
    network: NetworkConfig,
    theta: Standardization,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    discrete_parameters: Vec<DiscreteColumn>,
    mixture: Vec<f64>,
    /// The smallest probability of success that is kept.
    threshold: f64,
    /// Of the successes held out, how many fall outside, and how many there were.
    false_negatives: [usize; 2],
    /// The share of the prior that is left.
    acceptance: f64,
}

impl Description for RestrictionModel {
    const METHOD: &'static str = "restriction";

    fn check(&self) -> std::result::Result<(), String> {
        ParameterSpace::check(&self.theta, &self.discrete_parameters)?;
        let share = |value: f64| (0.0..=1.0).contains(&value);
        if !(share(self.threshold) && share(self.acceptance) && self.acceptance > 0.0) {
            return Err("a threshold or an acceptance that is no share".into());
        }
        check_mixture(&self.mixture)
    }

    fn n_networks(&self) -> usize {
        self.mixture.len()
    }
}

impl RestrictedPrior {
    /// Writes it into `folder`: `config.json`, and the weights of the classifier.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let Header {
            format,
            version,
            method,
        } = Header::of::<RestrictionModel>();
        let classifier = &self.classifier;
        let model = RestrictionModel {
            format,
            version,
            method,
            parameters: self.prior.names(),
            network: classifier.network.clone(),
            theta: classifier.space.standardization.clone(),
            discrete_parameters: classifier.space.discrete.clone(),
            mixture: classifier.mixture.clone(),
            threshold: self.threshold,
            false_negatives: self.false_negatives,
            acceptance: self.acceptance,
        };
        save(folder.as_ref(), &model, &classifier.members)
    }

    /// Reads what [`RestrictedPrior::save`] wrote, of the same prior.
    ///
    /// # Errors
    /// If a file is missing or damaged, or the prior is another.
    pub fn load(folder: impl AsRef<Path>, prior: &Prior) -> Result<Self> {
        let folder = folder.as_ref();
        let model: RestrictionModel = read_config(folder)?;
        let parts = (model.theta.clone(), model.discrete_parameters.clone());
        let kind = SupportKind::default();
        let space = ParameterSpace::assemble(prior, kind, &model.parameters, parts)?;
        let density = SuccessClassifier::density(&model.network, &space)?;
        let members = read_weights(folder, &model, density.n_weights())?;
        Ok(Self {
            prior: prior.clone(),
            classifier: Arc::new(SuccessClassifier {
                space,
                density,
                network: model.network,
                members,
                mixture: model.mixture,
            }),
            threshold: model.threshold,
            false_negatives: model.false_negatives,
            acceptance: model.acceptance,
        })
    }
}
