//! The affine autoregressive transform.

use super::{Batch, Gradients, Transform};
use crate::error::Result;
use crate::network::{InputGradients, Network, NetworkConfig};
use crate::seed::Random;
use retrodict_kernels::{AffineBackward, AffineForward, AffineInverse, IDENTITY_SCALE, Kernels};

/// yⱼ = xⱼ · (softplus(uⱼ) + 10⁻³) + shiftⱼ, where (shiftⱼ, uⱼ) is a masked network's function of the
/// context and of x₁, …, xⱼ₋₁; log |det| = Σⱼ ln(softplus(uⱼ) + 10⁻³).
///
/// The forward direction takes one pass of the network, the inverse one for each feature.
///
/// # Reference
/// Papamakarios, Pavlakou & Murray (2017), arXiv:1705.07057.
#[derive(Debug, Clone)]
pub struct AutoregressiveAffine {
    network: Network,
}

/// shift and u.
const OUTPUTS: usize = 2;

impl AutoregressiveAffine {
    /// For features in the order given by their rows.
    ///
    /// # Errors
    /// What [`NetworkConfig::validate`] refuses.
    pub fn new(config: &NetworkConfig, n_context: usize, n_features: usize) -> Result<Self> {
        Ok(Self {
            network: Network::autoregressive(config, n_context, n_features, OUTPUTS)?,
        })
    }

    /// The same transform on the kernels of another tier.
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self {
            network: self.network.with_kernels(kernels),
        }
    }

    fn n_features(&self) -> usize {
        self.network.n_features()
    }
}

impl Transform for AutoregressiveAffine {
    fn n_weights(&self) -> usize {
        self.network.n_weights()
    }

    fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.network.initialize(weights, random);
        for pair in self.network.output_bias(weights).chunks_exact_mut(OUTPUTS) {
            pair[1] += IDENTITY_SCALE;
        }
    }

    fn cache_rows(&self) -> usize {
        (OUTPUTS + 1) * self.n_features() + self.network.cache_rows()
    }

    fn scratch_rows(&self) -> usize {
        OUTPUTS * self.n_features() + self.network.scratch_rows()
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
        let rows = self.n_features() * batch.stride;
        let (parameters, cache) = cache.split_at_mut(OUTPUTS * rows);
        let (sigmoid, cache) = cache.split_at_mut(rows);
        self.network
            .forward(weights, batch.inputs(), parameters, cache);
        AffineForward {
            x: batch.x,
            parameters,
            sigmoid,
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
        let rows = self.n_features() * batch.stride;
        let (parameters, cache) = cache.split_at(OUTPUTS * rows);
        let (sigmoid, cache) = cache.split_at(rows);
        let (parameter_gradient, scratch) = scratch.split_at_mut(OUTPUTS * rows);
        AffineBackward {
            x: batch.x,
            parameters,
            sigmoid,
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
        let (parameters, cache) = cache.split_at_mut(OUTPUTS * self.n_features() * stride);
        let (_, cache) = cache.split_at_mut(self.n_features() * stride);
        // The outputs of feature j see only features before j, which are done by then.
        x.fill(0.0);
        for (j, y) in batch.x.chunks_exact(stride).enumerate() {
            let inputs = batch.with_features(x);
            self.network
                .forward_feature(weights, inputs, j, parameters, cache);
            AffineInverse {
                y,
                parameters: &parameters[OUTPUTS * j * stride..][..OUTPUTS * stride],
                stride,
                x: &mut x[j * stride..][..stride],
                log_det,
            }
            .run(self.network.kernels());
        }
    }
}
