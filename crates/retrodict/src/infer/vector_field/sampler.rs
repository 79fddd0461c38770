//! How draws are made from a vector field.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ode::OdeConfig;
use super::sde::SdeConfig;
use crate::error::Result;

/// How noise is carried to draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldSamplerConfig {
    /// Along the flow, an ordinary differential equation; densities always are those of the flow.
    Ode(OdeConfig),
    /// By the reverse diffusion, a stochastic differential equation.
    Sde(SdeConfig),
}

impl Default for FieldSamplerConfig {
    fn default() -> Self {
        Self::Ode(OdeConfig::default())
    }
}

impl FieldSamplerConfig {
    /// Refuses settings that make no sense.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Ode(config) => config.validate(),
            Self::Sde(config) => config.validate(),
        }
    }

    /// How the flow is followed where a density is wanted.
    pub(super) fn ode(&self) -> OdeConfig {
        match self {
            Self::Ode(config) => config.clone(),
            Self::Sde(_) => OdeConfig::default(),
        }
    }
}
