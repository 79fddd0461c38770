//! The space in which a network models θ.

use crate::embed::Standardization;
use crate::error::{Error, Result};
use crate::prior::SupportMap;

/// θ → z̃: the prior's support map, then standardisation. Its inverse lands in the support whatever
/// the number, so a draw cannot fall outside the prior.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) map: SupportMap,
    pub(super) standardization: Standardization,
}

impl Target {
    pub(super) fn n_features(&self) -> usize {
        self.standardization.columns().len()
    }

    /// Fills `z` and returns log |det ∂z̃/∂θ|; −∞ outside the support, where `z` is arbitrary but
    /// finite.
    pub(super) fn forward(&self, theta: &[f64], real: &mut [f64], z: &mut [f32]) -> f64 {
        // The map moves a point on the boundary inside; what is outside has no density.
        if !self.map.prior().contains(theta) {
            z.fill(0.0);
            return f64::NEG_INFINITY;
        }
        let log_det = self.map.forward(theta, real);
        self.standardization.apply(real, z);
        log_det + self.standardization.log_det(real)
    }

    /// Fills `theta` and returns log |det ∂θ/∂z̃|.
    pub(super) fn inverse(&self, z: &[f32], real: &mut [f64], theta: &mut [f64]) -> f64 {
        self.standardization.invert(z, real);
        self.map.inverse(real, theta) - self.standardization.log_det(real)
    }
}

/// Refuses a parameter that the same value was drawn for every time.
pub(super) fn check_varies(standardization: &Standardization, names: &[String]) -> Result<()> {
    let constant = standardization.constant_columns();
    let Some(&column) = constant.first() else {
        return Ok(());
    };
    let name = names.get(column).map_or("a parameter", String::as_str);
    Err(Error::invalid(
        format!("simulations, parameter `{name}`"),
        "the same value in every row",
        "values that differ",
        "Draw the parameters from the prior, or leave this one out.",
    ))
}
