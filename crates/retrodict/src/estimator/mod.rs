//! What is trained: conditional densities (normalizing flows and mixtures), likelihood ratios and vector
//! fields.

mod base;
mod build;
mod config;
mod examples;
mod flow;
mod gaussian_mixture;
#[cfg(test)]
mod laws;
mod layout;
mod mixed;
mod mixture;
mod ratio;
mod vector_field;
mod workspace;

use std::fmt::Debug;

pub use config::{EstimatorConfig, FlowConfig, MixtureConfig, SplineConfig};
pub use examples::Examples;
pub use flow::Flow;
pub use gaussian_mixture::{GaussianComponent, GaussianMixture};
pub use mixed::MixedDensity;
pub use ratio::{
    BalancedLoss, BinaryLoss, ContrastiveLoss, GeneralContrastiveLoss, RatioConfig, RatioEstimator,
    RatioLoss,
};
pub use vector_field::{
    ExplodingPath, FieldBatch, PathConfig, PreservingPath, StraightPath, VectorField,
    VectorFieldConfig, Weighting,
};
pub use workspace::{EVALUATED, Parts, Purpose, Workspace};

use crate::seed::Random;

/// Something to train: a config, plus weights in one flat array that its methods are given.
///
/// Values and context are standardised; the batch, and what is computed from it, lives in a
/// [`Workspace`].
pub trait Estimator: Send + Sync + Debug {
    /// How many weights it has.
    fn n_weights(&self) -> usize;

    /// Fills the weights with their first values.
    fn initialize(&self, weights: &mut [f32], random: &mut Random);

    /// A workspace for batches of up to `max_rows`.
    fn workspace(&self, max_rows: usize, purpose: Purpose) -> Workspace;

    /// Fills the workspace's `log_prob` with the logarithmic score of each row of its batch, minus
    /// its loss: log q(value | context) of a density, the log-probability that a classifier gives to
    /// the truth.
    fn log_scores(&self, weights: &[f32], workspace: &mut Workspace);

    /// The mean loss over the batch; fills `gradient` with its derivatives.
    fn loss_and_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        gradient: &mut [f32],
    ) -> f64;
}
