//! The Dirichlet distribution on the simplex.

use statrs::function::gamma::ln_gamma;

use super::special::log_sum_exp;
use super::{Beta, check};
use crate::error::{Error, Result};
use crate::seed::Random;

/// How far from one the sum of the shares may be: room for numbers that came through a text file.
const SUM_TOLERANCE: f64 = 1e-6;

/// Dirichlet: k positive shares that sum to one.
///
/// p(x) = Γ(Σαᵢ) / ΠΓ(αᵢ) · Π xᵢ^(αᵢ − 1), a density over the first k − 1 shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Dirichlet {
    concentration: Vec<f64>,
    log_normalizer: f64,
}

impl Dirichlet {
    /// Dirichlet with these concentrations α.
    ///
    /// # Errors
    /// If there are fewer than two, or one is not positive and finite.
    pub fn new(concentration: &[f64]) -> Result<Self> {
        if concentration.len() < 2 {
            return Err(Error::invalid(
                "concentration",
                format!("{} entries", concentration.len()),
                "at least two",
                "Give one concentration for each share.",
            ));
        }
        for (i, alpha) in concentration.iter().enumerate() {
            check::positive(&format!("concentration[{i}]"), *alpha)?;
        }
        let total: f64 = concentration.iter().sum();
        let parts: f64 = concentration.iter().map(|alpha| ln_gamma(*alpha)).sum();
        Ok(Self {
            concentration: concentration.to_vec(),
            log_normalizer: ln_gamma(total) - parts,
        })
    }

    /// How many shares there are.
    pub fn n_columns(&self) -> usize {
        self.concentration.len()
    }

    /// The distribution of share `i` alone.
    pub fn marginal(&self, i: usize) -> Beta {
        let total: f64 = self.concentration.iter().sum();
        let alpha = self.concentration[i];
        Beta::new(alpha, total - alpha).expect("both shapes are sums of positive numbers")
    }

    /// The distribution of share `i` as a part of what the shares before it leave.
    pub fn stick(&self, i: usize) -> Beta {
        let rest = self.concentration[i + 1..].iter().sum();
        Beta::new(self.concentration[i], rest).expect("both shapes are sums of positive numbers")
    }

    /// Whether the shares are positive and sum to one, within 10⁻⁶.
    pub fn contains(&self, x: &[f64]) -> bool {
        let positive = x.iter().all(|share| 0.0 < *share && *share <= 1.0);
        positive && (x.iter().sum::<f64>() - 1.0).abs() <= SUM_TOLERANCE
    }

    /// The log-density: −∞ outside the simplex.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        if !self.contains(x) {
            return f64::NEG_INFINITY;
        }
        let pairs = self.concentration.iter().zip(x);
        self.log_normalizer + pairs.map(|(alpha, x)| (alpha - 1.0) * x.ln()).sum::<f64>()
    }

    /// One draw: gamma variables over their sum, on the logarithm so that small concentrations do
    /// not underflow (Gamma(α) = Gamma(α + 1) U^(1/α); Marsaglia and Tsang 2000).
    pub fn sample(&self, random: &mut Random, x: &mut [f64]) {
        for (x, alpha) in x.iter_mut().zip(&self.concentration) {
            let larger = rand_distr::Gamma::new(alpha + 1.0, 1.0);
            let larger: f64 = random.draw(&larger.expect("checked in `new`"));
            *x = larger.ln() + random.uniform_open().ln() / alpha;
        }
        let log_sum = log_sum_exp(x.iter().copied());
        for x in x {
            *x = (*x - log_sum).exp().clamp(f64::MIN_POSITIVE, 1.0);
        }
    }
}
