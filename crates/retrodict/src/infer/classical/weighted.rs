//! A posterior without a grid or a chain: draws from the prior, weighted by a likelihood.

use crate::error::{Error, Result};
use crate::infer::LogLikelihood;
use crate::prior::Prior;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};

/// `n` draws from the prior, each with its log-likelihood as log-weight: p(θ | x) by importance
/// sampling.
///
/// It is exact in the limit of many draws and needs no tuning, but few draws count where the posterior
/// is much narrower than the prior: the statistic to look at is (Σ w)² / Σ w².
///
/// # Errors
/// As [`LogLikelihood::log_likelihood`]; if no draw has a likelihood above zero.
pub fn weigh_prior_draws(
    likelihood: &dyn LogLikelihood,
    prior: &Prior,
    x: &[f64],
    n: usize,
    seed: Seed,
) -> Result<Samples> {
    let theta = prior.sample_table(n, seed, Stream::Posterior);
    let mut values = vec![0.0; n];
    likelihood.log_likelihood(theta.values(), x, &mut values)?;
    if !values.iter().any(|v| *v > f64::NEG_INFINITY) {
        return Err(Error::invalid(
            "observation",
            format!("data that have no likelihood at any of {n} draws from the prior"),
            "data that the model can make",
            "Draw more, widen the prior, or check the observation against simulated data.",
        ));
    }
    let mut samples = Samples::independent(theta);
    samples.log_weights = Some(values);
    samples
        .provenance
        .insert("method".into(), "prior draws, weighted".into());
    Ok(samples)
}
