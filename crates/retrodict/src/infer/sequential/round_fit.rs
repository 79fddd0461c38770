//! What a round fits, and to which simulations.

use std::sync::Arc;

use super::corrected::{Correction, npe_corrected};
use super::importance::{importance_weights, near};
use super::mixture_proposal::MixtureProposal;
use super::reach::within_reach;
use super::round_data::RoundData;
use super::{ProposalKind, RoundModel, RoundReport, SequentialMethod, SequentialTask, choosing};
use crate::error::{Error, Result};
use crate::infer::usable_rows::MIN_ROWS;
use crate::infer::{NeuralPosterior, NpeConfig, Posterior};
use crate::samples::effective_number;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainLog};

impl SequentialTask<'_> {
    /// Fits to the simulations of all rounds so far, or to those of them inside the region.
    pub(super) fn fit(
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
        let (model, log) = match &self.method_of(data.round, [used, all]) {
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

pub(super) fn too_few(report: &RoundReport, used: &Simulations) -> Error {
    Error::invalid(
        format!("simulations to learn from in round {}", report.round),
        format!("{} with data, of {}", used.valid_rows().len(), used.len()),
        format!("at least {MIN_ROWS}"),
        "The rounds before aimed at parameters for which simulations fail: use `auto` or `nle`, fewer rounds, \
         or more simulations.",
    )
}
