//! The two tasks of the SBI benchmark that ask for the mean of a ten-dimensional Gaussian.

use crate::error::Result;

use super::priors::uniform;
use super::{Builtin, LinearGaussian, numbered, observations};

const DIMENSIONS: usize = 10;
/// Both the prior's and the noise's: the benchmark's `scale` of 0.1 is a variance.
const VARIANCE: f64 = 0.1;

fn model() -> Result<LinearGaussian> {
    LinearGaussian::identity(DIMENSIONS, VARIANCE.sqrt(), VARIANCE.sqrt())
}

/// θ ~ N(0, 0.1 I), x ~ N(θ, 0.1 I), in ten dimensions (Lueckmann et al. 2021, task T.1).
pub(super) fn gaussian_prior() -> Result<Builtin> {
    let mut builtin = model()?.into_builtin(observations::first("gaussian_linear"))?;
    builtin.name = "gaussian_linear";
    builtin.description =
        "SBI benchmark: Gaussian mean, Gaussian prior, exact posterior (10 parameters, 10 data)";
    Ok(builtin)
}

/// θ uniform on [−1, 1]¹⁰, x ~ N(θ, 0.1 I) (Lueckmann et al. 2021, task T.2).
pub(super) fn uniform_prior() -> Result<Builtin> {
    let mut builtin = model()?.into_builtin(observations::first("gaussian_linear_uniform"))?;
    builtin.name = "gaussian_linear_uniform";
    builtin.description = "SBI benchmark: Gaussian mean, uniform prior that cuts the posterior (10 parameters, 10 data)";
    builtin.prior = uniform(numbered("theta", DIMENSIONS), -1.0, 1.0)?;
    Ok(builtin)
}
