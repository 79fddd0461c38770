//! What a round of `auto` leaves: one or two models, and why.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::{Choice, LearnedLikelihood, PooledLikelihood, RefinedPosterior};
use crate::error::{Error, Result};
use crate::infer::{
    LogLikelihood, NeuralPosterior, NleConfig, NpeConfig, NreConfig, Posterior, PotentialPosterior,
};
use crate::npy;
use crate::prior::Prior;
use crate::sample::SamplerConfig;

/// What `auto` may fit.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoConfig {
    /// The choice before anything is simulated.
    pub choice: Choice,
    /// How a posterior is fitted.
    pub npe: NpeConfig,
    /// How a likelihood is fitted.
    pub nle: NleConfig,
    /// How a ratio is fitted.
    pub nre: NreConfig,
    /// What draws from the posterior of a likelihood, or of a pool.
    pub sampler: SamplerConfig,
}

/// The models that are still in question after a round, and the choice so far.
#[derive(Debug, Clone)]
pub struct AutoModel {
    /// Of neural posterior estimation.
    pub posterior: Option<Arc<NeuralPosterior>>,
    /// Of neural likelihood estimation, perhaps with a ratio.
    pub likelihood: Option<LearnedLikelihood>,
    /// What was chosen so far, and why.
    pub choice: Choice,
}

/// What the choice is called in a model's folder.
const CHOICE: &str = "choice.json";
/// Where the likelihood stands if there is a posterior, too.
const LIKELIHOOD: &str = "likelihood";

impl AutoModel {
    /// Writes the models into a folder: a posterior, or the likelihood alone, as its own method does; a
    /// likelihood beside a posterior into `likelihood`; and the choice as `choice.json`.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
        match (&self.posterior, &self.likelihood) {
            (Some(posterior), Some(likelihood)) => {
                likelihood.save(&folder.join(LIKELIHOOD))?;
                posterior.save(folder)?;
            }
            (Some(posterior), None) => posterior.save(folder)?,
            (None, Some(likelihood)) => likelihood.save(folder)?,
            (None, None) => {}
        }
        let text = serde_json::to_string_pretty(&self.choice).expect("a choice is plain data");
        npy::write_atomically(folder.join(CHOICE), (text + "\n").as_bytes())
    }

    /// Reads what [`AutoModel::save`] wrote; `prior` is the one it was trained with.
    ///
    /// # Errors
    /// If a file is missing, damaged or of another prior.
    pub fn load(folder: &Path, prior: &Prior) -> Result<Self> {
        let choice = Choice::read(&folder.join(CHOICE))?;
        let posterior = (choice.method.has_posterior())
            .then(|| NeuralPosterior::load(folder, prior).map(Arc::new))
            .transpose()?;
        let own = match posterior {
            Some(_) => folder.join(LIKELIHOOD),
            None => folder.to_path_buf(),
        };
        let likelihood = (choice.method.has_likelihood())
            .then(|| LearnedLikelihood::load(&choice, &own, prior))
            .transpose()?;
        Ok(Self {
            posterior,
            likelihood,
            choice,
        })
    }

    /// The posterior that was chosen; of a likelihood alone, `sampler` draws, and of a pool, where weights of the
    /// posterior's draws fail.
    ///
    /// # Errors
    /// If an option of the sampler makes no sense.
    pub fn posterior(&self, prior: &Prior, sampler: &SamplerConfig) -> Result<Box<dyn Posterior>> {
        match (&self.posterior, &self.likelihood) {
            (Some(posterior), None) => Ok(Box::new(Arc::clone(posterior))),
            (None, Some(likelihood)) => of_likelihood(prior, likelihood, sampler),
            (Some(posterior), Some(likelihood)) => {
                let pool = self.pool(prior, (posterior, likelihood), Some(sampler))?;
                Ok(Box::new(pool))
            }
            (None, None) => Err(Error::invalid(
                "auto, models",
                "none",
                "at least one",
                "Fit one.",
            )),
        }
    }

    /// The posterior of the likelihood alone, if it is not settled yet which of the models stays.
    ///
    /// # Errors
    /// If the sampler's settings make no sense.
    pub fn likelihood_posterior(
        &self,
        prior: &Prior,
        sampler: &SamplerConfig,
    ) -> Result<Option<Box<dyn Posterior>>> {
        match (&self.posterior, &self.likelihood) {
            (Some(_), Some(likelihood)) => of_likelihood(prior, likelihood, sampler).map(Some),
            _ => Ok(None),
        }
    }

    /// A pool without a sampler, if both models stay: what calibration can afford for many observations. Where
    /// the posterior's draws miss a part, it shows.
    ///
    /// # Errors
    /// As [`AutoModel::posterior`].
    pub fn quick_posterior(&self, prior: &Prior) -> Result<Option<Box<dyn Posterior>>> {
        let (Some(posterior), Some(likelihood)) = (&self.posterior, &self.likelihood) else {
            return Ok(None);
        };
        let pool = self.pool(prior, (posterior, likelihood), None)?;
        Ok(Some(Box::new(pool)))
    }

    fn pool(
        &self,
        prior: &Prior,
        (posterior, likelihood): (&Arc<NeuralPosterior>, &LearnedLikelihood),
        sampler: Option<&SamplerConfig>,
    ) -> Result<RefinedPosterior> {
        let share = self.choice.share;
        let method = match likelihood.method() {
            own if share < 1.0 => format!("npe and {own}"),
            own => own.into(),
        };
        let (posterior, likelihood) = (Arc::clone(posterior), likelihood.clone());
        let pool = PooledLikelihood::new(prior, Arc::clone(&posterior), likelihood, share);
        let pool: Arc<dyn LogLikelihood> = Arc::new(pool);
        RefinedPosterior::new(prior, &pool, posterior, (sampler, &method))
    }
}

fn of_likelihood(
    prior: &Prior,
    likelihood: &LearnedLikelihood,
    sampler: &SamplerConfig,
) -> Result<Box<dyn Posterior>> {
    let own = Box::new(likelihood.clone());
    let posterior = PotentialPosterior::new(prior, own, sampler.clone())?;
    Ok(Box::new(posterior.with_method(likelihood.method())))
}
