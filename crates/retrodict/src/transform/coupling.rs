//! The spline coupling layer.

use super::spline::start_as_identity;
use super::{Batch, Gradients, Transform};
use crate::error::Result;
use crate::network::{InputGradients, Network, NetworkConfig};
use crate::seed::Random;
use retrodict_kernels::{Kernels, SplineBackward, SplineForward, SplineInverse, SplineShape};

/// Some features pass unchanged and, with the context, set the splines of the others:
/// `y_kept` = `x_kept`, `y_moved` = s(`x_moved`; context, `x_kept`); log |det| = Σ ln s′.
///
/// Forward and inverse both take one pass of the network. With one feature, it moves and the splines
/// depend on the context alone.
///
/// # Reference
/// Durkan, Bekasov, Murray & Papamakarios (2019), arXiv:1906.04032.
#[derive(Debug, Clone)]
pub struct CouplingSpline {
    network: Network,
    /// The splines of the features that move.
    shape: SplineShape,
    moved: Vec<usize>,
    kept: Vec<usize>,
}

/// How a layer's part of the workspace is divided.
struct Parts<'a> {
    kept: &'a [f32],
    moved: &'a [f32],
    parameters: &'a [f32],
    network: &'a [f32],
}

/// The same, to write to.
struct PartsMut<'a> {
    kept: &'a mut [f32],
    moved: &'a mut [f32],
    parameters: &'a mut [f32],
    network: &'a mut [f32],
}

impl CouplingSpline {
    /// For the features of `shape`; every second one moves, starting from the first if `layer` is
    /// even and from the second if it is odd.
    ///
    /// # Errors
    /// What [`NetworkConfig::validate`] refuses.
    pub fn alternating(
        config: &NetworkConfig,
        n_context: usize,
        shape: &SplineShape,
        layer: usize,
    ) -> Result<Self> {
        let d = shape.n_features();
        // A lone feature that never moved would leave the flow without effect.
        let moves = |feature: usize| d == 1 || feature % 2 == layer % 2;
        let (moved, kept): (Vec<usize>, Vec<usize>) = (0..d).partition(|feature| moves(*feature));
        let tails = moved
            .iter()
            .map(|feature| shape.tails()[*feature])
            .collect();
        let shape = SplineShape::new(shape.n_bins(), shape.bound(), tails);
        let outputs = moved.len() * shape.parameters_per_feature();
        Ok(Self {
            network: Network::new(config, n_context, kept.len(), outputs)?,
            shape,
            moved,
            kept,
        })
    }

    /// The same transform on the kernels of another tier.
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self {
            network: self.network.with_kernels(kernels),
            ..self
        }
    }

    fn parts<'a>(&self, rows: &'a [f32], stride: usize) -> Parts<'a> {
        let (kept, rows) = rows.split_at(self.kept.len() * stride);
        let (moved, rows) = rows.split_at(self.moved.len() * stride);
        let (parameters, network) = rows.split_at(self.network.n_outputs() * stride);
        Parts {
            kept,
            moved,
            parameters,
            network,
        }
    }

    fn parts_mut<'a>(&self, rows: &'a mut [f32], stride: usize) -> PartsMut<'a> {
        let (kept, rows) = rows.split_at_mut(self.kept.len() * stride);
        let (moved, rows) = rows.split_at_mut(self.moved.len() * stride);
        let (parameters, network) = rows.split_at_mut(self.network.n_outputs() * stride);
        PartsMut {
            kept,
            moved,
            parameters,
            network,
        }
    }

    /// The network's parameters for a batch, and the batch's features by what happens to them.
    fn condition<'a>(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        cache: &'a mut [f32],
    ) -> PartsMut<'a> {
        let parts = self.parts_mut(cache, batch.stride);
        gather(batch.x, &self.kept, batch.stride, parts.kept);
        gather(batch.x, &self.moved, batch.stride, parts.moved);
        let inputs = batch.with_features(parts.kept);
        self.network
            .forward(weights, inputs, parts.parameters, parts.network);
        parts
    }
}

/// Copies the named rows to one behind the other.
fn gather(from: &[f32], features: &[usize], stride: usize, to: &mut [f32]) {
    for (row, feature) in to.chunks_exact_mut(stride).zip(features) {
        row.copy_from_slice(&from[feature * stride..][..stride]);
    }
}

/// Copies rows one behind the other to their places.
fn scatter(from: &[f32], features: &[usize], stride: usize, to: &mut [f32]) {
    for (row, feature) in from.chunks_exact(stride).zip(features) {
        to[feature * stride..][..stride].copy_from_slice(row);
    }
}

impl Transform for CouplingSpline {
    fn n_weights(&self) -> usize {
        self.network.n_weights()
    }

    fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.network.initialize(weights, random);
        start_as_identity(&self.shape, self.network.output_bias(weights));
    }

    fn cache_rows(&self) -> usize {
        let features = self.kept.len() + self.moved.len();
        features + self.network.n_outputs() + self.network.cache_rows()
    }

    fn scratch_rows(&self) -> usize {
        let features = self.kept.len() + self.moved.len();
        features + self.network.n_outputs() + self.network.scratch_rows()
    }

    fn forward(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        y: &mut [f32],
        log_det: &mut [f32],
        cache: &mut [f32],
        scratch: &mut [f32],
    ) {
        let parts = self.condition(weights, batch, cache);
        let moved = &mut scratch[..parts.moved.len()];
        SplineForward {
            shape: &self.shape,
            x: parts.moved,
            parameters: parts.parameters,
            stride: batch.stride,
            y: moved,
            log_det,
        }
        .run(self.network.kernels());
        scatter(parts.kept, &self.kept, batch.stride, y);
        scatter(moved, &self.moved, batch.stride, y);
    }

    fn backward(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        gradients: Gradients<'_>,
        cache: &[f32],
        scratch: &mut [f32],
    ) {
        let stride = batch.stride;
        let made = self.parts(cache, stride);
        let slopes = self.parts_mut(scratch, stride);
        gather(gradients.values, &self.kept, stride, slopes.kept);
        gather(gradients.values, &self.moved, stride, slopes.moved);
        SplineBackward {
            shape: &self.shape,
            x: made.moved,
            parameters: made.parameters,
            stride,
            log_det_gradient: gradients.log_det,
            values: slopes.moved,
            parameter_gradient: slopes.parameters,
        }
        .run(self.network.kernels());
        let through = InputGradients {
            context: gradients.context,
            features: Some(slopes.kept),
            weights: gradients.weights,
        };
        let inputs = batch.with_features(made.kept);
        let d_parameters = slopes.parameters;
        self.network.backward(
            weights,
            inputs,
            d_parameters,
            through,
            made.network,
            slopes.network,
        );
        scatter(slopes.kept, &self.kept, stride, gradients.values);
        scatter(slopes.moved, &self.moved, stride, gradients.values);
    }

    fn inverse(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        x: &mut [f32],
        log_det: &mut [f32],
        cache: &mut [f32],
        scratch: &mut [f32],
    ) {
        let parts = self.condition(weights, batch, cache);
        let moved = &mut scratch[..parts.moved.len()];
        SplineInverse {
            shape: &self.shape,
            first_feature: 0,
            y: parts.moved,
            parameters: parts.parameters,
            stride: batch.stride,
            x: moved,
            log_det,
        }
        .run(self.network.kernels());
        scatter(parts.kept, &self.kept, batch.stride, x);
        scatter(moved, &self.moved, batch.stride, x);
    }
}
