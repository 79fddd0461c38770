//! The Cauchy distribution.

use std::f64::consts::{FRAC_1_PI, PI};

use super::{Interval, Law, Moments, Tail, Tails, check};
use crate::error::Result;

/// Cauchy: no mean, no variance.
///
/// p(x) = 1 / (π scale (1 + t²)) with t = (x − location) / scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cauchy {
    location: f64,
    scale: f64,
}

impl Cauchy {
    /// Cauchy with this location and scale.
    ///
    /// # Errors
    /// If the location is not finite or the scale not positive and finite.
    pub fn new(location: f64, scale: f64) -> Result<Self> {
        check::finite("location", location)?;
        check::positive("scale", scale)?;
        Ok(Self { location, scale })
    }
}

impl Law for Cauchy {
    fn support(&self) -> Interval {
        Interval::REAL
    }

    fn log_density(&self, x: f64) -> f64 {
        let t = (x - self.location) / self.scale;
        // log(1 + t²) = 2 log √(1 + t²), without overflow of t².
        -PI.ln() - self.scale.ln() - 2.0 * 1_f64.hypot(t).ln()
    }

    fn tails(&self, x: f64) -> Tails {
        let t = (x - self.location) / self.scale;
        // atan2(1, t) is the angle from the positive axis: precise in the upper tail, and by
        // symmetry in the lower.
        Tails {
            lower: FRAC_1_PI * 1_f64.atan2(-t),
            upper: FRAC_1_PI * 1_f64.atan2(t),
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        let t = match tail.smaller() {
            Tail::Lower(p) => -1.0 / (PI * p).tan(),
            Tail::Upper(p) => 1.0 / (PI * p).tan(),
        };
        self.location + self.scale * t
    }

    fn moments(&self) -> Moments {
        Moments {
            mean: None,
            sd: None,
        }
    }
}
