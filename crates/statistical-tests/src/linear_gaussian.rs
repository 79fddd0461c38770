//! The linear Gaussian problem, its exact posterior, and damaged copies of it.

use retrodict::error::Result;
use retrodict::infer::Posterior;
use retrodict::prior::Parameter;
use retrodict::simulate::{Simulations, Status};
use retrodict::{Random, Samples, Seed, Stream, Table};

use crate::verdict::Study;

/// θ ~ N(0, I), x = A θ + σ ε with ε ~ N(0, I).
#[derive(Debug, Clone)]
pub struct LinearGaussian {
    /// A: one row a feature, one column a parameter.
    pub mixing: Vec<Vec<f64>>,
    /// σ.
    pub noise: f64,
}

/// What is wrong with a posterior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Damage {
    /// Nothing.
    None,
    /// Every parameter's mean is too high by this many of its standard deviations.
    Shift(f64),
    /// All standard deviations are multiplied by this.
    Scale(f64),
    /// One parameter's standard deviation is multiplied by this.
    ScaleOne(usize, f64),
    /// All correlations are left out.
    Uncorrelated,
    /// One parameter keeps its prior, whatever the data.
    PriorInstead(usize),
    /// All parameters keep their prior.
    PriorOnly,
    /// All correlations have the wrong sign.
    CorrelationReversed,
}

/// A normal distribution whose mean is linear in the data: N(G x + offset, L Lᵀ).
#[derive(Debug, Clone)]
pub struct GaussianPosterior {
    parameters: Vec<Parameter>,
    gain: Vec<Vec<f64>>,
    offset: Vec<f64>,
    root: Vec<Vec<f64>>,
}

impl LinearGaussian {
    /// Two features for each parameter: the parameter and its sum with the next one.
    pub fn chain(n_parameters: usize, noise: f64) -> Self {
        let unit = |j: usize| (0..n_parameters).map(move |k| f64::from(u8::from(k == j)));
        let own = (0..n_parameters).map(|j| unit(j).collect());
        let sums = (0..n_parameters).map(|j| {
            unit(j)
                .zip(unit((j + 1) % n_parameters))
                .map(|(a, b)| a + 3.0 * b)
                .collect()
        });
        Self {
            mixing: own.chain(sums).collect(),
            noise,
        }
    }

    /// How many parameters there are.
    pub fn n_parameters(&self) -> usize {
        self.mixing[0].len()
    }

    /// Covariance (I + AᵀA/σ²)⁻¹ and gain: covariance · Aᵀ/σ².
    fn solution(&self) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let d = self.n_parameters();
        let precision = |i: usize, j: usize| {
            let product: f64 = self.mixing.iter().map(|row| row[i] * row[j]).sum();
            product / self.noise.powi(2) + f64::from(u8::from(i == j))
        };
        let covariance = inverse(&matrix(d, precision));
        let gain = |i: usize, k: usize| {
            let row = &self.mixing[k];
            (0..d).map(|j| covariance[i][j] * row[j]).sum::<f64>() / self.noise.powi(2)
        };
        let gain = (0..d)
            .map(|i| (0..self.mixing.len()).map(|k| gain(i, k)).collect())
            .collect();
        (covariance, gain)
    }

    /// The posterior, damaged.
    pub fn posterior(&self, damage: Damage) -> GaussianPosterior {
        let d = self.n_parameters();
        let (exact, mut gain) = self.solution();
        let scale = |i: usize| match damage {
            Damage::Scale(factor) => factor,
            Damage::ScaleOne(j, factor) if i == j => factor,
            _ => 1.0,
        };
        let prior = |i: usize| damage == Damage::PriorOnly || damage == Damage::PriorInstead(i);
        let covariance = matrix(d, |i, j| {
            if prior(i) || prior(j) {
                f64::from(u8::from(i == j))
            } else {
                let kept = match damage {
                    Damage::Uncorrelated if i != j => 0.0,
                    // With two parameters this stays a covariance.
                    Damage::CorrelationReversed if i != j => -1.0,
                    _ => 1.0,
                };
                kept * scale(i) * scale(j) * exact[i][j]
            }
        });
        for (i, row) in gain.iter_mut().enumerate().filter(|(i, _)| prior(*i)) {
            assert!(prior(i));
            row.fill(0.0);
        }
        let shift = if let Damage::Shift(sds) = damage {
            sds
        } else {
            0.0
        };
        GaussianPosterior {
            parameters: names(d).map(Parameter::named).collect(),
            gain,
            offset: (0..d).map(|i| shift * exact[i][i].sqrt()).collect(),
            root: cholesky(&covariance),
        }
    }
}

impl Study for LinearGaussian {
    fn prior_draw(&self, random: &mut Random) -> Vec<f64> {
        (0..self.n_parameters()).map(|_| random.normal()).collect()
    }

    fn simulate(&self, theta: &[f64], random: &mut Random) -> Vec<f64> {
        let mean = |row: &Vec<f64>| row.iter().zip(theta).map(|(a, t)| a * t).sum::<f64>();
        self.mixing
            .iter()
            .map(|row| mean(row) + self.noise * random.normal())
            .collect()
    }

    fn simulations(&self, n: usize, seed: Seed, stream: Stream) -> Simulations {
        let (mut theta, mut x) = (Vec::new(), Vec::new());
        for i in 0..n as u64 {
            let mut random = seed.stream(stream, i);
            let row = self.prior_draw(&mut random);
            x.extend(self.simulate(&row, &mut random));
            theta.extend(row);
        }
        Simulations {
            theta: Table::new(names(self.n_parameters()), theta).expect("whole rows"),
            x: Table::numbered("x", self.mixing.len(), x).expect("whole rows"),
            status: vec![Status::Ok; n],
        }
    }
}

impl GaussianPosterior {
    fn mean(&self, x: &[f64]) -> Vec<f64> {
        let row = |(row, offset): (&Vec<f64>, &f64)| {
            offset + row.iter().zip(x).map(|(g, x)| g * x).sum::<f64>()
        };
        self.gain.iter().zip(&self.offset).map(row).collect()
    }
}

impl Posterior for GaussianPosterior {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let mean = self.mean(x);
        let mut random = seed.stream(Stream::Posterior, 0);
        let mut draws = Vec::with_capacity(n * mean.len());
        let mut noise = vec![0.0; mean.len()];
        for _ in 0..n {
            noise.fill_with(|| random.normal());
            for (root, m) in self.root.iter().zip(&mean) {
                draws.push(m + root.iter().zip(&noise).map(|(l, z)| l * z).sum::<f64>());
            }
        }
        Samples::from_rows(self.parameters.iter().map(|p| p.name.clone()), draws)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let mean = self.mean(x);
        let log_det: f64 = (0..mean.len()).map(|i| self.root[i][i].ln()).sum();
        let constant = 0.5 * mean.len() as f64 * (2.0 * std::f64::consts::PI).ln() + log_det;
        let mut noise = vec![0.0; mean.len()];
        let log_prob = |row: &[f64]| {
            for i in 0..noise.len() {
                let known: f64 = (0..i).map(|j| self.root[i][j] * noise[j]).sum();
                noise[i] = (row[i] - mean[i] - known) / self.root[i][i];
            }
            -0.5 * noise.iter().map(|z| z * z).sum::<f64>() - constant
        };
        Ok(theta.rows().map(log_prob).collect())
    }

    fn map(&self, x: &[f64], _: Seed) -> Result<Vec<f64>> {
        Ok(self.mean(x))
    }
}

fn names(d: usize) -> impl Iterator<Item = String> {
    (1..=d).map(|i| format!("mu_{i}"))
}

fn matrix(d: usize, entry: impl Fn(usize, usize) -> f64) -> Vec<Vec<f64>> {
    (0..d)
        .map(|i| (0..d).map(|j| entry(i, j)).collect())
        .collect()
}

/// The lower root of a positive definite matrix.
fn cholesky(a: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let d = a.len();
    let mut root = matrix(d, |_, _| 0.0);
    for i in 0..d {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| root[i][k] * root[j][k]).sum();
            root[i][j] = if i == j {
                (a[i][i] - known).sqrt()
            } else {
                (a[i][j] - known) / root[j][j]
            };
        }
    }
    root
}

/// The inverse of a positive definite matrix, through the inverse of its root.
fn inverse(a: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let (d, root) = (a.len(), cholesky(a));
    // Column j of the root's inverse, by forward substitution.
    let columns: Vec<Vec<f64>> = (0..d)
        .map(|j| {
            let mut column = vec![0.0; d];
            for i in j..d {
                let known: f64 = (j..i).map(|k| root[i][k] * column[k]).sum();
                column[i] = (f64::from(u8::from(i == j)) - known) / root[i][i];
            }
            column
        })
        .collect();
    matrix(d, |i, j| {
        (0..d).map(|k| columns[i][k] * columns[j][k]).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_parameter_has_the_textbook_posterior() {
        // x = θ + ε with unit variances: mean x/2, variance 1/2.
        let problem = LinearGaussian {
            mixing: vec![vec![1.0]],
            noise: 1.0,
        };
        let posterior = problem.posterior(Damage::None);
        assert!((posterior.mean(&[3.0])[0] - 1.5).abs() < 1e-12);
        assert!((posterior.root[0][0].powi(2) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_density_is_bayes_rule_up_to_a_constant() {
        let problem = LinearGaussian::chain(3, 0.7);
        let posterior = problem.posterior(Damage::None);
        let simulations = problem.simulations(5, Seed(1), Stream::Test);
        let x = simulations.x.row(0);
        let log_prob = posterior.log_prob(&simulations.theta, x).unwrap();
        let joint = |theta: &[f64]| {
            let prior: f64 = theta.iter().map(|t| -0.5 * t * t).sum();
            let misfit = |(row, x): (&Vec<f64>, &f64)| {
                let mean: f64 = row.iter().zip(theta).map(|(a, t)| a * t).sum();
                -0.5 * ((x - mean) / 0.7).powi(2)
            };
            prior + problem.mixing.iter().zip(x).map(misfit).sum::<f64>()
        };
        let evidence = joint(simulations.theta.row(0)) - log_prob[0];
        for (i, log_prob) in log_prob.iter().enumerate() {
            assert!((joint(simulations.theta.row(i)) - log_prob - evidence).abs() < 1e-9);
        }
    }
}
