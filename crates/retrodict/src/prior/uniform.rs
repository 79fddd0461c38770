//! The uniform distribution.

use super::check;
use super::{Interval, Law, Moments, Tail, Tails};
use crate::error::Result;
use crate::seed::Random;

/// Uniform on [low, high], both ends included.
///
/// p(x) = 1 / (high − low).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uniform {
    low: f64,
    high: f64,
}

impl Uniform {
    /// Uniform between two finite ends.
    ///
    /// # Errors
    /// If an end is not finite, `low` is not below `high`, or their distance overflows.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        check::bounds(low, high)?;
        Ok(Self { low, high })
    }

    fn width(&self) -> f64 {
        self.high - self.low
    }
}

impl Law for Uniform {
    fn support(&self) -> Interval {
        Interval::new(self.low, self.high)
    }

    fn log_density(&self, x: f64) -> f64 {
        if self.support().contains(x) {
            -self.width().ln()
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        Tails {
            lower: (x - self.low) / self.width(),
            upper: (self.high - x) / self.width(),
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        match tail.smaller() {
            Tail::Lower(p) => self.low + p * self.width(),
            Tail::Upper(p) => self.high - p * self.width(),
        }
    }

    fn moments(&self) -> Moments {
        Moments::both(self.low + 0.5 * self.width(), self.width() / 12_f64.sqrt())
    }

    fn sample(&self, random: &mut Random) -> f64 {
        self.low + random.uniform_open() * self.width()
    }
}
