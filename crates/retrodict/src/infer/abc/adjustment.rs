//! Regression adjustment: draws are moved to where they would be at the observation itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::comparison::Comparison;
use super::population::Population;
use crate::error::{Error, Result};
use crate::infer::least_squares::{LinearFit, Rows};
use crate::prior::{Prior, SupportKind};

/// How accepted draws are corrected for the distance at which they were accepted.
///
/// The regression is made in the prior's unconstrained space, so that adjusted draws lie inside its
/// support: with z the mapped θ and s the data or summaries, z = m(s) + σ(s) ε, fitted with the
/// weights 1 − (distance / ε)² of Epanechnikov's kernel, and the adjusted draw is m(`s_o`) + residual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentConfig {
    /// Draws stay where they are.
    #[default]
    None,
    /// m is linear and σ constant (Beaumont, Zhang and Balding 2002).
    LocalLinear,
    /// m and log σ² are linear; residuals are multiplied by σ(`s_o`) / σ(s) (Blum and François 2010,
    /// arXiv:0809.4178, with linear functions in place of networks).
    Heteroscedastic,
}

impl AdjustmentConfig {
    /// Moves the draws and multiplies their weights by the kernel's.
    ///
    /// # Errors
    /// If a parameter is discrete, or there are fewer draws than coefficients.
    pub(super) fn adjust(
        self,
        prior: &Prior,
        population: &mut Population,
        comparison: &Comparison<'_>,
        tolerance: f64,
    ) -> Result<()> {
        if self == Self::None || population.len() == 0 {
            return Ok(());
        }
        let map = prior.support_map(SupportKind::Logit)?;
        let n_data = population.x.len() / population.len();
        let features: Vec<f64> = population
            .x
            .chunks_exact(n_data)
            .flat_map(|x| comparison.features(x))
            .collect();
        add_kernel_weights(population, tolerance);
        let weights = population.weights();
        let n_used = weights.iter().filter(|w| **w > 0.0).count();
        check_count(n_used, comparison.observed().len())?;
        let (n, d) = (map.n_unconstrained(), prior.n_parameters());
        let mut z = vec![0.0; population.len() * n];
        for (z, theta) in z.chunks_exact_mut(n).zip(population.theta.chunks_exact(d)) {
            map.forward(theta, z);
        }
        move_to(self, &features, comparison.observed(), &mut z, n, &weights);
        for (z, theta) in z.chunks_exact(n).zip(population.theta.chunks_exact_mut(d)) {
            map.inverse(z, theta);
        }
        Ok(())
    }
}

/// Multiplies the weights by 1 − (distance / tolerance)²; if that leaves none, because all distances
/// are the same, they stay.
fn add_kernel_weights(population: &mut Population, tolerance: f64) {
    let width = tolerance.min(population.farthest());
    if population.distances.iter().all(|d| *d >= width) {
        return;
    }
    for (weight, distance) in population.log_weights.iter_mut().zip(&population.distances) {
        *weight += (1.0 - (distance / width).powi(2)).max(0.0).ln();
    }
}

fn check_count(n_used: usize, n_features: usize) -> Result<()> {
    if n_used > n_features + 1 {
        return Ok(());
    }
    Err(Error::invalid(
        "regression adjustment",
        format!("{n_used} accepted draws with weight"),
        format!(
            "more than {}, for {n_features} data or summaries",
            n_features + 1
        ),
        "Accept more draws, choose `summaries = { kind = \"semi_automatic\" }`, or set `adjustment = \"none\"`.",
    ))
}

/// Replaces each row of `z` by what it would be at the observed features.
fn move_to(
    how: AdjustmentConfig,
    features: &[f64],
    observed: &[f64],
    z: &mut [f64],
    n: usize,
    weights: &[f64],
) {
    let k = observed.len();
    let mean = LinearFit::new(Rows {
        features,
        n_features: k,
        targets: z,
        n_targets: n,
        weights,
    });
    let at_observed = mean.predict(observed);
    for (z, features) in z.chunks_exact_mut(n).zip(features.chunks_exact(k)) {
        for (z, m) in z.iter_mut().zip(mean.predict(features)) {
            *z -= m;
        }
    }
    if how == AdjustmentConfig::Heteroscedastic {
        rescale(features, observed, z, n, weights);
    }
    for z in z.chunks_exact_mut(n) {
        for (z, m) in z.iter_mut().zip(&at_observed) {
            *z += m;
        }
    }
}

/// Multiplies residuals by σ(`s_o`) / σ(s), log σ² being the regression of the logarithm of their
/// squares.
fn rescale(features: &[f64], observed: &[f64], residuals: &mut [f64], n: usize, weights: &[f64]) {
    let k = observed.len();
    let log: Vec<f64> = residuals.iter().map(|r| (r * r).max(1e-300).ln()).collect();
    let spread = LinearFit::new(Rows {
        features,
        n_features: k,
        targets: &log,
        n_targets: n,
        weights,
    });
    let at_observed = spread.predict(observed);
    for (residual, features) in residuals.chunks_exact_mut(n).zip(features.chunks_exact(k)) {
        let own = spread.predict(features);
        for ((residual, own), there) in residual.iter_mut().zip(own).zip(&at_observed) {
            *residual *= (0.5 * (there - own)).exp();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn what_is_linear_is_moved_exactly() {
        // z = 2 s₁ − s₂ + ε with ε orthogonal to nothing but small: without ε all draws coincide.
        let mut random = Seed(1).stream(Stream::Test, 0);
        let features: Vec<f64> = (0..400).map(|_| random.normal()).collect();
        let mut z: Vec<f64> = features
            .chunks_exact(2)
            .map(|s| 3.0 + 2.0 * s[0] - s[1])
            .collect();
        let weights = vec![1.0; 200];
        move_to(
            AdjustmentConfig::LocalLinear,
            &features,
            &[1.0, -1.0],
            &mut z,
            1,
            &weights,
        );
        assert!(z.iter().all(|z| (z - 6.0).abs() < 1e-9));
    }

    #[test]
    fn a_spread_that_grows_is_brought_to_that_at_the_observation() {
        // sd of z given s is exp(s); at s = 1 it is e.
        let mut random = Seed(2).stream(Stream::Test, 0);
        let features: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let z: Vec<f64> = features.iter().map(|s| s.exp() * random.normal()).collect();
        let sd = |how| {
            let mut z = z.clone();
            move_to(how, &features, &[1.0], &mut z, 1, &vec![1.0; 20_000]);
            let mean = z.iter().sum::<f64>() / 2e4;
            (z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / 2e4).sqrt()
        };
        let heteroscedastic = sd(AdjustmentConfig::Heteroscedastic);
        // The slope of log r² has a standard error of 0.016.
        assert!(
            (heteroscedastic / 1_f64.exp() - 1.0).abs() < 0.06,
            "{heteroscedastic}"
        );
        // √E e^{2s} = e for a standard normal s, so s is also compared where they differ.
        let mut z = z.clone();
        move_to(
            AdjustmentConfig::Heteroscedastic,
            &features,
            &[-1.0],
            &mut z,
            1,
            &vec![1.0; 20_000],
        );
        let spread = (z.iter().map(|z| z * z).sum::<f64>() / 2e4).sqrt();
        assert!((spread / (-1_f64).exp() - 1.0).abs() < 0.1, "{spread}");
    }
}
