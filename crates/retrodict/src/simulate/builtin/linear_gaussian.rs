//! Linear Gaussian models: the posterior is known exactly.

use faer::linalg::solvers::Solve;
use faer::{Col, Mat, Side};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::prior::{DistributionConfig, Prior};
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator};

use super::{Builtin, numbered};

/// A linear Gaussian model of any size. Correlations fall with the distance of the columns, as ρ to
/// the power |i − j|.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearGaussianConfig {
    /// The number of parameters.
    pub n_parameters: usize,
    /// The number of data: datum i measures parameter i modulo `n_parameters`.
    pub n_data: usize,
    /// The standard deviation of each parameter under the prior, whose mean is zero.
    pub prior_sd: f64,
    /// ρ of the prior, between −1 and 1.
    pub prior_correlation: f64,
    /// The standard deviation of the noise of each datum.
    pub noise_sd: f64,
    /// ρ of the noise, between −1 and 1.
    pub noise_correlation: f64,
}

impl Default for LinearGaussianConfig {
    /// Two parameters, two data, x = θ + ε, with noise that is half as wide as the prior and
    /// correlated by 0.8.
    fn default() -> Self {
        Self {
            n_parameters: 2,
            n_data: 2,
            prior_sd: 1.0,
            prior_correlation: 0.0,
            noise_sd: 0.5,
            noise_correlation: 0.8,
        }
    }
}

/// x = A θ + ε with θ ~ N(0, C) and ε ~ N(0, Σ).
///
/// # Example
/// ```
/// use retrodict::simulate::builtin::LinearGaussian;
/// let model = LinearGaussian::identity(1, 1.0, 1.0)?; // θ ~ N(0, 1), x ~ N(θ, 1)
/// let posterior = model.posterior(&[1.0])?;
/// assert!((posterior.mean[0] - 0.5).abs() < 1e-12);
/// assert!((posterior.covariance[0] - 0.5).abs() < 1e-12);
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LinearGaussian {
    design: Mat<f64>,
    prior_covariance: Mat<f64>,
    noise_covariance: Mat<f64>,
    /// The lower Cholesky factor of the noise covariance.
    noise_factor: Mat<f64>,
}

/// A Gaussian distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    /// The mean.
    pub mean: Vec<f64>,
    /// The covariance, row after row.
    pub covariance: Vec<f64>,
}

impl LinearGaussian {
    /// The model with this design matrix A (data × parameters), prior covariance C and noise
    /// covariance Σ, each row after row.
    ///
    /// # Errors
    /// If the lengths do not fit together, or a covariance is not symmetric positive definite.
    pub fn new(design: &[f64], prior_covariance: &[f64], noise_covariance: &[f64]) -> Result<Self> {
        let prior_covariance = square("prior covariance", prior_covariance)?;
        let noise_covariance = square("noise covariance", noise_covariance)?;
        let (n_parameters, n_data) = (prior_covariance.nrows(), noise_covariance.nrows());
        if design.len() != n_data * n_parameters {
            return Err(Error::invalid(
                "design matrix",
                format!("{} values", design.len()),
                format!("{n_data} × {n_parameters} (data × parameters)"),
                "Give its rows one after the other.",
            ));
        }
        factor("prior covariance", &prior_covariance)?;
        Ok(Self {
            design: Mat::from_fn(n_data, n_parameters, |i, j| design[i * n_parameters + j]),
            noise_factor: factor("noise covariance", &noise_covariance)?,
            prior_covariance,
            noise_covariance,
        })
    }

    /// The model that a configuration describes.
    ///
    /// # Errors
    /// If a number of dimensions is zero, a standard deviation is not positive, or a correlation is
    /// not between −1 and 1.
    pub fn from_config(config: LinearGaussianConfig) -> Result<Self> {
        let LinearGaussianConfig {
            n_parameters,
            n_data,
            ..
        } = config;
        let covariance = |n: usize, sd: f64, correlation: f64| {
            let value = move |k: usize| sd * sd * correlation.powi((k / n).abs_diff(k % n) as i32);
            (0..n * n).map(value).collect::<Vec<f64>>()
        };
        let design: Vec<f64> = (0..n_data * n_parameters)
            .map(|k| f64::from((k / n_parameters) % n_parameters == k % n_parameters))
            .collect();
        Self::new(
            &design,
            &covariance(n_parameters, config.prior_sd, config.prior_correlation),
            &covariance(n_data, config.noise_sd, config.noise_correlation),
        )
    }

    /// x = θ + ε in `n` dimensions, without correlations.
    ///
    /// # Errors
    /// As [`LinearGaussian::from_config`].
    pub fn identity(n: usize, prior_sd: f64, noise_sd: f64) -> Result<Self> {
        Self::from_config(LinearGaussianConfig {
            n_parameters: n,
            n_data: n,
            prior_sd,
            prior_correlation: 0.0,
            noise_sd,
            noise_correlation: 0.0,
        })
    }

    /// The exact posterior p(θ | x): with the gain K = C Aᵀ (A C Aᵀ + Σ)⁻¹, its mean is K x and its
    /// covariance C − K A C.
    ///
    /// # Errors
    /// If `x` does not have one value a datum.
    pub fn posterior(&self, x: &[f64]) -> Result<Gaussian> {
        let (n_data, n) = self.design.shape();
        if x.len() != n_data {
            return Err(Error::invalid(
                "observation",
                format!("{} values", x.len()),
                format!("{n_data} values"),
                "Give one value a datum of the model.",
            ));
        }
        let joint = &self.design * &self.prior_covariance;
        let marginal = &joint * self.design.transpose() + &self.noise_covariance;
        let marginal = marginal
            .llt(Side::Lower)
            .expect("a positive definite matrix was added to a positive semidefinite one");
        let gain = marginal.solve(&joint);
        let mean = gain.transpose() * Col::from_fn(n_data, |i| x[i]);
        let covariance = &self.prior_covariance - gain.transpose() * &joint;
        Ok(Gaussian {
            mean: mean.iter().copied().collect(),
            covariance: (0..n * n).map(|k| covariance[(k / n, k % n)]).collect(),
        })
    }

    /// log p(x | θ).
    pub fn log_likelihood(&self, theta: &[f64], x: &[f64]) -> f64 {
        let mut whitened: Vec<f64> = (0..x.len()).map(|i| x[i] - self.mean(theta, i)).collect();
        let mut log_det = 0.0;
        // Forward substitution with the Cholesky factor.
        for i in 0..whitened.len() {
            let known: f64 = (0..i)
                .map(|j| self.noise_factor[(i, j)] * whitened[j])
                .sum();
            whitened[i] = (whitened[i] - known) / self.noise_factor[(i, i)];
            log_det += self.noise_factor[(i, i)].ln();
        }
        let square: f64 = whitened.iter().map(|w| w * w).sum();
        -0.5 * square - log_det - 0.5 * x.len() as f64 * std::f64::consts::TAU.ln()
    }

    /// The model with its own prior and a default observation.
    ///
    /// # Errors
    /// If the observation does not have one value a datum.
    pub fn into_builtin(self, observation: Vec<f64>) -> Result<Builtin> {
        self.posterior(&observation)?;
        let likelihood = self.clone();
        Ok(Builtin {
            name: "linear_gaussian",
            description: "linear model with Gaussian prior and noise, exact posterior (2 parameters, 2 data)",
            prior: self.prior()?,
            observation,
            data_names: numbered("x", self.design.nrows()),
            simulator: Box::new(self),
            log_likelihood: Some(Box::new(move |theta, x| {
                likelihood.log_likelihood(theta, x)
            })),
        })
    }

    /// Independent normals where nothing is correlated, so that each margin has a closed form.
    fn prior(&self) -> Result<Prior> {
        let (n, covariance) = (self.design.ncols(), &self.prior_covariance);
        let correlated = (0..n * n).any(|k| k / n != k % n && covariance[(k / n, k % n)] != 0.0);
        if correlated {
            let row = |i: usize| (0..n).map(|j| covariance[(i, j)]).collect();
            let distribution = DistributionConfig::MultivariateNormal {
                mean: vec![0.0; n],
                covariance: (0..n).map(row).collect(),
            };
            return Prior::new([("theta", distribution)]);
        }
        let normal = |i: usize| DistributionConfig::normal(0.0, covariance[(i, i)].sqrt());
        Prior::new((0..n).map(|i| (format!("theta_{}", i + 1), normal(i))))
    }

    fn mean(&self, theta: &[f64], i: usize) -> f64 {
        theta
            .iter()
            .enumerate()
            .map(|(j, theta)| self.design[(i, j)] * theta)
            .sum()
    }
}

impl Simulator for LinearGaussian {
    fn name(&self) -> String {
        "linear_gaussian".into()
    }

    fn n_parameters(&self) -> usize {
        self.design.ncols()
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![self.design.nrows()]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        // x holds the normals first; from the last row up, each is used before it is overwritten.
        x.fill_with(|| random.normal());
        for i in (0..x.len()).rev() {
            let noise: f64 = (0..=i).map(|j| self.noise_factor[(i, j)] * x[j]).sum();
            x[i] = self.mean(theta, i) + noise;
        }
        Ok(())
    }
}

fn square(what: &str, values: &[f64]) -> Result<Mat<f64>> {
    let n = values.len().isqrt();
    if n == 0 || n * n != values.len() {
        return Err(Error::invalid(
            what,
            format!("{} values", values.len()),
            "the n × n values of a square matrix",
            "Give its rows one after the other.",
        ));
    }
    let matrix = Mat::from_fn(n, n, |i, j| values[i * n + j]);
    let symmetric = (0..n * n).all(|k| {
        let (a, b) = (matrix[(k / n, k % n)], matrix[(k % n, k / n)]);
        (a - b).abs() <= 1e-9 * (a.abs() + b.abs())
    });
    if symmetric {
        return Ok(matrix);
    }
    Err(Error::invalid(
        what,
        "a matrix that is not symmetric or not finite",
        "a symmetric positive definite matrix",
        "Check its values.",
    ))
}

fn factor(what: &str, covariance: &Mat<f64>) -> Result<Mat<f64>> {
    match covariance.llt(Side::Lower) {
        Ok(llt) => Ok(llt.L().to_owned()),
        Err(_) => Err(Error::invalid(
            what,
            "a matrix that is not positive definite",
            "a symmetric positive definite matrix",
            "Standard deviations have to be above 0 and correlations between −1 and 1.",
        )),
    }
}

pub(super) fn builtin() -> Result<Builtin> {
    LinearGaussian::from_config(LinearGaussianConfig::default())?.into_builtin(vec![0.8, -0.4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    fn correlated(n_parameters: usize, n_data: usize) -> LinearGaussian {
        LinearGaussian::from_config(LinearGaussianConfig {
            n_parameters,
            n_data,
            prior_correlation: 0.5,
            noise_correlation: -0.3,
            ..LinearGaussianConfig::default()
        })
        .unwrap()
    }

    #[test]
    fn the_posterior_is_where_its_gradient_vanishes_and_its_curvature_is_the_precision() {
        // log p(θ) + log p(x | θ) is quadratic, so central differences are exact up to rounding.
        for (n, n_data) in [(1, 1), (2, 2), (3, 5), (4, 2)] {
            let model = correlated(n, n_data);
            let x: Vec<f64> = (0..n_data).map(|i| (i as f64 + 1.0).sin()).collect();
            let posterior = model.posterior(&x).unwrap();
            let prior = LinearGaussian::new(
                &(0..n * n)
                    .map(|k| f64::from(k / n == k % n))
                    .collect::<Vec<_>>(),
                &(0..n * n)
                    .map(|k| f64::from(k / n == k % n))
                    .collect::<Vec<_>>(),
                &(0..n * n)
                    .map(|k| model.prior_covariance[(k / n, k % n)])
                    .collect::<Vec<_>>(),
            )
            .unwrap();
            let log_joint = |theta: &[f64]| {
                prior.log_likelihood(&vec![0.0; n], theta) + model.log_likelihood(theta, &x)
            };
            let at = |moves: &[(usize, f64)]| {
                let mut theta = posterior.mean.clone();
                for (i, by) in moves {
                    theta[*i] += by;
                }
                log_joint(&theta)
            };
            let precision = Mat::from_fn(n, n, |i, j| {
                let h = 0.5;
                let mixed = at(&[(i, h), (j, h)]) - at(&[(i, h), (j, -h)]) - at(&[(i, -h), (j, h)])
                    + at(&[(i, -h), (j, -h)]);
                -mixed / (4.0 * h * h)
            });
            let covariance = Mat::from_fn(n, n, |i, j| posterior.covariance[i * n + j]);
            let product = precision * covariance;
            for i in 0..n {
                assert!((at(&[(i, 0.5)]) - at(&[(i, -0.5)])).abs() < 1e-9);
                for j in 0..n {
                    assert!((product[(i, j)] - f64::from(i == j)).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn simulations_have_the_mean_and_covariance_of_the_model() {
        // 20,000 draws; bounds of 5 standard errors over 9 moments: false alarm below 10⁻⁵.
        let (model, theta, n) = (correlated(2, 3), [0.7, -1.2], 20_000);
        let mut random = Seed(1).stream(Stream::Test, 0);
        let mut sums = ([0.0; 3], [[0.0; 3]; 3]);
        for _ in 0..n {
            let mut x = [0.0; 3];
            model.simulate(&theta, &mut random, &mut x).unwrap();
            for i in 0..3 {
                let mean = theta[i % 2];
                sums.0[i] += (x[i] - mean) / n as f64;
                for j in 0..3 {
                    sums.1[i][j] += (x[i] - mean) * (x[j] - theta[j % 2]) / n as f64;
                }
            }
        }
        let root = (n as f64).sqrt();
        for i in 0..3 {
            assert!(sums.0[i].abs() < 5.0 * 0.5 / root);
            for j in 0..3 {
                let expected = 0.25 * (-0.3_f64).powi(i.abs_diff(j) as i32);
                assert!((sums.1[i][j] - expected).abs() < 5.0 * 0.25 * 2.0_f64.sqrt() / root);
            }
        }
    }

    #[test]
    fn impossible_models_are_refused_with_a_reason() {
        let with = |change: fn(&mut LinearGaussianConfig)| {
            let mut config = LinearGaussianConfig::default();
            change(&mut config);
            LinearGaussian::from_config(config).unwrap_err().to_string()
        };
        assert!(with(|c| c.noise_sd = 0.0).contains("noise covariance"));
        assert!(with(|c| c.prior_correlation = 1.0).contains("prior covariance"));
        assert!(with(|c| c.noise_sd = f64::NAN).contains("not finite"));
        assert!(with(|c| c.n_parameters = 0).contains("prior covariance"));
        let wrong_design = LinearGaussian::new(&[1.0], &[1.0, 0.0, 0.0, 1.0], &[1.0]);
        assert!(wrong_design.unwrap_err().to_string().contains("1 × 2"));
        assert!(correlated(2, 2).posterior(&[1.0]).is_err());
    }
}
