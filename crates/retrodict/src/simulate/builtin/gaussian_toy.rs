//! A Gaussian whose mean is shifted: the first example of every course.

use crate::error::Result;
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator};

use super::Builtin;
use super::densities::log_normal_density;
use super::priors::uniform;

const SHIFT: f64 = 1.0;
const SD: f64 = 0.1;

/// x = θ + 1 + 0.1 ε in three dimensions, with ε standard normal.
///
/// # Reference
/// The first tutorial of `sbi` (Tejero-Cantero et al. 2020, arXiv:2007.09114).
#[derive(Debug, Clone, Copy)]
pub struct GaussianToy;

impl Simulator for GaussianToy {
    fn name(&self) -> String {
        "gaussian_toy".into()
    }

    fn n_parameters(&self) -> usize {
        3
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![3]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        for (x, theta) in x.iter_mut().zip(theta) {
            *x = theta + SHIFT + SD * random.normal();
        }
        Ok(())
    }
}

fn log_likelihood(theta: &[f64], x: &[f64]) -> f64 {
    let pairs = theta.iter().zip(x);
    pairs
        .map(|(theta, x)| log_normal_density(*x, theta + SHIFT, SD))
        .sum()
}

pub(super) fn builtin() -> Result<Builtin> {
    Ok(Builtin {
        name: "gaussian_toy",
        description: "mean of a three-dimensional Gaussian, shifted by one (3 parameters, 3 data)",
        simulator: Box::new(GaussianToy),
        prior: uniform(["mu_1", "mu_2", "mu_3"], -2.0, 2.0)?,
        observation: vec![0.8, 0.6, 0.4],
        data_names: super::numbered("x", 3),
        log_likelihood: Some(Box::new(log_likelihood)),
    })
}
