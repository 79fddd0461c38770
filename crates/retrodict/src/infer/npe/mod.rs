//! Neural posterior estimation: a conditional density trained on simulations.

mod config;
mod prepared;
mod target;

pub use config::NpeConfig;
pub(super) use prepared::Prepared;
pub(super) use target::{add_examples, fit_target};

use super::conservative::fit_conservatively;
use super::discrete;
use super::missing::Missing;
use super::model_file::ModelConfig;
use super::neural::NeuralPosterior;
use super::target::Target;
use crate::embed::Standardization;
use crate::error::Result;
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Fitted, Observer, TrainLog, fit};

/// What becomes of a posterior when simulations fail.
pub(super) const GIVEN_SUCCESS: &str = "the posterior is that given that a simulation succeeds";

/// Trains q(θ | x) on simulations whose θ were drawn from the prior: the mean of −log q(θᵢ | xᵢ) is
/// smallest where q is the posterior, for every x at once.
///
/// Rows of simulations that failed are left out. θ goes through the map of the prior's support, so
/// q has no mass outside the prior; θ and x are standardised with the training rows. Discrete parameters
/// have probabilities, each given x and those before it, and the continuous ones a density given both
/// (Boelts et al. 2022, eLife 11:e77220).
///
/// # Errors
/// If a setting makes no sense, the tables do not fit the prior, there are fewer than 20 valid
/// rows, a number is not finite or lies outside the prior, a parameter never changes, a discrete one has
/// more than 500 values; if training fails, or the observer stops it.
///
/// # Reference
/// Papamakarios and Murray 2016, arXiv:1605.06376; Greenberg et al. 2019, arXiv:1905.07488.
pub fn npe(
    prior: &Prior,
    simulations: &Simulations,
    config: &NpeConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralPosterior, TrainLog)> {
    let prepared = Prepared::new(prior, simulations, config, None, seed)?;
    let config = &config.settled_for(prepared.split.train.len());
    if config.train.is_conservative() {
        let fitted = fit_conservatively(&prepared, prior, config, seed, observer)?;
        return prepared.finish(prior, config, fitted);
    }
    let Prepared { target, .. } = &prepared;
    let levels = discrete::counts(&target.discrete);
    let width = prepared.told().width();
    let flow = config
        .estimator
        .build_mixed(&levels, &target.bounded(), width)?;
    let fitted = fit(
        &flow,
        &prepared.examples(&prepared.split.train),
        &prepared.examples(&prepared.split.validation),
        &config.train,
        seed,
        observer,
    )?;
    prepared.finish(prior, config, fitted)
}

/// Puts the posterior together once its networks are trained.
pub(super) fn finish(
    prior: &Prior,
    config: &NpeConfig,
    target: Target,
    standard_x: Standardization,
    (fitted, notes): (Fitted, Vec<String>),
) -> Result<(NeuralPosterior, TrainLog)> {
    let mut log = fitted.log;
    log.notes = notes;
    if config.linear_guess && log.members.iter().all(|member| member.best_epoch == 0) {
        log.notes.push(
            "no network predicts held-out simulations better than the linear guess, which is kept"
                .into(),
        );
    }
    let model = ModelConfig::new(
        config.estimator.clone(),
        config.support,
        prior.parameters().iter().map(|p| p.name.clone()).collect(),
        [target.standardization, standard_x],
        target.guess,
        target.discrete,
        log.mixture.clone(),
    );
    let model = ModelConfig {
        masked: config.missing == Missing::Mask,
        ..model
    };
    let posterior = NeuralPosterior::assemble(prior, model, fitted.weights)?;
    Ok((posterior, log))
}
