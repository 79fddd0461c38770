//! The loop: propose, simulate, pool, fit.

use super::report::rows_in_proportion;
use super::round_data::RoundData;
use super::{RoundKeeper, RoundModel, RoundReport, SequentialTask};
use crate::error::Result;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainLog};

/// The outcome of all rounds. It holds for the task's observation alone: it is not amortised.
#[derive(Debug, Clone)]
pub struct SequentialFit {
    /// The models of the rounds; the last is the result.
    pub models: Vec<RoundModel>,
    /// The training of the last round.
    pub log: TrainLog,
    /// What happened in each round.
    pub reports: Vec<RoundReport>,
}

/// Infers in rounds: θ from the prior in the first and from the proposal in every later one.
///
/// A likelihood or a ratio learns from the simulations of all rounds within reach of the last one's, as
/// their θ may come from any distribution. A posterior with truncated proposals learns from those inside the
/// region of the last one: there, all rounds have drawn in proportion to the prior, so the plain loss is
/// the right one, for every x; those outside would tell it about θ that the observation has ruled
/// out. With other proposals it learns from all, or, with importance weights, from those whose data are
/// near the observation, by a loss that corrects for them. Standardisation and linear guess are made
/// anew from these simulations in every round, and networks begin from scratch.
///
/// # Errors
/// If the numbers make no sense, a proposal cannot be drawn, or simulating or training fails.
pub fn sequential(
    task: &SequentialTask<'_>,
    keeper: &mut dyn RoundKeeper,
    observer: Observer<'_>,
) -> Result<SequentialFit> {
    task.validate()?;
    let mut models: Vec<RoundModel> = Vec::new();
    let mut reports = Vec::new();
    let mut pooled: Option<Simulations> = None;
    let mut last = None;
    for round in 0..task.rounds {
        let (proposed, fitted) = (keeper.proposed(round)?, keeper.fitted(round)?);
        let region = if proposed.is_some() && fitted.is_some() {
            None
        } else {
            task.region(round, models.last(), &reports)?
        };
        let (theta, report) = if let Some(proposed) = proposed {
            proposed
        } else {
            let (theta, report) = task.propose(round, models.last(), region.as_ref())?;
            keeper.keep_proposed(round, &theta, &report)?;
            (theta, report)
        };
        let first = pooled.as_ref().map_or(0, Simulations::len) as u64;
        let made = keeper.simulate(round, first, &theta)?;
        let all = match pooled.take() {
            None => made,
            Some(before) => before.followed_by(&made)?,
        };
        let (model, log, report) = if let Some(fitted) = fitted {
            fitted
        } else {
            let so_far: Vec<RoundReport> = reports.iter().chain([&report]).cloned().collect();
            let in_proportion = rows_in_proportion(&so_far);
            let fresh = in_proportion.iter().filter(|row| **row >= first as usize);
            let made = all.select(&fresh.copied().collect::<Vec<_>>());
            let data = RoundData {
                round,
                x: task.x,
                all: &all,
                in_proportion: &in_proportion,
                inside: &all,
                made: &made,
                n_from_likelihood: report.from_likelihood,
                region: region.as_ref(),
                last: models.last(),
                last_log: last.as_ref(),
            };
            let fitted = task.fit(data, &models, report, observer)?;
            keeper.keep_fitted(round, &fitted.0, &fitted.1, &fitted.2)?;
            fitted
        };
        pooled = Some(all);
        models.push(model);
        reports.push(report);
        last = Some(log);
    }
    Ok(SequentialFit {
        models,
        log: last.expect("there is at least one round"),
        reports,
    })
}
