//! The average log-probability of the true parameters.

use serde::{Deserialize, Serialize};

use super::thresholds as limit;
use super::{Check, CheckStatus};

/// The mean of log q(θ* | x*) over test simulations, and by how much it exceeds that of log p(θ*).
///
/// It is largest, over all q, for the posterior, and then the excess is the information that the data hold about θ. Unlike
/// ranks it falls for every way of being wrong; but what it could be is not known, so it compares posteriors and condemns
/// only one that says less than the prior.
///
/// # Reference
/// Papamakarios and Murray 2016, arXiv:1605.06376; Lueckmann et al. 2021, arXiv:2101.04653, on its use and limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogProbability {
    /// How many test simulations.
    pub n_test: usize,
    /// At how many of them q is zero, or no number. They are left out of the means.
    pub n_zero: usize,
    /// The mean of log q(θ* | x*), in nats. Absent for a ratio, which knows the gain alone.
    pub mean: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// The mean of log q(θ* | x*) − log p(θ*).
    pub gain: f64,
    /// Its 95 % interval.
    pub gain_interval: [f64; 2],
    /// Its standard error.
    pub gain_error: f64,
}

impl LogProbability {
    /// From the log-densities of posterior and prior at the true parameters; those of the posterior are absent where the
    /// gains are known directly.
    pub fn of(posterior: Option<&[f64]>, gains: &[f64]) -> Self {
        let finite: Vec<usize> = (0..gains.len()).filter(|&i| gains[i].is_finite()).collect();
        let pick = |values: &[f64]| -> Vec<f64> { finite.iter().map(|&i| values[i]).collect() };
        let (gain, gain_error) = mean_and_error(&pick(gains));
        let own = posterior.map(|values| mean_and_error(&pick(values)));
        let interval = |(mean, error): (f64, f64)| [mean - 1.96 * error, mean + 1.96 * error];
        Self {
            n_test: gains.len(),
            n_zero: gains.len() - finite.len(),
            mean: own.map(|(mean, _)| mean),
            interval: own.map(interval),
            gain,
            gain_interval: interval((gain, gain_error)),
            gain_error,
        }
    }

    /// The check, for the verdict.
    pub fn check(&self) -> Check {
        let worse = self.gain + limit::WORSE_THAN_PRIOR * self.gain_error < 0.0;
        let impossible = self.n_zero as f64 / self.n_test.max(1) as f64 > limit::CAUTION_ZERO;
        let status = if worse {
            CheckStatus::Failed
        } else if impossible {
            CheckStatus::Caution
        } else {
            CheckStatus::Passed
        };
        let [low, high] = self.gain_interval;
        let mean = self.mean.map_or_else(String::new, |mean| {
            format!("The mean log-probability of the true parameters is {mean:.2}. ")
        });
        let found = format!(
            "{mean}The posterior gives them {:.2} nats more than the prior ({low:.2} to {high:.2}, from {} test \
             simulations).",
            self.gain, self.n_test
        );
        let meaning = if worse {
            " It says less about them than the prior: use more simulations, or train for longer."
        } else if impossible {
            " It excludes the true parameters of some altogether: use more simulations."
        } else {
            ""
        };
        Check {
            name: "log-probability of the true parameters".into(),
            statistic: self.gain,
            interval: Some(self.gain_interval),
            p_value: None,
            threshold: Some(0.0),
            status,
            explanation: found + meaning,
        }
    }
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, square.sqrt() / n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    /// θ ~ N(0, 1), x = θ + ½ e, posterior N(0.8 x, 0.2), scaled.
    fn found(width: f64, shift: f64) -> LogProbability {
        let mut random = Seed(9).stream(Stream::Test, 0);
        let normal =
            |v: f64, sd: f64| -0.5 * (v / sd).powi(2) - (sd * std::f64::consts::TAU.sqrt()).ln();
        let (mut own, mut gains) = (Vec::new(), Vec::new());
        for _ in 0..2000 {
            let theta = random.normal();
            let x = theta + 0.5 * random.normal();
            let q = normal(theta - 0.8 * x - shift, width * 0.2_f64.sqrt());
            own.push(q);
            gains.push(q - normal(theta, 1.0));
        }
        LogProbability::of(Some(&own), &gains)
    }

    #[test]
    fn the_gain_of_the_exact_posterior_is_the_mutual_information() {
        let right = found(1.0, 0.0);
        // ½ log(1 + 4), with the entropy of the posterior for its mean.
        assert!(
            (right.gain - 0.5 * 5.0_f64.ln()).abs() < 4.0 * right.gain_error,
            "{right:?}"
        );
        let entropy = 0.5 * (1.0 + (0.2 * std::f64::consts::TAU).ln());
        assert!((right.mean.unwrap() + entropy).abs() < 0.07);
        assert_eq!(right.check().status, CheckStatus::Passed);
        assert!(found(1.5, 0.0).gain < right.gain && found(0.7, 0.0).gain < right.gain);
    }

    #[test]
    fn one_that_is_worse_than_the_prior_fails_and_zeros_are_counted() {
        assert_eq!(found(0.2, 0.5).check().status, CheckStatus::Failed);
        let zeros = LogProbability::of(None, &[1.0, f64::NEG_INFINITY, 1.2, 0.9]);
        assert_eq!((zeros.n_zero, zeros.mean), (1, None));
        assert_eq!(zeros.check().status, CheckStatus::Caution);
    }
}
