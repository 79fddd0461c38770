//! The posterior of a log-likelihood: a density up to a factor, and a sampler.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::density::PotentialDensity;
use super::enumeration::enumerated;
use super::likelihood::LogLikelihood;
use super::proposal::Proposal;
use super::sampled::SampledPosterior;
use super::space::Space;
use crate::error::{Error, Result};
use crate::infer::posterior::{Posterior, check_theta};
use crate::prior::{Parameter, Prior};
use crate::sample::{Drawn, Evidence, Reference, SamplerConfig, SmcConfig, sample};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// p(θ | x) ∝ p(x | θ) p(θ), with a likelihood that is learned or given, drawn by a sampler.
///
/// The sampler works in a space where the prior is standard normal, so a draw cannot fall outside the
/// prior's support. Discrete parameters are summed over while it runs, exactly, and then drawn given the
/// others; there may be up to 512 combinations of their values. An observation may be several rows in one: independent trials, whose
/// log-likelihoods add up. Every call to [`Posterior::sample`] runs the sampler anew;
/// [`PotentialPosterior::sample_with_report`] also says how the run went.
///
/// # Densities
/// [`PotentialPosterior::log_unnormalized`] is log p(x | θ) + log p(θ), exact and cheap.
/// [`Posterior::log_prob`] subtracts the log evidence, which tempered sequential Monte Carlo estimates
/// once for each observation, with a seed of its own, so that the density of an observation is always
/// the same: log p(θ | x) is normalised up to the standard error that
/// [`PotentialPosterior::log_evidence`] states, the same for all θ. If the likelihood is only known up to
/// a factor, so is the evidence; the density is not affected.
///
/// # Example
/// ```
/// use retrodict::Seed;
/// use retrodict::infer::{FunctionLikelihood, Posterior, PotentialPosterior};
/// use retrodict::prior::{DistributionConfig as D, Prior};
/// use retrodict::sample::SamplerConfig;
///
/// let prior = Prior::new([("mu", D::uniform(-2.0, 2.0))])?;
/// let likelihood = FunctionLikelihood::new(1, |theta, x| -8.0 * (x[0] - theta[0]).powi(2))?;
/// let posterior = PotentialPosterior::new(&prior, Box::new(likelihood), SamplerConfig::default())?;
/// let samples = posterior.sample(&[1.9, 2.1, 2.0], 1000, Seed(1))?; // three trials
/// assert!(samples.draws.column(0).iter().all(|mu| *mu < 2.0));
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Debug)]
pub struct PotentialPosterior {
    pub(super) space: Space,
    pub(super) method: String,
    likelihood: Box<dyn LogLikelihood>,
    sampler: SamplerConfig,
    tempering: SmcConfig,
    /// The evidences of observations, by their bits: what was computed once is not computed again.
    evidences: Mutex<BTreeMap<Vec<u64>, Evidence>>,
}

/// More evidences are not kept.
const MAX_EVIDENCES: usize = 10_000;
/// Draws from which the search for the maximum starts.
const N_DRAWS: usize = 1000;

impl PotentialPosterior {
    /// A posterior from a prior, a likelihood and a sampler.
    ///
    /// # Errors
    /// If discrete parameters have more than 512 combinations of values, the likelihood's data have no
    /// length, or an option of the sampler makes no sense.
    pub fn new(
        prior: &Prior,
        likelihood: Box<dyn LogLikelihood>,
        sampler: SamplerConfig,
    ) -> Result<Self> {
        sampler.validate()?;
        if likelihood.n_data() == 0 {
            return Err(Error::invalid(
                "likelihood, length of one datum",
                0,
                "at least 1",
                "Give the number of values that one trial has.",
            ));
        }
        Ok(Self {
            space: Space::new(prior)?,
            method: "likelihood".to_string(),
            likelihood,
            sampler,
            tempering: SmcConfig::default(),
            evidences: Mutex::default(),
        })
    }

    /// The same under another name of the method, for the draws' provenance.
    #[must_use]
    pub fn with_method(self, method: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            ..self
        }
    }

    /// The same with other settings of the tempering that estimates the evidence for
    /// [`Posterior::log_prob`].
    ///
    /// # Errors
    /// If an option makes no sense.
    pub fn with_tempering(self, tempering: SmcConfig) -> Result<Self> {
        SamplerConfig::Smc(tempering.clone()).validate()?;
        Ok(Self {
            tempering,
            evidences: Mutex::default(),
            ..self
        })
    }

    /// The prior.
    pub fn prior(&self) -> &Prior {
        self.space.prior()
    }

    /// The likelihood.
    pub fn likelihood(&self) -> &dyn LogLikelihood {
        &*self.likelihood
    }

    /// The sampler.
    pub fn sampler(&self) -> &SamplerConfig {
        &self.sampler
    }

    /// `n` draws from p(θ | x), and how the run went.
    ///
    /// # Errors
    /// If `x` is not finite or not a whole number of trials, the likelihood fails, the density is zero
    /// wherever the sampler looks for a start, or its budget is spent.
    pub fn sample_with_report(&self, x: &[f64], n: usize, seed: Seed) -> Result<SampledPosterior> {
        self.check_observation(x)?;
        let density = self.density(x);
        let drawn = self.run(&density, &self.space, &self.sampler, n, seed)?;
        self.sampled(&density, drawn, n, seed)
    }

    /// The same, from a proposal q(θ | x) in place of the prior: a neural posterior whose draws
    /// importance sampling weights by p(x | θ) p(θ) / q(θ | x), rejection sampling accepts by it, tempering
    /// starts from, and from which chains take their starts. The closer it is, the less there is to
    /// do; where it has too little density, k̂ tells.
    ///
    /// # Errors
    /// As [`PotentialPosterior::sample_with_report`], and if the proposal fails, gives weighted draws, or
    /// has other parameters.
    pub fn sample_from(
        &self,
        proposal: &dyn Posterior,
        x: &[f64],
        n: usize,
        seed: Seed,
    ) -> Result<SampledPosterior> {
        self.check_observation(x)?;
        let density = self.density(x);
        let proposal = Proposal::new(&self.space, proposal, x)?;
        let drawn = self.run(&density, &proposal, &self.sampler, n, seed);
        proposal.failure()?;
        self.sampled(&density, drawn?, n, seed)
    }

    /// log p(x | θ) + log p(θ) for each row of `theta`: −∞ outside the prior's support, never NaN. Of a
    /// likelihood that is known up to a factor, up to that factor.
    ///
    /// # Errors
    /// As [`Posterior::log_prob`].
    pub fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.check_observation(x)?;
        check_theta(theta, self.prior().n_parameters())?;
        let density = self.density(x);
        let values = self.log_joint(&density, theta.values());
        density.failure()?;
        Ok(values)
    }

    /// log ∫ p(x | θ) p(θ) dθ with its standard error, by tempered sequential Monte Carlo from the
    /// prior, always with the same seed. The error is of the logarithm, so it is a relative error of the
    /// evidence.
    ///
    /// # Errors
    /// As [`PotentialPosterior::sample_with_report`].
    pub fn log_evidence(&self, x: &[f64]) -> Result<Evidence> {
        self.check_observation(x)?;
        let key: Vec<u64> = x.iter().map(|v| v.to_bits()).collect();
        if let Some(known) = self.evidences().get(&key) {
            return Ok(*known);
        }
        let density = self.density(x);
        let tempering = SamplerConfig::Smc(self.tempering.clone());
        let drawn = self.run(&density, &self.space, &tempering, 1, Seed(0))?;
        let evidence = drawn.report.evidence.expect("tempering gives an evidence");
        let mut known = self.evidences();
        if known.len() < MAX_EVIDENCES {
            known.insert(key, evidence);
        }
        Ok(evidence)
    }

    fn evidences(&self) -> std::sync::MutexGuard<'_, BTreeMap<Vec<u64>, Evidence>> {
        self.evidences
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn density<'a>(&'a self, x: &'a [f64]) -> PotentialDensity<'a> {
        PotentialDensity::new(&self.space, &*self.likelihood, x)
    }

    /// Runs a sampler; an error of the likelihood comes before one of the sampler, which it caused.
    fn run(
        &self,
        density: &PotentialDensity<'_>,
        reference: &dyn Reference,
        sampler: &SamplerConfig,
        n: usize,
        seed: Seed,
    ) -> Result<Drawn> {
        let drawn = if self.space.is_finite() {
            enumerated(density, n)
        } else {
            sample(density, reference, n, sampler, seed)
        };
        density.failure()?;
        let mut drawn = drawn?;
        drawn.report.invalid += density.invalid();
        if drawn.report.invalid > 0 {
            drawn.report.notes.push(format!(
                "{} of {} log-likelihoods were NaN or +∞ and counted as −∞.",
                drawn.report.invalid, drawn.report.evaluations
            ));
        }
        Ok(drawn)
    }

    fn check_observation(&self, x: &[f64]) -> Result<()> {
        let n_data = self.likelihood.n_data();
        if x.is_empty() || !x.len().is_multiple_of(n_data) {
            return Err(Error::invalid(
                "observation",
                format!("{} values", x.len()),
                format!("{n_data}, or a multiple of that for several trials"),
                "Give the observation in the form that the simulator gives its data, trial after trial.",
            ));
        }
        let missing = self.likelihood.takes_missing();
        let wrong = |v: &f64| !(v.is_finite() || missing && v.is_nan());
        if let Some(i) = x.iter().position(wrong) {
            return Err(Error::invalid(
                format!("observation, value {}", i + 1),
                x[i],
                "a finite number",
                "Leave the missing value out of the data and of the simulations.",
            ));
        }
        Ok(())
    }
}

impl Posterior for PotentialPosterior {
    fn parameters(&self) -> &[Parameter] {
        self.space.prior().parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        Ok(self.sample_with_report(x, n, seed)?.samples)
    }

    /// Normalised by the evidence, see [`PotentialPosterior`].
    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        PotentialPosterior::log_unnormalized(self, theta, x)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let mut values = self.log_unnormalized(theta, x)?;
        let evidence = self.log_evidence(x)?.log_evidence;
        for value in &mut values {
            *value -= evidence;
        }
        Ok(values)
    }

    /// The maximum of the density of θ, not of the space in which the sampler works; searched from the
    /// best of 1,000 draws.
    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.check_observation(x)?;
        let seed = seed.derive(Stream::Search, 0);
        let density = self.density(x);
        let mut sampler = self.sampler.clone();
        if let SamplerConfig::Importance(config) = &mut sampler {
            config.resample = true;
        }
        let drawn = self.run(&density, &self.space, &sampler, N_DRAWS, seed)?;
        self.maximum(&density, &drawn.points, seed)
    }

    /// Of many draws, every so-manieth is looked at, for chains may stand one behind the other.
    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.check_observation(x)?;
        check_theta(draws, self.prior().n_parameters())?;
        if draws.n_rows() == 0 {
            return self.map(x, seed);
        }
        let d = self.space.n_coordinates();
        let n = draws.n_rows().min(N_DRAWS);
        let mut points = vec![0.0; n * d];
        for (i, z) in points.chunks_exact_mut(d).enumerate() {
            self.space.coordinates(draws.row(i * draws.n_rows() / n), z);
        }
        self.maximum(&self.density(x), &points, seed.derive(Stream::Search, 0))
    }
}
