//! What is fitted in each round.

use std::path::Path;
use std::sync::Arc;

use super::acquisition::disagreement;
use super::choosing;
use super::round_data::RoundData;
use crate::embed::StandardizationMethod;
use crate::error::Result;
use crate::infer::auto::{AutoConfig, AutoModel};
use crate::infer::{
    LogLikelihood, NeuralLikelihood, NeuralPosterior, NeuralRatio, NleConfig, NpeConfig, NreConfig,
    Posterior, PotentialPosterior, TmnreConfig, TruncatedMarginals, nle, npe, nre, tmnre,
};
use crate::prior::Prior;
use crate::sample::SamplerConfig;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Observer, TrainLog};

/// The method that every round repeats.
#[derive(Debug, Clone, PartialEq)]
pub enum SequentialMethod {
    /// Neural posterior estimation.
    Npe(NpeConfig),
    /// Neural likelihood estimation, with the sampler that draws the proposals.
    Nle(NleConfig, SamplerConfig),
    /// Neural ratio estimation, with the sampler that draws the proposals.
    Nre(NreConfig, SamplerConfig),
    /// Neural ratio estimation of marginals, with bounds that shrink.
    Tmnre(TmnreConfig),
    /// The first two, until fresh simulations tell which is better.
    Auto(Box<AutoConfig>),
}

impl SequentialMethod {
    /// Its name in a study.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Npe(_) => "npe",
            Self::Nle(..) => "nle",
            Self::Nre(..) => "nre",
            Self::Tmnre(_) => "tmnre",
            Self::Auto(_) => "auto",
        }
    }

    /// The same with at most so many networks, if there is a limit: of `auto` the second is that of likelihood and ratio.
    pub(super) fn with_at_most(&self, [most, most_of_likelihood]: [Option<usize>; 2]) -> Self {
        let mut method = self.clone();
        match &mut method {
            Self::Npe(config) => config.train.limit_networks(most),
            Self::Nle(config, _) => config.train.limit_networks(most),
            Self::Nre(config, _) => config.train.limit_networks(most),
            Self::Tmnre(config) => config.ratio.train.limit_networks(most),
            Self::Auto(config) => {
                config.npe.train.limit_networks(most);
                config.nle.train.limit_networks(most_of_likelihood);
                config.nre.train.limit_networks(most_of_likelihood);
            }
        }
        method
    }

    /// Fits to simulations.
    pub(in crate::infer) fn fit(
        &self,
        prior: &Prior,
        simulations: &Simulations,
        seed: Seed,
        observer: Observer<'_>,
    ) -> Result<(RoundModel, TrainLog)> {
        Ok(match self {
            Self::Npe(config) => {
                let config = config.settled();
                let (posterior, log) = npe(prior, simulations, &config, seed, observer)?;
                (RoundModel::Posterior(Arc::new(posterior)), log)
            }
            Self::Nle(config, _) => {
                let (likelihood, log) = pooled_nle(prior, simulations, config, seed, observer)?;
                (RoundModel::Likelihood(Arc::new(likelihood)), log)
            }
            Self::Nre(config, _) => {
                let (ratio, log) = pooled_nre(prior, simulations, config, seed, observer)?;
                (RoundModel::Ratio(Arc::new(ratio)), log)
            }
            Self::Tmnre(config) => {
                let (marginals, log) = tmnre(prior, simulations, config, seed, observer)?;
                (RoundModel::Marginals(Arc::new(marginals)), log)
            }
            Self::Auto(config) => {
                let data = RoundData::first(simulations);
                let fitted = choosing::fit(prior, config, &data, seed, observer)?;
                (fitted.model, fitted.log)
            }
        })
    }

    /// Reads a model that [`RoundModel::save`] wrote.
    ///
    /// # Errors
    /// If a file is missing, damaged, of another method or another prior.
    pub fn load(&self, folder: &Path, prior: &Prior) -> Result<RoundModel> {
        Ok(match self {
            Self::Npe(_) => RoundModel::Posterior(Arc::new(NeuralPosterior::load(folder, prior)?)),
            Self::Nle(..) => {
                RoundModel::Likelihood(Arc::new(NeuralLikelihood::load(folder, prior)?))
            }
            Self::Nre(..) => RoundModel::Ratio(Arc::new(NeuralRatio::load(folder, prior)?)),
            Self::Tmnre(_) => {
                RoundModel::Marginals(Arc::new(TruncatedMarginals::load(folder, prior)?))
            }
            Self::Auto(_) => RoundModel::Auto(Arc::new(AutoModel::load(folder, prior)?)),
        })
    }

    /// The posterior of a model.
    ///
    /// # Errors
    /// If an option of the sampler makes no sense.
    pub fn posterior(&self, model: &RoundModel, prior: &Prior) -> Result<Box<dyn Posterior>> {
        let sampler = match self {
            Self::Nle(_, sampler) | Self::Nre(_, sampler) => sampler.clone(),
            Self::Auto(config) => config.sampler.clone(),
            Self::Npe(_) | Self::Tmnre(_) => SamplerConfig::default(),
        };
        let sampled = |likelihood| {
            let sampler = sampler.clone();
            let posterior = PotentialPosterior::new(prior, likelihood, sampler)?;
            Ok(Box::new(posterior.with_method(self.name())) as Box<dyn Posterior>)
        };
        match model {
            RoundModel::Posterior(posterior) => Ok(Box::new(Arc::clone(posterior))),
            RoundModel::Likelihood(likelihood) => sampled(Box::new(Arc::clone(likelihood))),
            RoundModel::Ratio(ratio) => sampled(Box::new(Arc::clone(ratio))),
            RoundModel::Marginals(marginals) => Ok(Box::new(Arc::clone(marginals))),
            RoundModel::Auto(model) => model.posterior(prior, &sampler),
        }
    }
}

/// Data of a wide proposal and of narrow ones have heavy tails together, whatever those of the simulator:
/// compressing them would bend what is straight.
const POOLED: StandardizationMethod = StandardizationMethod::Linear;

/// A likelihood learned from the simulations of several rounds.
pub(super) fn pooled_nle(
    prior: &Prior,
    simulations: &Simulations,
    config: &NleConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralLikelihood, TrainLog)> {
    let config = NleConfig {
        standardization: POOLED,
        ..config.clone()
    };
    nle(prior, simulations, &config, seed, observer)
}

/// A ratio learned from the simulations of several rounds.
pub(super) fn pooled_nre(
    prior: &Prior,
    simulations: &Simulations,
    config: &NreConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralRatio, TrainLog)> {
    let config = NreConfig {
        standardization: POOLED,
        ..config.clone()
    };
    nre(prior, simulations, &config, seed, observer)
}

/// Each network's log-likelihood, up to a constant, of every θ.
fn alone<L: LogLikelihood>(members: &[L], theta: &Table, x: &[f64]) -> Result<Vec<Vec<f64>>> {
    let each = members.iter().map(|member| {
        let mut values = vec![0.0; theta.n_rows()];
        member.log_likelihood(theta.values(), x, &mut values)?;
        Ok(values)
    });
    each.collect()
}

/// What a round leaves.
#[derive(Debug, Clone)]
pub enum RoundModel {
    /// Of neural posterior estimation.
    Posterior(Arc<NeuralPosterior>),
    /// Of neural likelihood estimation.
    Likelihood(Arc<NeuralLikelihood>),
    /// Of neural ratio estimation.
    Ratio(Arc<NeuralRatio>),
    /// Of neural ratio estimation of marginals.
    Marginals(Arc<TruncatedMarginals>),
    /// Of `auto`.
    Auto(Arc<AutoModel>),
}

impl RoundModel {
    /// How much the networks disagree about each θ, a draw from the posterior that they give together;
    /// nothing of a posterior, whose loss could not correct for what is chosen by it.
    pub(super) fn disagreement(&self, theta: &Table, x: &[f64]) -> Result<Option<Vec<f64>>> {
        let (members, joint) = match self {
            Self::Posterior(_) | Self::Marginals(_) | Self::Auto(_) => return Ok(None),
            Self::Likelihood(model) => (
                alone(&model.alone()?, theta, x)?,
                alone(&[Arc::clone(model)], theta, x)?,
            ),
            Self::Ratio(model) => (
                alone(&model.alone()?, theta, x)?,
                alone(&[Arc::clone(model)], theta, x)?,
            ),
        };
        Ok(Some(disagreement(&members, &joint[0])))
    }

    /// Writes the model into a folder.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        match self {
            Self::Posterior(posterior) => posterior.save(folder),
            Self::Likelihood(likelihood) => likelihood.save(folder),
            Self::Ratio(ratio) => ratio.save(folder),
            Self::Marginals(marginals) => marginals.save(folder),
            Self::Auto(model) => model.save(folder),
        }
    }
}
