//! Rounds of marginals: the prior within bounds that shrink.

use std::sync::Arc;

use super::round_data::RoundData;
use super::round_fit::too_few;
use super::{RoundModel, RoundReport, SequentialMethod, SequentialTask};
use crate::error::Result;
use crate::infer::tmnre::{Bounds, tmnre_within};
use crate::infer::usable_rows::MIN_ROWS;
use crate::infer::{TmnreConfig, TruncatedMarginals};
use crate::train::{Observer, TrainLog};

impl SequentialTask<'_> {
    /// Where the round after these marginals proposes.
    pub(super) fn bounds_after(&self, marginals: &TruncatedMarginals) -> Result<Bounds> {
        let SequentialMethod::Tmnre(config) = self.method else {
            return Bounds::whole(self.prior);
        };
        marginals.truncated(self.x, config.marginals.epsilon)
    }

    /// Fits marginals to the simulations of all rounds within the bounds of this one, where all of them are draws
    /// from the prior.
    pub(super) fn fit_marginals(
        &self,
        config: &TmnreConfig,
        data: &RoundData<'_>,
        mut report: RoundReport,
        observer: Observer<'_>,
    ) -> Result<(RoundModel, TrainLog, RoundReport)> {
        let bounds = match data.last {
            Some(RoundModel::Marginals(last)) => self.bounds_after(last)?,
            _ => Bounds::whole(self.prior)?,
        };
        let all = &data.all.theta;
        let inside = (0..all.n_rows()).filter(|&i| bounds.contains(all.row(i)));
        let used = data.all.select(&inside.collect::<Vec<_>>());
        report.used = used.len();
        if data.round > 0 && used.valid_rows().len() < MIN_ROWS {
            return Err(too_few(&report, &used));
        }
        let mut config = config.clone();
        let most = self.most_networks(data.round, &used);
        config.ratio.train.limit_networks(most);
        let settings = (&config, data.round + 1 == self.rounds);
        let seed = self.seed(data.round);
        let (marginals, log) = tmnre_within(bounds, &used, settings, seed, observer)?;
        report.validation_loss = log.validation_loss();
        Ok((RoundModel::Marginals(Arc::new(marginals)), log, report))
    }
}
