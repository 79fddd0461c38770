//! The methods that are measured, behind one door.

use std::path::Path;

use retrodict::estimator::{ExplodingPath, PathConfig, StraightPath};
use retrodict::infer::{
    FieldConfig, FieldPosterior, LogLikelihood, NeuralPosterior, NleConfig, NpeConfig, NreConfig,
    Posterior, PotentialPosterior, fmpe, nle, npe, npse, nre,
};
use retrodict::prior::Prior;
use retrodict::sample::SamplerConfig;
use retrodict::simulate::Simulations;
use retrodict::table::Table;
use retrodict::train::{Observer, TrainLog};
use retrodict::{Error, Result, Seed};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::arguments::{MethodName, SettingsOptions};

/// A method with its settings.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Method {
    Npe(Box<NpeConfig>),
    Fmpe(Box<FieldConfig>),
    Npse(Box<FieldConfig>),
    Nle(Box<Nle>),
    Nre(Box<Nre>),
}

/// The settings of a likelihood and its sampler.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Nle {
    nle: NleConfig,
    sampler: SamplerConfig,
}

/// The settings of a ratio and its sampler.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Nre {
    nre: NreConfig,
    sampler: SamplerConfig,
}

/// What was trained.
pub(crate) enum Trained {
    Density(Box<NeuralPosterior>),
    Field(Box<FieldPosterior>),
    Potential(Box<PotentialPosterior>),
}

impl Method {
    /// The method, and what it is called in the table.
    pub(crate) fn read(options: &SettingsOptions) -> Result<(String, Self)> {
        let path = options.config.as_deref();
        let (name, method) = match options.method {
            MethodName::Npe => ("npe", Self::Npe(settings(path)?)),
            MethodName::Fmpe => ("fmpe", Self::Fmpe(field(path, straight)?)),
            MethodName::Npse => ("npse", Self::Npse(field(path, exploding)?)),
            MethodName::Nle => ("nle", Self::Nle(settings(path)?)),
            MethodName::Nre => ("nre", Self::Nre(settings(path)?)),
            MethodName::Auto | MethodName::AbcSmc => {
                return Err(Error::invalid(
                    "--method",
                    format!("{:?}", options.method).to_lowercase(),
                    "npe, fmpe, npse, nle or nre",
                    "Measure it by `sbibm run`, which fits each observation.",
                ));
            }
        };
        let stem = path.and_then(Path::file_stem);
        let label = stem.map_or(name.into(), |stem| stem.to_string_lossy().into_owned());
        Ok((label, method))
    }

    /// The settings for so many simulations, with what is left out as the fit settles it.
    pub(crate) fn written_out(&self, n: usize) -> serde_json::Value {
        let written = match self {
            Self::Npe(config) => serde_json::to_value(NpeConfig {
                estimator: config.estimator.settled_for(config.train.training_rows(n)),
                ..(**config).clone()
            }),
            Self::Nle(config) => serde_json::to_value(Nle {
                nle: NleConfig {
                    estimator: config.nle.estimator.settled(),
                    ..config.nle.clone()
                },
                sampler: config.sampler.clone(),
            }),
            _ => serde_json::to_value(self),
        };
        written.expect("settings are plain JSON")
    }

    pub(crate) fn fit(
        &self,
        prior: &Prior,
        simulations: &Simulations,
        seed: Seed,
        observer: Observer<'_>,
    ) -> Result<(Trained, TrainLog)> {
        let field = |(posterior, log)| (Trained::Field(Box::new(posterior)), log);
        match self {
            Self::Npe(config) => {
                let (posterior, log) = npe(prior, simulations, config, seed, observer)?;
                Ok((Trained::Density(Box::new(posterior)), log))
            }
            Self::Fmpe(config) => fmpe(prior, simulations, config, seed, observer).map(field),
            Self::Npse(config) => npse(prior, simulations, config, seed, observer).map(field),
            Self::Nle(config) => {
                let (likelihood, log) = nle(prior, simulations, &config.nle, seed, observer)?;
                let sampler = config.sampler.clone();
                Ok((potential(prior, Box::new(likelihood), sampler)?, log))
            }
            Self::Nre(config) => {
                let (ratio, log) = nre(prior, simulations, &config.nre, seed, observer)?;
                let sampler = config.sampler.clone();
                Ok((potential(prior, Box::new(ratio), sampler)?, log))
            }
        }
    }
}

impl Trained {
    pub(crate) fn posterior(&self) -> &dyn Posterior {
        match self {
            Self::Density(posterior) => &**posterior,
            Self::Field(posterior) => &**posterior,
            Self::Potential(posterior) => &**posterior,
        }
    }

    pub(crate) fn log_prob_many(&self, theta: &Table, x: &Table) -> Result<Vec<f64>> {
        match self {
            Self::Density(posterior) => posterior.log_prob_many(theta, x),
            Self::Field(posterior) => posterior.log_prob_many(theta, x),
            Self::Potential(_) => Err(Error::invalid(
                "--method",
                "nle or nre",
                "npe, fmpe or npse",
                "The posterior of a likelihood is known up to a factor only.",
            )),
        }
    }
}

fn potential(
    prior: &Prior,
    likelihood: Box<dyn LogLikelihood>,
    sampler: SamplerConfig,
) -> Result<Trained> {
    let posterior = PotentialPosterior::new(prior, likelihood, sampler)?;
    Ok(Trained::Potential(Box::new(posterior)))
}

fn straight() -> PathConfig {
    PathConfig::FlowMatching(StraightPath::default())
}

fn exploding() -> PathConfig {
    PathConfig::VarianceExploding(ExplodingPath::default())
}

/// The path is written out, so that the record of a result says which method it was.
fn field(path: Option<&Path>, default: fn() -> PathConfig) -> Result<Box<FieldConfig>> {
    let mut config: Box<FieldConfig> = settings(path)?;
    config.estimator.path.get_or_insert_with(default);
    Ok(config)
}

fn settings<C: DeserializeOwned + Default>(path: Option<&Path>) -> Result<Box<C>> {
    let Some(path) = path else {
        return Ok(Box::default());
    };
    let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    let config = toml::from_str(&text).map_err(|e| {
        let advice = "Give the settings of the method as the library has them.";
        Error::file(path, e.to_string(), advice)
    })?;
    Ok(Box::new(config))
}
