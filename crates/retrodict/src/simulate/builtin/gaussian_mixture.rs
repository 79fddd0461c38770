//! A wide and a narrow Gaussian around the same mean.

use crate::error::Result;
use crate::prior::special::log_sum_exp;
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator};

use super::densities::log_normal_density;
use super::priors::uniform;
use super::{Builtin, numbered, observations};

const SCALES: [f64; 2] = [1.0, 0.1];

/// x ~ ½ N(θ, I) + ½ N(θ, 0.01 I) in two dimensions; the component is drawn anew for every
/// simulation.
///
/// Version 1.0 of the benchmark drew one component for a whole batch; this is the corrected
/// definition of version 1.1.0, which its observations and reference posteriors belong to.
///
/// # Reference
/// Lueckmann et al. (2021), arXiv:2101.04653, task T.7.
#[derive(Debug, Clone, Copy)]
pub struct GaussianMixture;

impl Simulator for GaussianMixture {
    fn name(&self) -> String {
        "gaussian_mixture".into()
    }

    fn n_parameters(&self) -> usize {
        2
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![2]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let scale = SCALES[random.below(2)];
        for (x, theta) in x.iter_mut().zip(theta) {
            *x = theta + scale * random.normal();
        }
        Ok(())
    }
}

fn log_likelihood(theta: &[f64], x: &[f64]) -> f64 {
    let component = |scale: f64| {
        let pairs = theta.iter().zip(x);
        0.5_f64.ln()
            + pairs
                .map(|(theta, x)| log_normal_density(*x, *theta, scale))
                .sum::<f64>()
    };
    log_sum_exp(SCALES.map(component).into_iter())
}

pub(super) fn builtin() -> Result<Builtin> {
    Ok(Builtin {
        name: "gaussian_mixture",
        description: "SBI benchmark: common mean of a wide and a narrow Gaussian (2 parameters, 2 data)",
        simulator: Box::new(GaussianMixture),
        prior: uniform(numbered("theta", 2), -10.0, 10.0)?,
        observation: observations::first("gaussian_mixture"),
        data_names: numbered("x", 2),
        log_likelihood: Some(Box::new(log_likelihood)),
    })
}
