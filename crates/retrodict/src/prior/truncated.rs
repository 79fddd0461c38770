//! A continuous distribution cut to an interval.

use super::special::{normal_log_density, normal_tails};
use super::{Interval, Law, Moments, Tail, Tails, Univariate};
use crate::error::{Error, Result};

/// A continuous distribution F restricted to [low, high].
///
/// p(x) = f(x) / (F(high) − F(low)) for low ≤ x ≤ high. All differences are taken on the side
/// where both terms are small, so a truncation far out in a tail keeps its digits.
#[derive(Debug, Clone, PartialEq)]
pub struct Truncated {
    parent: Box<Univariate>,
    support: Interval,
    at_low: Tails,
    at_high: Tails,
    mass: f64,
}

impl Truncated {
    /// `parent` restricted to [low, high]; an end may be infinite.
    ///
    /// # Errors
    /// If the parent is discrete, an end is NaN, `low` is not below `high`, or the parent has no
    /// mass between them.
    pub fn new(parent: Univariate, low: f64, high: f64) -> Result<Self> {
        if !parent.is_continuous() {
            return Err(Error::invalid(
                "distribution",
                "a discrete distribution",
                "a continuous distribution",
                "Leave the unwanted values out of its list instead.",
            ));
        }
        if low.is_nan() || high.is_nan() || low >= high {
            return Err(Error::invalid(
                "high",
                high,
                format!("a number above `low`, which is {low}"),
                "Swap the two ends, or leave one of them out.",
            ));
        }
        let support = parent.support().intersection(Interval::new(low, high));
        let truncated = support.map(|support| Self::on(parent, support));
        truncated.filter(|t| t.mass > 0.0).ok_or_else(|| {
            Error::invalid(
                "low",
                format!("the interval from {low} to {high}"),
                "an interval in which the distribution has some mass",
                "Move or widen the interval.",
            )
        })
    }

    /// As [`Truncated::new`], but where rounding leaves the interval no mass or no width it is given
    /// the least there is. For arguments that depend on other parameters, at points of real space
    /// that no draw from the prior comes near.
    pub(super) fn lenient(parent: Univariate, low: f64, high: f64) -> Self {
        let wanted = Interval::new(low, high);
        let support = parent.support().intersection(wanted).unwrap_or_else(|| {
            let low = parent.support().inside(low);
            Interval::new(low, low.next_up())
        });
        let truncated = Self::on(parent, support);
        Self {
            mass: truncated.mass.max(f64::MIN_POSITIVE),
            ..truncated
        }
    }

    fn on(parent: Univariate, support: Interval) -> Self {
        let (at_low, at_high) = (parent.tails(support.low), parent.tails(support.high));
        let mass = if at_low.lower > 0.5 {
            at_low.upper - at_high.upper
        } else if at_high.upper > 0.5 {
            at_high.lower - at_low.lower
        } else {
            1.0 - at_low.lower - at_high.upper
        };
        Self {
            parent: Box::new(parent),
            support,
            at_low,
            at_high,
            mass,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.parent.is_connected()
    }

    /// E[g(X)] by the trapezoidal rule in the normal score of X, which converges geometrically.
    fn expectation(&self, g: impl Fn(f64) -> f64) -> f64 {
        const HALF: i32 = 300;
        const STEP: f64 = 0.03;
        let nodes = (-HALF..=HALF).map(|i| {
            let z = f64::from(i) * STEP;
            let tails = normal_tails(z);
            let tail = if z < 0.0 {
                Tail::Lower(tails.lower)
            } else {
                Tail::Upper(tails.upper)
            };
            STEP * normal_log_density(z).exp() * g(self.quantile(tail))
        });
        nodes.sum()
    }
}

impl Law for Truncated {
    fn support(&self) -> Interval {
        self.support
    }

    fn log_density(&self, x: f64) -> f64 {
        if self.support.contains(x) {
            self.parent.log_density(x) - self.mass.ln()
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        let at = self.parent.tails(x);
        let lower = if self.at_low.lower > 0.5 {
            self.at_low.upper - at.upper
        } else {
            at.lower - self.at_low.lower
        };
        let upper = if self.at_high.upper > 0.5 {
            self.at_high.lower - at.lower
        } else {
            at.upper - self.at_high.upper
        };
        Tails {
            lower: (lower / self.mass).clamp(0.0, 1.0),
            upper: (upper / self.mass).clamp(0.0, 1.0),
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        let parent_tail = match tail.smaller() {
            Tail::Lower(p) if self.at_low.lower > 0.5 => {
                Tail::Upper(self.at_low.upper - p * self.mass)
            }
            Tail::Lower(p) => Tail::Lower(self.at_low.lower + p * self.mass),
            Tail::Upper(p) if self.at_high.upper > 0.5 => {
                Tail::Lower(self.at_high.lower - p * self.mass)
            }
            Tail::Upper(p) => Tail::Upper(self.at_high.upper + p * self.mass),
        };
        let x = self.parent.quantile(parent_tail);
        x.clamp(self.support.low, self.support.high)
    }

    fn moments(&self) -> Moments {
        let of_parent = self.parent.moments();
        let bounded = self.support.is_bounded();
        let mean = self.expectation(|x| x);
        let sd = self.expectation(|x| (x - mean).powi(2)).sqrt();
        Moments {
            mean: (bounded || of_parent.mean.is_some()).then_some(mean),
            sd: (bounded || of_parent.sd.is_some()).then_some(sd),
        }
    }

    fn contains(&self, x: f64) -> bool {
        self.support.contains(x) && self.parent.contains(x)
    }
}
