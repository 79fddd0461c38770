//! The beta distribution.

use super::special::{beta_tails, log_beta};
use super::{Interval, Law, Moments, Tail, Tails, check, solve};
use crate::error::Result;
use crate::seed::Random;

/// Beta on (0, 1).
///
/// p(x) = x^(alpha − 1) (1 − x)^(beta − 1) / B(alpha, beta).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta {
    alpha: f64,
    beta: f64,
}

impl Beta {
    /// Beta with these two shapes.
    ///
    /// # Errors
    /// If one of them is not positive and finite.
    pub fn new(alpha: f64, beta: f64) -> Result<Self> {
        check::positive("alpha", alpha)?;
        check::positive("beta", beta)?;
        Ok(Self { alpha, beta })
    }

    pub(super) fn shapes(self) -> (f64, f64) {
        (self.alpha, self.beta)
    }

    /// The log-density at `x` in (0, 1), with `y` = 1 − x given apart.
    pub(super) fn log_density_of(self, x: f64, y: f64) -> f64 {
        (self.alpha - 1.0) * x.ln() + (self.beta - 1.0) * y.ln() - log_beta(self.alpha, self.beta)
    }

    /// The distribution of 1 − x.
    pub(super) fn mirrored(self) -> Self {
        Self {
            alpha: self.beta,
            beta: self.alpha,
        }
    }
}

impl Law for Beta {
    fn support(&self) -> Interval {
        Interval::new(0.0, 1.0)
    }

    fn log_density(&self, x: f64) -> f64 {
        if 0.0 < x && x < 1.0 {
            self.log_density_of(x, 1.0 - x)
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        beta_tails(self.alpha, self.beta, x, 1.0 - x)
    }

    fn quantile(&self, tail: Tail) -> f64 {
        solve::quantile(self, tail)
    }

    fn moments(&self) -> Moments {
        let total = self.alpha + self.beta;
        let mean = self.alpha / total;
        let variance = mean * (self.beta / total) / (total + 1.0);
        Moments::both(mean, variance.sqrt())
    }

    fn sample(&self, random: &mut Random) -> f64 {
        let law = rand_distr::Beta::new(self.alpha, self.beta);
        random.draw(&law.expect("the shapes were checked in `new`"))
    }
}
