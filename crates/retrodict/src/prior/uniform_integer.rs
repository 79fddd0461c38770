//! The uniform distribution on whole numbers.

use super::{Interval, Law, Moments, Tail, Tails, check};
use crate::error::{Error, Result};
use crate::seed::Random;

/// Every whole number from `low` to `high`, both included, with the same probability.
///
/// P(X = k) = 1 / (high − low + 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UniformInteger {
    low: f64,
    high: f64,
}

/// Whole numbers beyond this are not all numbers of f64.
const LARGEST: f64 = 9_007_199_254_740_992.0;

impl UniformInteger {
    /// Uniform on {low, …, high}.
    ///
    /// # Errors
    /// If an end is not a whole number, beyond 2⁵³, or `low` is above `high`.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        for (argument, value) in [("low", low), ("high", high)] {
            check::finite(argument, value)?;
            if value.fract() != 0.0 || value.abs() > LARGEST {
                return Err(Error::invalid(
                    argument,
                    value,
                    "a whole number",
                    "Both ends are values that the parameter can take.",
                ));
            }
        }
        if low > high {
            return Err(Error::invalid(
                "high",
                high,
                format!("a whole number not below `low`, which is {low}"),
                "Swap the two ends.",
            ));
        }
        Ok(Self { low, high })
    }

    /// The smallest and the largest value.
    pub fn ends(&self) -> [f64; 2] {
        [self.low, self.high]
    }

    /// How many values there are.
    pub fn n_values(&self) -> f64 {
        self.high - self.low + 1.0
    }
}

impl Law for UniformInteger {
    fn support(&self) -> Interval {
        Interval::new(self.low, self.high)
    }

    fn log_density(&self, x: f64) -> f64 {
        if self.contains(x) {
            -self.n_values().ln()
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        let below = (x.floor() - self.low + 1.0).clamp(0.0, self.n_values());
        Tails {
            lower: below / self.n_values(),
            upper: (self.n_values() - below) / self.n_values(),
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        let n = self.n_values();
        let steps = match tail {
            Tail::Lower(p) => (p * n).ceil() - 1.0,
            Tail::Upper(p) => n - 1.0 - (p * n).floor(),
        };
        self.low + steps.clamp(0.0, n - 1.0)
    }

    fn moments(&self) -> Moments {
        let n = self.n_values();
        Moments::both(
            f64::midpoint(self.low, self.high),
            ((n * n - 1.0) / 12.0).sqrt(),
        )
    }

    fn sample(&self, random: &mut Random) -> f64 {
        self.low + random.below(self.n_values() as usize) as f64
    }

    fn contains(&self, x: f64) -> bool {
        x.fract() == 0.0 && self.low <= x && x <= self.high
    }
}
