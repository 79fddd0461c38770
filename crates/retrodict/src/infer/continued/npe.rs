//! Neural posteriors of which the training goes on.

use super::{check_columns, check_levels, newly_varying, same, same_estimator, unchanged};
use crate::error::{Error, Result};
use crate::infer::Missing;
use crate::infer::model_file::ModelConfig;
use crate::infer::neural::NeuralPosterior;
use crate::infer::npe::{NpeConfig, Prepared};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainLog, fit_from};

/// Goes on training the networks of `posterior`, as [`crate::infer::npe()`] trains fresh ones: on more simulations, or on
/// the same for longer. θ are draws from the prior, as ever.
///
/// The networks keep their architecture, and their space: standardisations and the linear guess are those of the
/// simulations that they began with, so weights mean the same. The schedule of the learning rate begins anew.
/// A network that the simulations held out do not find better, by `min_improvement` standard errors, stays as it was.
///
/// # Errors
/// As [`crate::infer::npe()`]; and if `config` says another estimator, support or treatment of missing data than the networks
/// have, the data have other columns, or a discrete parameter has a value that the networks do not know.
pub fn npe_continued(
    prior: &Prior,
    simulations: &Simulations,
    (posterior, config): (&NeuralPosterior, &NpeConfig),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralPosterior, TrainLog)> {
    let model = posterior.config();
    check_settings(model, config)?;
    let mut prepared = Prepared::new(prior, simulations, config, None, seed)?;
    check_columns(model.x.columns().len(), &simulations.x)?;
    check_levels(
        &model.discrete_parameters,
        &prepared.target.discrete,
        &model.parameters,
    )?;
    let unseen = newly_varying(&model.x.constant_columns(), &prepared.x);
    prepared.target = posterior.target.clone();
    prepared.standard_x = model.x.clone();
    let split = &prepared.split;
    let [train, validation] = [&split.train, &split.validation].map(|rows| prepared.examples(rows));
    let fitted = fit_from(
        &posterior.flow,
        &posterior.members,
        (&train, &validation),
        &config.train,
        seed,
        observer,
    )?;
    // Whether the guess is beaten was settled when the networks were fresh.
    let settled = NpeConfig {
        estimator: model.estimator.clone(),
        linear_guess: false,
        ..config.clone()
    };
    let (continued, mut log) = prepared.finish(prior, &settled, fitted)?;
    log.notes.extend(unseen);
    log.notes.extend(unchanged(&log));
    Ok((continued, log))
}

/// The settings have to be those of the networks, or the study would say what is not so.
fn check_settings(model: &ModelConfig, config: &NpeConfig) -> Result<()> {
    if config.train.is_conservative() {
        return Err(Error::invalid(
            "train.balance or train.coverage_penalty",
            "given",
            "none: networks go on with the loss alone",
            "Remove it, or train fresh networks.",
        ));
    }
    same_estimator(&config.estimator, &model.estimator)?;
    same("support", &config.support, &model.support)?;
    let guess = config.linear_guess && !model.target.columns().is_empty();
    same("linear_guess", &guess, &model.linear_guess.is_some())?;
    let masked = if model.masked {
        Missing::Mask
    } else {
        Missing::Refuse
    };
    same("missing", &config.missing, &masked)
}
