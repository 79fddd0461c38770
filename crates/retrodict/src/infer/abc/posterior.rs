//! Rejection as a posterior for any observation.

use super::rejection::{AbcRejectionConfig, abc_rejection};
use super::result::AbcResult;
use super::smc::{Kernel, KernelConfig};
use crate::error::{Error, Result};
use crate::infer::Posterior;
use crate::prior::{Parameter, Prior, SupportKind, SupportMap};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;

/// Rejection out of the same simulations, for any observation.
///
/// Draws are taken from the accepted ones by their weights, with replacement: many more draws than
/// acceptances repeat themselves. The density is a kernel density of the accepted draws in the space where
/// the prior is standard normal, with the covariance of the draws times n^(−2/(d + 4)) (Scott 1992), n being
/// their effective number; the maximum is the accepted draw where that is largest, but for the tenth of
/// them that lie loneliest in that space.
#[derive(Debug, Clone)]
pub struct AbcPosterior {
    prior: Prior,
    simulations: Simulations,
    config: AbcRejectionConfig,
}

impl AbcPosterior {
    /// From simulations whose θ were drawn from the prior.
    ///
    /// # Errors
    /// If an option makes no sense. The simulations are checked when they are used.
    pub fn new(prior: Prior, simulations: Simulations, config: AbcRejectionConfig) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            prior,
            simulations,
            config,
        })
    }

    /// The accepted draws with all that is known about them.
    ///
    /// # Errors
    /// As [`abc_rejection`].
    pub fn accepted(&self, x: &[f64]) -> Result<AbcResult> {
        abc_rejection(&self.prior, &self.simulations, x, &self.config, None)
    }

    /// A kernel density of the accepted draws.
    fn density(&self, x: &[f64]) -> Result<(SupportMap, Kernel, Samples)> {
        let result = self.accepted(x)?;
        let map = self.prior.support_map(SupportKind::Probit)?;
        let n = map.n_unconstrained();
        let mut z = vec![0.0; result.samples.draws.n_rows() * n];
        for (z, theta) in z.chunks_exact_mut(n).zip(result.samples.draws.rows()) {
            map.forward(theta, z);
        }
        let scale = result.effective_sample_size.powf(-2.0 / (n as f64 + 4.0));
        let config = KernelConfig::MultivariateNormal { scale };
        let kernel = Kernel::new(config, z, n, &result.samples.weights());
        let kernel = kernel.ok_or_else(|| {
            Error::invalid(
                "abc_rejection",
                format!(
                    "{} accepted draws without a covariance",
                    result.samples.draws.n_rows()
                ),
                "more accepted draws than parameters",
                "Simulate more, or accept a larger share.",
            )
        })?;
        Ok((map, kernel, result.samples))
    }
}

fn log_density(map: &SupportMap, kernel: &Kernel, theta: &[f64]) -> f64 {
    if !map.prior().contains(theta) {
        return f64::NEG_INFINITY;
    }
    let mut z = vec![0.0; map.n_unconstrained()];
    let log_det = map.forward(theta, &mut z);
    kernel.log_density(&z) + log_det
}

impl Posterior for AbcPosterior {
    fn parameters(&self) -> &[Parameter] {
        self.prior.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let accepted = self.accepted(x)?.samples;
        let mut below = 0.0;
        let cumulative = accepted.weights().into_iter().map(|w| {
            below += w;
            below
        });
        let cumulative: Vec<f64> = cumulative.collect();
        let last = cumulative.len() - 1;
        let mut random = seed.stream(Stream::Posterior, 0);
        let mut pick = || {
            let at = random.uniform() * cumulative[last];
            cumulative.partition_point(|c| *c <= at).min(last)
        };
        let rows: Vec<usize> = (0..n).map(|_| pick()).collect();
        let mut samples = Samples::independent(accepted.draws.select(&rows));
        for (name, values) in accepted.statistics {
            let picked = rows.iter().map(|&i| values[i]).collect();
            samples.statistics.insert(name, picked);
        }
        samples.provenance = accepted.provenance;
        Ok(samples)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        crate::infer::usable_rows::check_names(&self.prior, theta.names())?;
        let (map, kernel, _) = self.density(x)?;
        Ok(theta
            .rows()
            .map(|theta| log_density(&map, &kernel, theta))
            .collect())
    }

    fn map(&self, x: &[f64], _: Seed) -> Result<Vec<f64>> {
        let (map, kernel, samples) = self.density(x)?;
        let mut z = vec![0.0; map.n_unconstrained()];
        let mut candidates: Vec<(f64, f64, &[f64])> = samples
            .draws
            .rows()
            .map(|theta| {
                let log_det = map.forward(theta, &mut z);
                let dense = kernel.log_density(&z);
                (dense, dense + log_det, theta)
            })
            .collect();
        // The tenth that lies loneliest in z: a draw by itself near a bound has a peak of its own in θ.
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
        candidates.truncate((0.9 * candidates.len() as f64).ceil() as usize);
        let best = candidates.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let (_, _, theta) = best.expect("rejection accepts at least one draw");
        Ok(theta.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn draws_density_and_maximum_are_those_of_the_accepted_draws() {
        let config =
            serde_json::from_str(r#"{"quantile":0.05,"adjustment":"local_linear"}"#).unwrap();
        let posterior =
            AbcPosterior::new(prior(), simulations(&simulator(), 40_000, 1), config).unwrap();
        let exact_moments = moments(|t| exact(t, 0.5));
        let samples = posterior.sample(&[0.5], 10_000, Seed(1)).unwrap();
        assert_eq!(samples, posterior.sample(&[0.5], 10_000, Seed(1)).unwrap());
        let summary = &samples.summary()[0];
        // 2,000 accepted draws and 10,000 of them: five standard errors, and the tolerance.
        let error = (1.0_f64 / 1600.0 + 1e-4).sqrt() * exact_moments[1];
        println!(
            "{:.4} ± {:.4}, exactly {exact_moments:.4?}",
            summary.mean, summary.sd
        );
        assert!((summary.mean - exact_moments[0]).abs() < 5.0 * error);
        assert!((summary.sd - exact_moments[1]).abs() < 5.0 * error);
        let grid = Table::new(
            ["a"],
            (0..1000).map(|i| (f64::from(i) + 0.5) / 1e3).collect(),
        );
        let density = posterior.log_prob(&grid.unwrap(), &[0.5]).unwrap();
        let mass: f64 = density.iter().map(|l| l.exp() / 1e3).sum();
        assert!((mass - 1.0).abs() < 2e-3, "{mass}");
        let normalization: f64 = moments_mass(|t| exact(t, 0.5));
        let middle = density[500].exp() * normalization;
        assert!((middle - 1.0).abs() < 0.15, "{middle}");
        let best = posterior.map(&[0.5], Seed(1)).unwrap();
        assert!((best[0] - 0.5).abs() < 0.15, "{best:?}");
        let outside = Table::new(["a"], vec![1.5]).unwrap();
        assert_eq!(
            posterior.log_prob(&outside, &[0.5]).unwrap()[0],
            f64::NEG_INFINITY
        );
        assert!(posterior.sample(&[0.5, 0.1], 10, Seed(1)).is_err());
    }
}
