//! The Poisson distribution.

use statrs::function::gamma::ln_gamma;

use super::special::gamma_tails;
use super::{Interval, Law, Moments, Tail, Tails, check};
use crate::error::{Error, Result};
use crate::seed::Random;

/// Poisson: counts 0, 1, 2, … with mean `rate`.
///
/// P(X = k) = rateᵏ exp(−rate) / k!.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Poisson {
    rate: f64,
}

/// With more, a count is as good as a continuous number, and `gamma` does as well.
const MAX_RATE: f64 = 1e12;
/// Probability left out on each side by [`Poisson::central`].
const LEFT_OUT: f64 = 1e-9;

impl Poisson {
    /// Poisson with this mean.
    ///
    /// # Errors
    /// If the rate is not positive, or above 10¹².
    pub fn new(rate: f64) -> Result<Self> {
        check::positive("rate", rate)?;
        if rate > MAX_RATE {
            return Err(Error::invalid(
                "rate",
                rate,
                format!("at most {MAX_RATE:e}"),
                "Use a `normal` or `gamma` prior for numbers this large.",
            ));
        }
        Ok(Self { rate })
    }

    /// The smallest and the largest count that are worth looking at: the probability below and that
    /// above are at most 10⁻⁹ each.
    pub fn central(&self) -> [f64; 2] {
        [Tail::Lower(LEFT_OUT), Tail::Upper(LEFT_OUT)].map(|tail| self.quantile(tail))
    }

    /// Whether the count reaches the tail: `k` is at or beyond its quantile.
    fn reaches(self, k: f64, tail: Tail) -> bool {
        let tails = self.tails(k);
        match tail {
            Tail::Lower(p) => tails.lower >= p,
            Tail::Upper(p) => tails.upper <= p,
        }
    }
}

impl Law for Poisson {
    fn support(&self) -> Interval {
        Interval::POSITIVE
    }

    fn log_density(&self, x: f64) -> f64 {
        if x < 0.0 || x.fract() != 0.0 {
            return f64::NEG_INFINITY;
        }
        let value = x * self.rate.ln() - self.rate - ln_gamma(x + 1.0);
        // ∞ − ∞, far beyond any count.
        if value.is_nan() {
            f64::NEG_INFINITY
        } else {
            value
        }
    }

    fn tails(&self, x: f64) -> Tails {
        if x < 0.0 {
            return Tails {
                lower: 0.0,
                upper: 1.0,
            };
        }
        // P(X ≤ k) = Q(k + 1, rate).
        let gamma = gamma_tails(x.floor() + 1.0, self.rate);
        Tails {
            lower: gamma.upper,
            upper: gamma.lower,
        }
    }

    /// The smallest count whose probability summed from below reaches the tail; by doubling, then
    /// halving.
    fn quantile(&self, tail: Tail) -> f64 {
        if self.reaches(0.0, tail) {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while !self.reaches(high, tail) && high < 1e15 {
            (low, high) = (high, 2.0 * high);
        }
        while high - low > 1.0 {
            let middle = f64::midpoint(low, high).floor();
            if self.reaches(middle, tail) {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }

    fn moments(&self) -> Moments {
        Moments::both(self.rate, self.rate.sqrt())
    }

    fn sample(&self, random: &mut Random) -> f64 {
        let uniform = random.uniform_open();
        // From the nearer end, where the probability keeps its digits.
        self.quantile(Tail::Lower(uniform).smaller())
    }

    fn contains(&self, x: f64) -> bool {
        x.is_finite() && x >= 0.0 && x.fract() == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_central_range_leaves_out_what_it_says_and_no_more() {
        for rate in [0.01, 2.5, 40.0, 900.0] {
            let law = Poisson::new(rate).unwrap();
            let [low, high] = law.central();
            assert!(law.tails(low - 1.0).lower <= LEFT_OUT);
            assert!(law.tails(high).upper <= LEFT_OUT);
            assert!(high == 0.0 || law.tails(high - 1.0).upper > LEFT_OUT);
        }
    }
}
