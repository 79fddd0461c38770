//! A model on disk: JSON and safetensors, nothing that runs.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::discrete::{DiscreteColumn, counts};
use super::missing::Seen;
use crate::embed::{LinearGuess, Standardization};
use crate::error::{Error, Result};
use crate::estimator::EstimatorConfig;
use crate::npy::write_atomically;
use crate::prior::SupportKind;

/// The name of the configuration's file.
pub(super) const CONFIG: &str = "config.json";
/// What marks the files as ours.
const FORMAT: &str = "retrodict-model";
/// Raised when files of an older version can no longer be read as they are.
const VERSION: u32 = 2;
const TENSOR: &str = "weights";
const MAX_MEMBERS: usize = 1000;

/// Everything about a model but its weights, as it stands in `config.json`.
pub(super) trait Description: Serialize + DeserializeOwned + PartialEq {
    /// The inference method that trains it.
    const METHOD: &'static str;

    /// Says what no model can be made from, beyond what [`Header`] says.
    fn check(&self) -> std::result::Result<(), String>;

    /// How many networks there are, each with a file of weights.
    fn n_networks(&self) -> usize;
}

/// What every model file begins with.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) method: String,
}

impl Header {
    pub(super) fn of<D: Description>() -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            method: D::METHOD.into(),
        }
    }

    fn check<D: Description>(&self) -> std::result::Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("format `{}`, expected `{FORMAT}`", self.format));
        }
        if self.version != VERSION {
            return Err(format!("version {}, expected {VERSION}", self.version));
        }
        if self.method != D::METHOD {
            let (given, expected) = (&self.method, D::METHOD);
            return Err(format!(
                "a model of method `{given}`, expected `{expected}`"
            ));
        }
        Ok(())
    }
}

/// Everything about a posterior but its weights: `model/config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Always `retrodict-model`.
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The inference method that trained it.
    pub method: String,
    /// The names of the parameters, in column order.
    pub parameters: Vec<String>,
    /// The conditional density.
    pub estimator: EstimatorConfig,
    /// How the prior's support is mapped to real space.
    pub support: SupportKind,
    /// The standardisation of θ after the support's map.
    pub target: Standardization,
    /// The standardisation of x.
    pub x: Standardization,
    /// The linear-Gaussian guess of θ given x, whose error the network models.
    pub linear_guess: Option<LinearGuess>,
    /// The discrete parameters, and the values that each can take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discrete_parameters: Vec<DiscreteColumn>,
    /// Whether NaN in an observation is a number that is missing, which the networks are told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// The weight of each network in the mixture; there is one file of weights for each.
    pub mixture: Vec<f64>,
}

impl ModelConfig {
    /// What the networks see of x.
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen {
            standardization: &self.x,
            masked: self.masked,
        }
    }

    /// The configuration of a model of this version.
    pub(super) fn new(
        estimator: EstimatorConfig,
        support: SupportKind,
        parameters: Vec<String>,
        [target, x]: [Standardization; 2],
        linear_guess: Option<LinearGuess>,
        discrete_parameters: Vec<DiscreteColumn>,
        mixture: Vec<f64>,
    ) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            method: Self::METHOD.into(),
            parameters,
            estimator,
            support,
            target,
            x,
            linear_guess,
            discrete_parameters,
            masked: false,
            mixture,
        }
    }
}

impl Description for ModelConfig {
    const METHOD: &'static str = "npe";

    fn check(&self) -> std::result::Result<(), String> {
        self.estimator.validate().map_err(|e| e.to_string())?;
        if !(self.target.is_valid() && self.x.is_valid()) {
            return Err("a standardisation with a scale that is not positive and finite".into());
        }
        DiscreteColumn::check(&self.discrete_parameters, self.parameters.len())?;
        let none = self.target.columns().is_empty() && self.discrete_parameters.is_empty();
        if none || self.x.n_seen() == 0 {
            return Err("no parameters, or no data".into());
        }
        let sizes = [self.target.columns().len(), self.x.columns().len()];
        let n_hot: usize = counts(&self.discrete_parameters).iter().sum();
        if let Some(guess) = &self.linear_guess
            && !guess.is_valid(sizes[0], self.seen().width() + n_hot)
        {
            return Err(
                "a linear guess of another size, or with numbers that are not finite".into(),
            );
        }
        check_mixture(&self.mixture)
    }

    fn n_networks(&self) -> usize {
        self.mixture.len()
    }
}

/// Refuses weights of a mixture that do not sum to one.
pub(super) fn check_mixture(mixture: &[f64]) -> std::result::Result<(), String> {
    let total: f64 = mixture.iter().sum();
    let shares = mixture.iter().all(|w| (0.0..=1.0).contains(w));
    if !shares || (total - 1.0).abs() > 1e-6 {
        return Err(format!("mixture weights that sum to {total}, expected 1"));
    }
    Ok(())
}

pub(super) fn damaged(path: &Path, problem: impl Into<String>) -> Error {
    Error::file(
        path,
        problem,
        "Fit the model again, or take the folder from a copy.",
    )
}

fn weights_file(k: usize) -> String {
    format!("weights-{k}.safetensors")
}

pub(super) fn save(folder: &Path, config: &impl Serialize, members: &[Vec<f32>]) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
    let json = serde_json::to_string_pretty(config).expect("a configuration is plain data");
    for (k, weights) in members.iter().enumerate() {
        let bytes: Vec<u8> = weights.iter().flat_map(|w| w.to_le_bytes()).collect();
        let view =
            TensorView::new(Dtype::F32, vec![weights.len()], &bytes).expect("four bytes a weight");
        let metadata = HashMap::from([("config".to_string(), json.clone())]);
        let file = safetensors::serialize([(TENSOR, view)], Some(metadata))
            .expect("one tensor of f32 can be written");
        write_atomically(folder.join(weights_file(k)), &file)?;
    }
    write_atomically(folder.join(CONFIG), (json + "\n").as_bytes())
}

pub(super) fn read_config<D: Description>(folder: &Path) -> Result<D> {
    let path = folder.join(CONFIG);
    let bytes = fs::read(&path).map_err(Error::io(&path, "read"))?;
    parse_config(&bytes).map_err(|problem| damaged(&path, problem))
}

/// The header comes first, so that a model of another kind is called that.
fn parse_config<D: Description>(bytes: &[u8]) -> std::result::Result<D, String> {
    let header: Header = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    header.check::<D>()?;
    let config: D = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    config.check()?;
    let n = config.n_networks();
    if !(1..=MAX_MEMBERS).contains(&n) {
        return Err(format!("{n} networks, expected from 1 to {MAX_MEMBERS}"));
    }
    Ok(config)
}

/// The weights of every network, which all have to be `n_weights` finite numbers.
pub(super) fn read_weights<D: Description>(
    folder: &Path,
    config: &D,
    n_weights: usize,
) -> Result<Vec<Vec<f32>>> {
    (0..config.n_networks())
        .map(|k| {
            let path = folder.join(weights_file(k));
            let bytes = fs::read(&path).map_err(Error::io(&path, "read"))?;
            parse_weights(&bytes, config, n_weights).map_err(|problem| damaged(&path, problem))
        })
        .collect()
}

fn parse_weights<D: Description>(
    bytes: &[u8],
    config: &D,
    n_weights: usize,
) -> std::result::Result<Vec<f32>, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let stored = metadata.metadata().as_ref().and_then(|m| m.get("config"));
    let stored = stored.ok_or("no `config` in its metadata")?;
    let stored: D = serde_json::from_str(stored).map_err(|e| e.to_string())?;
    if stored != *config {
        return Err(
            "weights of another model: their configuration is not that of the folder".into(),
        );
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let tensor = tensors.tensor(TENSOR).map_err(|e| e.to_string())?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != [n_weights] {
        return Err(format!(
            "weights of type {:?} and shape {:?}, expected F32 and [{n_weights}]",
            tensor.dtype(),
            tensor.shape()
        ));
    }
    let weights: Vec<f32> = tensor
        .data()
        .chunks_exact(size_of::<f32>())
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    match weights.iter().position(|w| !w.is_finite()) {
        Some(i) => Err(format!(
            "weight {i} is {}, expected a finite number",
            weights[i]
        )),
        None => Ok(weights),
    }
}
