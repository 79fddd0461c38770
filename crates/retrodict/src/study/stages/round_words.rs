//! What the rounds of a study say of its result: whom it serves, and where it was aimed.

use std::path::Path;

use crate::error::{Error, Result};
use crate::infer::sequential::RoundReport;
use crate::report::html::Fact;
use crate::study::{Method, Run};
use crate::table::Table;

impl Run<'_> {
    /// What the draws say about where they come from.
    pub(super) fn aim(&self) -> Result<Vec<(String, String)>> {
        let inference = &self.study().config().inference;
        if let Some(given) = &inference.given_rounds {
            let rounds = given.rounds.len().to_string();
            let entries = [("amortised", "false".into()), ("rounds", rounds)];
            return Ok(entries.map(|(key, value)| (key.to_string(), value)).into());
        }
        if !inference.is_sequential() {
            return Ok(Vec::new());
        }
        let mut entries = vec![
            ("amortised", self.is_amortised()?.to_string()),
            ("rounds", inference.rounds().to_string()),
        ];
        if let Some(choice) = self.chosen_by_auto()? {
            entries.push(("chosen", choice.method.name().into()));
            entries.push(("because", choice.reasons.join(" ")));
        }
        let owned = entries
            .into_iter()
            .map(|(key, value)| (key.to_string(), value));
        Ok(owned.collect())
    }

    /// Whether the result of rounds serves every observation, because none of them was aimed.
    pub(super) fn is_amortised(&self) -> Result<bool> {
        let reports = self.round_reports()?;
        Ok(!reports.is_empty() && reports.iter().all(RoundReport::is_unaimed))
    }

    /// What a reader has to know, if there were several rounds.
    pub(super) fn about_rounds(&self) -> Result<Option<String>> {
        let inference = &self.study().config().inference;
        if !inference.is_aimed() {
            return Ok(None);
        }
        if self.is_amortised()? {
            return Ok(Some(
                "The rounds were not aimed: all drew from the prior, because aiming promised little. The \
                 result is amortised, and serves other observations."
                    .into(),
            ));
        }
        let given = inference.given_rounds.as_ref();
        let rounds = given.map_or(inference.rounds(), |given| given.rounds.len());
        Ok(Some(format!(
            "The result is not amortised: {rounds} rounds of simulations were aimed at this observation, and it \
             holds for no other."
        )))
    }

    /// Refuses to draw for an observation at which the rounds were not aimed.
    pub(in crate::study) fn refuse_another_observation(
        &self,
        file: &Path,
        given: &Table,
    ) -> Result<()> {
        let own = self.study().observations();
        let inference = &self.study().config().inference;
        let first = inference.method == Method::Auto;
        if !inference.is_sequential() || first || given.values() == own.values() {
            return Ok(());
        }
        if self.is_amortised()? {
            return Ok(());
        }
        Err(Error::file(
            file,
            format!(
                "holds another observation than the study's, at which {} rounds were aimed: the posterior is not amortised",
                self.study().config().inference.rounds()
            ),
            "Give the observation a study of its own, or use `rounds = 1`, which serves any observation.",
        ))
    }

    /// One fact a round, for the report.
    pub(super) fn round_facts(&self) -> Result<Vec<Fact>> {
        Ok(self.round_reports()?.iter().map(fact).collect())
    }
}

fn fact(report: &RoundReport) -> Fact {
    let accepted = report.acceptance.map_or_else(String::new, |share| {
        format!(", which took {:.2} % of its candidates", 100.0 * share)
    });
    let within = report.volume.map_or_else(String::new, |share| {
        format!(", {:.3} % of it", 100.0 * share)
    });
    Fact::new(
        format!("round {}", report.round),
        format!(
            "{} simulations from the {}{accepted}{within}; {} learned from, validation loss {:.3}",
            report.simulations, report.proposal, report.used, report.validation_loss
        ),
    )
}
