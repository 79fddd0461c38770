//! Plain, residual and masked multilayer perceptrons.
//!
//! A [`Network`] maps context rows and feature rows to output rows. It is fully connected or
//! autoregressive: then the outputs of feature *j* depend on the context and on the features before
//! *j* alone. Weights and gradients are slices of the model's one flat array; nothing is allocated
//! on the way forward or backward.

mod config;
mod degrees;
mod layer;
#[expect(
    clippy::module_inception,
    reason = "the noun of the module is that of its main type"
)]
mod network;
mod plain;
mod residual;

pub use config::{Activation, NetworkConfig};
pub use network::{InputGradients, Inputs, Network};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod twin;
