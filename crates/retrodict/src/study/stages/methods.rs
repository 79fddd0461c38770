//! What each method fits, and the posterior that comes of it.

use std::path::Path;

use serde_json::{Value, json};

use super::trained::Trained;
use crate::error::{Error, Result};
use crate::infer::{
    AbcPosterior, CorrectedPosterior, FieldPosterior, FieldTrials, Histogram, KernelDensity,
    LogLikelihood, Missing, Posterior, PotentialPosterior, fits_in_memory,
};
use crate::npy;
use crate::seed::Seed;
use crate::simulate::{SimulationSource, Simulations, read_all};
use crate::study::{Method, Run, Stage};
use crate::train::{Observer, TrainLog};

/// What a method without networks leaves in the model's folder.
const CONFIG: &str = "config.json";

impl Run<'_> {
    /// Fits what the study's method needs into `folder`; the log, if networks were trained.
    pub(super) fn fit_method(
        &self,
        folder: &Path,
        source: &dyn SimulationSource,
        observer: Observer<'_>,
    ) -> Result<Option<TrainLog>> {
        let inference = &self.study().config().inference;
        if inference.correction.is_some() {
            // A likelihood that does not answer is found before hours of training.
            self.try_likelihood(source)?;
        }
        if inference.is_sequential() {
            return self.fit_rounds(folder, observer).map(Some);
        }
        let seed = Seed(self.study().config().study.seed);
        if inference.method.trains() {
            let npe = self.chosen(source)?;
            let (trained, log) = self.train_networks(source, &npe, seed, observer)?;
            trained.save(folder)?;
            self.fit_beside(folder, source, &npe)?;
            return Ok(Some(log));
        }
        match inference.method {
            method if method.is_online() => {
                self.fit_online(folder, source)?;
                write_kind(folder, method)?;
            }
            Method::ClassicalKde => {
                let density = self.kernel_density(&self.all_simulations(source)?)?;
                let [theta, x] = density.bandwidths();
                let kind = inference.method.name();
                let bandwidths = json!({ "theta": theta, "x": x });
                write_config(folder, &json!({ "kind": kind, "bandwidths": bandwidths }))?;
            }
            method => {
                // What cannot be built from these simulations is refused here and not later.
                self.posterior_of_simulations(self.all_simulations(source)?)?;
                write_kind(folder, method)?;
            }
        }
        Ok(None)
    }

    /// The fitted posterior in the run folder.
    ///
    /// # Errors
    /// If none is fitted yet, or its files are damaged.
    pub fn posterior(&self) -> Result<Box<dyn Posterior>> {
        self.require(Stage::Fit, "fit")?;
        let posterior = self.uncorrected()?;
        let inference = &self.study().config().inference;
        let Some(config) = &inference.correction else {
            return Ok(posterior);
        };
        let method = format!("{}, corrected", inference.method.name());
        let likelihood = || self.known_likelihood();
        let prior = self.study().prior();
        let corrected = CorrectedPosterior::new(posterior, prior, likelihood, config, &method)?;
        Ok(Box::new(corrected))
    }

    /// The fitted posterior as the method gives it.
    fn uncorrected(&self) -> Result<Box<dyn Posterior>> {
        let (folder, prior) = (self.folder().model(), self.study().prior());
        match self.study().config().inference.method {
            Method::Auto => self.auto_posterior(),
            method if method.trains() => self.behind(Trained::load(method, &folder, prior)?),
            method if method.is_online() => self.online_posterior(&folder),
            _ => {
                self.posterior_of_simulations(self.all_simulations(&*self.training_simulations()?)?)
            }
        }
    }

    /// The posterior of these networks: held within what is left of the prior, or behind the study's sampler.
    pub(super) fn behind(&self, trained: Trained) -> Result<Box<dyn Posterior>> {
        let marginalize = self.study().config().inference.missing == Missing::Marginalize;
        match trained {
            Trained::Posterior(posterior) => self.held_within(self.robust(posterior)?),
            Trained::Field(field) => self.held_within(self.carried(field)?),
            Trained::Likelihood(likelihood) if marginalize => {
                self.sampled(self.of_success(Box::new(likelihood.marginalizing()))?)
            }
            Trained::Likelihood(likelihood) => self.sampled(self.of_success(Box::new(likelihood))?),
            Trained::Marginals(marginals) => Ok(Box::new(marginals)),
            Trained::Ratio(ratio) => self.sampled(self.of_success(Box::new(ratio))?),
        }
    }

    /// The posterior of a method that looks at the simulations themselves.
    fn posterior_of_simulations(&self, simulations: Simulations) -> Result<Box<dyn Posterior>> {
        let inference = &self.study().config().inference;
        let prior = self.study().prior();
        match inference.method {
            Method::ClassicalKde => self.sampled(Box::new(self.kernel_density(&simulations)?)),
            Method::ClassicalHistogram => {
                let config = inference.histogram.unwrap_or_default();
                self.sampled(Box::new(Histogram::fit(prior, &simulations, &config)?))
            }
            _ => {
                let config = inference.abc.clone().unwrap_or_default();
                let posterior = AbcPosterior::new(prior.clone(), simulations, config)?;
                Ok(Box::new(posterior))
            }
        }
    }

    fn kernel_density(&self, simulations: &Simulations) -> Result<KernelDensity> {
        let config = self.study().config().inference.kernel_density;
        KernelDensity::fit(
            self.study().prior(),
            simulations,
            &config.unwrap_or_default(),
        )
    }

    /// A field with the study's way to make draws, of one trial or of several.
    fn carried(&self, field: FieldPosterior) -> Result<Box<dyn Posterior>> {
        let inference = &self.study().config().inference;
        let field = field.with_sampler(inference.field().sampler)?;
        if !self.study().trials() {
            return Ok(Box::new(field));
        }
        let composition = inference.composition.clone().unwrap_or_default();
        let trials = FieldTrials::new(field, self.study().prior(), composition)?;
        Ok(Box::new(trials))
    }

    /// A likelihood behind the study's sampler.
    pub(super) fn sampled(&self, likelihood: Box<dyn LogLikelihood>) -> Result<Box<dyn Posterior>> {
        let inference = &self.study().config().inference;
        let sampler = inference.sampler.clone().unwrap_or_default();
        let prior = self.study().prior();
        let posterior = PotentialPosterior::new(prior, likelihood, sampler)?;
        Ok(Box::new(posterior.with_method(inference.method.name())))
    }

    /// All simulations at once, for a method that cannot do with fewer.
    pub(super) fn all_simulations(&self, source: &dyn SimulationSource) -> Result<Simulations> {
        let inference = &self.study().config().inference;
        let memory = inference.train.memory;
        let columns = source.parameters().len() + source.data().len();
        if fits_in_memory(source.n_rows(), columns, memory) {
            return read_all(source);
        }
        Err(Error::invalid(
            "inference.train.memory",
            memory,
            format!(
                "more, for {} simulations of {columns} numbers: `{}` keeps them in memory",
                source.n_rows(),
                inference.method.name()
            ),
            "Allow more memory, use fewer simulations, or `method = \"npe\"`, which reads them from disk.",
        ))
    }
}

/// The configuration of a model that has no networks.
fn write_kind(folder: &Path, method: Method) -> Result<()> {
    write_config(folder, &json!({ "kind": method.name() }))
}

fn write_config(folder: &Path, config: &Value) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
    let text = format!("{config:#}\n");
    npy::write_atomically(folder.join(CONFIG), text.as_bytes())
}
