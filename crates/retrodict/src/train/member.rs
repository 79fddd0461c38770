//! Training one member of an ensemble.

mod training;

pub use training::STILL_FALLING;
pub(super) use training::Training;

use super::batch_blocks::BatchBlocks;
use super::config::TrainConfig;
use super::log::{EpochRecord, MemberLog, Stop};
use super::optimizer::Optimizer;
use super::schedule::Pace;
use super::training_rows::{Batches, TrainingRows};
use crate::error::{Error, Result};
use crate::estimator::{EVALUATED, Estimator, Examples, Purpose, Workspace};
use crate::seed::{Seed, Stream};

/// A trained member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) weights: Vec<f32>,
    pub(super) log: MemberLog,
    /// log q of every validation row under the weights that were kept.
    pub(super) log_density: Vec<f64>,
}

/// Steps in a row without a finite gradient before the best weights are taken again.
const MAX_SKIPPED_STEPS: usize = 10;
/// How often the best weights are taken again before training gives up.
const MAX_RESTARTS: usize = 5;

struct Run<'a> {
    estimator: &'a dyn Estimator,
    batches: Box<dyn Batches + 'a>,
    /// How many rows an epoch takes.
    n_rows: usize,
    validation: &'a Examples,
    config: &'a TrainConfig,
    k: usize,
    pace: Pace,
    optimizer: Optimizer,
    weights: Vec<f32>,
    best: Vec<f32>,
    best_loss: f64,
    /// The first weights, and log q of every validation row under them.
    first: (Vec<f32>, Vec<f64>),
    blocks: BatchBlocks,
    evaluation: Workspace,
    done: usize,
    skipped_in_a_row: usize,
    restarts: usize,
}

impl<'a> Run<'a> {
    fn new(
        (estimator, start): (&'a dyn Estimator, Option<&[f32]>),
        (train, validation): (&'a dyn TrainingRows, &'a Examples),
        config: &'a TrainConfig,
        (seed, k): (Seed, usize),
    ) -> Self {
        let weights = start.map_or_else(
            || {
                let mut weights = vec![0.0; estimator.n_weights()];
                estimator.initialize(&mut weights, &mut seed.stream(Stream::Weights, k as u64));
                weights
            },
            <[f32]>::to_vec,
        );
        let n_rows = train.epoch_rows(config);
        let mut run = Self {
            estimator,
            batches: train.batches(seed, k),
            n_rows,
            validation,
            config,
            k,
            pace: Pace::new(config, n_rows),
            optimizer: Optimizer::new(config, &weights),
            best: weights.clone(),
            best_loss: f64::INFINITY,
            first: (weights.clone(), Vec::new()),
            blocks: BatchBlocks::new(estimator, config.batch_size(n_rows).min(n_rows)),
            evaluation: estimator.workspace(EVALUATED, Purpose::Inference),
            done: 0,
            skipped_in_a_row: 0,
            restarts: 0,
            weights,
        };
        run.first.1 = run.log_density(true);
        run.best_loss = mean_loss(&run.first.1);
        run
    }

    /// What tells one training from another: a state that was left by another is worth nothing.
    fn belongs(&self, seed: Seed) -> String {
        let config = serde_json::to_string(self.config).expect("a configuration is plain data");
        // First weights and rows held out show in these; a sum of their bits tells them apart.
        let mark = self.first.1.iter().fold(0_u64, |mark, v| {
            (mark ^ v.to_bits())
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(31)
        });
        format!(
            "seed {}, network {}, {} weights, {} rows, {config}, {mark:x}",
            seed.0,
            self.k,
            self.weights.len(),
            self.n_rows
        )
    }

    /// One pass over the rows of an epoch, in batches of equal size up to one row; and log q of every
    /// validation row after it.
    fn epoch(&mut self) -> Result<(EpochRecord, Vec<f64>)> {
        self.batches.begin(self.done);
        let n = self.n_rows;
        let n_steps = self.config.steps_per_epoch(n);
        let (mut loss, mut norm, mut rows, mut skipped) = (0.0, 0.0, 0, 0);
        let mut rate = 0.0;
        let batch = |step: usize| (step + 1) * n / n_steps - step * n / n_steps;
        self.blocks.load(batch(0), &mut *self.batches)?;
        for step in 0..n_steps {
            rate = self
                .pace
                .rate(self.done as f64 + (step as f64 + 0.5) / n_steps as f64);
            let next = (step + 1 < n_steps).then(|| batch(step + 1));
            if let Some((batch_loss, batch_norm)) = self.step(next, rate)? {
                loss += batch_loss * batch(step) as f64;
                norm += batch_norm;
                rows += batch(step);
            } else {
                skipped += 1;
            }
        }
        self.done += 1;
        let log_density = self.log_density(false);
        let record = EpochRecord {
            member: self.k,
            epoch: self.done,
            max_epochs: self.pace.last_epoch(),
            train_loss: loss / rows as f64,
            validation_loss: mean_loss(&log_density),
            learning_rate: rate,
            gradient_norm: norm / (n_steps - skipped) as f64,
            skipped_batches: skipped,
        };
        Ok((record, log_density))
    }

    /// One step with the rows that are loaded, which also loads the next; its loss and gradient norm,
    /// or nothing if they are not finite.
    fn step(&mut self, next: Option<usize>, rate: f64) -> Result<Option<(f64, f64)>> {
        self.blocks.compute(self.estimator, &self.weights);
        let (optimizer, weights) = (&mut self.optimizer, &mut self.weights);
        let step = |loss: f64, gradient: &mut [f32], norm: f64| {
            (loss.is_finite() && norm.is_finite()).then(|| {
                optimizer.step(weights, gradient, norm, rate);
                (loss, norm)
            })
        };
        let done = self.blocks.finish(next, &mut *self.batches, step)?;
        match done {
            Some(_) => self.skipped_in_a_row = 0,
            None => self.accident()?,
        }
        Ok(done)
    }

    /// A gradient that is not finite: leaves the batch out, and after several goes back to the best
    /// weights with half the learning rate.
    fn accident(&mut self) -> Result<()> {
        self.skipped_in_a_row += 1;
        if self.skipped_in_a_row < MAX_SKIPPED_STEPS {
            return Ok(());
        }
        self.skipped_in_a_row = 0;
        self.restarts += 1;
        if self.restarts > MAX_RESTARTS {
            return Err(Error::Training {
                problem: format!(
                    "the loss of network {} stayed NaN or infinite in epoch {}",
                    self.k + 1,
                    self.done + 1
                ),
                advice: "Look for extreme values in the data, or try a smaller `learning_rate`."
                    .into(),
            });
        }
        self.pace.slow_down();
        self.restore();
        Ok(())
    }

    fn keep(&mut self, loss: f64) {
        self.best_loss = loss;
        self.best
            .copy_from_slice(self.optimizer.kept(&self.weights));
    }

    /// Goes on from the best weights. The moments stay: with none, the first steps would be as large
    /// as the rate and lead away again.
    fn return_to_best(&mut self) {
        self.weights.copy_from_slice(&self.best);
        self.optimizer.average_from(&self.best);
    }

    /// Starts anew from the best weights, after an accident.
    fn restore(&mut self) {
        self.weights.copy_from_slice(&self.best);
        self.optimizer.restart(&self.best);
    }

    /// log q of every validation row, under the best weights or the present ones.
    fn log_density(&mut self, best: bool) -> Vec<f64> {
        let weights = if best {
            &self.best
        } else {
            self.optimizer.kept(&self.weights)
        };
        let rows: Vec<usize> = (0..self.validation.len()).collect();
        let mut log_density = Vec::with_capacity(rows.len());
        for block in rows.chunks(EVALUATED) {
            self.evaluation.load(self.validation, block);
            self.estimator.log_scores(weights, &mut self.evaluation);
            log_density.extend(self.evaluation.log_prob().iter().map(|&l| f64::from(l)));
        }
        log_density
    }

    fn finish(
        mut self,
        initial_validation_loss: f64,
        epochs: Vec<EpochRecord>,
        best_epoch: usize,
        stop: Stop,
    ) -> Result<Member> {
        if self.best_loss.is_infinite() {
            return Err(Error::Training {
                problem: format!(
                    "the validation loss of network {} was not finite in any epoch",
                    self.k + 1
                ),
                advice: "Look for extreme values in the data, or try a smaller `learning_rate`."
                    .into(),
            });
        }
        let mut log_density = self.log_density(true);
        let mut best_epoch = best_epoch;
        if standard_errors(&self.first.1, &log_density) < self.config.min_improvement {
            (self.best, log_density) = self.first;
            self.best_loss = initial_validation_loss;
            best_epoch = 0;
        }
        Ok(Member {
            log_density,
            log: MemberLog {
                initial_validation_loss,
                epochs,
                best_epoch,
                best_validation_loss: self.best_loss,
                stop,
            },
            weights: self.best,
        })
    }
}

/// The mean of −log q; infinite if any is not finite.
fn mean_loss(log_density: &[f64]) -> f64 {
    let mean = -log_density.iter().sum::<f64>() / log_density.len() as f64;
    if mean.is_finite() {
        mean
    } else {
        f64::INFINITY
    }
}

/// By how many standard errors of its mean the difference `after − before` of paired rows lies
/// above zero; without a number to divide by, everything counts as improvement.
fn standard_errors(before: &[f64], after: &[f64]) -> f64 {
    let n = before.len() as f64;
    let difference = || after.iter().zip(before).map(|(a, b)| a - b);
    let mean = difference().sum::<f64>() / n;
    let variance = difference().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let ratio = mean / (variance / n).sqrt();
    if ratio.is_nan() { f64::INFINITY } else { ratio }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_improvement_is_counted_in_standard_errors_of_paired_differences() {
        // Differences 1, 2, 3: mean 2, standard error 1/√3.
        let ratio = standard_errors(&[5.0, -1.0, 0.0], &[6.0, 1.0, 3.0]);
        assert!((ratio - 2.0 * 3.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(standard_errors(&[1.0, 2.0], &[1.0, 2.0]), f64::INFINITY);
        assert_eq!(standard_errors(&[f64::NEG_INFINITY], &[0.0]), f64::INFINITY);
    }
}
