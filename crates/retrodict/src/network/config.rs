//! What a network looks like.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Widths above this are taken for a mistake: the weights alone would fill 4 GB.
const MAX_WIDTH: usize = 32_768;

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// tanh z.
    Tanh,
    /// max(z, 0).
    Relu,
    /// z/2 · (1 + tanh(√(2/π) (z + 0.044715 z³))); Hendrycks & Gimpel (2016), arXiv:1606.08415.
    Gelu,
    /// z · sigmoid z; Elfwing et al. (2018), arXiv:1702.03118.
    Silu,
}

impl Activation {
    /// The kernel for it.
    pub(super) fn kernel(self) -> retrodict_kernels::Activation {
        match self {
            Self::Tanh => retrodict_kernels::Activation::Tanh,
            Self::Relu => retrodict_kernels::Activation::Relu,
            Self::Gelu => retrodict_kernels::Activation::Gelu,
            Self::Silu => retrodict_kernels::Activation::Silu,
        }
    }

    /// The standard deviation of a weight, times the root of how many inputs it has, that keeps the
    /// size of a signal from layer to layer: 1 (`LeCun` et al. 1998) for those with slope one at zero, √2 (He et
    /// al. 2015, arXiv:1502.01852) for those that silence half of their input.
    pub(super) fn gain(self) -> f64 {
        match self {
            Self::Tanh => 1.0,
            Self::Relu | Self::Gelu | Self::Silu => std::f64::consts::SQRT_2,
        }
    }
}

/// The shape of a [`super::Network`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Widths of the hidden layers of a plain network; of a residual one a width for each block of
    /// two layers, all equal.
    pub hidden: Vec<usize>,
    /// Whether the hidden layers are residual blocks, with a gate that the context opens.
    pub residual: bool,
    /// Between the layers.
    pub activation: Activation,
    /// Whether a linear map from the inputs is added to the outputs. It makes what is linear exact:
    /// the posterior of a linear Gaussian problem needs no hidden unit.
    pub linear_skip: bool,
    /// Whether the last layer starts at zero, so that a flow starts as the identity.
    pub zero_last: bool,
}

impl Default for NetworkConfig {
    /// Two residual blocks of 40 rectified linear units, a linear skip, and a last layer of zeros.
    fn default() -> Self {
        Self {
            hidden: vec![40, 40],
            residual: true,
            activation: Activation::Relu,
            linear_skip: true,
            zero_last: true,
        }
    }
}

impl NetworkConfig {
    /// Says what no network can be built from.
    ///
    /// # Errors
    /// A width of zero or beyond reason; a residual network without blocks or of unequal widths.
    pub fn validate(&self) -> Result<()> {
        let given = format!("{:?}", self.hidden);
        if let Some(width) = self
            .hidden
            .iter()
            .find(|width| !(1..=MAX_WIDTH).contains(*width))
        {
            return Err(Error::invalid(
                "hidden",
                format!("a layer of {width} in {given}"),
                format!("widths from 1 to {MAX_WIDTH}"),
                "Leave a layer out rather than giving it no units; 50 to 200 are common",
            ));
        }
        if self.residual && self.hidden.is_empty() {
            return Err(Error::invalid(
                "hidden",
                given,
                "at least one block for a residual network",
                "Name a width, as in [50, 50], or set `residual = false`",
            ));
        }
        if self.residual && self.hidden.iter().any(|width| *width != self.hidden[0]) {
            return Err(Error::invalid(
                "hidden",
                given,
                "equal widths, because residual blocks are added to one another",
                "Make all widths equal, or set `residual = false`",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(hidden: Vec<usize>, residual: bool) -> String {
        let config = NetworkConfig {
            hidden,
            residual,
            ..NetworkConfig::default()
        };
        config
            .validate()
            .map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn what_cannot_be_built_is_refused_by_name() {
        assert_eq!(message(vec![], false), "");
        assert!(message(vec![50, 0], false).contains("hidden: given a layer of 0 in [50, 0]"));
        assert!(message(vec![1 << 40], false).contains("widths from 1 to"));
        assert!(message(vec![], true).contains("at least one block"));
        assert!(message(vec![50, 40], true).contains("equal widths"));
    }

    #[test]
    fn configurations_survive_json() {
        let config = NetworkConfig::default();
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<NetworkConfig>(&text).unwrap(),
            config
        );
        assert!(serde_json::from_str::<NetworkConfig>("{\"widths\": [3]}").is_err());
    }
}
