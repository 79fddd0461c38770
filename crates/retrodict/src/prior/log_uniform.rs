//! The log-uniform (reciprocal) distribution.

use super::check;
use super::{Interval, Law, Moments, Tail, Tails};
use crate::error::Result;

/// Uniform on the logarithm between two positive ends, both included.
///
/// p(x) = 1 / (x log(high / low)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogUniform {
    low: f64,
    high: f64,
}

impl LogUniform {
    /// Log-uniform between two positive ends.
    ///
    /// # Errors
    /// If `low` is not positive, or `high` not finite and above it.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        check::positive("low", low)?;
        check::bounds(low, high)?;
        Ok(Self { low, high })
    }

    fn width(&self) -> f64 {
        (self.high / self.low).ln().max(f64::MIN_POSITIVE)
    }
}

impl Law for LogUniform {
    fn support(&self) -> Interval {
        Interval::new(self.low, self.high)
    }

    fn log_density(&self, x: f64) -> f64 {
        if self.support().contains(x) {
            -x.ln() - self.width().ln()
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        Tails {
            lower: (x / self.low).ln() / self.width(),
            upper: (self.high / x).ln() / self.width(),
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        match tail.smaller() {
            Tail::Lower(p) => self.low * (p * self.width()).exp(),
            Tail::Upper(p) => self.high * (-p * self.width()).exp(),
        }
    }

    fn moments(&self) -> Moments {
        let mean = (self.high - self.low) / self.width();
        let square = (self.high - self.low) * (self.high + self.low) / (2.0 * self.width());
        Moments::both(mean, (square - mean * mean).max(0.0).sqrt())
    }
}
