//! The networks of a run, whichever method trained them.

use std::path::Path;

use crate::error::Result;
use crate::infer::sequential::{GivenRounds, npe_given_rounds};
use crate::infer::{
    FieldPosterior, LogLikelihood, NeuralLikelihood, NeuralPosterior, NeuralRatio, NpeConfig,
    Posterior, TruncatedMarginals, fmpe, fmpe_continued, nle, nle_continued, npe, npe_continued,
    npe_from, npse, npse_continued, nre, nre_continued, tmnre,
};
use crate::npy;
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::{SimulationSource, Simulations};
use crate::study::{Method, Run, continued};
use crate::table::Table;
use crate::train::{Observer, TrainLog};

/// What a method with networks learned.
pub(super) enum Trained {
    Posterior(NeuralPosterior),
    Field(FieldPosterior),
    Likelihood(NeuralLikelihood),
    Ratio(NeuralRatio),
    Marginals(TruncatedMarginals),
}

impl Trained {
    pub(super) fn load(method: Method, folder: &Path, prior: &Prior) -> Result<Self> {
        Ok(match method {
            Method::Nle => Self::Likelihood(NeuralLikelihood::load(folder, prior)?),
            Method::Nre => Self::Ratio(NeuralRatio::load(folder, prior)?),
            Method::Tmnre => Self::Marginals(TruncatedMarginals::load(folder, prior)?),
            Method::Fmpe | Method::Npse => Self::Field(FieldPosterior::load(folder, prior)?),
            _ => Self::Posterior(NeuralPosterior::load(folder, prior)?),
        })
    }

    pub(super) fn save(&self, folder: &Path) -> Result<()> {
        match self {
            Self::Posterior(posterior) => posterior.save(folder),
            Self::Field(posterior) => posterior.save(folder),
            Self::Likelihood(likelihood) => likelihood.save(folder),
            Self::Ratio(ratio) => ratio.save(folder),
            Self::Marginals(marginals) => marginals.save(folder),
        }
    }

    /// The ratio, if that is what was learned.
    pub(super) fn ratio(&self) -> Option<&NeuralRatio> {
        match self {
            Self::Ratio(ratio) => Some(ratio),
            _ => None,
        }
    }

    /// How well each test simulation is predicted, in nats: log q(θ | x), log p(x | θ) or log p(x | θ) / p(x).
    pub(super) fn scores(&self, tests: &Simulations) -> Result<Vec<f64>> {
        let Simulations { theta, x, .. } = tests;
        match self {
            Self::Posterior(posterior) => posterior.log_prob_many(theta, x),
            Self::Field(posterior) => posterior.log_prob_many(theta, x),
            Self::Likelihood(likelihood) => likelihood.log_prob_many(theta, x),
            Self::Ratio(ratio) => {
                let mut scores = vec![0.0; tests.len()];
                for ((score, theta), x) in scores.chunks_mut(1).zip(theta.rows()).zip(x.rows()) {
                    ratio.log_likelihood(theta, x, score)?;
                }
                Ok(scores)
            }
            Self::Marginals(marginals) => {
                let one = |(theta, x): (&[f64], &[f64])| {
                    let theta = Table::new(marginals.prior().names(), theta.to_vec())?;
                    Ok(marginals.log_prob(&theta, x)?[0])
                };
                theta.rows().zip(x.rows()).map(one).collect()
            }
        }
    }
}

impl Run<'_> {
    /// Trains the networks of the study's method on these simulations.
    pub(super) fn train_on(
        &self,
        all: &Simulations,
        settings: &NpeConfig,
        seed: Seed,
        observer: Observer<'_>,
    ) -> Result<(Trained, TrainLog)> {
        let inference = &self.study().config().inference;
        if let Some(name) = &inference.continue_from {
            let (trained, mut log) = self.train_further(name, all, settings, seed, observer)?;
            let note = format!("training went on from the networks of {name}");
            log.notes.insert(0, note);
            return Ok((trained, log));
        }
        let prior = self.study().prior();
        Ok(match (inference.method, &inference.given_rounds) {
            (Method::Nle, _) => {
                let (likelihood, log) = nle(prior, all, &inference.nle(), seed, observer)?;
                (Trained::Likelihood(likelihood), log)
            }
            (Method::Nre, _) => {
                let (ratio, log) = nre(prior, all, &inference.nre(), seed, observer)?;
                (Trained::Ratio(ratio), log)
            }
            (Method::Tmnre, _) => {
                let (marginals, log) = tmnre(prior, all, &inference.tmnre(), seed, observer)?;
                (Trained::Marginals(marginals), log)
            }
            (method @ (Method::Fmpe | Method::Npse), _) => {
                let run = if method == Method::Fmpe { fmpe } else { npse };
                let (posterior, log) = run(prior, all, &inference.field(), seed, observer)?;
                (Trained::Field(posterior), log)
            }
            (_, Some(given)) => {
                let weights = self.given_weights(given)?;
                let settings = (settings, given, weights.as_deref());
                // The proposals were aimed at one observation.
                let x = self.study().observed(0);
                let (posterior, log) = npe_given_rounds(prior, all, settings, x, seed, observer)?;
                (Trained::Posterior(posterior), log)
            }
            (_, None) => {
                let (posterior, log) = npe(prior, all, settings, seed, observer)?;
                (Trained::Posterior(posterior), log)
            }
        })
    }

    /// Goes on training the networks that the study names.
    fn train_further(
        &self,
        name: &str,
        all: &Simulations,
        settings: &NpeConfig,
        seed: Seed,
        observer: Observer<'_>,
    ) -> Result<(Trained, TrainLog)> {
        let inference = &self.study().config().inference;
        let prior = self.study().prior();
        let folder = continued::model_folder(self.study().folder(), name);
        Ok(match Trained::load(inference.method, &folder, prior)? {
            Trained::Posterior(begun) => {
                let begun = (&begun, settings);
                let (posterior, log) = npe_continued(prior, all, begun, seed, observer)?;
                (Trained::Posterior(posterior), log)
            }
            Trained::Field(begun) => {
                let further = match inference.method {
                    Method::Fmpe => fmpe_continued,
                    _ => npse_continued,
                };
                let begun = (&begun, &inference.field());
                let (posterior, log) = further(prior, all, begun, seed, observer)?;
                (Trained::Field(posterior), log)
            }
            Trained::Likelihood(begun) => {
                let begun = (&begun, &inference.nle());
                let (likelihood, log) = nle_continued(prior, all, begun, seed, observer)?;
                (Trained::Likelihood(likelihood), log)
            }
            Trained::Marginals(_) => unreachable!("validated: `tmnre` has nothing to go on from"),
            Trained::Ratio(begun) => {
                let begun = (&begun, &inference.nre());
                let (ratio, log) = nre_continued(prior, all, begun, seed, observer)?;
                (Trained::Ratio(ratio), log)
            }
        })
    }

    /// The importance weights of given rounds, if the loss has any.
    fn given_weights(&self, given: &GivenRounds) -> Result<Option<Vec<f64>>> {
        let path = given.weights.as_ref();
        let path = path.map(|file| self.study().folder().join(file));
        path.map(|path| Ok(npy::read(path)?.values)).transpose()
    }

    /// Trains the networks of the study's method; `settings` are those of `npe`, if it is this one.
    pub(super) fn train_networks(
        &self,
        source: &dyn SimulationSource,
        settings: &NpeConfig,
        seed: Seed,
        observer: Observer<'_>,
    ) -> Result<(Trained, TrainLog)> {
        let inference = &self.study().config().inference;
        let from_disk = matches!(inference.method, Method::Npe | Method::Auto);
        let in_memory = self.errors_in_training()
            || inference.given_rounds.is_some()
            || inference.continue_from.is_some();
        if from_disk && !in_memory {
            let prior = self.study().prior();
            let (posterior, log) = npe_from(prior, source, settings, seed, observer)?;
            return Ok((Trained::Posterior(posterior), log));
        }
        self.train_on(&self.learned_from(source, seed)?, settings, seed, observer)
    }
}
