//! The log-normal distribution.

use super::{Interval, Law, Moments, Normal, Tail, Tails, check};
use crate::error::Result;
use crate::seed::Random;

/// The distribution of exp(y) for a normal y with mean `mean_log` and standard deviation `sd_log`.
///
/// p(x) = Normal(log x; `mean_log`, `sd_log`) / x for x > 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogNormal {
    log: Normal,
}

impl LogNormal {
    /// Log-normal with this mean and standard deviation *of the logarithm*.
    ///
    /// # Errors
    /// If `mean_log` is not finite or `sd_log` not positive and finite.
    pub fn new(mean_log: f64, sd_log: f64) -> Result<Self> {
        check::finite("mean_log", mean_log)?;
        check::positive("sd_log", sd_log)?;
        let log = Normal::new(mean_log, sd_log)?;
        Ok(Self { log })
    }

    /// The distribution of the logarithm.
    pub fn log(&self) -> &Normal {
        &self.log
    }
}

impl Law for LogNormal {
    fn support(&self) -> Interval {
        Interval::POSITIVE
    }

    fn log_density(&self, x: f64) -> f64 {
        if x > 0.0 {
            self.log.log_density(x.ln()) - x.ln()
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        self.log.tails(x.ln())
    }

    fn quantile(&self, tail: Tail) -> f64 {
        self.log.quantile(tail).exp()
    }

    fn moments(&self) -> Moments {
        let (mean_log, variance) = (self.log.unstandardize(0.0), self.log.sd().powi(2));
        let mean = (mean_log + 0.5 * variance).exp();
        Moments::both(mean, mean * variance.exp_m1().sqrt())
    }

    fn sample(&self, random: &mut Random) -> f64 {
        self.log.sample(random).exp()
    }
}
