//! What the rounds after the first propose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Acquisition, SequentialMethod};
use crate::error::{Error, Result};
use crate::estimator::EVALUATED;
use crate::infer::{Missing, NpeConfig, TmnreConfig};
use crate::prior::{Prior, SupportKind};

/// What the later rounds of neural posterior estimation propose, and how its loss corrects for that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposalKind {
    /// The prior, truncated to the posterior's region of highest density: nothing to correct (Deistler et
    /// al. 2022, arXiv:2210.04815).
    #[default]
    Truncated,
    /// Draws from the posterior, and the atomic loss (Greenberg et al. 2019, arXiv:1905.07488).
    Atomic,
    /// Draws from the posterior, a mixture of normal distributions, and the loss that is exact for one
    /// (Greenberg et al. 2019, arXiv:1905.07488, appendix A). For mixture density networks in the
    /// space where the prior is normal: the estimator `mdn` with `support = "probit"`.
    Mixture,
    /// Draws from the posterior, and importance weights (Lueckmann et al. 2017, arXiv:1711.01861).
    ImportanceWeighted,
}

impl ProposalKind {
    /// Its name in a study.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Atomic => "atomic",
            Self::Mixture => "mixture",
            Self::ImportanceWeighted => "importance_weighted",
        }
    }
}

/// How later rounds choose θ. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SequentialConfig {
    /// What `npe` proposes. Those of `nle` and `nre` are draws from the posterior.
    pub proposal: ProposalKind,
    /// Among how many θ the atomic loss has to tell the right one.
    pub atoms: usize,
    /// How `nle` and `nre` choose among their proposals. The loss of `npe` would have to correct for it.
    pub acquisition: Acquisition,
    /// `nle` and `nre` learn from simulations of earlier rounds within so many standard deviations of the last
    /// round's θ: 6 makes them describe the simulator near the posterior alone. Left out, from all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reach: Option<f64>,
    /// The share of the posterior's mass that a truncated prior gives up: θ is proposed where the
    /// posterior's density is above its quantile at this level.
    pub epsilon: f64,
    /// Nothing is cut while the region holds more than this share of the prior: it would gain few simulations
    /// near the observation, and networks have to learn the edge. With 1, every round is aimed.
    pub cut_below: f64,
    /// How many networks a round before the last trains at most: they only have to aim. Left out, one of 10,000
    /// simulations or more, and as many as the last round of fewer; to choose by disagreement always as many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networks_to_aim: Option<usize>,
    /// How many posterior draws that quantile is taken of.
    pub threshold_draws: usize,
    /// How many draws from the prior a round may judge to find its proposals inside the region. If
    /// that is not enough, they are resampled from the posterior instead.
    pub candidates: usize,
}

impl Default for SequentialConfig {
    fn default() -> Self {
        Self {
            proposal: ProposalKind::default(),
            atoms: 10,
            acquisition: Acquisition::default(),
            reach: None,
            epsilon: 1e-4,
            cut_below: 0.8,
            networks_to_aim: None,
            threshold_draws: 100_000,
            candidates: 1_000_000,
        }
    }
}

/// So many simulations teach one network enough to aim by.
const ENOUGH_TO_AIM: usize = 10_000;

impl SequentialConfig {
    /// How many networks a round before the last trains at most with so many simulations, if not as many as its method says.
    pub(super) fn most_networks(&self, simulations: usize) -> Option<usize> {
        if self.acquisition == Acquisition::Disagreement {
            return None;
        }
        self.networks_to_aim
            .or((simulations >= ENOUGH_TO_AIM).then_some(1))
    }

    /// Refuses numbers that make no sense.
    ///
    /// # Errors
    /// An [`Error::Invalid`] that names the option.
    pub fn validate(&self) -> Result<()> {
        let refuse = |field: &str, given: &dyn std::fmt::Display, expected: &str| {
            Err(Error::invalid_option("sequential", field, given, expected))
        };
        if !(self.epsilon > 0.0 && self.epsilon <= 0.1) {
            return refuse("epsilon", &self.epsilon, "above 0 and at most 0.1");
        }
        if !(self.cut_below > 0.0 && self.cut_below <= 1.0) {
            return refuse("cut_below", &self.cut_below, "above 0 and at most 1");
        }
        if (self.threshold_draws as f64) * self.epsilon < 1.0 {
            let least = format!("at least {:.0}, one over epsilon", 1.0 / self.epsilon);
            return refuse("threshold_draws", &self.threshold_draws, &least);
        }
        match self.reach {
            Some(reach) if reach < 3.0 || reach.is_nan() => {
                return refuse("reach", &reach, "at least 3");
            }
            _ => {}
        }
        if self.networks_to_aim == Some(0) {
            return refuse("networks_to_aim", &0, "at least 1");
        }
        if self.atoms < 2 || self.atoms > EVALUATED {
            let expected = format!("from 2 to {EVALUATED}");
            return refuse("atoms", &self.atoms, &expected);
        }
        if self.candidates < 1000 {
            return refuse("candidates", &self.candidates, "at least 1000");
        }
        Ok(())
    }

    /// Refuses proposals and acquisitions that a method does not have.
    ///
    /// # Errors
    /// An [`Error::Invalid`] that names the option.
    pub fn check_method(&self, method: &SequentialMethod, prior: &Prior) -> Result<()> {
        let networks = match method {
            SequentialMethod::Npe(npe) => return self.check_npe(npe, prior),
            SequentialMethod::Auto(_) => return self.check_auto(),
            SequentialMethod::Tmnre(config) => return self.check_marginals(config, prior),
            SequentialMethod::Nle(config, _) => config.train.ensemble_size,
            SequentialMethod::Nre(config, _) => config.train.ensemble_size,
        };
        if self.proposal != ProposalKind::Truncated {
            return Err(Error::invalid(
                "sequential option `proposal`",
                format!("`{}` with `{}`", self.proposal.name(), method.name()),
                "nothing: its proposals are always draws from the posterior",
                "Use `npe`, or leave it out.",
            ));
        }
        if self.acquisition != Acquisition::None && networks < 2 {
            return Err(Error::invalid(
                "sequential option `acquisition`",
                "`disagreement` with one network, which has no other to disagree with",
                "at least 2 networks",
                "Give a larger `ensemble_size`, or leave it out.",
            ));
        }
        Ok(())
    }

    /// Refuses what `auto` does not have: it compares a posterior with truncated proposals to a likelihood.
    ///
    /// # Errors
    /// An [`Error::Invalid`] that names the option.
    pub fn check_auto(&self) -> Result<()> {
        let advice =
            "Name the method: `npe` for another proposal, `nle` or `nre` for an acquisition.";
        self.refuse_others("auto", "neither of them", advice)
    }

    /// Refuses what marginals do not have, and marginals that the prior does not have.
    fn check_marginals(&self, config: &TmnreConfig, prior: &Prior) -> Result<()> {
        config.marginals.check(prior)?;
        let expected = "neither of them: its proposals are always the prior within bounds";
        self.refuse_others("tmnre", expected, "Leave them out.")
    }

    /// Refuses proposals and acquisitions other than the default.
    fn refuse_others(&self, method: &str, expected: &str, advice: &str) -> Result<()> {
        if self.proposal == ProposalKind::Truncated && self.acquisition == Acquisition::None {
            return Ok(());
        }
        Err(Error::invalid(
            "sequential options `proposal` and `acquisition`",
            format!(
                "`{}` with `{method}`, or an acquisition",
                self.proposal.name()
            ),
            expected,
            advice,
        ))
    }

    fn check_npe(&self, npe: &NpeConfig, prior: &Prior) -> Result<()> {
        if self.acquisition != Acquisition::None {
            return Err(Error::invalid(
                "sequential option `acquisition`",
                "`disagreement` with `npe`, whose loss could not correct for what is chosen",
                "`nle` or `nre`",
                "Use one of these, or leave it out.",
            ));
        }
        let option = "sequential option `proposal`";
        let given = |what: &str| format!("`{}` with {what}", self.proposal.name());
        let refuse = |what: &str, expected: &str, advice: &str| {
            Err(Error::invalid(option, given(what), expected, advice))
        };
        if self.proposal == ProposalKind::Truncated {
            return Ok(());
        }
        if !prior.discrete_parameters().is_empty() {
            let advice = "Leave it out: truncated proposals serve discrete parameters.";
            return refuse("a discrete parameter", "continuous ones", advice);
        }
        if npe.missing != Missing::Refuse {
            let advice = "Leave it out: truncated proposals serve missing data.";
            return refuse("missing data", "all data", advice);
        }
        if self.proposal != ProposalKind::Mixture {
            return Ok(());
        }
        if !npe.estimator.is_mixture() {
            let advice = "Set `kind = \"mdn\"` for the estimator, or choose `atomic`.";
            return refuse("a flow", "a mixture density network", advice);
        }
        if npe.support != SupportKind::Probit {
            let advice = "Set `support = \"probit\"`, or choose `atomic`.";
            return refuse("another space", "that where the prior is normal", advice);
        }
        if prior.to_config().is_err() {
            let advice = "Choose `atomic`, or give the prior as distributions.";
            return refuse("a prior given as functions", "one of distributions", advice);
        }
        Ok(())
    }
}
