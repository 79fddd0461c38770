//! Neural posterior estimation on simulations that need not fit into memory.

mod row_split;
mod rows;
mod survey;
#[cfg(test)]
mod tests;

use self::row_split::RowSplit;
use self::rows::StreamedRows;
use self::survey::Survey;
use super::missing::{Missing, Seen};
use super::neural::NeuralPosterior;
use super::npe::{GIVEN_SUCCESS, NpeConfig, add_examples, finish, fit_target, npe};
use super::screening::screened;
use super::target::{Target, check_varies};
use super::usable_rows::{check_count, check_names, notes};
use crate::embed::{Standardization, StandardizationMethod};
use crate::error::{Error, Result};
use crate::estimator::{Examples, MixedDensity};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::{SimulationSource, read_all};
use crate::train::{Fitted, Memory, Observer, TrainConfig, TrainLog, fit};

/// The bytes that [`npe`] takes for each number of its simulations: the number itself, three copies
/// of it (the valid rows, the training rows, what the linear guess is fitted to) and one in single
/// precision.
const BYTES_A_NUMBER: u64 = 36;
/// More held-out rows than this, or sampled ones, make no choice better.
const MOST_ROWS: usize = 50_000;
/// Of the memory, the held-out rows take one part in so many at most, and so do the sampled rows.
const SHARE_OF_ROWS: usize = 8;
/// The buffers of all members together take one part in so many, and so does a member's at least
/// so many batches.
const SHARE_OF_BUFFERS: usize = 4;
const FEWEST_BATCHES: usize = 10;

/// Whether so many simulations of so many numbers are trained on in memory.
pub fn fits_in_memory(rows: usize, columns: usize, memory: Memory) -> bool {
    let bytes = (rows as u64).saturating_mul(columns as u64 * BYTES_A_NUMBER);
    bytes <= memory.bytes()
}

/// Whether training rows fit into memory once they are in single precision.
fn examples_fit(rows: usize, columns: usize, memory: Memory) -> bool {
    (rows * columns * size_of::<f32>()) as u64 <= memory.bytes() / 2
}

/// How many epochs training on so many simulations of so many numbers takes, summed over the members,
/// unless patience ends it sooner or its loss still falls then.
pub fn planned_epochs(config: &TrainConfig, rows: usize, columns: usize) -> usize {
    let epoch = if examples_fit(rows, columns, config.memory) {
        rows
    } else {
        config.streamed_epoch_rows(rows)
    };
    config.ensemble_size * config.first_epochs(epoch)
}

/// As [`npe`], on simulations that are read block by block.
///
/// Where they fit into `config.train.memory` they are read once and the result is that of [`npe`].
/// Otherwise one pass finds the moments of all rows and a random sample from which quartiles and
/// the linear guess come; at most 50,000 rows are held out; and training goes through the rest in a
/// shuffled order of blocks and, within a buffer, of rows. Which rows are held out, and the order,
/// depend on the seed and on `memory`, not on the number of threads.
///
/// # Errors
/// As [`npe`], and if the simulations cannot be read.
pub fn npe_from(
    prior: &Prior,
    source: &dyn SimulationSource,
    config: &NpeConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralPosterior, TrainLog)> {
    let columns = source.parameters().len() + source.data().len();
    if fits_in_memory(source.n_rows(), columns, config.train.memory) {
        return npe(prior, &read_all(source)?, config, seed, observer);
    }
    config.train.validate()?;
    config.estimator.validate()?;
    if config.train.is_conservative() {
        return Err(Error::invalid(
            "training options `coverage_penalty` and `balance`",
            "simulations that are read from disk as they are needed",
            "simulations that fit into memory",
            "Raise `memory` in `[inference.train]`, or use fewer simulations: with many there is little to be cautious about.",
        ));
    }
    if config.missing != Missing::Refuse {
        return Err(Error::invalid(
            "missing",
            "simulations that are read from disk as they are needed",
            "simulations that fit into memory",
            "Raise `memory` in `[inference.train]`, or use fewer simulations.",
        ));
    }
    check_names(prior, source.parameters())?;
    let config = &config.settled_for(config.train.training_rows(source.n_rows()));
    let prepared = Prepared::new(prior, source, config, seed)?;
    let (bounded, n_seen) = (prepared.target.bounded(), prepared.standard_x.n_seen());
    let flow = config.estimator.build_mixed(&[], &bounded, n_seen)?;
    let fitted = prepared.fit(&flow, source, config, (seed, observer))?;
    let failures = (prepared.n_failed, GIVEN_SUCCESS);
    let mut notes = notes(&prepared.standard_x, source.data(), failures);
    notes.extend(unseen(&fitted, config, columns));
    finish(
        prior,
        config,
        prepared.target,
        prepared.standard_x,
        (fitted, notes),
    )
}

/// What is known before training begins.
struct Prepared {
    target: Target,
    standard_x: Standardization,
    split: RowSplit,
    n_train: usize,
    n_failed: usize,
    validation: Examples,
}

impl Prepared {
    fn new(
        prior: &Prior,
        source: &dyn SimulationSource,
        config: &NpeConfig,
        seed: Seed,
    ) -> Result<Self> {
        let map = prior.support_map(config.support)?;
        let columns = source.parameters().len() + source.data().len();
        let room = config.train.memory.bytes() as usize / SHARE_OF_ROWS;
        let rows = (room / (size_of::<f64>() * columns)).min(MOST_ROWS);
        let fraction = config.train.validation_fraction;
        let split = RowSplit::new(seed, source.n_rows(), fraction, [rows, rows]);
        let survey = Survey::of(source, &map, split)?;
        let n_train = survey.real.n_rows();
        check_count(n_train.min(survey.validation.len()), source.n_rows())?;
        let [theta, x] = &survey.sample;
        let fitted_x = Standardization::from_moments(&survey.x, x, config.standardization);
        let standard_x = screened(fitted_x, config.screening, [theta, x]);
        let fitted_z =
            Standardization::from_moments(&survey.real, theta, StandardizationMethod::Linear);
        let told = Seen {
            standardization: &standard_x,
            masked: false,
        };
        let target = fit_target(map, config, &survey.sample, (&fitted_z, told), Vec::new())?;
        check_varies(&target.standardization, source.parameters())?;
        let mut validation = Examples::new(target.n_features(), told.width());
        let held_out = &survey.validation;
        let held_out = held_out.theta.rows().zip(held_out.x.rows());
        add_examples(&target, told, held_out, &mut validation);
        Ok(Self {
            target,
            standard_x,
            split,
            n_train,
            n_failed: survey.n_failed,
            validation,
        })
    }

    fn fit(
        &self,
        flow: &MixedDensity,
        source: &dyn SimulationSource,
        config: &NpeConfig,
        (seed, observer): (Seed, Observer<'_>),
    ) -> Result<Fitted> {
        let train = &config.train;
        let columns = self.target.n_features() + self.standard_x.n_seen();
        let rows = StreamedRows {
            source,
            split: self.split,
            target: &self.target,
            standard_x: &self.standard_x,
            n_rows: self.n_train,
            buffer_rows: buffer_rows(train, self.n_train, columns),
        };
        if examples_fit(self.n_train, columns, train.memory) {
            let examples = rows.all()?;
            return fit(flow, &examples, &self.validation, train, seed, observer);
        }
        fit(flow, &rows, &self.validation, train, seed, observer)
    }
}

/// How many rows each member keeps in memory. It counts on all members being trained at once, so
/// that the order of the rows does not depend on the number of threads.
fn buffer_rows(config: &TrainConfig, n_rows: usize, columns: usize) -> usize {
    let bytes = config.memory.bytes() as usize / SHARE_OF_BUFFERS / config.ensemble_size;
    (bytes / (size_of::<f32>() * columns)).max(FEWEST_BATCHES * config.batch_size(n_rows))
}

/// A note if training ended before every row was seen.
fn unseen(fitted: &Fitted, config: &NpeConfig, columns: usize) -> Option<String> {
    let (log, train) = (&fitted.log, &config.train);
    if examples_fit(log.n_train, columns, train.memory) {
        return None;
    }
    let epoch = train.streamed_epoch_rows(log.n_train);
    let most = log.members.iter().map(|m| m.epochs.len() * epoch).max()?;
    (most < log.n_train).then(|| {
        format!(
            "training ended after {most} of {} rows; `max_steps = {}` lets each network see all of them",
            log.n_train,
            train.steps_per_epoch(log.n_train)
        )
    })
}
