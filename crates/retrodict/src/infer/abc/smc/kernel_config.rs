//! How far candidates are scattered, and how that is written down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How candidates are scattered about the draws of the generation before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum KernelConfig {
    /// Normal, with a multiple of the weighted covariance of all draws.
    MultivariateNormal {
        /// By what the covariance is multiplied (Beaumont et al. 2009: 2).
        #[serde(default = "two")]
        scale: f64,
    },
    /// Normal about each draw, with a multiple of the second moments of its nearest neighbours about
    /// it (Filippi et al. 2013, arXiv:1106.6280): for posteriors that are bent or in pieces.
    Local {
        /// The share of the draws that are neighbours.
        #[serde(default = "quarter")]
        neighbors: f64,
        /// By what the second moments are multiplied.
        #[serde(default = "one")]
        scale: f64,
    },
}

fn two() -> f64 {
    2.0
}

fn one() -> f64 {
    1.0
}

fn quarter() -> f64 {
    0.25
}

impl Default for KernelConfig {
    fn default() -> Self {
        Self::MultivariateNormal { scale: two() }
    }
}

impl KernelConfig {
    /// Refuses options that make no sense.
    pub(super) fn validate(self) -> Result<()> {
        let (scale, neighbors) = match self {
            Self::MultivariateNormal { scale } => (scale, 1.0),
            Self::Local { neighbors, scale } => (scale, neighbors),
        };
        if !(scale > 0.0 && scale.is_finite()) {
            let expected = "a positive number";
            return Err(Error::invalid_option("kernel", "scale", scale, expected));
        }
        if !(0.0 < neighbors && neighbors <= 1.0) {
            let expected = "above 0 and at most 1";
            return Err(Error::invalid_option(
                "kernel",
                "neighbors",
                neighbors,
                expected,
            ));
        }
        Ok(())
    }
}
