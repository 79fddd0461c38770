//! Simulations where the simulator is likely to succeed.

use std::fs;
use std::path::PathBuf;

use crate::error::Result;
use crate::infer::{
    LogLikelihood, Posterior, RestrictedLikelihood, RestrictedPosterior, RestrictedPrior,
    SuccessClassifier,
};
use crate::seed::{Seed, Stream};
use crate::simulate::{Campaign, Role, Simulations, Store, ThetaSource, check_failures};
use crate::study::stages::simulate::{Watcher, remove_stale};
use crate::study::{Run, Stage, hash};
use crate::table::Table;
use crate::train::EpochRecord;

/// Fewer failures leave nothing to restrict.
const FEWEST_FAILURES: usize = 20;
/// The classifier's description.
const CONFIG: &str = "config.json";

impl Run<'_> {
    /// Whether the study restricts its prior.
    pub(super) fn is_restricted(&self) -> bool {
        self.study().config().inference.restriction.is_some()
    }

    /// How many simulations come from the prior, and how many from what is left of it.
    fn restricted_sizes(&self, n: usize) -> [usize; 2] {
        let section = self.study().config().inference.restriction.as_ref();
        let first = section.map_or(n, |section| section.first(n));
        [first, n - first]
    }

    /// The first simulations from the prior, and the others from where they showed that it succeeds.
    pub(super) fn make_restricted(&self, n: usize) -> Result<()> {
        let [first, later] = self.restricted_sizes(n);
        let simulator = self.simulator()?;
        let watcher = Watcher {
            run: self,
            stage: Stage::Simulate,
        };
        let mut campaign = self.campaign(Stage::Simulate, first, &**simulator);
        // How many fail here is what is to be found out.
        campaign.max_failed = 1.0;
        campaign.complete(&self.folder().simulations(), &watcher)?;
        let theta = self.restricted_theta(later, (Stream::RestrictedParameters, 0))?;
        let campaign = self.restricted_campaign(&theta, Role::Training, first as u64)?;
        campaign.complete(&self.folder().round_simulations(1), &watcher)?;
        Ok(())
    }

    /// Simulations to test with, at θ from the restricted prior.
    pub(super) fn make_restricted_tests(&self, n: usize) -> Result<()> {
        let watcher = Watcher {
            run: self,
            stage: Stage::SimulateTests,
        };
        let theta = self.restricted_theta(n, (Stream::RestrictedParameters, 1))?;
        let campaign = self.restricted_campaign(&theta, Role::Test, 0)?;
        let folder = self.folder().test_simulations();
        remove_stale(&folder, &campaign)?;
        campaign.complete(&folder, &watcher)?;
        Ok(())
    }

    fn restricted_campaign<'s>(
        &'s self,
        theta: &'s Table,
        role: Role,
        first: u64,
    ) -> Result<Campaign<'s>> {
        let simulator = self.simulator()?;
        let mut campaign = self.campaign(Stage::Simulate, theta.n_rows(), &**simulator);
        let path = self.restriction_folder().join(CONFIG);
        let restriction = fs::read(&path).unwrap_or_default();
        campaign.prior_hash =
            hash::of_bytes(&[campaign.prior_hash.as_bytes(), &restriction].concat());
        campaign.theta = ThetaSource::Given(theta);
        campaign.role = role;
        campaign.first = first;
        Ok(campaign)
    }

    fn restricted_theta(&self, n: usize, (stream, index): (Stream, u64)) -> Result<Table> {
        let seed = Seed(self.study().config().study.seed).derive(stream, index);
        match self.restricted_prior()? {
            Some(restricted) => restricted.sample_table(n, seed),
            None => Ok(self.study().prior().sample_table(n, seed, stream)),
        }
    }

    fn restriction_folder(&self) -> PathBuf {
        self.folder().path().join("restriction")
    }

    /// What is left of the prior, learned from the first simulations; all of it if hardly any failed.
    pub(super) fn restricted_prior(&self) -> Result<Option<RestrictedPrior>> {
        let config = self.study().config();
        let Some(section) = &config.inference.restriction else {
            return Ok(None);
        };
        let folder = self.restriction_folder();
        let prior = self.study().prior();
        if folder.join(CONFIG).exists() {
            return RestrictedPrior::load(&folder, prior).map(Some);
        }
        let [first, _] = self.restricted_sizes(config.inference.simulations.unwrap_or(0));
        let simulations = Store::open(self.folder().simulations())?.read(first)?;
        let succeeded = simulations.valid_rows().len();
        if first - succeeded < FEWEST_FAILURES {
            return Ok(None);
        }
        if succeeded < FEWEST_FAILURES {
            check_failures(&simulations.failures(), first, config.simulator.max_failed)?;
        }
        let watch = |_: &EpochRecord| self.stop().flow();
        let seed = Seed(config.study.seed);
        let (restricted, _) =
            SuccessClassifier::restrict(prior, &simulations, &section.config(), seed, &watch)?;
        restricted.save(&folder)?;
        self.note(restricted_words(&restricted));
        Ok(Some(restricted))
    }

    /// All simulations to learn from.
    pub(super) fn load_restricted(&self, n: usize) -> Result<Simulations> {
        let [first, later] = self.restricted_sizes(n);
        let mut all = Store::open(self.folder().simulations())?.read(first)?;
        let others = Store::open(self.folder().round_simulations(1))?.read(later)?;
        all = all.followed_by(&others)?;
        let names = self.study().observations().names().to_vec();
        all.x = Table::new(names, all.x.values().to_vec())?;
        Ok(all)
    }

    /// Those of them that lie within the restricted prior: there, all were drawn in proportion to the
    /// prior, so that what is learned from them together is right.
    pub(super) fn within_restriction(&self, all: Simulations) -> Result<Simulations> {
        let Some(restricted) = self.restricted_prior()? else {
            return Ok(all);
        };
        let inside = restricted.inside(&all.theta);
        let rows: Vec<usize> = (0..all.len()).filter(|&i| inside[i]).collect();
        Ok(all.select(&rows))
    }

    /// Refuses more failures than the study accepts, of those that were made within the restricted prior.
    pub(super) fn refuse_restricted_failures(&self) -> Result<()> {
        let config = self.study().config();
        let [_, later] = self.restricted_sizes(config.inference.simulations.unwrap_or(0));
        let found = Store::open(self.folder().round_simulations(1))?.read(later)?;
        check_failures(&found.failures(), later, config.simulator.max_failed)
    }

    /// A posterior held within the restricted prior, and within the support of a prior given as functions.
    pub(super) fn held_within(&self, posterior: Box<dyn Posterior>) -> Result<Box<dyn Posterior>> {
        match self.restricted_prior()? {
            Some(restricted) => Ok(Box::new(RestrictedPosterior::new(posterior, restricted)?)),
            None if self.study().prior().has_functions() => {
                let prior = self.study().prior();
                Ok(Box::new(RestrictedPosterior::in_support(posterior, prior)?))
            }
            None => Ok(posterior),
        }
    }

    /// A likelihood of data from simulations that succeed, times the probability that they do.
    pub(super) fn of_success(
        &self,
        likelihood: Box<dyn LogLikelihood>,
    ) -> Result<Box<dyn LogLikelihood>> {
        Ok(match self.restricted_prior()? {
            Some(restricted) => Box::new(RestrictedLikelihood::new(likelihood, restricted)),
            None => likelihood,
        })
    }

    /// What a reader has to know about a restriction.
    pub(super) fn restriction_note(&self) -> Result<Option<String>> {
        if !self.is_restricted() {
            return Ok(None);
        }
        Ok(Some(match self.restricted_prior()? {
            Some(restricted) => restricted_words(&restricted),
            None => "Hardly any simulation failed, so nothing of the prior was left out.".into(),
        }))
    }
}

fn restricted_words(restricted: &RestrictedPrior) -> String {
    let [missed, of] = restricted.false_negatives();
    format!(
        "The posterior is given that a simulation succeeds. Where nearly all of them fail, none were made: \
         {:.1} % of the prior is left, and of {of} successful simulations that were held out {missed} lie \
         outside.",
        100.0 * restricted.acceptance()
    )
}
