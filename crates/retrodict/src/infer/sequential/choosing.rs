//! A round of the method that chooses between a posterior and a likelihood, perhaps with a ratio.

use std::sync::Arc;

use super::RoundModel;
use super::method::{pooled_nle, pooled_nre};
use super::reach::within_reach;
use super::round_data::RoundData;
use crate::error::Result;
use crate::infer::auto::{
    AutoConfig, AutoModel, Choice, ChosenMethod, Comparison, LearnedLikelihood, Nearby,
};
use crate::infer::screening::unrelated;
use crate::infer::usable_rows::MIN_ROWS;
use crate::infer::{NeuralRatio, SemiAutomatic, SummariesConfig, npe};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Observer, TrainLog};

/// What a round fitted, and from how many simulations: the posterior, or without one the likelihood.
pub(super) struct FittedRound {
    pub(super) model: RoundModel,
    pub(super) log: TrainLog,
    pub(super) n_used: usize,
}

/// Compares the last round's models on this round's simulations, which they have not seen, and fits what
/// is still in question: a posterior to the simulations inside the region, a likelihood to all.
pub(super) fn fit(
    prior: &Prior,
    config: &AutoConfig,
    data: &RoundData<'_>,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<FittedRound> {
    if let Some(last) = unchanged(data) {
        return Ok(last);
    }
    let choice = possible(choose(prior, config, data, seed)?, data);
    let round = Round {
        prior,
        config,
        data,
        seed,
        observer,
    };
    round.fit(choice)
}

/// The last round's model, if this round's would propose nothing: only the last fit counts then.
fn unchanged(data: &RoundData<'_>) -> Option<FittedRound> {
    let (Some(RoundModel::Auto(last)), Some(log)) = (data.last, data.last_log) else {
        return None;
    };
    (last.choice.amortised && data.round + 1 < last.choice.rounds).then(|| FittedRound {
        model: RoundModel::Auto(Arc::clone(last)),
        log: log.clone(),
        n_used: data.inside.len(),
    })
}

/// The choice without what there are too few simulations for: summaries of all of them, a posterior of those in the region.
fn possible(choice: Choice, data: &RoundData<'_>) -> Choice {
    let usable = data.all.valid_rows().len();
    let learned = choice.summaries && choice.method.has_likelihood();
    let least = SummariesConfig::SemiAutomatic { degree: DEGREES[0] };
    if learned && usable < least.fewest_simulations(data.all.x.n_columns()) {
        return choice.without_likelihood(usable, data.round + 1);
    }
    let usable = data.inside.valid_rows().len();
    if choice.method.has_posterior() && data.region.is_some() && usable < MIN_ROWS {
        return choice.without_posterior((usable, data.inside.len()), data.round + 1);
    }
    choice
}

/// All that the fits of a round have in common.
struct Round<'a> {
    prior: &'a Prior,
    config: &'a AutoConfig,
    data: &'a RoundData<'a>,
    seed: Seed,
    observer: Observer<'a>,
}

impl Round<'_> {
    fn fit(&self, choice: Choice) -> Result<FittedRound> {
        let mut n_used = self.data.inside.len();
        let mut logs = Vec::new();
        let mut posterior = None;
        if choice.method.has_posterior() {
            let (config, inside) = (self.config.npe.settled(), self.data.inside);
            let (fitted, log) = npe(self.prior, inside, &config, self.seed, self.observer)?;
            posterior = Some(Arc::new(fitted));
            logs.push(log);
        }
        let mut likelihood = None;
        if choice.method.has_likelihood() {
            if posterior.is_none() {
                n_used = self.data.all.len();
            }
            let (fitted, log) = self.likelihood(&choice)?;
            likelihood = Some(fitted);
            logs.push(log);
        }
        let (choice, likelihood) = self.settle(choice, likelihood, logs.iter().all(is_guess))?;
        let model = AutoModel {
            posterior,
            likelihood,
            choice,
        };
        Ok(FittedRound {
            model: RoundModel::Auto(Arc::new(model)),
            log: logs.swap_remove(0),
            n_used,
        })
    }

    /// Drops the likelihood where it only repeats the posterior, or else fits the ratio that the choice pools with it.
    fn settle(
        &self,
        choice: Choice,
        mut likelihood: Option<LearnedLikelihood>,
        linear: bool,
    ) -> Result<(Choice, Option<LearnedLikelihood>)> {
        let RoundData { all, last, .. } = self.data;
        // Without a guess there is nothing that the two have in common; from few wide data, better may still be learned.
        let guesses = [self.config.npe.linear_guess, self.config.nle.linear_guess];
        let guessed = guesses == [true, true] && !choice.summaries;
        let both = choice.method == ChosenMethod::NpeAndNle;
        if linear && guessed && all.len() >= ENOUGH && last.is_none() && both {
            return Ok((choice.linear(), None));
        }
        if let (Some(share), Some(likelihood)) = (choice.fitted_ratio(), &mut likelihood) {
            likelihood.ratio = Some((Arc::new(self.ratio(&choice)?), share));
        }
        Ok((choice, likelihood))
    }

    fn likelihood(&self, choice: &Choice) -> Result<(LearnedLikelihood, TrainLog)> {
        let (prior, all) = (self.prior, self.data.all);
        let mut config = self.config.nle.clone();
        if choice.summaries {
            let degree = SemiAutomatic::best_degree(prior, all, DEGREES)?;
            config.summaries = SummariesConfig::SemiAutomatic { degree };
        }
        let (own, log) = pooled_nle(prior, all, &config, self.seed, self.observer)?;
        Ok((LearnedLikelihood::new(own), log))
    }

    /// The ratio that is pooled with it: of wide data it stands for much, and learns from what is near.
    fn ratio(&self, choice: &Choice) -> Result<NeuralRatio> {
        let (prior, config) = (self.prior, &self.config.nre);
        let near = if choice.summaries {
            near(prior, self.data)?
        } else {
            None
        };
        let simulations = near.as_ref().unwrap_or(self.data.all);
        let (ratio, _) = pooled_nre(prior, simulations, config, self.seed, self.observer)?;
        Ok(ratio)
    }
}

/// The powers that the regression of wide data may end with: many numbers may tell by their mean, or by their spread. For higher
/// ones there are too few simulations.
const DEGREES: [usize; 2] = [1, 2];

/// A ratio tells each θ from others of its batch. Where those are far away that is easy, and it learns little of how θ
/// nearby differ: it learns from simulations within so many standard deviations of those that it asked for last.
const REACH: f64 = 4.0;

/// The simulations from which a ratio learns, if not all.
fn near(prior: &Prior, data: &RoundData<'_>) -> Result<Option<Simulations>> {
    let n_last = data.n_proposed_by_likelihood();
    if data.round == 0 || n_last == 0 {
        return Ok(None);
    }
    let rows = within_reach(prior, &data.all.theta, n_last, REACH)?;
    Ok(Some(data.all.select(&rows)))
}

/// From fewer simulations a network may learn nothing where there is something.
const ENOUGH: usize = 1000;

/// Whether no network learned more than it began with.
fn is_guess(log: &TrainLog) -> bool {
    log.members.iter().all(|member| member.best_epoch == 0)
}

/// The choice of the first round, which is the first to know which numbers of the data depend on the parameters.
fn screened(config: &AutoConfig, all: &Simulations) -> Choice {
    let choice = config.choice.clone();
    if !(choice.summaries && config.nle.screening) {
        return choice;
    }
    let usable = all.select(&all.valid_rows());
    let n = usable.x.n_columns();
    let n_kept = n - unrelated(&usable.theta, &usable.x).len();
    choice.screened([n_kept, n], usable.len())
}

/// The choice before the fit of this round.
fn choose(prior: &Prior, config: &AutoConfig, data: &RoundData<'_>, seed: Seed) -> Result<Choice> {
    let Some(RoundModel::Auto(last)) = data.last else {
        return Ok(screened(config, data.all));
    };
    let Some(likelihood) = &last.likelihood else {
        return Ok(last.choice.clone());
    };
    let proposed = data.proposed_by_likelihood();
    let choice = match likelihood.best_ratio_share(&proposed)? {
        Some(share) => last.choice.after_ratio(share, data.round + 1),
        None => last.choice.clone(),
    };
    let Some(posterior) = &last.posterior else {
        return Ok(choice);
    };
    let inside = |theta: &Table| match data.region {
        Some(region) => region.contains(theta),
        None => Ok(vec![true; theta.n_rows()]),
    };
    let likelihood = likelihood.with_ratio_as_in(&choice);
    let models = (&**posterior, &likelihood);
    let mut found = Comparison::new(prior, models, (data.made, data.x), &inside, seed)?;
    if let Some(found) = &mut found {
        found.nearby = Nearby::new(prior, models, &proposed)?;
    }
    Ok(choice.after(found, data.round + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::DistributionConfig as D;
    use crate::simulate::Status;

    fn simulations(theta: Vec<f64>) -> Simulations {
        let status = vec![Status::Ok; theta.len()];
        let x = Table::new(["x"], theta.clone()).unwrap();
        let theta = Table::new(["a"], theta).unwrap();
        Simulations { theta, x, status }
    }

    #[test]
    fn a_ratio_learns_from_what_is_near_that_it_asked_for_last() {
        let prior = Prior::new([("a", D::normal(0.0, 1.0))]).unwrap();
        // Mean one and standard deviation 0.1.
        let last: Vec<f64> = [0.9, 1.1].repeat(20);
        let all = [vec![-1.0, 0.7, 1.3, 1.5], last.clone()].concat();
        let (all, made) = (simulations(all), simulations(last));
        let first = RoundData::first(&all);
        assert!(near(&prior, &first).unwrap().is_none());
        let data = RoundData {
            round: 1,
            made: &made,
            ..first
        };
        let found = near(&prior, &data).unwrap().unwrap();
        assert_eq!(found.theta.row(0), [0.7]);
        assert_eq!(found.len(), 42);
    }
}
