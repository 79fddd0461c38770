//! Whether a learned ratio is one: the expected ratio identity.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::thresholds as limit;
use super::{Check, CheckStatus};
use crate::error::Result;
use crate::infer::LogLikelihood;
use crate::samples::quantiles;
use crate::table::Table;

/// ∫ r(θ, x) p(θ) dθ = 1 for every x, if r(θ, x) = p(x | θ)/p(x).
///
/// For each x the integral is the mean of r over draws of the prior. Where the posterior is much narrower than the
/// prior, a few of them make it up; x for which they are worth fewer than thirty are left out and counted.
///
/// A factor that depends on x alone does not change the posterior, and some losses leave it free (`nre_b`). What does
/// change it, a ratio that is wrong as a function of θ, changes the integral too unless the errors cancel.
///
/// # Reference
/// Hermans, Begy and Louppe 2020, arXiv:1903.04057; as a diagnostic, Hermans et al. 2021, arXiv:2110.06581, appendix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatioIdentity {
    /// log of the integral for each x that could be judged.
    pub log_integrals: Vec<f64>,
    /// How many x were left out, for their posterior is too narrow.
    pub n_left_out: usize,
    /// How many draws of the prior there were.
    pub n_draws: usize,
    /// The 2.5, 50 and 97.5 % quantiles of the logarithms.
    pub quantiles: [f64; 3],
    /// The median of their sizes.
    pub typical: f64,
    /// Whether the loss leaves a factor of x free.
    pub factor_is_free: bool,
}

/// Draws of the prior have to be worth so many of the posterior's.
const FEWEST_EFFECTIVE: f64 = 30.0;
/// Fewer integrals have no median.
const FEWEST: usize = 10;

impl RatioIdentity {
    /// With draws of the prior, and x that the simulator made.
    ///
    /// # Errors
    /// If the ratio cannot be evaluated.
    pub fn of(
        ratio: &dyn LogLikelihood,
        theta: &Table,
        x: &Table,
        factor_is_free: bool,
    ) -> Result<Self> {
        let n_draws = theta.n_rows();
        let of_row = |i: usize| -> Result<Option<f64>> {
            let mut log_ratios = vec![0.0; n_draws];
            ratio.log_likelihood(theta.values(), x.row(i), &mut log_ratios)?;
            Ok(log_mean(&log_ratios))
        };
        let found: Vec<Option<f64>> = (0..x.n_rows())
            .into_par_iter()
            .map(of_row)
            .collect::<Result<_>>()?;
        let log_integrals: Vec<f64> = found.iter().flatten().copied().collect();
        let sizes: Vec<f64> = log_integrals.iter().map(|l| l.abs()).collect();
        let middle = |values: &[f64], levels| {
            let weights = vec![1.0 / values.len().max(1) as f64; values.len()];
            if values.is_empty() {
                [0.0; 3]
            } else {
                quantiles(values, &weights, levels)
            }
        };
        Ok(Self {
            n_left_out: x.n_rows() - log_integrals.len(),
            n_draws,
            quantiles: middle(&log_integrals, [0.025, 0.5, 0.975]),
            typical: middle(&sizes, [0.25, 0.5, 0.75])[1],
            log_integrals,
            factor_is_free,
        })
    }

    /// The check, for the verdict; none if hardly any x could be judged.
    pub fn check(&self) -> Option<Check> {
        if self.log_integrals.len() < FEWEST {
            return None;
        }
        let holds = self.typical <= limit::CAUTION_IDENTITY;
        let status = if holds || self.factor_is_free {
            CheckStatus::Passed
        } else {
            CheckStatus::Caution
        };
        let [low, _, high] = self.quantiles.map(f64::exp);
        let found = format!(
            "The ratio's mean over the prior, which is one for a right ratio, lies between {low:.2} and {high:.2} for \
             95 % of {} simulated data ({} more could not be judged).",
            self.log_integrals.len(),
            self.n_left_out
        );
        let meaning = match (holds, self.factor_is_free) {
            (true, _) => "",
            (false, true) => {
                " The loss leaves a factor of the data free, which does not change the posterior."
            }
            (false, false) => {
                " The classifier has not found the ratio: use more simulations, a larger network, or another loss \
                 (`nre_c`)."
            }
        };
        Some(Check {
            name: "expected ratio".into(),
            statistic: self.typical,
            interval: Some([0.0, limit::CAUTION_IDENTITY]),
            p_value: None,
            threshold: Some(limit::CAUTION_IDENTITY),
            status,
            explanation: found + meaning,
        })
    }
}

/// log of the mean of exponentials; none if too few of them make it up.
fn log_mean(logs: &[f64]) -> Option<f64> {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return None;
    }
    let shares: Vec<f64> = logs.iter().map(|l| (l - largest).exp()).collect();
    let total: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|s| s * s).sum();
    let worth = total * total / squares;
    (worth >= FEWEST_EFFECTIVE).then(|| largest + (total / logs.len() as f64).ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::FunctionLikelihood;
    use crate::seed::{Seed, Stream};

    /// θ ~ N(0, 1), x = θ + e: log r = log N(x; θ, 1) − log N(x; 0, 2), and something on top.
    fn identity(
        free: bool,
        on_top: impl Fn(f64, f64) -> f64 + Send + Sync + 'static,
    ) -> RatioIdentity {
        let ratio = FunctionLikelihood::new(1, move |theta: &[f64], x: &[f64]| {
            let (t, x) = (theta[0], x[0]);
            -0.5 * (x - t).powi(2) + 0.25 * x * x + 0.5 * 2.0_f64.ln() + on_top(t, x)
        });
        let mut random = Seed(7).stream(Stream::Test, 0);
        let theta: Vec<f64> = (0..4000).map(|_| random.normal()).collect();
        let x = (0..100).map(|i| theta[i] + random.normal()).collect();
        let theta = Table::new(["a"], theta).unwrap();
        let x = Table::new(["x"], x).unwrap();
        RatioIdentity::of(&ratio.unwrap(), &theta, &x, free).unwrap()
    }

    #[test]
    fn the_right_ratio_has_mean_one_for_every_x() {
        let right = identity(false, |_, _| 0.0);
        // The means of 4,000 draws have errors of a few percent.
        assert!(
            right.log_integrals.iter().all(|l| l.abs() < 0.25),
            "{:?}",
            right.quantiles
        );
        assert!(right.typical < 0.05 && right.check().unwrap().status == CheckStatus::Passed);
    }

    #[test]
    fn wrong_ratios_are_found_and_a_free_factor_is_forgiven() {
        let scaled = identity(false, |_, _| 1.0);
        assert!((scaled.quantiles[1] - 1.0).abs() < 0.1);
        assert_eq!(scaled.check().unwrap().status, CheckStatus::Caution);
        assert_eq!(
            identity(true, |_, _| 1.0).check().unwrap().status,
            CheckStatus::Passed
        );
        let bent = identity(false, |t, x| t * x);
        assert_eq!(bent.check().unwrap().status, CheckStatus::Caution);
    }

    #[test]
    fn posteriors_that_are_too_narrow_are_left_out() {
        let narrow = identity(false, |t, x| -1e6 * (t - x).powi(2));
        assert!(narrow.n_left_out > 90 && narrow.check().is_none());
    }
}
