//! Student's t distribution.

use super::special::{beta_tails, log_beta};
use super::{Interval, Law, Moments, Tail, Tails, check, solve};
use crate::error::Result;
use crate::seed::Random;

/// Student's t, moved and stretched.
///
/// With t = (x − location) / scale and ν degrees of freedom,
/// p(x) = (1 + t²/ν)^(−(ν + 1)/2) / (scale √ν B(ν/2, ½)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StudentT {
    degrees_of_freedom: f64,
    location: f64,
    scale: f64,
}

impl StudentT {
    /// Student's t with these degrees of freedom, location and scale.
    ///
    /// # Errors
    /// If the location is not finite, or one of the others not positive and finite.
    pub fn new(degrees_of_freedom: f64, location: f64, scale: f64) -> Result<Self> {
        check::positive("degrees_of_freedom", degrees_of_freedom)?;
        check::finite("location", location)?;
        check::positive("scale", scale)?;
        Ok(Self {
            degrees_of_freedom,
            location,
            scale,
        })
    }
}

impl Law for StudentT {
    fn support(&self) -> Interval {
        Interval::REAL
    }

    fn log_density(&self, x: f64) -> f64 {
        let nu = self.degrees_of_freedom;
        let t = (x - self.location) / self.scale;
        // log(1 + t²/ν) without overflow of t².
        let spread = if t.abs() < 1e100 {
            (t * t / nu).ln_1p()
        } else {
            2.0 * t.abs().ln() - nu.ln()
        };
        -0.5 * (nu + 1.0) * spread - self.scale.ln() - 0.5 * nu.ln() - log_beta(0.5 * nu, 0.5)
    }

    fn tails(&self, x: f64) -> Tails {
        let nu = self.degrees_of_freedom;
        let t = (x - self.location) / self.scale;
        let ratio = (t / nu.sqrt()).powi(2);
        let outer = if ratio == f64::INFINITY {
            // I_y(ν/2, ½) for y → 0, where y itself underflows.
            let log_y = nu.ln() - 2.0 * t.abs().ln();
            0.5 * (0.5 * nu * log_y - log_beta(0.5 * nu, 0.5) - (0.5 * nu).ln()).exp()
        } else {
            0.5 * beta_tails(0.5 * nu, 0.5, 1.0 / (1.0 + ratio), ratio / (1.0 + ratio)).lower
        };
        if t < 0.0 {
            Tails {
                lower: outer,
                upper: 1.0 - outer,
            }
        } else {
            Tails {
                lower: 1.0 - outer,
                upper: outer,
            }
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        // Solved for location zero, where the floating-point numbers are densest at the centre.
        let centred = Self {
            location: 0.0,
            scale: 1.0,
            ..*self
        };
        self.location + self.scale * solve::quantile(&centred, tail)
    }

    fn moments(&self) -> Moments {
        let nu = self.degrees_of_freedom;
        Moments {
            mean: (nu > 1.0).then_some(self.location),
            sd: (nu > 2.0).then(|| self.scale * (nu / (nu - 2.0)).sqrt()),
        }
    }

    fn sample(&self, random: &mut Random) -> f64 {
        let unit = rand_distr::StudentT::new(self.degrees_of_freedom);
        let unit = unit.expect("the degrees of freedom were checked in `new`");
        self.location + self.scale * random.draw(&unit)
    }
}
