//! Spikes of a neuron: a generalised linear model with a smooth filter.

use std::sync::OnceLock;

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};

use crate::error::Result;
use crate::prior::{DistributionConfig, Prior};
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator};

use super::numpy_random::NumpyRandom;
use super::{Builtin, numbered, observations};

const N_BINS: usize = 100;
const N_FILTER: usize = 9;
const N_PARAMETERS: usize = 1 + N_FILTER;

/// Spikes in 100 time bins, yᵢ ~ Bernoulli(σ(Xᵢ·θ)): θ is an offset and a filter of nine weights
/// over the stimulus, white noise that is the same in every simulation.
///
/// # Reference
/// Lueckmann et al. (2017), arXiv:1711.01861; Lueckmann et al. (2021), arXiv:2101.04653, tasks T.5
/// and T.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BernoulliGlm {
    /// The data are the sufficient statistics Xᵀy: the number of spikes, and the stimulus summed
    /// over the spikes at nine lags.
    SufficientStatistics,
    /// The data are the 100 spikes, 0 or 1.
    Raw,
}

/// X: 100 rows of (1, stimulus now, stimulus one bin ago, …, eight bins ago).
pub(super) fn design() -> &'static [[f64; N_PARAMETERS]] {
    static DESIGN: OnceLock<Vec<[f64; N_PARAMETERS]>> = OnceLock::new();
    DESIGN.get_or_init(|| {
        let mut random = NumpyRandom::new(42);
        // The benchmark keeps its stimulus in single precision.
        let stimulus: Vec<f64> = (0..N_BINS)
            .map(|_| f64::from(random.normal() as f32))
            .collect();
        let row = |bin: usize| {
            std::array::from_fn(|column| match column {
                0 => 1.0,
                _ if bin + 1 >= column => stimulus[bin + 1 - column],
                _ => 0.0,
            })
        };
        (0..N_BINS).map(row).collect()
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl BernoulliGlm {
    fn label(self) -> &'static str {
        match self {
            Self::SufficientStatistics => "bernoulli_glm",
            Self::Raw => "bernoulli_glm_raw",
        }
    }

    fn n_data(self) -> usize {
        match self {
            Self::SufficientStatistics => N_PARAMETERS,
            Self::Raw => N_BINS,
        }
    }

    /// θ·Xᵀy − Σ log(1 + exp(Xᵢ·θ)): for the statistics, up to the number of spike trains that
    /// share them, which does not depend on θ.
    fn log_likelihood(self, theta: &[f64], x: &[f64]) -> f64 {
        let linear = match self {
            Self::SufficientStatistics => dot(theta, x),
            Self::Raw => design()
                .iter()
                .zip(x)
                .map(|(row, y)| y * dot(row, theta))
                .sum(),
        };
        // log(1 + eᵃ) = max(a, 0) + log(1 + e^−|a|) does not overflow.
        let softplus = |a: f64| a.max(0.0) + (-a.abs()).exp().ln_1p();
        let normaliser = design().iter().map(|row| softplus(dot(row, theta)));
        linear - normaliser.sum::<f64>()
    }
}

impl Simulator for BernoulliGlm {
    fn name(&self) -> String {
        self.label().into()
    }

    fn n_parameters(&self) -> usize {
        N_PARAMETERS
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![self.n_data()]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        x.fill(0.0);
        for (bin, row) in design().iter().enumerate() {
            let probability = 1.0 / (1.0 + (-dot(row, theta)).exp());
            if random.uniform() >= probability {
                continue;
            }
            match self {
                Self::SufficientStatistics => {
                    x.iter_mut().zip(row).for_each(|(x, value)| *x += value);
                }
                Self::Raw => x[bin] = 1.0,
            }
        }
        Ok(())
    }
}

/// The inverse covariance Fᵀ F of the filter under the prior, row after row, with
/// F = D² + diag(√(i / 9)) and D the first differences: a smooth filter is more probable.
fn filter_precision() -> Mat<f64> {
    let difference = Mat::from_fn(N_FILTER, N_FILTER, |i, j| {
        f64::from(i == j) - f64::from(i == j + 1)
    });
    let mut roughness = &difference * &difference;
    for i in 0..N_FILTER {
        roughness[(i, i)] += (i as f64 / N_FILTER as f64).sqrt();
    }
    roughness.transpose() * &roughness
}

fn prior() -> Result<Prior> {
    let inverse = filter_precision()
        .llt(Side::Lower)
        .expect("FᵀF with a triangular F without zeros on its diagonal is positive definite")
        .inverse();
    // The two triangles may differ in the last bit; a covariance has to be symmetric.
    let value = |i: usize, j: usize| 0.5 * (inverse[(i, j)] + inverse[(j, i)]);
    let row = |i: usize| (0..N_FILTER).map(|j| value(i, j)).collect();
    Prior::new([
        ("offset", DistributionConfig::normal(0.0, 2.0_f64.sqrt())),
        (
            "filter",
            DistributionConfig::MultivariateNormal {
                mean: vec![0.0; N_FILTER],
                covariance: (0..N_FILTER).map(row).collect(),
            },
        ),
    ])
}

pub(super) fn builtin(kind: BernoulliGlm) -> Result<Builtin> {
    let data_names = match kind {
        BernoulliGlm::SufficientStatistics => std::iter::once("n_spikes".to_string())
            .chain(numbered("spike_triggered_sum", N_FILTER))
            .collect(),
        BernoulliGlm::Raw => numbered("spike", N_BINS),
    };
    Ok(Builtin {
        name: kind.label(),
        description: match kind {
            BernoulliGlm::SufficientStatistics => {
                "SBI benchmark: spikes of a neuron, sufficient statistics (10 parameters, 10 data)"
            }
            BernoulliGlm::Raw => {
                "SBI benchmark: spikes of a neuron, all 100 of them (10 parameters, 100 data)"
            }
        },
        simulator: Box::new(kind),
        prior: prior()?,
        observation: observations::first(kind.label()),
        data_names,
        log_likelihood: Some(Box::new(move |theta, x| kind.log_likelihood(theta, x))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_and_spikes_of_the_first_observation_have_the_same_likelihood_ratio() {
        // The benchmark publishes both forms of each observation, so this checks the stimulus, the
        // design matrix and the statistics against numbers made by its own code.
        let statistics = observations::first("bernoulli_glm");
        let raw = observations::first("bernoulli_glm_raw");
        for column in 0..N_PARAMETERS {
            let sum: f64 = design()
                .iter()
                .zip(&raw)
                .map(|(row, y)| row[column] * y)
                .sum();
            assert!((sum - statistics[column]).abs() < 1e-4, "column {column}");
        }
        let theta: Vec<f64> = (0..N_PARAMETERS).map(|i| (i as f64).sin()).collect();
        let difference = BernoulliGlm::Raw.log_likelihood(&theta, &raw)
            - BernoulliGlm::SufficientStatistics.log_likelihood(&theta, &statistics);
        assert!(difference.abs() < 1e-3);
    }

    #[test]
    fn the_precision_of_the_filter_is_that_of_the_benchmark() {
        // By hand: the first column of F is (1, −2, 1, 0, …), the second (0, 1 + √(1/9), −2, 1, …),
        // the last one (0, …, 0, 1 + √(8/9)).
        let precision = filter_precision();
        let diagonal = |i: f64| 1.0 + (i / 9.0).sqrt();
        assert!((precision[(0, 0)] - 6.0).abs() < 1e-12);
        assert!((precision[(0, 1)] + 2.0 * diagonal(1.0) + 2.0).abs() < 1e-12);
        assert!((precision[(8, 8)] - diagonal(8.0).powi(2)).abs() < 1e-12);
    }
}
