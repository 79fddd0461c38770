//! The autoregressive spline.

use super::{Batch, Gradients, Transform};
use crate::error::Result;
use crate::network::{InputGradients, Network, NetworkConfig};
use crate::seed::Random;
use retrodict_kernels::{Kernels, SplineBackward, SplineForward, SplineInverse, SplineShape};

/// yⱼ = sⱼ(xⱼ), a monotone rational-quadratic spline whose knots and derivatives are a masked
/// network's function of the context and of x₁, …, xⱼ₋₁; log |det| = Σⱼ ln sⱼ′(xⱼ).
///
/// Each feature's spline is the identity outside its interval, or maps a bounded box onto itself: see
/// [`retrodict_kernels::Tail`].
///
/// # Reference
/// Durkan, Bekasov, Murray & Papamakarios (2019), arXiv:1906.04032.
#[derive(Debug, Clone)]
pub struct AutoregressiveSpline {
    network: Network,
    shape: SplineShape,
}

impl AutoregressiveSpline {
    /// For the features of `shape`, in the order given by their rows.
    ///
    /// # Errors
    /// What [`NetworkConfig::validate`] refuses.
    pub fn new(config: &NetworkConfig, n_context: usize, shape: SplineShape) -> Result<Self> {
        let (d, outputs) = (shape.n_features(), shape.parameters_per_feature());
        Ok(Self {
            network: Network::autoregressive(config, n_context, d, outputs)?,
            shape,
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
}

/// Adds to the biases what makes every spline the identity.
pub(super) fn start_as_identity(shape: &SplineShape, bias: &mut [f32]) {
    let identity = shape.identity();
    for block in bias.chunks_exact_mut(identity.len()) {
        for (bias, identity) in block.iter_mut().zip(&identity) {
            *bias += identity;
        }
    }
}

impl Transform for AutoregressiveSpline {
    fn n_weights(&self) -> usize {
        self.network.n_weights()
    }

    fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.network.initialize(weights, random);
        start_as_identity(&self.shape, self.network.output_bias(weights));
    }

    fn cache_rows(&self) -> usize {
        self.network.n_outputs() + self.network.cache_rows()
    }

    fn scratch_rows(&self) -> usize {
        self.network.n_outputs() + self.network.scratch_rows()
    }

    fn forward(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        y: &mut [f32],
        log_det: &mut [f32],
        cache: &mut [f32],
        _scratch: &mut [f32],
    ) {
        let (parameters, cache) = cache.split_at_mut(self.network.n_outputs() * batch.stride);
        self.network
            .forward(weights, batch.inputs(), parameters, cache);
        SplineForward {
            shape: &self.shape,
            x: batch.x,
            parameters,
            stride: batch.stride,
            y,
            log_det,
        }
        .run(self.network.kernels());
    }

    fn backward(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        gradients: Gradients<'_>,
        cache: &[f32],
        scratch: &mut [f32],
    ) {
        let rows = self.network.n_outputs() * batch.stride;
        let (parameters, cache) = cache.split_at(rows);
        let (parameter_gradient, scratch) = scratch.split_at_mut(rows);
        SplineBackward {
            shape: &self.shape,
            x: batch.x,
            parameters,
            stride: batch.stride,
            log_det_gradient: gradients.log_det,
            values: gradients.values,
            parameter_gradient,
        }
        .run(self.network.kernels());
        let through = InputGradients {
            context: gradients.context,
            features: Some(gradients.values),
            weights: gradients.weights,
        };
        let inputs = batch.inputs();
        self.network
            .backward(weights, inputs, parameter_gradient, through, cache, scratch);
    }

    fn inverse(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        x: &mut [f32],
        log_det: &mut [f32],
        cache: &mut [f32],
        _scratch: &mut [f32],
    ) {
        let stride = batch.stride;
        let (parameters, cache) = cache.split_at_mut(self.network.n_outputs() * stride);
        let block = self.shape.parameters_per_feature() * stride;
        // The outputs of feature j see only features before j, which are done by then.
        x.fill(0.0);
        for (j, y) in batch.x.chunks_exact(stride).enumerate() {
            let inputs = batch.with_features(x);
            self.network
                .forward_feature(weights, inputs, j, parameters, cache);
            SplineInverse {
                shape: &self.shape,
                first_feature: j,
                y,
                parameters: &mut parameters[j * block..][..block],
                stride,
                x: &mut x[j * stride..][..stride],
                log_det,
            }
            .run(self.network.kernels());
        }
    }
}
