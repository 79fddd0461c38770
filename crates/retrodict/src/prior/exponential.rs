//! The exponential distribution.

use super::{Interval, Law, Moments, Tail, Tails, check};
use crate::error::Result;
use crate::seed::Random;

/// Exponential with mean 1 / rate.
///
/// p(x) = rate exp(−rate x) for x ≥ 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    rate: f64,
}

impl Exponential {
    /// Exponential with this rate.
    ///
    /// # Errors
    /// If the rate is not positive and finite.
    pub fn new(rate: f64) -> Result<Self> {
        check::positive("rate", rate)?;
        Ok(Self { rate })
    }
}

impl Law for Exponential {
    fn support(&self) -> Interval {
        Interval::POSITIVE
    }

    fn log_density(&self, x: f64) -> f64 {
        if x >= 0.0 {
            self.rate.ln() - self.rate * x
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        Tails {
            lower: -(-self.rate * x).exp_m1(),
            upper: (-self.rate * x).exp(),
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        match tail {
            Tail::Lower(p) => -(-p).ln_1p() / self.rate,
            Tail::Upper(p) => -p.ln() / self.rate,
        }
    }

    fn moments(&self) -> Moments {
        Moments::both(1.0 / self.rate, 1.0 / self.rate)
    }

    fn sample(&self, random: &mut Random) -> f64 {
        random.exponential() / self.rate
    }
}
