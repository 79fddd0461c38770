//! Which vector field is trained, and how large its network is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::path::PathConfig;
use crate::error::{Error, Result};
use crate::network::{Activation, NetworkConfig};

/// A vector field that carries noise to the posterior.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VectorFieldConfig {
    /// How data become noise. Left out, `flow_matching` for the method `fmpe`, and
    /// `variance_exploding` for `npse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathConfig>,
    /// The network of the field; data and time are its context.
    pub network: NetworkConfig,
    /// How many frequencies the logarithm of the noise-to-signal ratio is seen at.
    pub time_frequencies: usize,
    /// How often an epoch of training goes over the simulations, each time with new times and new
    /// noise: these are what makes the loss noisy, and they cost no simulation.
    pub passes: usize,
}

impl Default for VectorFieldConfig {
    fn default() -> Self {
        Self {
            path: None,
            network: NetworkConfig {
                hidden: vec![64, 64],
                activation: Activation::Relu,
                ..NetworkConfig::default()
            },
            time_frequencies: 4,
            passes: 4,
        }
    }
}

/// More than this is a slip of the pen, or a damaged file.
const MAX_COUNT: usize = 100;

impl VectorFieldConfig {
    /// The path, the default one if none is given.
    pub fn path(&self) -> PathConfig {
        self.path.clone().unwrap_or_default()
    }

    /// Refuses settings that make no sense.
    pub fn validate(&self) -> Result<()> {
        self.network.validate()?;
        self.path().validate()?;
        for (field, count) in [
            ("time_frequencies", self.time_frequencies),
            ("passes", self.passes),
        ] {
            if !(1..=MAX_COUNT).contains(&count) {
                let expected = format!("from 1 to {MAX_COUNT}");
                return Err(Error::invalid_option(
                    "vector field",
                    field,
                    count,
                    expected,
                ));
            }
        }
        Ok(())
    }
}
