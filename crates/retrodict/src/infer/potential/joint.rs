//! log p(x | θ) + log p(θ), and where it is largest.

use super::density::PotentialDensity;
use super::maximum::maximum;
use super::posterior::PotentialPosterior;
use crate::error::Result;
use crate::sample::LogDensity;
use crate::seed::Seed;

/// A coordinate of a standard normal prior beyond which a bounded parameter is at its bound.
const LIMIT: f64 = 8.0;

impl PotentialPosterior {
    /// log p(x | θ) + log p(θ) of rows of θ.
    pub(super) fn log_joint(&self, density: &PotentialDensity<'_>, theta: &[f64]) -> Vec<f64> {
        let width = self.prior().n_parameters();
        let priors: Vec<f64> = theta
            .chunks_exact(width)
            .map(|theta| self.prior().log_prob(theta))
            .collect();
        let inside: Vec<usize> = (0..priors.len())
            .filter(|&i| priors[i] > f64::NEG_INFINITY)
            .collect();
        let row = |i: &usize| theta[i * width..(i + 1) * width].iter().copied();
        let rows: Vec<f64> = inside.iter().flat_map(row).collect();
        let mut likelihoods = vec![0.0; inside.len()];
        if !inside.is_empty() {
            density.log_likelihood(&rows, &mut likelihoods);
        }
        let mut values = vec![f64::NEG_INFINITY; priors.len()];
        for (&i, likelihood) in inside.iter().zip(likelihoods) {
            values[i] = priors[i] + likelihood;
        }
        values
    }

    /// The maximum, searched from the best of these points.
    pub(super) fn maximum(
        &self,
        density: &PotentialDensity<'_>,
        points: &[f64],
        seed: Seed,
    ) -> Result<Vec<f64>> {
        let objective = |points: &[f64], values: &mut [f64]| {
            values.fill(f64::NEG_INFINITY);
            for state in 0..self.space.n_states() {
                let (theta, _) = self.space.parameters(points, state);
                let own = self.log_joint(density, &theta);
                for (value, own) in values.iter_mut().zip(own) {
                    *value = value.max(own);
                }
            }
        };
        let limit = if self.space.is_standard() {
            LIMIT
        } else {
            f64::MAX
        };
        let z = maximum(&objective, points, density.dimension(), limit, seed);
        density.failure()?;
        let mut best = (f64::NEG_INFINITY, Vec::new());
        for state in 0..self.space.n_states() {
            let (theta, _) = self.space.parameters(&z, state);
            let value = self.log_joint(density, &theta)[0];
            if best.1.is_empty() || value > best.0 {
                best = (value, theta);
            }
        }
        Ok(best.1)
    }
}
