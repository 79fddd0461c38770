//! What of several rounds can be calibrated.

use super::round_keeper::MODEL;
use crate::check::Check;
use crate::error::{Error, Result};
use crate::infer::Posterior;
use crate::infer::sequential::{ProposalKind, SequentialMethod, TruncatedPosterior};
use crate::seed::Stream;
use crate::simulate::{Role, Simulations};
use crate::study::Run;
use crate::study::stages::check::not_calibrated;
use crate::study::stages::simulate::remove_stale;
use crate::table::Table;

pub(super) const ONE_ROUND: &str = "Compare with a run of `rounds = 1` and as many simulations, which can be tested; the posterior predictive check applies as it is.";

impl Run<'_> {
    /// Test simulations at these θ.
    pub(super) fn tests_at(&self, theta: &Table) -> Result<Simulations> {
        let mut campaign = self.campaign_at(theta, Role::Test, 0)?;
        // Failures among the tests are counted and do not end the checks.
        campaign.max_failed = 1.0;
        let folder = self.folder().test_simulations();
        remove_stale(&folder, &campaign)?;
        self.run_at(&campaign, &folder)
    }

    /// What calibration can say after several rounds: with truncated proposals, whether the posterior is
    /// right for data from the last truncated prior.
    pub(super) fn calibrate_rounds(&self, posterior: &dyn Posterior) -> Result<Vec<Check>> {
        let config = self.study().config();
        let (method, options) = (self.sequential_method(), self.sequential_config());
        let truncated = options.proposal == ProposalKind::Truncated;
        if let SequentialMethod::Tmnre(_) = method {
            return self.calibrate_within_bounds(posterior);
        }
        let untested = match &method {
            SequentialMethod::Npe(_) => !truncated,
            SequentialMethod::Auto(_) => self.auto_model()?.posterior.is_none(),
            _ => true,
        };
        if untested {
            let why = format!(
                "{} rounds were aimed at one observation by a method that is not amortised, and it is right near \
                 that observation's posterior only",
                config.inference.rounds()
            );
            return Ok(vec![not_calibrated(&why, ONE_ROUND)]);
        }
        let task = self.task(&method, &options);
        let round = task.rounds - 1;
        let before = method.load(&self.folder().round(round - 1).join(MODEL), task.prior)?;
        let region = task.region(round, Some(&before), &self.round_reports()?[..round])?;
        let n = config.check.test_simulations;
        let seed = task.seed.derive(Stream::TestParameters, 0);
        let theta = match &region {
            Some(region) => region.sample(n, seed)?.theta,
            // Of `auto`, when there was nothing to learn beyond a linear guess.
            None => task.prior.sample_table(n, seed, Stream::TestParameters),
        };
        let tests = self.tests_at(&theta)?;
        let Some(region) = &region else {
            return self.calibrate_with(posterior, &tests);
        };
        let quick = match &method {
            SequentialMethod::Auto(_) => self.auto_model()?.quick_posterior(task.prior)?,
            _ => None,
        };
        let posterior: &dyn Posterior = match &quick {
            Some(quick) => &**quick,
            None => posterior,
        };
        let truncated = TruncatedPosterior::new(posterior, region);
        match self.calibrate_with(&truncated, &tests) {
            Err(Error::Invalid { what, given, .. }) => {
                let why = format!("the {what} had {given}");
                Ok(vec![not_calibrated(
                    &why,
                    "Give more simulations or fewer rounds.",
                )])
            }
            checks => checks,
        }
    }
}
