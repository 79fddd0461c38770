//! The gamma distribution.

use statrs::function::gamma::ln_gamma;

use super::special::gamma_tails;
use super::{Interval, Law, Moments, Tail, Tails, check, solve};
use crate::error::Result;
use crate::seed::Random;

/// Gamma with mean shape / rate.
///
/// p(x) = rate^shape x^(shape − 1) exp(−rate x) / Γ(shape) for x > 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gamma {
    shape: f64,
    rate: f64,
}

impl Gamma {
    /// Gamma with this shape and rate (the inverse of the scale).
    ///
    /// # Errors
    /// If one of them is not positive and finite.
    pub fn new(shape: f64, rate: f64) -> Result<Self> {
        check::positive("shape", shape)?;
        check::positive("rate", rate)?;
        Ok(Self { shape, rate })
    }
}

impl Law for Gamma {
    fn support(&self) -> Interval {
        Interval::POSITIVE
    }

    fn log_density(&self, x: f64) -> f64 {
        if x > 0.0 {
            self.shape * self.rate.ln() + (self.shape - 1.0) * x.ln()
                - self.rate * x
                - ln_gamma(self.shape)
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        gamma_tails(self.shape, self.rate * x)
    }

    fn quantile(&self, tail: Tail) -> f64 {
        solve::quantile(self, tail)
    }

    fn moments(&self) -> Moments {
        Moments::both(self.shape / self.rate, self.shape.sqrt() / self.rate)
    }

    fn sample(&self, random: &mut Random) -> f64 {
        let unit = rand_distr::Gamma::new(self.shape, 1.0).expect("the shape was checked in `new`");
        random.draw(&unit) / self.rate
    }
}
