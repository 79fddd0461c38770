//! Neural likelihoods of which the training goes on.

use super::{NeuralLikelihood, NleConfig, Parts};
use crate::embed::Column;
use crate::error::Result;
use crate::infer::continued::{
    check_columns, check_levels, newly_varying, same, same_estimator, unchanged,
};
use crate::infer::discrete::of_parameters;
use crate::infer::parameter_space::ParameterSpace;
use crate::infer::training_pairs::TrainingPairs;
use crate::infer::{SemiAutomatic, SummariesConfig};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainLog};

/// Goes on training the networks of `likelihood`, as [`super::nle`] trains fresh ones: on more simulations, whatever
/// distribution their θ have, or on the same for longer.
///
/// The networks keep their architecture, and their spaces: standardisations, the linear guess and what is discrete
/// are those of the simulations that they began with, so weights mean the same. The schedule of the learning rate
/// begins anew. A network that the simulations held out do not find better, by `min_improvement` standard errors,
/// stays as it was.
///
/// # Errors
/// As [`super::nle`]; and if `config` says another estimator, support, linear guess or discrete data than the
/// networks have, the data have other columns, or something discrete has a value that the networks do not know.
pub fn nle_continued(
    prior: &Prior,
    simulations: &Simulations,
    (likelihood, config): (&NeuralLikelihood, &NleConfig),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralLikelihood, TrainLog)> {
    let model = likelihood.model();
    check_settings(likelihood, config, simulations)?;
    let settings = (config.support, &config.train);
    let (_, mut pairs) = TrainingPairs::new(prior, simulations, settings, seed)?;
    check_columns(model.n_data(), &pairs.x)?;
    if let Some(summaries) = &model.summaries {
        pairs.x = summaries.of_table(&pairs.x)?;
    }
    let now = of_parameters(prior, &simulations.theta)?;
    check_levels(&model.discrete_parameters, &now, &model.parameters)?;
    model.x.check_levels("simulations, x", pairs.x.values())?;
    let unseen = newly_varying(&model.x.constant_columns(), &pairs.x);
    let theta = (model.theta.clone(), model.discrete_parameters.clone());
    let parts = Parts {
        pairs,
        space: ParameterSpace::assemble(prior, model.support, &model.parameters, theta)?,
        data: model.x.clone(),
        summaries: model.summaries.clone(),
    };
    let config = NleConfig {
        estimator: model.estimator.clone(),
        ..config.clone()
    };
    let begun = (&config, &likelihood.members[..]);
    let (continued, mut log) = parts.train(prior, begun, seed, observer)?;
    log.notes.extend(unseen);
    log.notes.extend(unchanged(&log));
    Ok((continued, log))
}

/// The settings have to be those of the networks, or the study would say what is not so.
fn check_settings(
    likelihood: &NeuralLikelihood,
    config: &NleConfig,
    simulations: &Simulations,
) -> Result<()> {
    let model = likelihood.model();
    same_estimator(&config.estimator, &model.estimator)?;
    same("support", &config.support, &model.support)?;
    let guess = config.linear_guess && !model.x.continuous_columns().is_empty();
    same("linear_guess", &guess, &model.x.has_linear_guess())?;
    let summaries = (model.summaries.as_ref()).map_or(SummariesConfig::None, SemiAutomatic::config);
    same("summaries", &config.summaries, &summaries)?;
    let Some(given) = &config.discrete_data else {
        return Ok(());
    };
    let names = simulations.x.names().iter().enumerate();
    let discrete = |j: usize| model.x.discrete().iter().any(|own| own.column == j);
    let have = names.filter(|(j, _)| discrete(*j));
    let have: Vec<String> = have.map(|(_, name)| name.clone()).collect();
    let set_aside = |name: &String| {
        let mut columns = simulations
            .x
            .names()
            .iter()
            .zip(model.x.standardization().columns());
        columns.any(|(own, column)| own == name && *column == Column::Unrelated)
    };
    let mut given = given.clone();
    given.retain(|name| !set_aside(name));
    given.sort_by_key(|name| simulations.x.names().iter().position(|own| own == name));
    same("discrete_data", &given, &have)
}
