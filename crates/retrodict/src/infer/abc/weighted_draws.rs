//! Accepted draws as a distribution: drawn again by their weights, and smoothed into a density.

use super::smc::{Kernel, KernelConfig};
use crate::error::{Error, Result};
use crate::prior::{Prior, SupportKind, SupportMap};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// Weighted draws from p(θ | distance ≤ ε).
#[derive(Debug, Clone)]
pub(super) struct WeightedDraws {
    pub(super) samples: Samples,
    /// (Σ w)² / Σ w².
    pub(super) effective: f64,
}

/// A kernel density of draws, where the prior is standard normal.
struct Smoothed {
    map: SupportMap,
    kernel: Kernel,
}

impl WeightedDraws {
    /// `n` of the draws, by their weights, with replacement.
    pub(super) fn sample(&self, n: usize, seed: Seed) -> Samples {
        let mut below = 0.0;
        let cumulative = self.samples.weights().into_iter().map(|w| {
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
        let mut samples = Samples::independent(self.samples.draws.select(&rows));
        for (name, values) in &self.samples.statistics {
            let picked = rows.iter().map(|&i| values[i]).collect();
            samples.statistics.insert(name.clone(), picked);
        }
        samples.provenance.clone_from(&self.samples.provenance);
        samples
    }

    /// The logarithm of their kernel density at each row of `theta`.
    pub(super) fn log_prob(&self, prior: &Prior, theta: &Table) -> Result<Vec<f64>> {
        crate::infer::usable_rows::check_names(prior, theta.names())?;
        let smoothed = self.smooth(prior)?;
        Ok(theta
            .rows()
            .map(|theta| smoothed.log_density(theta))
            .collect())
    }

    /// The draw where the density is largest, but for the tenth of them that lie loneliest in z.
    pub(super) fn densest(&self, prior: &Prior) -> Result<Vec<f64>> {
        let Smoothed { map, kernel } = self.smooth(prior)?;
        let mut z = vec![0.0; map.n_unconstrained()];
        let mut candidates: Vec<(f64, f64, &[f64])> = self
            .samples
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
        let (_, _, theta) = best.expect("there is at least one draw");
        Ok(theta.to_vec())
    }

    /// With the covariance of the draws times n^(−2/(d + 4)) (Scott 1992), n their effective number.
    fn smooth(&self, prior: &Prior) -> Result<Smoothed> {
        let map = prior.support_map(SupportKind::Probit)?;
        let n = map.n_unconstrained();
        let draws = &self.samples.draws;
        let mut z = vec![0.0; draws.n_rows() * n];
        for (z, theta) in z.chunks_exact_mut(n).zip(draws.rows()) {
            map.forward(theta, z);
        }
        let scale = self.effective.powf(-2.0 / (n as f64 + 4.0));
        let config = KernelConfig::MultivariateNormal { scale };
        let kernel = Kernel::new(config, z, n, &self.samples.weights()).ok_or_else(|| {
            Error::invalid(
                "approximate Bayesian computation",
                format!("{} accepted draws without a covariance", draws.n_rows()),
                "more accepted draws than parameters",
                "Simulate more, or accept a larger share.",
            )
        })?;
        Ok(Smoothed { map, kernel })
    }
}

impl Smoothed {
    fn log_density(&self, theta: &[f64]) -> f64 {
        if !self.map.prior().contains(theta) {
            return f64::NEG_INFINITY;
        }
        let mut z = vec![0.0; self.map.n_unconstrained()];
        let log_det = self.map.forward(theta, &mut z);
        self.kernel.log_density(&z) + log_det
    }
}
