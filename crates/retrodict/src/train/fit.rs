//! Training an ensemble.

use std::ops::ControlFlow;

use rayon::ScopeFifo;
use rayon::prelude::*;

use super::checkpoint::Checkpoints;
use super::config::TrainConfig;
use super::log::{EpochRecord, TrainLog};
use super::member::{Member, Training};
use super::stacking::stacking_weights;
use super::training_rows::TrainingRows;
use crate::error::{Error, Result};
use crate::estimator::{Estimator, Examples};
use crate::seed::Seed;

/// Watches a training; a function of an [`EpochRecord`] does.
pub trait Watch: Sync {
    /// Is shown every epoch as it ends; `ControlFlow::Break` stops the training with
    /// [`Error::Interrupted`]. Members train at the same time, so their epochs come interleaved. A training
    /// that goes on after an interruption shows the epochs before it once more.
    fn epoch(&self, record: &EpochRecord) -> ControlFlow<()>;

    /// Where the training keeps its state, so that it can go on after an interruption; nowhere unless
    /// said.
    fn checkpoints(&self) -> Option<&Checkpoints> {
        None
    }
}

impl<F: Fn(&EpochRecord) -> ControlFlow<()> + Sync> Watch for F {
    fn epoch(&self, record: &EpochRecord) -> ControlFlow<()> {
        self(record)
    }
}

/// Who watches a training.
pub type Observer<'a> = &'a dyn Watch;

/// A trained ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The weights of each member's network.
    pub weights: Vec<Vec<f32>>,
    /// What happened, and how the members are mixed.
    pub log: TrainLog,
}

/// Trains an ensemble on `train`, choosing weights and mixture on `validation`.
///
/// Each member minimises the mean loss over batches with Adam, and keeps the weights of the
/// epoch with the smallest mean over all validation rows, the first weights included. Members run
/// in parallel, each on its own streams of random numbers, and large batches are shared between
/// threads in fixed blocks, so the result does not depend on the number of threads.
///
/// # Errors
/// If the configuration makes no sense, there are no rows or they cannot be read, the loss stays
/// non-finite, or the observer says stop.
pub fn fit(
    estimator: &dyn Estimator,
    train: &dyn TrainingRows,
    validation: &Examples,
    config: &TrainConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<Fitted> {
    fit_from(estimator, &[], (train, validation), config, seed, observer)
}

/// As [`fit`], with members that begin with the weights `start`, one of them each, in place of fresh ones. Weights
/// that are never beaten by `min_improvement` standard errors are kept, so nothing is lost by it.
///
/// # Errors
/// As [`fit`], and if there are other than no weights or those of as many networks as `ensemble_size` says.
pub fn fit_from(
    estimator: &dyn Estimator,
    start: &[Vec<f32>],
    (train, validation): (&dyn TrainingRows, &Examples),
    config: &TrainConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<Fitted> {
    config.validate()?;
    if !start.is_empty() && start.len() != config.ensemble_size {
        return Err(Error::invalid(
            "ensemble_size",
            config.ensemble_size,
            format!(
                "{}: as many networks as there are to go on with",
                start.len()
            ),
            "Set it to that.",
        ));
    }
    let config = &config.resolved(train.n_rows(), validation.n_context());
    for (name, n) in [
        ("training", train.n_rows()),
        ("validation", validation.len()),
    ] {
        if n == 0 {
            return Err(Error::invalid(
                format!("{name} rows"),
                "none",
                "at least one",
                "Simulate more.",
            ));
        }
    }
    let rows = (train, validation);
    let trainings: Result<Vec<Training<'_>>> = (0..config.ensemble_size)
        .into_par_iter()
        .map(|k| {
            let start = start.get(k).map(|weights| &weights[..]);
            Training::new((estimator, start), rows, config, (seed, k), observer)
        })
        .collect();
    let members = train_all(trainings?)?;
    let log_density: Vec<Vec<f64>> = members.iter().map(|m| m.log_density.clone()).collect();
    let mixture = stacking_weights(&log_density);
    let (weights, logs) = members.into_iter().map(|m| (m.weights, m.log)).unzip();
    Ok(Fitted {
        weights,
        log: TrainLog {
            n_train: train.n_rows(),
            n_validation: validation.len(),
            members: logs,
            mixture,
            notes: Vec::new(),
        },
    })
}

fn train_all(mut trainings: Vec<Training<'_>>) -> Result<Vec<Member>> {
    rayon::scope_fifo(|scope| {
        for training in trainings.iter_mut().filter(|t| !t.is_over()) {
            scope.spawn_fifo(|scope| take_turns(training, scope));
        }
    });
    trainings.into_iter().map(Training::finish).collect()
}

/// Members take turns, an epoch each: with three members on two cores, both are busy to the end.
fn take_turns<'scope>(training: &'scope mut Training<'_>, scope: &ScopeFifo<'scope>) {
    if training.advance() {
        scope.spawn_fifo(|scope| take_turns(training, scope));
    }
}
