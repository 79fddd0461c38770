//! Conditional densities: normalizing flows and mixtures.

mod base;
mod build;
mod config;
mod examples;
mod flow;
#[cfg(test)]
mod laws;
mod layout;
mod mixture;
mod workspace;

use std::fmt::Debug;

pub use config::{EstimatorConfig, FlowConfig, MixtureConfig, SplineConfig};
pub use examples::Examples;
pub use flow::Flow;
pub use workspace::{EVALUATED, Parts, Purpose, Workspace};

use crate::seed::Random;

/// A conditional density q(value | context) to train: a config, plus weights in one flat array
/// that its methods are given.
///
/// Values are standardised; the batch, and what is computed from it, lives in a [`Workspace`].
pub trait DensityEstimator: Send + Sync + Debug {
    /// How many weights it has.
    fn n_weights(&self) -> usize;

    /// Fills the weights with their first values.
    fn initialize(&self, weights: &mut [f32], random: &mut Random);

    /// A workspace for batches of up to `max_rows`.
    fn workspace(&self, max_rows: usize, purpose: Purpose) -> Workspace;

    /// Fills the workspace's `log_prob` with log q of each row of its batch.
    fn log_prob(&self, weights: &[f32], workspace: &mut Workspace);

    /// The mean of −log q over the batch; fills `gradient` with its derivatives.
    fn loss_and_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        gradient: &mut [f32],
    ) -> f64;
}
