//! What `auto` chose, and why.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::situation::{FEW, MOST_DATA};
use super::{ChosenMethod, Comparison};
use crate::error::{Error, Result};

/// A choice of method and rounds, with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is fitted.
    pub method: ChosenMethod,
    /// In how many rounds; one serves every observation.
    pub rounds: usize,
    /// The exponent of the likelihood in the pool, if both are fitted.
    pub share: f64,
    /// The exponent β of a ratio in the likelihood p̂(x | θ)^(1−β) r(θ, x)^β, if one is, or shall be, fitted beside `nle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Whether `nle` learns the density of [summaries](crate::infer::SemiAutomatic) of the data, which are wide.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub summaries: bool,
    /// Whether later rounds go on drawing from the prior, because there is nothing to aim: the result then
    /// serves every observation.
    #[serde(default)]
    pub amortised: bool,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// The comparisons that decided, one a round from the second on.
    pub comparisons: Vec<Comparison>,
}

/// So many nats a simulation are as much as a posterior can be behind and still show where the parameters
/// are: from there on a likelihood does better to propose by itself.
const FAR: f64 = 0.5;
/// A posterior of whose draws fewer count, by the weights of the likelihood, is much too wide or elsewhere.
const LEAST_OVERLAP: f64 = 0.125;
/// A model with a smaller exponent changes nothing.
const LEAST_SHARE: f64 = 0.1;
/// While nothing is known of how good a ratio is, the likelihood is without it.
const UNKNOWN: f64 = 0.0;
/// And it has at most so much, beside a density of all that it sees.
const MOST_RATIO: f64 = 0.5;
/// The exponent is the mean of the best ones in so many last rounds, which have to agree that one of the models goes.
const LOOKS: usize = 2;
/// While both stay, both go on learning: each from a quarter of a round's simulations at least, with which they are compared.
const LEAST_PROPOSED: f64 = 0.25;

impl Choice {
    pub(super) fn new(method: ChosenMethod, rounds: usize, reason: impl Into<String>) -> Self {
        Self {
            method,
            rounds,
            share: 0.5,
            ratio: None,
            summaries: false,
            amortised: rounds == 1,
            reasons: vec![reason.into()],
            comparisons: Vec::new(),
        }
    }

    /// With the density of summaries in the place of that of the data.
    #[must_use]
    pub(super) fn with_summaries(self) -> Self {
        Self {
            summaries: true,
            ..self
        }
    }

    /// With a ratio in the likelihood: the errors of the two have little to do with each other, and from few
    /// simulations they are large.
    #[must_use]
    pub(super) fn with_ratio(self) -> Self {
        Self {
            ratio: Some(UNKNOWN),
            ..self
        }
    }

    /// The exponent of the ratio that is fitted: none before the models were compared once, because of networks that know
    /// the first round alone, the better need not be the better later.
    pub fn fitted_ratio(&self) -> Option<f64> {
        self.ratio.filter(|_| !self.comparisons.is_empty())
    }

    /// The choice after the ratio was compared with the likelihood in which it stands, and found best with the exponent
    /// `best`. It has half at most; beside summaries, which need not say all, it may have everything.
    #[must_use]
    pub fn after_ratio(&self, best: f64, round: usize) -> Self {
        let mut next = self.clone();
        let most = if self.summaries { 1.0 } else { MOST_RATIO };
        next.ratio = (best >= LEAST_SHARE).then_some(best.min(most));
        next.reasons.push(match next.ratio {
            Some(share) => format!(
                "In the likelihood of round {round} a ratio has the exponent {share:.2}; on simulations that the likelihood \
                 proposed, {best:.2} was best."
            ),
            None => format!("A ratio adds nothing to the likelihood from round {round} on."),
        });
        next
    }

    /// The choice after one more comparison, made on the simulations of `round`, counted from one.
    #[must_use]
    pub fn after(&self, comparison: Option<Comparison>, round: usize) -> Self {
        let mut next = self.clone();
        let Some(found) = comparison else {
            next.reasons.push(format!(
                "Round {round} gave too few simulations to compare with, so both stay."
            ));
            return next;
        };
        next.comparisons.push(found);
        let share = next.best_share();
        (next.method, next.share) = if next.likelihood_is_ahead() {
            (ChosenMethod::Nle, 1.0)
        } else if share <= LEAST_SHARE && next.likelihood_is_behind() {
            next.ratio = None;
            (ChosenMethod::Npe, 0.0)
        } else {
            (self.method, share)
        };
        next.reasons.push(next.reason(&found, round));
        next
    }

    /// The last comparisons, if there were enough of them.
    fn last_looks(&self) -> Option<&[Comparison]> {
        self.comparisons
            .last_chunk::<LOOKS>()
            .map(|looks| &looks[..])
    }

    /// The mean of the last best exponents.
    fn best_share(&self) -> f64 {
        let last = self.comparisons.iter().rev().take(LOOKS);
        last.clone().map(|found| found.decisive().1).sum::<f64>() / last.len() as f64
    }

    /// By a first look only if the posterior lies where hardly anything is, or adds nothing to the likelihood: the one
    /// that learns sooner from few simulations need not be the better with all.
    fn likelihood_is_ahead(&self) -> bool {
        let ahead = |found: &Comparison| found.decisive().0.is_at_least(FAR);
        let Some(last) = self.comparisons.last() else {
            return false;
        };
        let elsewhere = last.overlap < LEAST_OVERLAP && last.likelihood.is_at_least(FAR);
        let agreed = || {
            self.last_looks()
                .is_some_and(|looks| looks.iter().all(ahead))
        };
        elsewhere || ahead(last) && (self.best_share() >= 1.0 - LEAST_SHARE || agreed())
    }

    /// Never by a first look, because what follows aims by the posterior alone: where it is wrong, nothing corrects it.
    fn likelihood_is_behind(&self) -> bool {
        let behind = |found: &Comparison| found.decisive().0.reversed().is_at_least(FAR);
        self.last_looks()
            .is_some_and(|looks| looks.last().is_some_and(behind))
    }

    /// The choice where the posterior aims at parameters for which simulations fail, so that it cannot be fitted again:
    /// of so many inside its region only `usable` gave data.
    #[must_use]
    pub fn without_posterior(&self, (usable, all): (usize, usize), round: usize) -> Self {
        let mut next = self.clone();
        (next.method, next.share) = (ChosenMethod::Nle, 1.0);
        // What a ratio learns is given that a simulation succeeds.
        next.ratio = None;
        next.reasons.push(format!(
            "`nle`, because the posterior aimed round {round} at parameters for which simulations fail: {usable} of {all} \
             gave data."
        ));
        next
    }

    /// The choice where so few simulations gave data that no summaries can be learned from them.
    #[must_use]
    pub fn without_likelihood(&self, usable: usize, round: usize) -> Self {
        let mut next = self.clone();
        (next.method, next.share, next.ratio) = (ChosenMethod::Npe, 0.0, None);
        next.reasons.push(format!(
            "`npe`, because only {usable} simulations gave data up to round {round}: too few to learn summaries from."
        ));
        next
    }

    /// The choice of wide data, `n_data` numbers, of which screening kept `n_kept` in a first round of so many simulations: where
    /// these are not many, their own density is learned, and of nothing that stands for them.
    #[must_use]
    pub fn screened(&self, [n_kept, n_data]: [usize; 2], simulations: usize) -> Self {
        let mut next = self.clone();
        if !self.summaries || n_kept > MOST_DATA {
            return next;
        }
        next.summaries = false;
        next.ratio = (simulations < FEW).then_some(UNKNOWN);
        next.reasons.push(format!(
            "No summaries, because only {n_kept} of the {n_data} numbers depend on the parameters or on each other: `nle` learns \
             the density of these."
        ));
        next
    }

    /// The choice where neither network learned more than its linear-Gaussian guess, which are then the same.
    #[must_use]
    pub fn linear(&self) -> Self {
        let mut next = self.clone();
        (next.method, next.share, next.ratio) = (ChosenMethod::Npe, 0.0, None);
        next.amortised = true;
        next.reasons.push(
            "`npe` on draws from the prior, because neither network predicts held-out simulations of the first \
             round better than a linear-Gaussian guess: there is nothing to aim."
                .into(),
        );
        next
    }

    /// In words, after both were compared.
    fn reason(&self, found: &Comparison, round: usize) -> String {
        let gain = found.likelihood;
        let numbers = format!(
            "on {} fresh simulations of round {round} the likelihood gave the true parameters {:+.2} ± {:.2} nats more than the posterior, \
             and the best mixture {:+.2} ± {:.2}",
            found.simulations,
            gain.mean,
            gain.standard_error,
            found.over_posterior.mean,
            found.over_posterior.standard_error,
        ) + &found.nearby.map(|near| near.reason()).unwrap_or_default();
        if self.method == ChosenMethod::NpeAndNle {
            return format!(
                "Both, with an exponent of {:.2} for the likelihood, because {numbers}.",
                self.share
            );
        }
        format!("`{}`, because {numbers}.", self.method.name())
    }

    /// Of a round's θ the share that the likelihood proposes while both stay: as much as it has in the mixture,
    /// because simulations that one of them asks for do most for itself.
    pub fn proposed_by_likelihood(&self) -> f64 {
        self.share.clamp(LEAST_PROPOSED, 1.0 - LEAST_PROPOSED)
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let advice = "Delete the model's folder and fit again.";
            Error::file(path, format!("damaged: {error}"), advice)
        })
    }
}
