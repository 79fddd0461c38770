//! Simple likelihood, complex posterior, and 92 columns that say nothing about θ.

use std::sync::OnceLock;

use rand_distr::ChiSquared;

use crate::error::Result;
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator, Status};

use super::numpy_random::NumpyRandom;
use super::priors::uniform;
use super::slcp::{self, N_DATA, N_PARAMETERS};
use super::{Builtin, numbered, observations};

const N_NOISE: usize = 92;
const N_COMPONENTS: usize = 20;
const DEGREES_OF_FREEDOM: f64 = 2.0;

/// The eight data of [`super::Slcp`] hidden among 92 values from a mixture of 20 multivariate
/// Student-t distributions with 2 degrees of freedom, in a fixed order.
///
/// The locations, scales and the order are those of the benchmark, drawn again with NumPy's
/// generator and the benchmark's seed.
///
/// # Reference
/// Lueckmann et al. (2021), arXiv:2101.04653, task T.4.
#[derive(Debug, Clone, Copy)]
pub struct SlcpDistractors;

pub(super) struct Noise {
    /// `N_COMPONENTS` × `N_NOISE`.
    pub(super) locations: Vec<f64>,
    /// `N_COMPONENTS` × `N_NOISE` × `N_NOISE`, lower triangles.
    pub(super) factors: Vec<f64>,
    /// Column j of the data is value `order[j]` of (data, noise).
    pub(super) order: Vec<usize>,
}

pub(super) fn noise() -> &'static Noise {
    static NOISE: OnceLock<Noise> = OnceLock::new();
    NOISE.get_or_init(|| {
        let mut random = NumpyRandom::new(42);
        let locations = (0..N_COMPONENTS * N_NOISE)
            .map(|_| 15.0 * random.normal())
            .collect();
        let factors = (0..N_COMPONENTS)
            .flat_map(|_| factor(&mut random))
            .collect();
        let order = random.permutation(N_DATA + N_NOISE);
        Noise {
            locations,
            factors,
            order,
        }
    })
}

/// Normals in the lower triangle, plus the exponential of a normal on the diagonal, times three.
fn factor(random: &mut NumpyRandom) -> Vec<f64> {
    let mut factor: Vec<f64> = (0..N_NOISE * N_NOISE).map(|_| random.normal()).collect();
    for row in 0..N_NOISE {
        factor[row * N_NOISE + row] += random.normal().exp();
        factor[row * N_NOISE + row + 1..(row + 1) * N_NOISE].fill(0.0);
    }
    factor.iter().map(|value| 3.0 * value).collect()
}

fn distractors(random: &mut Random) -> Result<[f64; N_NOISE], SimulationFailure> {
    let noise = noise();
    let component = random.below(N_COMPONENTS);
    let normals: [f64; N_NOISE] = std::array::from_fn(|_| random.normal());
    let chi_squared = ChiSquared::new(DEGREES_OF_FREEDOM).map_err(|e| SimulationFailure {
        status: Status::Failed,
        reason: e.to_string(),
    })?;
    let stretch = (DEGREES_OF_FREEDOM / random.draw(&chi_squared)).sqrt();
    Ok(std::array::from_fn(|row| {
        let from = (component * N_NOISE + row) * N_NOISE;
        let weights = &noise.factors[from..=from + row];
        let sum: f64 = weights.iter().zip(&normals).map(|(w, z)| w * z).sum();
        noise.locations[component * N_NOISE + row] + stretch * sum
    }))
}

impl Simulator for SlcpDistractors {
    fn name(&self) -> String {
        "slcp_distractors".into()
    }

    fn n_parameters(&self) -> usize {
        N_PARAMETERS
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![N_DATA + N_NOISE]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let mut data = [0.0; N_DATA];
        slcp::simulate(theta, random, &mut data);
        let distractors = distractors(random)?;
        for (x, &source) in x.iter_mut().zip(&noise().order) {
            *x = if source < N_DATA {
                data[source]
            } else {
                distractors[source - N_DATA]
            };
        }
        Ok(())
    }
}

/// The distractors do not depend on θ: only the eight data count.
fn log_likelihood(theta: &[f64], x: &[f64]) -> f64 {
    let mut data = [0.0; N_DATA];
    for (x, &source) in x.iter().zip(&noise().order) {
        if source < N_DATA {
            data[source] = *x;
        }
    }
    slcp::log_likelihood(theta, &data)
}

pub(super) fn builtin() -> Result<Builtin> {
    Ok(Builtin {
        name: "slcp_distractors",
        description: "SBI benchmark: SLCP hidden among 92 useless columns (5 parameters, 100 data)",
        simulator: Box::new(SlcpDistractors),
        prior: uniform(numbered("theta", N_PARAMETERS), -3.0, 3.0)?,
        observation: observations::first("slcp_distractors"),
        data_names: numbered("x", N_DATA + N_NOISE),
        log_likelihood: Some(Box::new(log_likelihood)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixture_is_the_benchmarks() {
        // Numbers in gmm.torch and permutation_idx.torch of the package sbibm 1.1.0.
        let noise = noise();
        assert!((noise.locations[0] - 7.450_712_295_168_49).abs() < 1e-12);
        assert!((noise.locations.iter().sum::<f64>() - 1_203.933_391_057_331_4).abs() < 1e-8);
        assert!((noise.factors[0] - 3.423_324_718_497_607).abs() < 1e-12);
        assert!((noise.factors.iter().sum::<f64>() - 9_962.577_423_949_14).abs() < 1e-7);
        assert_eq!(noise.order[..10], [87, 47, 39, 9, 25, 21, 26, 94, 41, 30]);
    }

    #[test]
    fn the_data_of_the_benchmarks_first_observation_are_found_again() {
        let plain = observations::first("slcp");
        let hidden = observations::first("slcp_distractors");
        let theta = [0.3, -0.2, 1.1, 0.8, 0.5];
        let difference = log_likelihood(&theta, &hidden) - slcp::log_likelihood(&theta, &plain);
        assert!(difference.abs() < 1e-9);
    }
}
