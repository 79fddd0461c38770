//! Neural ratio estimation: a classifier trained on simulations.

mod continued;
mod model;
mod ratio;
#[cfg(test)]
mod tests;

pub use continued::nre_continued;
pub use model::RatioModel;
pub use ratio::NeuralRatio;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::discrete::of_parameters;
use super::parameter_space::ParameterSpace;
use super::screening::screened;
use super::target::check_varies;
use super::training_pairs::TrainingPairs;
use super::usable_rows::notes;
use crate::embed::{Standardization, StandardizationMethod};
use crate::error::{Error, Result};
use crate::estimator::{EVALUATED, Examples, RatioConfig};
use crate::prior::{Prior, SupportKind, SupportMap};
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::train::{Observer, Split, TrainConfig, TrainLog, fit_from};

/// How a ratio is estimated. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NreConfig {
    /// Which classifier is trained, and on which loss.
    pub estimator: RatioConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// How θ is mapped to real space before the classifier sees it.
    pub support: SupportKind,
    /// How the data are standardised.
    pub standardization: StandardizationMethod,
    /// Whether numbers of the data that are independent of the parameters and of the others are set aside, if there are more
    /// than ten.
    pub screening: bool,
}

impl Default for NreConfig {
    fn default() -> Self {
        Self {
            estimator: RatioConfig::default(),
            train: TrainConfig::default(),
            support: SupportKind::default(),
            standardization: StandardizationMethod::default(),
            screening: true,
        }
    }
}

/// What becomes of a ratio when simulations fail.
const GIVEN_SUCCESS: &str = "the ratio is that given that a simulation succeeds, and a posterior from it favours parameters with which simulations fail";
/// With batches of at least so many rows, none is so small that it has no contrasts: batches of an
/// epoch are made equally large.
const MIN_BATCH: usize = 4;

/// Trains log r(θ, x), r = p(x | θ) / p(x), where p(x) is the evidence under the distribution that the θᵢ of
/// the simulations were drawn from: it has to be the prior for r(θ, x) p(θ) to be the posterior itself;
/// as a function of θ, r is the likelihood up to a constant whatever it was.
///
/// Rows of simulations that failed are left out. θ goes through the map of the prior's support; θ and
/// x are standardised with the training rows. Contrasts come from a row's own batch, or its block
/// of a large one; see [`crate::estimator::RatioEstimator`].
///
/// The networks of the ensemble are averaged in log r with equal weights: a mixture Σ wₖ rₖ would give
/// all weight, for each x, to the networks with the largest ratios, whose size a contrastive loss may
/// leave free (`nre_b`), and held-out rows judge a classifier's choice between θ and not a density that could
/// be stacked. The geometric mean is unmoved by such constants.
///
/// # Errors
/// If a setting makes no sense, the tables do not fit the prior, there are fewer than 20 valid rows or
/// two held out, a number is not finite or lies outside the prior, a parameter never changes, a discrete
/// one has more than 500 values; if training fails, or the observer stops it.
///
/// # Reference
/// Hermans et al. 2020, arXiv:1903.04057; Durkan et al. 2020, arXiv:2002.03712; Miller et al. 2022,
/// arXiv:2210.06170; Delaunoy et al. 2022, arXiv:2208.13624.
pub fn nre(
    prior: &Prior,
    simulations: &Simulations,
    config: &NreConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralRatio, TrainLog)> {
    let (map, pairs) = read(prior, simulations, config, seed)?;
    let [real, x] = pairs.training();
    let discrete = of_parameters(prior, &simulations.theta)?;
    let space = ParameterSpace::fit(map, &real, discrete);
    check_varies(&space.standardization, &space.continuous_names())?;
    let fitted = Standardization::fit(&x, config.standardization);
    let standard_x = screened(fitted, config.screening, [&pairs.real, &pairs.x]);
    drop((real, x));
    let parts = Parts {
        pairs,
        space,
        standard_x,
    };
    let (ratio, mut log) = parts.train(prior, (config, &[]), seed, observer)?;
    if log.members.iter().all(|member| member.best_epoch == 0) {
        log.notes.push(
            "no network tells the parameters of held-out simulations from others, so the posterior is the prior"
                .into(),
        );
    }
    Ok((ratio, log))
}

/// The simulations that gave data, once the settings make sense.
fn read(
    prior: &Prior,
    simulations: &Simulations,
    config: &NreConfig,
    seed: Seed,
) -> Result<(SupportMap, TrainingPairs)> {
    config.estimator.validate()?;
    check_batch_size(config.train.batch_size)?;
    let settings = (config.support, &config.train);
    let (map, mut pairs) = TrainingPairs::new(prior, simulations, settings, seed)?;
    order_held_out(&mut pairs.split, seed)?;
    Ok((map, pairs))
}

/// What networks are trained on, and the spaces in which they see it.
struct Parts {
    pairs: TrainingPairs,
    space: ParameterSpace,
    standard_x: Standardization,
}

impl Parts {
    /// Trains networks that begin with the weights `start`, or fresh ones if there are none.
    fn train(
        self,
        prior: &Prior,
        (config, start): (&NreConfig, &[Vec<f32>]),
        seed: Seed,
        observer: Observer<'_>,
    ) -> Result<(NeuralRatio, TrainLog)> {
        let Self {
            pairs,
            space,
            standard_x,
        } = self;
        let n_data = standard_x.n_seen();
        let estimator = config.estimator.build(space.n_features(), n_data)?;
        let [train, validation] = [&pairs.split.train, &pairs.split.validation]
            .map(|rows| examples(&space, &standard_x, &pairs, rows));
        let settings = (config.train).resolved(train.len(), space.n_features() + n_data);
        let fitted = fit_from(
            &estimator,
            start,
            (&train, &validation),
            &settings,
            seed,
            observer,
        )?;
        let mut log = fitted.log;
        log.mix_evenly();
        let failures = (pairs.n_failed, GIVEN_SUCCESS);
        log.notes = notes(&standard_x, pairs.x.names(), failures);
        let n_networks = fitted.weights.len();
        let model = RatioModel::new(
            prior,
            config,
            [space.standardization, standard_x],
            space.discrete,
            n_networks,
        );
        Ok((NeuralRatio::assemble(prior, model, fitted.weights)?, log))
    }
}

fn check_batch_size(batch_size: Option<usize>) -> Result<()> {
    match batch_size {
        Some(size) if size < MIN_BATCH => Err(Error::invalid_option(
            "training",
            "batch_size",
            size,
            format!("at least {MIN_BATCH} for a ratio, whose contrasts are the batch's other rows"),
        )),
        _ => Ok(()),
    }
}

/// Puts the rows held out in random order, so that contrasts are not neighbours in the simulations;
/// rows that would be left alone, or nearly, in a block of their own go to those trained on.
fn order_held_out(split: &mut Split, seed: Seed) -> Result<()> {
    let n = split.validation.len();
    if n < 2 {
        return Err(Error::invalid(
            "training option `validation_fraction`",
            format!("{n} of {} simulations held out", n + split.train.len()),
            "at least 2, each of which is a contrast to the other",
            "Simulate more, or hold out a larger share.",
        ));
    }
    seed.stream(Stream::Contrasts, 0)
        .shuffle(&mut split.validation);
    let alone = n % EVALUATED;
    if n > EVALUATED && alone < EVALUATED / 2 {
        let moved = split.validation.split_off(n - alone);
        split.train.extend(moved);
        split.train.sort_unstable();
    }
    Ok(())
}

/// Rows as the network sees them.
fn examples(
    space: &ParameterSpace,
    standard_x: &Standardization,
    pairs: &TrainingPairs,
    rows: &[usize],
) -> Examples {
    let mut examples = Examples::new(space.n_features(), standard_x.n_seen());
    examples.reserve(rows.len());
    let mut features = vec![0.0; space.n_features()];
    let mut x = vec![0.0; standard_x.n_seen()];
    for &row in rows {
        space.features(pairs.real.row(row), &mut features);
        standard_x.apply(pairs.x.row(row), &mut x);
        examples.push(&features, &x);
    }
    examples
}
