//! A member in training: where it is, when it stops, and how an interrupted one goes on.

use super::{Member, Run, mean_loss, standard_errors};
use crate::error::{Error, Result};
use crate::estimator::{Estimator, Examples};
use crate::seed::Seed;
use crate::train::checkpoint::{Counts, Keeper, State, StateView};
use crate::train::config::TrainConfig;
use crate::train::fit::Observer;
use crate::train::log::{EpochRecord, Stop};
use crate::train::schedule::Decision;
use crate::train::training_rows::TrainingRows;

/// A fall of the validation loss, in nats a row, in the last tenth of all epochs that is worth more of
/// them: it is a Kullback–Leibler divergence, and a hundredth of a nat is a shift of a seventh of an sd.
pub const STILL_FALLING: f64 = 0.01;
/// By how many standard errors of the validation rows it must stand out, or it is their noise.
const CLEARLY: f64 = 2.0;

/// A member in training, an epoch at a time.
pub(in crate::train) struct Training<'a> {
    run: Run<'a>,
    observer: Observer<'a>,
    keeper: Keeper<'a>,
    initial_loss: f64,
    epochs: Vec<EpochRecord>,
    best_epoch: usize,
    stop: Option<Result<Stop>>,
    /// log q of every validation row under the best weights, and under those that were the best when
    /// the last tenth of a stretch of epochs began.
    best: Vec<f64>,
    earlier: Vec<f64>,
}

impl<'a> Training<'a> {
    /// Member `k` before its first epoch, with the weights `start` or fresh ones, or where an interrupted training
    /// of the same left it.
    ///
    /// # Errors
    /// If rows that were trained on before cannot be read again.
    pub(in crate::train) fn new(
        (estimator, start): (&'a dyn Estimator, Option<&[f32]>),
        rows: (&'a dyn TrainingRows, &'a Examples),
        config: &'a TrainConfig,
        (seed, k): (Seed, usize),
        observer: Observer<'a>,
    ) -> Result<Self> {
        let run = Run::new((estimator, start), rows, config, (seed, k));
        let belongs = run.belongs(seed);
        let mut training = Self {
            keeper: Keeper::new(observer.checkpoints(), k, belongs),
            initial_loss: run.best_loss,
            best: run.first.1.clone(),
            earlier: run.first.1.clone(),
            run,
            observer,
            epochs: Vec::new(),
            best_epoch: 0,
            stop: None,
        };
        if let Some(state) = training.keeper.found() {
            training.resume(state)?;
        }
        Ok(training)
    }

    /// Goes on from a state, if it is one of such a network.
    fn resume(&mut self, state: State) -> Result<()> {
        let n = self.run.weights.len();
        let [weights, best, first, second, average] = state.arrays;
        let n_average = self.run.optimizer.state().1[2].len();
        let sizes = [&weights, &best, &first, &second].map(Vec::len);
        let rows = state.densities.iter().map(Vec::len);
        let fits = sizes == [n; 4] && average.len() == n_average && {
            let n_rows = self.best.len();
            rows.into_iter().all(|own| own == n_rows)
        };
        if !fits {
            return Ok(());
        }
        let counts = state.counts;
        let run = &mut self.run;
        run.batches.skip(counts.done, run.n_rows)?;
        run.optimizer.resume(counts.steps, [first, second, average]);
        let [best_loss, rate] = state.numbers;
        let pace = (
            rate,
            counts.stretch,
            counts.cooling,
            counts.without_improvement,
        );
        run.pace.resume(pace);
        (run.weights, run.best, run.best_loss) = (weights, best, best_loss);
        run.done = counts.done;
        (run.skipped_in_a_row, run.restarts) = (counts.skipped_in_a_row, counts.restarts);
        [self.best, self.earlier] = state.densities;
        self.best_epoch = counts.best_epoch;
        self.epochs = state.epochs;
        self.stop = counts.stop.map(Ok);
        for record in &self.epochs {
            // Whoever wants to stop says so again after the next.
            let _ = self.observer.epoch(record);
        }
        Ok(())
    }

    /// Whether there is nothing left to train.
    pub(in crate::train) fn is_over(&self) -> bool {
        self.stop.is_some()
    }

    /// Writes down where training is.
    fn keep_state(&mut self, stop: Option<Stop>) -> Result<()> {
        let run = &self.run;
        let (steps, [first, second, average]) = run.optimizer.state();
        let (rate, stretch, cooling, without_improvement) = run.pace.state();
        let state = StateView {
            counts: Counts {
                best_epoch: self.best_epoch,
                stop,
                done: run.done,
                skipped_in_a_row: run.skipped_in_a_row,
                restarts: run.restarts,
                steps,
                stretch,
                cooling,
                without_improvement,
            },
            epochs: &self.epochs,
            numbers: [run.best_loss, rate],
            densities: [&self.best, &self.earlier],
            arrays: [&run.weights, &run.best, first, second, average],
        };
        self.keeper.write(&state)
    }

    /// One more epoch; whether there will be another.
    pub(in crate::train) fn advance(&mut self) -> bool {
        self.stop = self.epoch().transpose();
        self.stop.is_none()
    }

    fn epoch(&mut self) -> Result<Option<Stop>> {
        let (record, log_density) = self.run.epoch()?;
        let loss = record.validation_loss;
        let improved = loss < self.run.best_loss;
        if improved {
            self.best_epoch = record.epoch;
            self.best = log_density;
            self.run.keep(loss);
        }
        if self.run.pace.begins_last_tenth(record.epoch) {
            self.earlier.clone_from(&self.best);
        }
        let interrupted = self.observer.epoch(&record).is_break();
        self.epochs.push(record);
        let falling = self.falling();
        let decision = self.run.pace.after_epoch(self.run.done, improved, falling);
        let stop = match decision {
            Decision::Continue => None,
            Decision::Restore => {
                self.run.return_to_best();
                None
            }
            Decision::Stop(stop) => Some(stop),
        };
        if self.keeper.is_due(interrupted) {
            self.keep_state(stop)?;
        }
        if interrupted {
            return Err(Error::Interrupted);
        }
        Ok(stop)
    }

    /// Whether the loss fell since the last tenth of the epochs began, by enough to go on and by more
    /// than the noise of the validation rows.
    fn falling(&self) -> bool {
        let fall = mean_loss(&self.earlier) - mean_loss(&self.best);
        fall > STILL_FALLING && standard_errors(&self.earlier, &self.best) > CLEARLY
    }

    /// The member after its last epoch.
    pub(in crate::train) fn finish(self) -> Result<Member> {
        let stop = self.stop.expect("finished after the last epoch")?;
        self.run
            .finish(self.initial_loss, self.epochs, self.best_epoch, stop)
    }
}
