//! What `auto` chose in a study, and the posterior of that.

use crate::error::Result;
use crate::infer::Posterior;
use crate::infer::auto::{AutoConfig, AutoModel, Choice, Situation};
use crate::report::html::Fact;
use crate::sample::SamplerConfig;
use crate::study::stages::citations::citations;
use crate::study::stages::round_keeper::MODEL;
use crate::study::{Method, Run};
use crate::table::Table;

impl Run<'_> {
    /// Whether the study's method is settled by its rounds.
    fn chooses(&self) -> bool {
        let inference = &self.study().config().inference;
        inference.method == Method::Auto && inference.is_sequential()
    }

    pub(super) fn auto_config(&self, sampler: SamplerConfig) -> AutoConfig {
        let inference = &self.study().config().inference;
        let choice = self.study().choice().cloned();
        AutoConfig {
            choice: choice.unwrap_or_else(|| Situation::default().choice()),
            npe: inference.npe(),
            nle: inference.nle(),
            nre: inference.nre(),
            sampler,
        }
    }

    /// What the last round left.
    pub(super) fn auto_model(&self) -> Result<AutoModel> {
        AutoModel::load(&self.folder().model(), self.study().prior())
    }

    /// The posterior that was chosen.
    pub(super) fn auto_posterior(&self) -> Result<Box<dyn Posterior>> {
        let inference = &self.study().config().inference;
        let sampler = inference.sampler.clone().unwrap_or_default();
        self.auto_model()?.posterior(self.study().prior(), &sampler)
    }

    /// For observations other than the one at which `auto` aimed: the posterior of the first round, which
    /// learned from draws of the prior and serves any.
    pub(in crate::study) fn amortised(&self, given: &Table) -> Result<Option<Box<dyn Posterior>>> {
        if !self.chooses() || given.values() == self.study().observations().values() {
            return Ok(None);
        }
        if self.is_amortised()? {
            return Ok(None);
        }
        let folder = self.folder().round(0).join(MODEL);
        let first = AutoModel::load(&folder, self.study().prior())?;
        let n = self.round_sizes(self.study().config().inference.simulations.unwrap_or(0))[0];
        self.note(format!(
            "The rounds were aimed at the study's own observation. Draws for others are from the posterior of the \
             first round, which learned from {n} simulations: with `rounds = 1` it learns from all of them."
        ));
        let posterior = first.posterior.expect("a first round fits a posterior");
        Ok(Some(Box::new(posterior)))
    }

    /// What was chosen in the end, or by rule, if the method is `auto`.
    pub(in crate::study) fn chosen_by_auto(&self) -> Result<Option<Choice>> {
        if self.chooses() {
            return self.auto_model().map(|model| Some(model.choice));
        }
        Ok(self.study().choice().cloned())
    }

    /// One fact that says what was chosen and why.
    pub(super) fn choice_facts(&self) -> Result<Vec<Fact>> {
        let choice = self.chosen_by_auto()?;
        Ok(choice
            .map(|choice| Fact::new("chosen by `auto`", choice.reasons.join(" ")))
            .into_iter()
            .collect())
    }

    /// What to cite.
    pub(super) fn citations(&self) -> Result<Vec<String>> {
        let inference = &self.study().config().inference;
        let Some(choice) = self.chosen_by_auto()?.filter(|_| self.chooses()) else {
            return Ok(citations(&[inference.method], inference, false));
        };
        let summarized = choice.summaries && choice.method.has_likelihood();
        Ok(citations(&cited(&choice), inference, summarized))
    }
}

/// The methods whose networks are in the result.
fn cited(choice: &Choice) -> Vec<Method> {
    let has_ratio = choice.ratio.is_some_and(|share| share > 0.0);
    let parts = [
        (choice.method.has_posterior(), Method::Npe),
        (choice.method.has_likelihood(), Method::Nle),
        (has_ratio, Method::Nre),
    ];
    let fitted = parts.into_iter().filter(|(fitted, _)| *fitted);
    fitted.map(|(_, method)| method).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::auto::ChosenMethod;

    #[test]
    fn every_method_that_has_a_network_in_the_result_is_cited() {
        let of = |method, ratio| {
            let choice = Situation::default().choice();
            cited(&Choice {
                method,
                ratio,
                ..choice
            })
        };
        assert_eq!(of(ChosenMethod::Npe, None), [Method::Npe]);
        let both = of(ChosenMethod::NpeAndNle, Some(0.3));
        assert_eq!(both, [Method::Npe, Method::Nle, Method::Nre]);
        assert_eq!(of(ChosenMethod::Nle, Some(0.0)), [Method::Nle]);
    }
}
