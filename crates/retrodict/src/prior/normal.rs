//! The normal distribution.

use super::special::{normal_log_density, normal_quantile, normal_tails};
use super::{Interval, Law, Moments, Tail, Tails, check};
use crate::error::Result;
use crate::seed::Random;

/// Normal (Gaussian).
///
/// p(x) = exp(−½ ((x − mean) / sd)²) / (sd √(2π)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    mean: f64,
    sd: f64,
}

impl Normal {
    /// Normal with this mean and standard deviation.
    ///
    /// # Errors
    /// If the mean is not finite or the standard deviation not positive and finite.
    pub fn new(mean: f64, sd: f64) -> Result<Self> {
        check::finite("mean", mean)?;
        check::positive("sd", sd)?;
        Ok(Self { mean, sd })
    }

    /// The standard deviation.
    pub fn sd(&self) -> f64 {
        self.sd
    }

    /// (x − mean) / sd.
    pub fn standardize(&self, x: f64) -> f64 {
        (x - self.mean) / self.sd
    }

    /// mean + sd z.
    pub fn unstandardize(&self, z: f64) -> f64 {
        self.mean + self.sd * z
    }
}

impl Law for Normal {
    fn support(&self) -> Interval {
        Interval::REAL
    }

    fn log_density(&self, x: f64) -> f64 {
        normal_log_density(self.standardize(x)) - self.sd.ln()
    }

    fn tails(&self, x: f64) -> Tails {
        normal_tails(self.standardize(x))
    }

    fn quantile(&self, tail: Tail) -> f64 {
        self.unstandardize(normal_quantile(tail))
    }

    fn moments(&self) -> Moments {
        Moments::both(self.mean, self.sd)
    }

    fn sample(&self, random: &mut Random) -> f64 {
        self.unstandardize(random.normal())
    }
}
