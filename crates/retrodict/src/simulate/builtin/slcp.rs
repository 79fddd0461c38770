//! Simple likelihood, complex posterior.

use crate::error::Result;
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator};

use super::priors::uniform;
use super::{Builtin, numbered, observations};

pub(super) const N_PARAMETERS: usize = 5;
/// Four points in the plane.
pub(super) const N_DATA: usize = 8;
/// Added to both variances, so that the covariance is never singular.
const JITTER: f64 = 1e-6;

/// Four points from a Gaussian in the plane with mean (θ₁, θ₂), standard deviations θ₃² and θ₄² and
/// correlation tanh θ₅: the signs of θ₃ and θ₄ cannot be known, so there are four modes.
///
/// # Reference
/// Papamakarios, Sterratt and Murray (2019), arXiv:1805.07226; Lueckmann et al. (2021),
/// arXiv:2101.04653, task T.3.
#[derive(Debug, Clone, Copy)]
pub struct Slcp;

/// The lower Cholesky factor (l₁₁, l₂₁, l₂₂) of the covariance.
fn factor(theta: &[f64]) -> [f64; 3] {
    let (sd_1, sd_2, correlation) = (theta[2].powi(2), theta[3].powi(2), theta[4].tanh());
    let first = (sd_1 * sd_1 + JITTER).sqrt();
    let mixed = correlation * sd_1 * sd_2 / first;
    // Rounding must not push the variance that is left below the jitter it contains.
    let left = (sd_2 * sd_2 + JITTER - mixed * mixed).max(0.5 * JITTER);
    [first, mixed, left.sqrt()]
}

pub(super) fn simulate(theta: &[f64], random: &mut Random, x: &mut [f64]) {
    let [first, mixed, second] = factor(theta);
    for point in x.chunks_exact_mut(2) {
        let (a, b) = (random.normal(), random.normal());
        point[0] = theta[0] + first * a;
        point[1] = theta[1] + mixed * a + second * b;
    }
}

pub(super) fn log_likelihood(theta: &[f64], x: &[f64]) -> f64 {
    let [first, mixed, second] = factor(theta);
    let constant = -(std::f64::consts::TAU.ln() + first.ln() + second.ln());
    let point = |p: &[f64]| {
        let a = (p[0] - theta[0]) / first;
        let b = (p[1] - theta[1] - mixed * a) / second;
        constant - 0.5 * (a * a + b * b)
    };
    x.chunks_exact(2).map(point).sum()
}

impl Simulator for Slcp {
    fn name(&self) -> String {
        "slcp".into()
    }

    fn n_parameters(&self) -> usize {
        N_PARAMETERS
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![N_DATA]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        simulate(theta, random, x);
        Ok(())
    }
}

pub(super) fn builtin() -> Result<Builtin> {
    Ok(Builtin {
        name: "slcp",
        description: "SBI benchmark: simple likelihood, complex posterior (5 parameters, 8 data)",
        simulator: Box::new(Slcp),
        prior: uniform(numbered("theta", N_PARAMETERS), -3.0, 3.0)?,
        observation: observations::first("slcp"),
        data_names: numbered("x", N_DATA),
        log_likelihood: Some(Box::new(log_likelihood)),
    })
}
