//! The θ that a round simulates.

use super::acquisition::{CANDIDATES, choose};
use super::mixture_proposal::MixtureProposal;
use super::report::{BOUNDED, PRIOR};
use super::{
    Acquisition, ProposalKind, RoundModel, RoundReport, SequentialMethod, SequentialTask,
    TruncatedPrior,
};
use crate::error::Result;
use crate::seed::Stream;
use crate::table::Table;

impl SequentialTask<'_> {
    /// The θ of a round, and what is to be said about them.
    pub(super) fn propose(
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
}
