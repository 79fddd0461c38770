//! A trained vector field on disk.

use serde::{Deserialize, Serialize};

use super::FieldConfig;
use super::sampler::FieldSamplerConfig;
use crate::embed::{LinearGuess, Standardization};
use crate::estimator::VectorFieldConfig;
use crate::infer::model_file::{Description, Header};
use crate::prior::{Prior, SupportKind};

/// Everything about a trained vector field but its weights, as it stands in `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldModel {
    /// Always `retrodict-model`.
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// Always `vector_field`: the path says whether that is `fmpe` or `npse`.
    pub method: String,
    /// The names of the parameters, in column order.
    pub parameters: Vec<String>,
    /// The field and the path it was trained on.
    pub estimator: VectorFieldConfig,
    /// How draws are made.
    pub sampler: FieldSamplerConfig,
    /// How the prior's support is mapped to real space.
    pub support: SupportKind,
    /// The standardisation of θ after the support's map.
    pub target: Standardization,
    /// The standardisation of x.
    pub x: Standardization,
    /// The linear-Gaussian guess of θ given x, whose error the network models.
    pub linear_guess: Option<LinearGuess>,
    /// How many networks are averaged; there is one file of weights for each.
    pub networks: usize,
}

impl FieldModel {
    pub(super) fn new(
        prior: &Prior,
        config: &FieldConfig,
        [target, x]: [Standardization; 2],
        linear_guess: Option<LinearGuess>,
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
            sampler: config.sampler.clone(),
            support: config.support,
            target,
            x,
            linear_guess,
            networks,
        }
    }
}

impl Description for FieldModel {
    const METHOD: &'static str = "vector_field";

    fn check(&self) -> Result<(), String> {
        self.estimator.validate().map_err(|e| e.to_string())?;
        self.sampler.validate().map_err(|e| e.to_string())?;
        if !(self.target.is_valid() && self.x.is_valid()) {
            return Err("a standardisation with a scale that is not positive and finite".into());
        }
        let sizes = [&self.target, &self.x].map(|s| s.columns().len());
        if sizes.contains(&0) {
            return Err("no parameters, or no data".into());
        }
        match &self.linear_guess {
            Some(guess) if !guess.is_valid(sizes[0], sizes[1]) => {
                Err("a linear guess of another size, or with numbers that are not finite".into())
            }
            _ => Ok(()),
        }
    }

    fn n_networks(&self) -> usize {
        self.networks
    }
}
