//! A round of the method that chooses between a posterior and a likelihood, or a ratio.

use std::sync::Arc;

use super::RoundModel;
use super::method::{pooled_nle, pooled_nre};
use super::reach::within_reach;
use super::round_data::RoundData;
use crate::error::Result;
use crate::infer::auto::{
    AutoConfig, AutoModel, Choice, ChosenMethod, Comparison, LearnedLikelihood, LikelihoodKind,
    Nearby,
};
use crate::infer::npe;
use crate::infer::usable_rows::MIN_ROWS;
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Observer, TrainLog};

/// Compares the last round's models on this round's simulations, which they have not seen, and fits what
/// is still in question: a posterior to the simulations inside the region, a likelihood to all, a ratio to those nearby.
/// Says from how many simulations the posterior learned, or without one the likelihood.
pub(super) fn fit(
    prior: &Prior,
    config: &AutoConfig,
    data: &RoundData<'_>,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(RoundModel, TrainLog, usize)> {
    if let (Some(RoundModel::Auto(last)), Some(log)) = (data.last, data.last_log)
        && last.choice.amortised
        && data.round + 1 < last.choice.rounds
    {
        // Nothing is proposed by it, so only the last fit counts.
        return Ok((
            RoundModel::Auto(Arc::clone(last)),
            log.clone(),
            data.inside.len(),
        ));
    }
    let mut choice = choose(prior, config, data, seed)?;
    let usable = data.inside.valid_rows().len();
    if choice.method.has_posterior() && data.region.is_some() && usable < MIN_ROWS {
        choice = choice.without_posterior((usable, data.inside.len()), data.round + 1);
    }
    let mut model = AutoModel {
        posterior: None,
        likelihood: None,
        choice,
    };
    let mut log = None;
    let mut n_used = data.inside.len();
    let mut linear = true;
    if model.choice.method.has_posterior() {
        let (posterior, own) = npe(prior, data.inside, &config.npe, seed, observer)?;
        model.posterior = Some(Arc::new(posterior));
        linear &= is_guess(&own);
        log = Some(own);
    }
    if let Some(kind) = model.choice.method.likelihood() {
        let near = match kind {
            LikelihoodKind::Likelihood => None,
            LikelihoodKind::Ratio => near(prior, data)?,
        };
        let used = near.as_ref().unwrap_or(data.all);
        if !model.choice.method.has_posterior() {
            n_used = used.len();
        }
        let (fitted, own) = fit_likelihood(prior, (config, kind), used, seed, observer)?;
        model.likelihood = Some(fitted);
        linear &= is_guess(&own);
        log.get_or_insert(own);
    }
    let log = log.expect("a method is chosen");
    // Without a guess there is nothing that the two have in common.
    let guessed = config.npe.linear_guess && config.nle.linear_guess && data.all.len() >= ENOUGH;
    if linear && guessed && data.last.is_none() && model.choice.method == ChosenMethod::NpeAndNle {
        model.likelihood = None;
        model.choice = model.choice.linear();
    } else if let Some(share) = model.choice.fitted_ratio() {
        model.likelihood = model
            .likelihood
            .map(|likelihood| {
                let parts = (config, likelihood, share);
                add_ratio(prior, parts, data.all, seed, observer)
            })
            .transpose()?;
    }
    Ok((RoundModel::Auto(Arc::new(model)), log, n_used))
}

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

fn fit_likelihood(
    prior: &Prior,
    (config, kind): (&AutoConfig, LikelihoodKind),
    simulations: &Simulations,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(LearnedLikelihood, TrainLog)> {
    Ok(match kind {
        LikelihoodKind::Likelihood => {
            let (own, log) = pooled_nle(prior, simulations, &config.nle, seed, observer)?;
            (LearnedLikelihood::Likelihood(Arc::new(own)), log)
        }
        LikelihoodKind::Ratio => {
            let (own, log) = pooled_nre(prior, simulations, &config.nre, seed, observer)?;
            (LearnedLikelihood::Ratio(Arc::new(own)), log)
        }
    })
}

/// The pool of a likelihood with a ratio that learns from the same simulations.
fn add_ratio(
    prior: &Prior,
    (config, likelihood, share): (&AutoConfig, LearnedLikelihood, f64),
    simulations: &Simulations,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<LearnedLikelihood> {
    let kind = (config, LikelihoodKind::Ratio);
    let (fitted, _) = fit_likelihood(prior, kind, simulations, seed, observer)?;
    Ok(likelihood.with_ratio(fitted, share))
}

/// From fewer simulations a network may learn nothing where there is something.
const ENOUGH: usize = 1000;

/// Whether no network learned more than it began with.
fn is_guess(log: &TrainLog) -> bool {
    log.members.iter().all(|member| member.best_epoch == 0)
}

/// The choice before the fit of this round.
fn choose(prior: &Prior, config: &AutoConfig, data: &RoundData<'_>, seed: Seed) -> Result<Choice> {
    let Some(RoundModel::Auto(last)) = data.last else {
        return Ok(config.choice.clone());
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
    if likelihood.has_to_aim() && data.is_aimed_nowhere() {
        return Ok(choice.without_aim(data.round + 1));
    }
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
