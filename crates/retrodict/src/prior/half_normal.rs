//! The half-normal distribution.

use libm::{erf, erfc};
use statrs::function::erf::erf_inv;

use super::special::{normal_log_density, normal_quantile};
use super::{Interval, Law, Moments, Tail, Tails, check};
use crate::error::Result;
use crate::seed::Random;

/// The distribution of |y| for a normal y with mean 0 and standard deviation `scale`.
///
/// p(x) = 2 Normal(x; 0, scale) for x ≥ 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfNormal {
    scale: f64,
}

impl HalfNormal {
    /// Half-normal with this scale.
    ///
    /// # Errors
    /// If the scale is not positive and finite.
    pub fn new(scale: f64) -> Result<Self> {
        check::positive("scale", scale)?;
        Ok(Self { scale })
    }

    fn stretch(self) -> f64 {
        self.scale * std::f64::consts::SQRT_2
    }
}

impl Law for HalfNormal {
    fn support(&self) -> Interval {
        Interval::POSITIVE
    }

    fn log_density(&self, x: f64) -> f64 {
        if x >= 0.0 {
            std::f64::consts::LN_2 + normal_log_density(x / self.scale) - self.scale.ln()
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        Tails {
            lower: erf(x / self.stretch()),
            upper: erfc(x / self.stretch()),
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        match tail.smaller() {
            Tail::Lower(p) => {
                let y = erf_inv(p);
                // One step of Newton's method: `erf_inv` is good to ten digits.
                let slope = std::f64::consts::FRAC_2_SQRT_PI * (-y * y).exp();
                self.stretch() * (y - (erf(y) - p) / slope)
            }
            Tail::Upper(p) => self.scale * normal_quantile(Tail::Upper(0.5 * p)),
        }
    }

    fn moments(&self) -> Moments {
        let mean_of_unit = std::f64::consts::FRAC_2_PI.sqrt();
        let sd_of_unit = (1.0 - std::f64::consts::FRAC_2_PI).sqrt();
        Moments::both(self.scale * mean_of_unit, self.scale * sd_of_unit)
    }

    fn sample(&self, random: &mut Random) -> f64 {
        self.scale * random.normal().abs()
    }
}
