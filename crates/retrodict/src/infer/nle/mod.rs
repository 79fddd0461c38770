//! Neural likelihood estimation: a conditional density of the data, trained on simulations.

mod continued;
mod data_space;
mod likelihood;
mod marginal;
mod missing;
mod model;
mod summarized;
#[cfg(test)]
mod summarized_tests;
#[cfg(test)]
mod tests;

pub use continued::nle_continued;
pub use data_space::DataSpace;
pub use likelihood::NeuralLikelihood;
pub use marginal::{MarginalDensity, marginal};
pub use model::LikelihoodModel;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::discrete::{of_data, of_parameters};
use super::parameter_space::ParameterSpace;
use super::screening::unrelated;
use super::summaries::{SemiAutomatic, SummariesConfig};
use super::target::check_varies;
use super::training_pairs::TrainingPairs;
use super::usable_rows::notes;
use crate::embed::StandardizationMethod;
use crate::error::Result;
use crate::estimator::{EstimatorConfig, Examples};
use crate::prior::{Prior, SupportKind};
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainConfig, TrainLog, fit_from};

/// How a likelihood is estimated. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NleConfig {
    /// Which conditional density of the data is trained.
    pub estimator: EstimatorConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// How θ is mapped to real space before the density sees it.
    pub support: SupportKind,
    /// How the data are standardised.
    pub standardization: StandardizationMethod,
    /// Whether the density starts from the linear-Gaussian guess of x given θ.
    pub linear_guess: bool,
    /// The names of the data columns that take few values, each of which has a probability and not a
    /// density. Left out, columns of at most 20 whole numbers are taken for discrete; an empty list
    /// says that all data are continuous.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discrete_data: Option<Vec<String>>,
    /// Whether numbers of the data that are independent of the parameters and of the others are set aside, if there are more
    /// than ten and no summaries: the density is then that of the rest.
    pub screening: bool,
    /// What stands for the data: themselves, or summaries that are learned from the simulations.
    #[serde(skip_serializing_if = "SummariesConfig::is_none")]
    pub summaries: SummariesConfig,
}

impl Default for NleConfig {
    fn default() -> Self {
        Self {
            estimator: EstimatorConfig::default(),
            train: TrainConfig::default(),
            support: SupportKind::default(),
            standardization: StandardizationMethod::default(),
            linear_guess: true,
            discrete_data: None,
            screening: true,
            summaries: SummariesConfig::None,
        }
    }
}

/// What becomes of a likelihood when simulations fail.
const GIVEN_SUCCESS: &str = "the likelihood is that given that a simulation succeeds, and a posterior from it favours parameters with which simulations fail";

/// Trains q(x | θ): the mean of −log q(xᵢ | θᵢ) is smallest where q is the simulator's density, for
/// every θ at once, whatever distribution the θᵢ were drawn from.
///
/// Rows of simulations that failed are left out. θ goes through the map of the prior's support; θ and
/// x are standardised with the training rows; data that never change are left out.
///
/// Discrete data, such as a choice, have probabilities, each given θ and those before it, and the
/// continuous ones, such as a reaction time, a density given both: a density of classes would grow
/// without bound. An observed value that no simulation gave is impossible, except a count next to those
/// that some gave, which is read as the nearest of them.
///
/// With summaries it is q(s(x) | θ): what the posterior given s(x) needs. Of data of many numbers a density
/// of as many takes far more simulations; s(x) estimates the mean of each parameter given x, and what it
/// leaves out is lost.
///
/// # Errors
/// If a setting makes no sense, the tables do not fit the prior, there are fewer than 20 valid rows, a
/// number is not finite or lies outside the prior, a parameter never changes, a discrete one has more
/// than 500 values, all data never change; if training fails, or the observer stops it.
///
/// # Reference
/// Papamakarios, Sterratt and Murray 2019, arXiv:1805.07226; for discrete data Boelts et al. 2022,
/// eLife 11:e77220; for the summaries Fearnhead and Prangle 2012, arXiv:1004.1112.
pub fn nle(
    prior: &Prior,
    simulations: &Simulations,
    config: &NleConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralLikelihood, TrainLog)> {
    config.estimator.validate()?;
    let settings = (config.support, &config.train);
    let (map, mut pairs) = TrainingPairs::new(prior, simulations, settings, seed)?;
    let (summaries, told) = summarized::learn(prior, simulations, config, &mut pairs)?;
    let [real, x] = pairs.training();
    let discrete = of_parameters(prior, &simulations.theta)?;
    let space = ParameterSpace::fit(map, &real, discrete);
    check_varies(&space.standardization, &space.continuous_names())?;
    let theta = space.table(&real)?;
    let (discrete, said) = match summaries {
        Some(_) => (Vec::new(), told),
        None => of_data(&pairs.x, config.discrete_data.as_deref())?,
    };
    let unrelated = if config.screening && summaries.is_none() {
        unrelated(&pairs.real, &pairs.x)
    } else {
        Vec::new()
    };
    let data = DataSpace::fit([&x, &theta], config, discrete, &unrelated)?;
    drop((real, x, theta));
    let parts = Parts {
        pairs,
        space,
        data,
        summaries,
    };
    let (likelihood, mut log) = parts.train(prior, (config, &[]), seed, observer)?;
    log.notes.extend(said);
    if config.linear_guess && log.members.iter().all(|member| member.best_epoch == 0) {
        log.notes.push(
            "no network predicts held-out simulations better than the linear guess of x given θ, which is kept"
                .into(),
        );
    }
    Ok((likelihood, log))
}

/// What networks are trained on, and the spaces in which they see it.
struct Parts {
    pairs: TrainingPairs,
    space: ParameterSpace,
    data: DataSpace,
    summaries: Option<SemiAutomatic>,
}

impl Parts {
    /// Trains networks that begin with the weights `start`, or fresh ones if there are none.
    fn train(
        self,
        prior: &Prior,
        (config, start): (&NleConfig, &[Vec<f32>]),
        seed: Seed,
        observer: Observer<'_>,
    ) -> Result<(NeuralLikelihood, TrainLog)> {
        let Self {
            pairs,
            space,
            data,
            summaries,
        } = self;
        let flow = data.build(&config.estimator, space.n_features())?;
        let [train, validation] = [&pairs.split.train, &pairs.split.validation]
            .map(|rows| examples(&space, &data, &pairs, rows));
        let n_inputs = data.n_values().max(space.n_features());
        let settings = config.train.resolved(train.len(), n_inputs);
        let fitted = fit_from(
            &flow,
            start,
            (&train, &validation),
            &settings,
            seed,
            observer,
        )?;
        let mut log = fitted.log;
        let failures = (pairs.n_failed, GIVEN_SUCCESS);
        let (scales, names) = data.continuous(pairs.x.names());
        log.notes = notes(&scales, &names, failures);
        let model = LikelihoodModel {
            summaries,
            ..LikelihoodModel::new(prior, config, &space, data, log.mixture.clone())
        };
        Ok((
            NeuralLikelihood::assemble(prior, model, fitted.weights)?,
            log,
        ))
    }
}

/// Rows as the network sees them.
fn examples(
    space: &ParameterSpace,
    data: &DataSpace,
    pairs: &TrainingPairs,
    rows: &[usize],
) -> Examples {
    let mut examples = Examples::new(data.n_values(), space.n_features());
    examples.reserve(rows.len());
    let mut features = vec![0.0; space.n_features()];
    let (mut room, mut y) = (vec![0.0; data.n_data()], vec![0.0; data.n_values()]);
    for &row in rows {
        space.features(pairs.real.row(row), &mut features);
        data.forward(pairs.x.row(row), &features, &mut room, &mut y);
        examples.push(&y, &features);
    }
    examples
}
