//! Vector fields of which the training goes on.

use super::{FieldConfig, FieldPosterior, Rows};
use crate::error::Result;
use crate::infer::continued::{check_columns, newly_varying, same, unchanged};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainLog};

/// Goes on training the networks of `posterior`, as [`super::fmpe`] trains fresh ones: on more simulations, or on the
/// same for longer. θ are draws from the prior, as ever.
///
/// The networks keep their architecture and path, and their space: standardisations and the linear guess are those of
/// the simulations that they began with, so weights mean the same. The schedule of the learning rate begins anew.
/// A network that the simulations held out do not find better, by `min_improvement` standard errors, stays as it was.
///
/// # Errors
/// As [`super::fmpe`]; and if `config` says another field, path, support or linear guess than the networks have, or
/// the data have other columns.
pub fn fmpe_continued(
    prior: &Prior,
    simulations: &Simulations,
    (posterior, config): (&FieldPosterior, &FieldConfig),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(FieldPosterior, TrainLog)> {
    let config = config.with_path("fmpe")?;
    continued(prior, simulations, (posterior, &config), seed, observer)
}

/// Goes on training the networks of `posterior`, as [`super::npse`] trains fresh ones; see [`fmpe_continued`].
///
/// # Errors
/// As [`super::npse`] and [`fmpe_continued`].
pub fn npse_continued(
    prior: &Prior,
    simulations: &Simulations,
    (posterior, config): (&FieldPosterior, &FieldConfig),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(FieldPosterior, TrainLog)> {
    let config = config.with_path("npse")?;
    continued(prior, simulations, (posterior, &config), seed, observer)
}

fn continued(
    prior: &Prior,
    simulations: &Simulations,
    (posterior, config): (&FieldPosterior, &FieldConfig),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(FieldPosterior, TrainLog)> {
    let model = posterior.model();
    same("vector_field", &config.estimator, &model.estimator)?;
    same("support", &config.support, &model.support)?;
    let guess = model.linear_guess.is_some();
    same("linear_guess", &config.linear_guess, &guess)?;
    let rows = Rows::read(prior, simulations, config, seed)?;
    check_columns(model.x.columns().len(), &rows.x)?;
    let unseen = newly_varying(&model.x.constant_columns(), &rows.x);
    let spaces = (posterior.target.clone(), model.x.clone());
    let begun = (config, &posterior.members[..]);
    let (continued, mut log) = rows.train(prior, spaces, begun, seed, observer)?;
    log.notes.extend(unseen);
    log.notes.extend(unchanged(&log));
    Ok((continued, log))
}
