//! Hidden layers one after another.

use super::degrees::Degrees;
use super::layer::{Back, Layer, Pass, Start, Step, Way};
use super::{InputGradients, Inputs, NetworkConfig};
use crate::seed::Random;
use retrodict_kernels::{Activation, Dense, Kernels};

/// h₁ = σ(W₁ [context; features] + b₁), hᵢ = σ(Wᵢ hᵢ₋₁ + bᵢ).
///
/// The cache holds h₁, h₂, … and, where σ′ is computed from them, the arguments of σ behind each.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    layers: Vec<Layer>,
    activation: Activation,
}

impl Plain {
    pub(super) fn new(config: &NetworkConfig, degrees: &Degrees, n_weights: &mut usize) -> Self {
        let start = Start::FanIn(config.activation.gain());
        let n_inputs = degrees.n_context + degrees.n_features;
        let dense = |i: usize| match i.checked_sub(1) {
            None => Dense::staircase(n_inputs, degrees.hidden_from_inputs(config.hidden[0])),
            Some(before) => {
                let from = config.hidden[before];
                Dense::staircase(from, degrees.hidden_from_hidden(from, config.hidden[i]))
            }
        };
        let layers = (0..config.hidden.len())
            .map(|i| {
                let units = degrees.hidden(config.hidden[i]);
                Layer::behind(n_weights, dense(i), units, start)
            })
            .collect();
        Self {
            layers,
            activation: config.activation.kernel(),
        }
    }

    pub(super) fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        for layer in &self.layers {
            layer.initialize(weights, random);
        }
    }

    pub(super) fn cache_rows(&self) -> usize {
        self.layers.iter().map(|layer| self.rows_of(layer)).sum()
    }

    pub(super) fn scratch_rows(&self) -> usize {
        2 * self.widest()
    }

    /// The last hidden layer, which the outputs are made from.
    pub(super) fn last<'a>(&self, cache: &'a [f32], stride: usize) -> &'a [f32] {
        let Some(layer) = self.layers.last() else {
            return &[];
        };
        let start = cache.len() - self.rows_of(layer) * stride;
        &cache[start..][..layer.dense.n_outputs() * stride]
    }

    pub(super) fn forward(
        &self,
        weights: &[f32],
        inputs: Inputs<'_>,
        cache: &mut [f32],
        (step, kernels): (Step, Kernels),
    ) {
        let mut rest = cache;
        let mut rows = [inputs.context, inputs.features];
        for layer in &self.layers {
            let length = layer.dense.n_outputs() * inputs.stride;
            let (own, behind) = rest.split_at_mut(self.rows_of(layer) * inputs.stride);
            let (output, before) = own.split_at_mut(length);
            layer.forward(
                weights,
                Pass {
                    step,
                    inputs: rows,
                    stride: inputs.stride,
                    activation: self.activation,
                    accumulate: false,
                    output,
                    before: self.activation.derivative_needs_input().then_some(before),
                },
                kernels,
            );
            rows = [output, &[]];
            rest = behind;
        }
    }

    /// Adds the gradients of all layers and of the head.
    pub(super) fn backward(
        &self,
        way: Way<'_>,
        gradients: &mut InputGradients<'_>,
        scratch: &mut [f32],
    ) {
        let Way {
            head,
            weights,
            inputs,
            output_gradient,
            cache,
            kernels,
        } = way;
        let stride = inputs.stride;
        let (mut above, mut here) = scratch.split_at_mut(self.widest() * stride);
        let mut end = cache.len();
        let mut upper = head;
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let length = layer.dense.n_outputs() * stride;
            let own = &cache[end - self.rows_of(layer) * stride..end];
            end -= own.len();
            let hidden = &own[..length];
            let top = i + 1 == self.layers.len();
            let from: &[f32] = if top {
                output_gradient
            } else {
                &above[..upper.dense.n_outputs() * stride]
            };
            if let Some(gradient) = gradients.weights.as_deref_mut() {
                upper.add_weight_gradient(gradient, [hidden, &[]], from, stride, kernels);
            }
            let saved = if self.activation.derivative_needs_input() {
                &own[length..]
            } else {
                hidden
            };
            let mut back = Back {
                output_gradient: from,
                through: Some((self.activation, saved)),
                accumulate: false,
                input_gradient: &mut here[..length],
            };
            upper.input_gradient(weights, &mut back, stride, kernels);
            std::mem::swap(&mut above, &mut here);
            upper = layer;
        }
        if let Some(first) = self.layers.first() {
            let from = &above[..first.dense.n_outputs() * stride];
            first.add_gradients(weights, inputs, from, gradients, kernels);
        }
    }

    fn rows_of(&self, layer: &Layer) -> usize {
        layer.dense.n_outputs() * (1 + usize::from(self.activation.derivative_needs_input()))
    }

    fn widest(&self) -> usize {
        self.layers
            .iter()
            .map(|layer| layer.dense.n_outputs())
            .max()
            .unwrap_or(0)
    }
}
