//! Neural ratios of which the training goes on.

use super::{NeuralRatio, NreConfig, Parts, read};
use crate::error::Result;
use crate::infer::continued::{check_columns, check_levels, newly_varying, same, unchanged};
use crate::infer::discrete::of_parameters;
use crate::infer::parameter_space::ParameterSpace;
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainLog};

/// Goes on training the networks of `ratio`, as [`super::nre`] trains fresh ones: on more simulations, or on the same
/// for longer. θ are draws from the same distribution as before: p(x) in p(x | θ) / p(x) is the evidence under it.
///
/// The networks keep their architecture, their loss, and the standardisations of the simulations that they began
/// with, so weights mean the same. The schedule of the learning rate begins anew. A network that the simulations
/// held out do not find better, by `min_improvement` standard errors, stays as it was.
///
/// # Errors
/// As [`super::nre`]; and if `config` says another classifier, loss or support than the networks have, the data have
/// other columns, or a discrete parameter has a value that the networks do not know.
pub fn nre_continued(
    prior: &Prior,
    simulations: &Simulations,
    (ratio, config): (&NeuralRatio, &NreConfig),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralRatio, TrainLog)> {
    let model = ratio.model();
    same("classifier", &config.estimator, &model.estimator)?;
    same("support", &config.support, &model.support)?;
    let (_, pairs) = read(prior, simulations, config, seed)?;
    check_columns(model.x.columns().len(), &pairs.x)?;
    let now = of_parameters(prior, &simulations.theta)?;
    check_levels(&model.discrete_parameters, &now, &model.parameters)?;
    let unseen = newly_varying(&model.x.constant_columns(), &pairs.x);
    let theta = (model.theta.clone(), model.discrete_parameters.clone());
    let parts = Parts {
        pairs,
        space: ParameterSpace::assemble(prior, model.support, &model.parameters, theta)?,
        standard_x: model.x.clone(),
    };
    let begun = (config, &ratio.members[..]);
    let (continued, mut log) = parts.train(prior, begun, seed, observer)?;
    log.notes.extend(unseen);
    log.notes.extend(unchanged(&log));
    Ok((continued, log))
}
