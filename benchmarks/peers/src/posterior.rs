//! Draws and log-probabilities of a trained posterior.

use std::ops::ControlFlow;
use std::time::Instant;

use retrodict::infer::{NeuralPosterior, NpeConfig, Posterior, npe};
use retrodict::simulate::Simulations;
use retrodict::train::{EpochRecord, TrainConfig};
use retrodict::{Result, Seed};

use crate::arguments::PosteriorOptions;
use crate::conversation::{converse, hello, took};
use crate::data::{self, TRAINING_ROWS};
use crate::estimators::equal_to_sbi;

/// Draws cost the same whatever the weights: the network only has to be no longer a random one.
const EPOCHS: usize = 20;
const ROWS: usize = 2_000;

pub(crate) fn sample(options: &PosteriorOptions) -> Result<()> {
    let simulations = data::read(&options.data)?;
    let posterior = train(options, &simulations)?;
    let x = simulations.x.row(TRAINING_ROWS);
    let mut seed = 0;
    converse(hello(), || {
        seed += 1;
        let start = Instant::now();
        let samples = posterior.sample(x, options.n, Seed(seed))?;
        let seconds = start.elapsed().as_secs_f64();
        Ok(took(seconds, samples.draws.n_rows()))
    })
}

pub(crate) fn log_prob(options: &PosteriorOptions) -> Result<()> {
    let simulations = data::read(&options.data)?;
    let posterior = train(options, &simulations)?;
    let x = simulations.x.row(TRAINING_ROWS);
    let draws = posterior.sample(x, options.n, Seed(1))?.draws;
    converse(hello(), || {
        let start = Instant::now();
        let log_probs = posterior.log_prob(&draws, x)?;
        let seconds = start.elapsed().as_secs_f64();
        let mean = log_probs.iter().sum::<f64>() / log_probs.len() as f64;
        let mut answer = took(seconds, log_probs.len());
        answer.insert("mean_log_prob".into(), mean.into());
        Ok(answer)
    })
}

/// A posterior trained briefly on the first rows.
pub(crate) fn train(
    options: &PosteriorOptions,
    simulations: &Simulations,
) -> Result<NeuralPosterior> {
    let prior = data::standard_normal_prior(simulations.theta.n_columns())?;
    let defaults = NpeConfig::default();
    let equal = options.network.and_then(equal_to_sbi);
    let config = NpeConfig {
        train: brief(&defaults.train, equal.is_some()),
        estimator: equal.unwrap_or(defaults.estimator.clone()),
        ..defaults
    };
    let observer = |_: &EpochRecord| ControlFlow::Continue(());
    let (posterior, _) = npe(
        &prior,
        &first_rows(simulations),
        &config,
        Seed(1),
        &observer,
    )?;
    Ok(posterior)
}

/// A few epochs, of one network where it shall equal that of the peers.
pub(crate) fn brief(defaults: &TrainConfig, equal: bool) -> TrainConfig {
    TrainConfig {
        max_epochs: EPOCHS,
        ensemble_size: if equal { 1 } else { defaults.ensemble_size },
        ..defaults.clone()
    }
}

/// The simulations that are trained on.
pub(crate) fn first_rows(simulations: &Simulations) -> Simulations {
    simulations.select(&(0..ROWS).collect::<Vec<_>>())
}
