//! The loop: propose, simulate, pool, fit.

use super::acquisition::{CANDIDATES, choose};
use super::corrected::{Correction, npe_corrected};
use super::importance::{importance_weights, near};
use super::mixture_proposal::MixtureProposal;
use super::reach::within_reach;
use super::report::{BOUNDED, PRIOR, rows_in_proportion};
use super::round_data::RoundData;
use super::{
    Acquisition, ProposalKind, RoundKeeper, RoundModel, RoundReport, SequentialConfig,
    SequentialMethod, TruncatedPrior, choosing,
};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::infer::usable_rows::MIN_ROWS;
use crate::infer::{NeuralPosterior, NpeConfig, Posterior};
use crate::prior::Prior;
use crate::samples::effective_number;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Observer, TrainLog};

/// What is to be inferred, from how many simulations in how many rounds.
#[derive(Debug, Clone, Copy)]
pub struct SequentialTask<'a> {
    /// The prior.
    pub prior: &'a Prior,
    /// The observation; for a likelihood or a ratio, one trial or several in a row.
    pub x: &'a [f64],
    /// What each round fits.
    pub method: &'a SequentialMethod,
    /// What later rounds propose.
    pub config: &'a SequentialConfig,
    /// How many simulations all rounds make together.
    pub simulations: usize,
    /// How many rounds.
    pub rounds: usize,
    /// The seed of proposals and training.
    pub seed: Seed,
}

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

pub(super) fn too_few(report: &RoundReport, used: &Simulations) -> Error {
    Error::invalid(
        format!("simulations to learn from in round {}", report.round),
        format!("{} with data, of {}", used.valid_rows().len(), used.len()),
        format!("at least {MIN_ROWS}"),
        "The rounds before aimed at parameters for which simulations fail: use `auto` or `nle`, fewer rounds, \
         or more simulations.",
    )
}

/// A round with fewer simulations teaches nothing.
const LEAST: usize = 50;

impl<'a> SequentialTask<'a> {
    fn validate(&self) -> Result<()> {
        self.config.validate()?;
        self.config.check_method(self.method, self.prior)?;
        if self.rounds == 0 {
            return Err(Error::invalid(
                "rounds",
                0,
                "at least 1",
                "Give the number of rounds.",
            ));
        }
        let least = self.simulations / self.rounds;
        if least < LEAST {
            return Err(Error::invalid(
                "simulations",
                format!("{} in {} rounds", self.simulations, self.rounds),
                format!("at least {LEAST} a round"),
                "Give more simulations or fewer rounds.",
            ));
        }
        Ok(())
    }

    /// How many simulations a round makes: equally many, and the first what is left over.
    pub fn size(&self, round: usize) -> usize {
        let each = self.simulations / self.rounds;
        if round == 0 {
            self.simulations - each * (self.rounds - 1)
        } else {
            each
        }
    }

    pub(super) fn seed(&self, round: usize) -> Seed {
        self.seed.derive(Stream::Rounds, round as u64)
    }

    /// The truncated prior from which a round's θ come, counted from zero, if the method has one;
    /// `last` is the model of the round before, and `before` what is known of all rounds before.
    ///
    /// It is the whole prior while the posterior's region holds most of that, and no round before has cut it:
    /// simulations from the prior and from a part of it would not be in proportion to the prior together.
    ///
    /// # Errors
    /// If the posterior of the round before cannot be drawn from.
    pub fn region(
        &'a self,
        round: usize,
        last: Option<&'a RoundModel>,
        before: &[RoundReport],
    ) -> Result<Option<TruncatedPrior<'a>>> {
        let posterior = match last {
            Some(RoundModel::Posterior(posterior))
                if self.config.proposal == ProposalKind::Truncated =>
            {
                posterior
            }
            Some(RoundModel::Auto(model)) if !model.choice.amortised => match &model.posterior {
                Some(posterior) => posterior,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let seed = self.seed(round);
        let region = TruncatedPrior::new(self.prior, posterior, self.x, self.config, seed)?;
        if before.iter().any(|report| report.threshold.is_some()) {
            return Ok(Some(region));
        }
        region.unless_little().map(Some)
    }

    /// The θ of a round, and what is to be said about them.
    fn propose(
        &self,
        round: usize,
        last: Option<&RoundModel>,
        region: Option<&TruncatedPrior<'_>>,
    ) -> Result<(Table, RoundReport)> {
        let n = self.size(round);
        let mut report = RoundReport {
            round: round + 1,
            simulations: n,
            ..RoundReport::default()
        };
        let theta = match (last, region) {
            (None, _) => {
                report.proposal = PRIOR.into();
                self.prior.sample_table(n, self.seed, Stream::Parameters)
            }
            (Some(_), Some(region)) => {
                report.threshold = region.threshold();
                report.proposal = match report.threshold {
                    Some(_) => "truncated prior".into(),
                    None => PRIOR.into(),
                };
                let from_likelihood = self.drawn_from_likelihood(round, last)?;
                report.from_likelihood = from_likelihood.as_ref().map_or(0, Table::n_rows);
                let n = n - report.from_likelihood;
                let mut drawn = region.sample(n, self.seed(round))?;
                (report.acceptance, report.effective) = (drawn.acceptance, drawn.effective);
                report.notes.extend(drawn.note(n));
                for theta in from_likelihood.iter().flat_map(Table::rows) {
                    drawn.theta.push(theta);
                }
                drawn.theta
            }
            (Some(RoundModel::Marginals(last)), None) => {
                let bounds = self.bounds_after(last)?;
                report.volume = Some(bounds.volume());
                report.proposal = BOUNDED.into();
                bounds.sample(n, self.seed(round))
            }
            (Some(RoundModel::Posterior(posterior)), None)
                if self.config.proposal == ProposalKind::Mixture =>
            {
                report.proposal = "posterior".into();
                MixtureProposal::new(posterior, self.x)?.sample(n, self.seed(round))
            }
            (Some(RoundModel::Auto(model)), None) if model.choice.amortised => {
                report.proposal = PRIOR.into();
                self.prior
                    .sample_table(n, self.seed(round), Stream::Parameters)
            }
            (Some(model), None) => {
                report.proposal = "posterior".into();
                let posterior = self.method.posterior(model, self.prior)?;
                let chosen = self.config.acquisition == Acquisition::Disagreement;
                let candidates = if chosen { CANDIDATES * n } else { n };
                let samples = posterior.sample(self.x, candidates, self.seed(round))?;
                report
                    .notes
                    .extend(samples.provenance.get("notes").cloned());
                match model.disagreement(&samples.draws, self.x)? {
                    Some(weights) if chosen => {
                        report.proposal = "posterior, where networks disagree".into();
                        let weights = weights.iter().map(|weight| weight.ln());
                        samples.draws.select(&choose(weights, n, self.seed(round)))
                    }
                    _ => samples.draws,
                }
            }
        };
        Ok((theta, report))
    }

    /// The θ that a likelihood proposes, while it is not settled whether it or a posterior shall.
    fn drawn_from_likelihood(
        &self,
        round: usize,
        last: Option<&RoundModel>,
    ) -> Result<Option<Table>> {
        let (Some(RoundModel::Auto(model)), SequentialMethod::Auto(config)) = (last, self.method)
        else {
            return Ok(None);
        };
        let Some(posterior) = model.likelihood_posterior(self.prior, &config.sampler)? else {
            return Ok(None);
        };
        let n = (self.size(round) as f64 * model.choice.proposed_by_likelihood()) as usize;
        let samples = posterior.sample(self.x, n, self.seed(round))?;
        Ok(Some(samples.draws))
    }

    /// Fits to the simulations of all rounds so far, or to those of them inside the region.
    fn fit(
        &self,
        data: RoundData<'_>,
        models: &[RoundModel],
        mut report: RoundReport,
        observer: Observer<'_>,
    ) -> Result<(RoundModel, TrainLog, RoundReport)> {
        if let SequentialMethod::Tmnre(config) = self.method {
            return self.fit_marginals(config, &data, report, observer);
        }
        let all = data.all;
        let rows = match (data.region, self.method) {
            (Some(region), _) => Some(data.rows_in(region)?),
            (None, SequentialMethod::Npe(_) | SequentialMethod::Auto(_)) => None,
            (None, _) => {
                let size = self.size(data.round);
                let within = |reach| within_reach(self.prior, &all.theta, size, reach);
                self.config.reach.map(within).transpose()?
            }
        };
        let chosen = rows.map(|rows| all.select(&rows));
        let used = chosen.as_ref().unwrap_or(all);
        let seed = self.seed(data.round);
        report.used = used.len();
        // `auto` goes on with a likelihood, which learns from simulations outside as well.
        let alone = !matches!(self.method, SequentialMethod::Auto(_));
        if alone && data.round > 0 && used.valid_rows().len() < MIN_ROWS {
            return Err(too_few(&report, used));
        }
        let (model, log) = match self.method {
            SequentialMethod::Npe(config) if data.round > 0 && data.region.is_none() => {
                let more = (seed, &mut report);
                let (posterior, log) = self.corrected(config, (all, models), more, observer)?;
                (RoundModel::Posterior(Arc::new(posterior)), log)
            }
            SequentialMethod::Auto(config) => {
                let data = RoundData {
                    inside: used,
                    ..data
                };
                let fitted = choosing::fit(self.prior, config, &data, seed, observer)?;
                report.used = fitted.n_used;
                (fitted.model, fitted.log)
            }
            method => method.fit(self.prior, used, seed, observer)?,
        };
        report.validation_loss = log.validation_loss();
        Ok((model, log, report))
    }

    /// Fits a posterior by a loss that corrects for the proposals of `models`.
    fn corrected(
        &self,
        config: &NpeConfig,
        (all, models): (&Simulations, &[RoundModel]),
        (seed, report): (Seed, &mut RoundReport),
        observer: Observer<'_>,
    ) -> Result<(NeuralPosterior, TrainLog)> {
        let sizes: Vec<usize> = (0..=models.len()).map(|round| self.size(round)).collect();
        let proposals = models.iter().filter_map(|model| match model {
            RoundModel::Posterior(posterior) => Some(&**posterior),
            _ => None,
        });
        report.used = all.len();
        let (mixtures, chosen, weights);
        let (used, correction) = match self.config.proposal {
            ProposalKind::ImportanceWeighted => {
                let proposals: Vec<_> = proposals.map(|p| p as &dyn Posterior).collect();
                let rows = near(all, self.x, self.size(models.len()));
                chosen = all.select(&rows);
                let at = (&chosen.theta, self.x);
                weights = importance_weights(self.prior, &proposals, &sizes, at)?;
                report.used = rows.len();
                report.effective = Some(effective_number(&weights));
                report.notes.extend(report.few_effective());
                (&chosen, Correction::Weights(&weights))
            }
            ProposalKind::Mixture => {
                let found = proposals.map(|posterior| MixtureProposal::new(posterior, self.x));
                mixtures = found.collect::<Result<Vec<_>>>()?;
                (all, Correction::Mixtures(&mixtures, &sizes))
            }
            ProposalKind::Atomic | ProposalKind::Truncated => {
                let (atoms, first) = (self.config.atoms, self.size(0));
                (all, Correction::Atomic { atoms, first })
            }
        };
        npe_corrected(self.prior, used, (config, correction), seed, observer)
    }
}
