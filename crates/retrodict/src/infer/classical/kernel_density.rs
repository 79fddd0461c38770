//! A conditional kernel density.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bandwidth::{BandwidthConfig, Bandwidths, log_kernel};
use super::pairs::{Pairs, Space, check_arguments};
use crate::error::Result;
use crate::infer::{LogLikelihood, SummariesConfig};
use crate::prior::Prior;
use crate::prior::special::{LOG_SQRT_2PI, log_sum_exp};
use crate::simulate::Simulations;

/// A conditional kernel density. Every field has a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KernelDensityConfig {
    /// How wide kernels are.
    pub bandwidth: BandwidthConfig,
    /// What stands for the data; kernels do well with few.
    pub summaries: SummariesConfig,
}

/// p̂(x | θ) = Σᵢ K(θ − θᵢ) K(x − xᵢ) / Σᵢ K(θ − θᵢ), with products of normal kernels: the kernel
/// density of pairs (θᵢ, xᵢ) over that of θ.
///
/// θ is compared in the prior's bounded space. The θᵢ may come from any proposal, which divides out.
/// Simulations that failed stand below the line alone: they did not make the data. With summaries it
/// is the density of the summaries.
///
/// # Reference
/// Rosenblatt (1969); Hyndman, Bashtannyk and Grunwald (1996).
///
/// # Example
/// ```
/// use retrodict::infer::LogLikelihood;
/// use retrodict::infer::classical::{KernelDensity, KernelDensityConfig};
/// use retrodict::prior::{DistributionConfig as D, Prior};
/// use retrodict::simulate::{FunctionSimulator, Noise, simulate};
/// use retrodict::{Seed, Stream};
/// let prior = Prior::new([("mu", D::uniform(-1.0, 1.0))])?;
/// let simulator = FunctionSimulator::new("normal", 1, [1], |theta, random, x| {
///     x[0] = theta[0] + 0.5 * random.normal();
///     Ok(())
/// });
/// let theta = prior.sample_table(1000, Seed(1), Stream::Parameters);
/// let noise = Noise { seed: Seed(1), purpose: Stream::Simulator, first: 0 };
/// let simulations = simulate(&simulator, theta, noise, &())?;
/// let density = KernelDensity::fit(&prior, &simulations, &KernelDensityConfig::default())?;
/// let mut values = [0.0; 2];
/// density.log_likelihood(&[0.5, -0.5], &[0.5], &mut values)?;
/// assert!(values[0] > values[1] + 1.0); // exactly: by 2
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KernelDensity {
    space: Space,
    bandwidths: Bandwidths,
    z: Vec<f64>,
    s: Vec<f64>,
    /// z of simulations that failed.
    failed: Vec<f64>,
}

impl KernelDensity {
    /// Learns from the simulations that gave data.
    ///
    /// # Errors
    /// If the simulations do not fit the prior, fewer than 20 gave data, a number is not finite or θ
    /// outside the prior's support, or a parameter is discrete.
    pub fn fit(
        prior: &Prior,
        simulations: &Simulations,
        config: &KernelDensityConfig,
    ) -> Result<Self> {
        let (space, pairs) = Space::fit(prior, simulations, config.summaries)?;
        let bandwidths = config.bandwidth.choose(&pairs, [space.n_z(), space.n_s()]);
        let Pairs { z, s, failed, .. } = pairs;
        Ok(Self {
            space,
            bandwidths,
            z,
            s,
            failed,
        })
    }

    /// The bandwidths: of each coordinate of θ in the prior's bounded space, and of each datum or summary.
    pub fn bandwidths(&self) -> [&[f64]; 2] {
        [&self.bandwidths.z, &self.bandwidths.s]
    }

    /// log K(x − xᵢ) of every simulation, up to what does not depend on i.
    fn trial(&self, s: &[f64]) -> Trial {
        let rows = self.s.chunks_exact(s.len());
        let logs: Vec<f64> = rows
            .map(|si| log_kernel(s, si, &self.bandwidths.s))
            .collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Trial {
            shares: logs.iter().map(|log| (log - largest).exp()).collect(),
            logs,
            largest,
        }
    }

    /// Σ over trials of log p̂(x | θ).
    fn one(&self, theta: &[f64], trials: &[Trial]) -> f64 {
        if !self.space.contains(theta) {
            return f64::NEG_INFINITY;
        }
        let z = self.space.map_theta(theta);
        let near = |rows: &[f64]| -> Vec<f64> {
            let rows = rows.chunks_exact(z.len());
            rows.map(|zi| log_kernel(&z, zi, &self.bandwidths.z))
                .collect()
        };
        let (near, failed) = (near(&self.z), near(&self.failed));
        let all = near.iter().chain(&failed);
        let largest = all.copied().fold(f64::NEG_INFINITY, f64::max);
        let shares =
            |logs: &[f64]| -> Vec<f64> { logs.iter().map(|log| (log - largest).exp()).collect() };
        let (mine, theirs) = (shares(&near), shares(&failed));
        let marginal = (mine.iter().sum::<f64>() + theirs.iter().sum::<f64>()).ln() + largest;
        let h = &self.bandwidths.s;
        let normalization: f64 = h.iter().map(|h| h.ln() + LOG_SQRT_2PI).sum();
        let joint = |trial: &Trial| {
            let sum: f64 = mine.iter().zip(&trial.shares).map(|(a, b)| a * b).sum();
            if sum > LEAST_SUM {
                return sum.ln() + largest + trial.largest;
            }
            let logs = near.iter().zip(&trial.logs);
            log_sum_exp(logs.map(|(a, b)| a + b))
        };
        let density = |trial: &Trial| joint(trial) - marginal - normalization;
        trials.iter().map(density).sum()
    }
}

/// The kernels of one trial's data: they do not depend on θ.
struct Trial {
    logs: Vec<f64>,
    largest: f64,
    /// The same without their logarithm, over the largest.
    shares: Vec<f64>,
}

/// Below this, products of kernels may have been too small to be numbers.
const LEAST_SUM: f64 = 1e-280;

impl LogLikelihood for KernelDensity {
    fn n_data(&self) -> usize {
        self.space.n_data()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        let d = self.space.n_parameters();
        check_arguments([d, self.n_data()], theta, x, values)?;
        let trials: Vec<Trial> = x
            .chunks_exact(self.n_data())
            .map(|x| self.trial(&self.space.summarize(x)))
            .collect();
        values
            .par_iter_mut()
            .zip(theta.par_chunks_exact(d))
            .for_each(|(value, theta)| *value = self.one(theta, &trials));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::infer::classical::weigh_prior_draws;
    use crate::seed::Seed;

    #[test]
    fn it_is_the_exact_conditional_and_integrates_to_one() {
        let simulations = simulations(4000, 1);
        let density =
            KernelDensity::fit(&prior(), &simulations, &KernelDensityConfig::default()).unwrap();
        for theta in [0.2, 0.5, 0.8] {
            let [mass, distance] = compare(&density, theta);
            println!("θ = {theta}: mass {mass:.4}, total variation {distance:.3}");
            assert!((mass - 1.0).abs() < 1e-6);
            // n^(−1/3) is 0.06; the blur of θ adds to the spread.
            assert!(distance < 0.08, "{theta}: {distance}");
        }
    }

    #[test]
    fn kernels_that_are_computed_once_give_the_sum_of_its_definition() {
        let density = KernelDensity::fit(
            &prior(),
            &half_failed(300, 3),
            &KernelDensityConfig::default(),
        )
        .unwrap();
        // The last data are so far away that products of kernels underflow.
        for x in [vec![0.3], vec![0.3, 0.6], vec![1e3]] {
            for theta in [0.1, 0.5, 0.9] {
                let mut values = [0.0];
                density.log_likelihood(&[theta], &x, &mut values).unwrap();
                let z = density.space.map_theta(&[theta]);
                let log_sum =
                    |terms: &dyn Fn(usize) -> f64, n: usize| log_sum_exp((0..n).map(terms));
                let h = &density.bandwidths;
                let of = |rows: &[f64], i: usize| log_kernel(&z, &rows[i..=i], &h.z);
                let n = density.z.len();
                let all = |i: usize| match i.checked_sub(n) {
                    None => of(&density.z, i),
                    Some(i) => of(&density.failed, i),
                };
                let marginal = log_sum(&all, n + density.failed.len());
                let one = |x: &f64| {
                    let pair =
                        |i: usize| of(&density.z, i) + log_kernel(&[*x], &density.s[i..=i], &h.s);
                    log_sum(&pair, n) - marginal - h.s[0].ln() - LOG_SQRT_2PI
                };
                let expected: f64 = x.iter().map(one).sum();
                let off = (values[0] - expected).abs() / expected.abs().max(1.0);
                assert!(off < 1e-12, "{x:?} {theta}: {} {expected}", values[0]);
            }
        }
    }

    #[test]
    fn every_rule_gives_the_posterior_and_trials_multiply() {
        let simulations = simulations(4000, 2);
        for bandwidth in ["scott", "silverman", "cross_validated"] {
            let json = format!(r#"{{"bandwidth":"{bandwidth}"}}"#);
            let config: KernelDensityConfig = serde_json::from_str(&json).unwrap();
            let density = KernelDensity::fit(&prior(), &simulations, &config).unwrap();
            for x in [vec![0.3], vec![0.3, 0.5, 0.4]] {
                let samples = weigh_prior_draws(&density, &prior(), &x, 2000, Seed(3)).unwrap();
                let exact = posterior(&x);
                let summary = &samples.summary()[0];
                println!(
                    "{bandwidth}: {:.4} ± {:.4}, exactly {exact:.4?}",
                    summary.mean, summary.sd
                );
                assert!(
                    (summary.mean - exact[0]).abs() < 0.2 * exact[1],
                    "{bandwidth} {x:?}"
                );
                assert!(
                    (summary.sd / exact[1] - 1.0).abs() < 0.25,
                    "{bandwidth} {x:?}"
                );
            }
        }
    }

    #[test]
    fn another_proposal_gives_the_same_likelihood() {
        let density =
            KernelDensity::fit(&prior(), &skewed(6000, 4), &KernelDensityConfig::default())
                .unwrap();
        let [mass, distance] = compare(&density, 0.6);
        assert!(
            (mass - 1.0).abs() < 1e-6 && distance < 0.1,
            "{mass} {distance}"
        );
    }

    #[test]
    fn summaries_stand_for_many_data() {
        let simulations = many_data(3000, 5);
        let json = r#"{"summaries":{"kind":"semi_automatic","degree":1}}"#;
        let config: KernelDensityConfig = serde_json::from_str(json).unwrap();
        let density = KernelDensity::fit(&prior(), &simulations, &config).unwrap();
        assert_eq!(density.n_data(), 9);
        let x = [0.3; 9];
        let samples = weigh_prior_draws(&density, &prior(), &x, 4000, Seed(6)).unwrap();
        let summary = &samples.summary()[0];
        // Nine data with noise 0.2: the sd is near 0.067.
        assert!(
            (summary.mean - 0.3).abs() < 0.03 && (summary.sd / 0.0667 - 1.0).abs() < 0.25,
            "{summary:?}"
        );
    }

    #[test]
    fn failed_simulations_count_against_theta() {
        let density = KernelDensity::fit(
            &prior(),
            &half_failed(8000, 8),
            &KernelDensityConfig::default(),
        )
        .unwrap();
        // Above ½ half of all simulations failed.
        let ratio = compare(&density, 0.8)[0] / compare(&density, 0.2)[0];
        assert!((ratio - 0.5).abs() < 0.06, "{ratio}");
    }

    #[test]
    fn far_data_have_a_finite_likelihood_and_wrong_arguments_an_error() {
        let density = KernelDensity::fit(
            &prior(),
            &simulations(500, 7),
            &KernelDensityConfig::default(),
        )
        .unwrap();
        let mut values = [0.0; 2];
        density
            .log_likelihood(&[0.1, 0.9], &[1e3], &mut values)
            .unwrap();
        assert!(values.iter().all(|v| v.is_finite()), "{values:?}");
        density
            .log_likelihood(&[0.1, 1.9], &[0.5], &mut values)
            .unwrap();
        assert_eq!(values[1], f64::NEG_INFINITY);
        assert!(density.log_likelihood(&[0.1], &[0.5], &mut values).is_err());
        assert!(
            density
                .log_likelihood(&[0.1, 0.2], &[], &mut values)
                .is_err()
        );
        assert!(
            density
                .log_likelihood(&[0.1, 0.2], &[f64::NAN], &mut values)
                .is_err()
        );
        let few = KernelDensity::fit(
            &prior(),
            &simulations(10, 7),
            &KernelDensityConfig::default(),
        );
        assert!(few.unwrap_err().to_string().contains("10 with data"));
    }
}
