//! Rejection as a posterior for any observation.

use super::rejection::{AbcRejectionConfig, abc_rejection};
use super::result::AbcResult;
use super::weighted_draws::WeightedDraws;
use crate::error::Result;
use crate::infer::Posterior;
use crate::prior::{Parameter, Prior};
use crate::samples::Samples;
use crate::seed::Seed;
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

    fn draws(&self, x: &[f64]) -> Result<WeightedDraws> {
        let result = self.accepted(x)?;
        Ok(WeightedDraws {
            samples: result.samples,
            effective: result.effective_sample_size,
        })
    }
}

impl Posterior for AbcPosterior {
    fn parameters(&self) -> &[Parameter] {
        self.prior.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        Ok(self.draws(x)?.sample(n, seed))
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.draws(x)?.log_prob(&self.prior, theta)
    }

    fn map(&self, x: &[f64], _: Seed) -> Result<Vec<f64>> {
        self.draws(x)?.densest(&self.prior)
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
