//! How well the parameters of test simulations are recovered.

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use crate::simulate::Simulations;

/// One parameter of the test simulations, and what their posteriors say about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovered {
    /// The parameter.
    pub name: String,
    /// Its true value in each test simulation.
    pub truth: Vec<f64>,
    /// The posterior mean of each.
    pub mean: Vec<f64>,
    /// The posterior standard deviation of each.
    pub sd: Vec<f64>,
    /// The correlation of the posterior means with the true values.
    pub correlation: f64,
    /// 1 − (mean posterior variance) / (variance of the true values): 0 if the data say nothing about the
    /// parameter, 1 if they fix it.
    pub contraction: f64,
    /// The mean of the z-scores, (posterior mean − truth) / (posterior sd); 0 if the posterior is right.
    pub z_mean: f64,
    /// Their root mean square about that mean; about 1 if the posterior is right and near a normal distribution.
    pub z_sd: f64,
}

/// Posterior z-scores and contraction: how much the data say, and how far off the posterior means are.
///
/// # Reference
/// Betancourt 2018, "Calibrating model-based inferences and decisions", arXiv:1803.08393; Schad, Betancourt and
/// Vasishth 2021, "Toward a principled Bayesian workflow in cognitive science", arXiv:1904.12765.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// The parameters, in column order.
    pub parameters: Vec<Recovered>,
}

impl Recovery {
    /// From the test simulations that `calibration` was made from.
    pub fn of(calibration: &Calibration, test: &Simulations) -> Self {
        let names = test.theta.names();
        let d = names.len();
        let of = |values: &[f64], j: usize| values.iter().skip(j).step_by(d).copied().collect();
        let recovered = |(j, name): (usize, &String)| {
            let truth = calibration.rows.iter().map(|&i| test.theta.row(i)[j]);
            Recovered::new(
                name.clone(),
                truth.collect(),
                of(&calibration.posterior_means, j),
                of(&calibration.posterior_sds, j),
            )
        };
        Self {
            parameters: names.iter().enumerate().map(recovered).collect(),
        }
    }
}

impl Recovered {
    fn new(name: String, truth: Vec<f64>, mean: Vec<f64>, sd: Vec<f64>) -> Self {
        let pairs = truth.iter().zip(&mean).zip(&sd);
        let z: Vec<f64> = pairs
            .map(|((truth, mean), sd)| (mean - truth) / sd.max(f64::MIN_POSITIVE))
            .collect();
        let variances: Vec<f64> = sd.iter().map(|sd| sd * sd).collect();
        let covariance = |a: &[f64], b: &[f64]| {
            let (middle_a, middle_b) = (average(a), average(b));
            let products = a.iter().zip(b);
            let products: Vec<f64> = products
                .map(|(a, b)| (a - middle_a) * (b - middle_b))
                .collect();
            average(&products)
        };
        let spread = covariance(&truth, &truth);
        let both = (spread * covariance(&mean, &mean)).sqrt();
        Self {
            correlation: covariance(&truth, &mean) / both.max(f64::MIN_POSITIVE),
            contraction: 1.0 - average(&variances) / spread.max(f64::MIN_POSITIVE),
            z_mean: average(&z),
            z_sd: covariance(&z, &z).sqrt(),
            name,
            truth,
            mean,
            sd,
        }
    }
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn a_conjugate_normal_has_its_contraction_and_unit_z_scores() {
        // θ ~ N(0, 1), x ~ N(θ, ½²): posterior variance 0.2, mean 0.8 x, correlation √0.8.
        let mut random = Seed(1).stream(Stream::Test, 0);
        let (mut truth, mut mean) = (Vec::new(), Vec::new());
        for _ in 0..4000 {
            let theta = random.normal();
            truth.push(theta);
            mean.push(0.8 * (theta + 0.5 * random.normal()));
        }
        let found = Recovered::new("a".into(), truth, mean, vec![0.2_f64.sqrt(); 4000]);
        // Four standard errors of 4,000.
        assert!((found.contraction - 0.8).abs() < 0.02, "{found:?}");
        assert!((found.correlation - 0.8_f64.sqrt()).abs() < 0.015);
        assert!(found.z_mean.abs() < 0.065 && (found.z_sd - 1.0).abs() < 0.05);
    }
}
