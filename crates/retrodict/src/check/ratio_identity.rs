//! Whether a learned ratio is one: the expected ratio identity.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::thresholds as limit;
use super::{Check, CheckStatus};
use crate::error::Result;
use crate::infer::LogLikelihood;
use crate::prior::Prior;
use crate::prior::special::{LOG_SQRT_2PI, log_sum_exp};
use crate::samples::{effective_number, normalized, quantiles};
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;

/// ∫ r(θ, x) p(θ) dθ = 1 for every x, if r(θ, x) = p(x | θ)/p(x).
///
/// For each x of the test simulations the integral is found by importance sampling: a fifth of the draws come from the
/// prior, the others from a normal distribution with the mean of x's posterior and one and a half times its sds, so that
/// narrow posteriors are met and nothing of the prior is missed. x for which the draws are worth fewer than thirty are left
/// out and counted.
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
    /// How many x were left out, for their draws are worth too few.
    pub n_left_out: usize,
    /// How many draws there were for each.
    pub n_draws: usize,
    /// The 2.5, 50 and 97.5 % quantiles of the logarithms.
    pub quantiles: [f64; 3],
    /// The median of their sizes.
    pub typical: f64,
    /// Whether the loss leaves a factor of x free.
    pub factor_is_free: bool,
}

/// Draws have to be worth so many.
const FEWEST_EFFECTIVE: f64 = 30.0;
/// Fewer integrals have no median.
const FEWEST: usize = 10;
/// Draws for each x, and for how many x.
const DRAWS: usize = 1500;
const MOST_DATA: usize = 200;
/// The share of draws from the prior.
const FROM_PRIOR: f64 = 0.2;
/// The sds of the others, in those of the posterior.
const WIDER: f64 = 1.5;

impl RatioIdentity {
    /// At the test simulations that `calibration` was made from, whose posteriors say where to look. With discrete
    /// parameters all draws are from the prior.
    ///
    /// # Errors
    /// If the ratio cannot be evaluated.
    pub fn of(
        ratio: &dyn LogLikelihood,
        prior: &Prior,
        (calibration, tests): (&Calibration, &Simulations),
        factor_is_free: bool,
        seed: Seed,
    ) -> Result<Self> {
        let proposals = Proposals::new(prior, calibration, seed);
        let n = calibration.rows.len().min(MOST_DATA);
        let of_row = |k: usize| -> Result<Option<f64>> {
            let (theta, log_weights) = proposals.draw(k);
            let mut logs = vec![0.0; log_weights.len()];
            let x = tests.x.row(calibration.rows[k]);
            ratio.log_likelihood(theta.values(), x, &mut logs)?;
            for (log, weight) in logs.iter_mut().zip(&log_weights) {
                *log += weight;
            }
            Ok(log_mean(&logs))
        };
        let found: Vec<Option<f64>> = (0..n).into_par_iter().map(of_row).collect::<Result<_>>()?;
        let log_integrals: Vec<f64> = found.iter().flatten().copied().collect();
        let sizes: Vec<f64> = log_integrals.iter().map(|l| l.abs()).collect();
        Ok(Self {
            n_left_out: n - log_integrals.len(),
            n_draws: DRAWS,
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

fn middle(values: &[f64], levels: [f64; 3]) -> [f64; 3] {
    if values.is_empty() {
        return [0.0; 3];
    }
    let weights = vec![1.0 / values.len() as f64; values.len()];
    quantiles(values, &weights, levels)
}

/// Where the integrals are worked out.
struct Proposals<'a> {
    prior: &'a Prior,
    from_prior: Table,
    calibration: &'a Calibration,
    seed: Seed,
}

impl<'a> Proposals<'a> {
    fn new(prior: &'a Prior, calibration: &'a Calibration, seed: Seed) -> Self {
        Self {
            from_prior: prior.sample_table(DRAWS, seed, Stream::RatioDraws),
            prior,
            calibration,
            seed,
        }
    }

    /// Draws for the k-th row, and log p(θ)/g(θ) of each, g being what they were drawn from.
    fn draw(&self, k: usize) -> (Table, Vec<f64>) {
        if !self.prior.discrete_columns().is_empty() {
            return (self.from_prior.clone(), vec![0.0; DRAWS]);
        }
        let d = self.prior.n_parameters();
        let own = k * d..(k + 1) * d;
        let means = &self.calibration.posterior_means[own.clone()];
        let sds: Vec<f64> = self.calibration.posterior_sds[own]
            .iter()
            .map(|sd| (WIDER * sd).max(f64::MIN_POSITIVE))
            .collect();
        let n_prior = (FROM_PRIOR * DRAWS as f64) as usize;
        let mut random = self.seed.stream(Stream::RatioDraws, (1 << 32) + k as u64);
        let mut theta = self
            .from_prior
            .select(&(0..n_prior).collect::<Vec<usize>>());
        for _ in n_prior..DRAWS {
            let row: Vec<f64> = means
                .iter()
                .zip(&sds)
                .map(|(mean, sd)| mean + sd * random.normal())
                .collect();
            theta.push(&row);
        }
        let share = n_prior as f64 / DRAWS as f64;
        let weight = |row: &[f64]| {
            let prior = self.prior.log_prob(row);
            if prior == f64::NEG_INFINITY {
                return prior;
            }
            let z = row.iter().zip(means).zip(&sds);
            let normal: f64 = z
                .map(|((v, mean), sd)| -0.5 * ((v - mean) / sd).powi(2) - sd.ln() - LOG_SQRT_2PI)
                .sum();
            let [a, b] = [share.ln() + prior, (1.0 - share).ln() + normal];
            prior - log_sum_exp([a, b].into_iter())
        };
        let log_weights = theta.rows().map(weight).collect();
        (theta, log_weights)
    }
}

/// log of the mean of exponentials; none if too few of them make it up.
fn log_mean(logs: &[f64]) -> Option<f64> {
    let total = log_sum_exp(logs.iter().copied());
    if !total.is_finite() {
        return None;
    }
    let worth = effective_number(&normalized(logs));
    (worth >= FEWEST_EFFECTIVE).then(|| total - (logs.len() as f64).ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::FunctionLikelihood;
    use crate::prior::DistributionConfig as D;
    use crate::simulate::Status;

    /// θ ~ N(0, 1), x = θ + s e: log r = log N(x; θ, s²) − log N(x; 0, 1 + s²), and something on top. The posterior
    /// has mean x/(1 + s²) and variance s²/(1 + s²).
    fn identity(
        s: f64,
        free: bool,
        on_top: impl Fn(f64, f64) -> f64 + Send + Sync + 'static,
    ) -> RatioIdentity {
        let all = 1.0 + s * s;
        let ratio = FunctionLikelihood::new(1, move |theta: &[f64], x: &[f64]| {
            let (t, x) = (theta[0], x[0]);
            let right = -0.5 * ((x - t) / s).powi(2) - s.ln() + 0.5 * x * x / all + 0.5 * all.ln();
            right + on_top(t, x)
        });
        let n = 100;
        let prior = Prior::new([("a", D::normal(0.0, 1.0))]).unwrap();
        let mut random = Seed(7).stream(Stream::Test, 0);
        let theta = prior.sample_table(n, Seed(7), Stream::Parameters);
        let x: Vec<f64> = theta
            .values()
            .iter()
            .map(|t| t + s * random.normal())
            .collect();
        let calibration = Calibration {
            n_draws: 100,
            rows: (0..n).collect(),
            failures: Vec::new(),
            quantities: Vec::new(),
            posterior_means: x.iter().map(|x| x / all).collect(),
            posterior_sds: vec![s / all.sqrt(); n],
            posterior_draws: Vec::new(),
        };
        let tests = Simulations {
            x: Table::new(["x"], x).unwrap(),
            status: vec![Status::Ok; n],
            theta,
        };
        let of = (&calibration, &tests);
        RatioIdentity::of(&ratio.unwrap(), &prior, of, free, Seed(1)).unwrap()
    }

    #[test]
    fn the_right_ratio_has_mean_one_for_every_x_however_narrow_its_posterior() {
        for s in [1.0, 0.001] {
            let right = identity(s, false, |_, _| 0.0);
            // The means of 1,500 draws have errors of a few percent.
            let worst = right
                .log_integrals
                .iter()
                .fold(0.0_f64, |a, l| a.max(l.abs()));
            assert!(worst < 0.25 && right.n_left_out == 0, "{s}: {right:?}");
            assert!(right.typical < 0.05);
            assert_eq!(right.check().unwrap().status, CheckStatus::Passed);
        }
    }

    #[test]
    fn wrong_ratios_are_found_and_a_free_factor_is_forgiven() {
        let scaled = identity(1.0, false, |_, _| 1.0);
        assert!((scaled.quantiles[1] - 1.0).abs() < 0.1);
        assert_eq!(scaled.check().unwrap().status, CheckStatus::Caution);
        let free = identity(1.0, true, |_, _| 1.0).check().unwrap();
        assert_eq!(free.status, CheckStatus::Passed);
        let bent = identity(1.0, false, |t, x| t * x);
        assert_eq!(bent.check().unwrap().status, CheckStatus::Caution);
    }

    #[test]
    fn ratios_that_a_few_draws_make_up_are_left_out() {
        let spiked = identity(1.0, false, |t, _| -1e8 * (t - 0.3).powi(2));
        assert!(spiked.n_left_out > 90 && spiked.check().is_none());
    }
}
