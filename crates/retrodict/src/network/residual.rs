//! Residual blocks of two layers, with a gate that the context opens.

use super::degrees::Degrees;
use super::layer::{Back, Layer, Pass, Start, Step, Way};
use super::{InputGradients, Inputs, NetworkConfig};
use crate::seed::Random;
use retrodict_kernels::{Activate, Activation, Dense, GateBackward, GateForward, Kernels, axpy};

/// h₀ = W [context; features] + b, hᵢ = hᵢ₋₁ + sigmoid(G context + g) · (W₂ σ(W₁ σ(hᵢ₋₁) + b₁) + b₂).
///
/// The activation comes before each layer (He et al. 2016, arXiv:1603.05027); the gate is that of
/// Durkan et al. (2019), arXiv:1906.04032, and is left out where there is no context.
#[derive(Debug, Clone)]
pub(super) struct Residual {
    first: Layer,
    blocks: Vec<Block>,
    width: usize,
    activation: Activation,
}

#[derive(Debug, Clone)]
struct Block {
    inner: Layer,
    outer: Layer,
    gate: Option<Layer>,
}

/// A block's part of the cache, each `width × stride`: its input hᵢ₋₁ and σ of it; the argument of the
/// second activation, where σ′ is computed from it, and its result; what the gate lets through, and
/// the gate.
const ROWS_PER_BLOCK: usize = 6;

/// A block starts as almost nothing, so that a deep network starts as a shallow one.
const OUTER_START: f64 = 1e-3;

/// The parts of a block's cache.
struct Parts<'a> {
    activated: &'a [f32],
    before: &'a [f32],
    inner: &'a [f32],
    value: &'a [f32],
    gate: &'a [f32],
    stream: &'a [f32],
}

impl Residual {
    pub(super) fn new(config: &NetworkConfig, degrees: &Degrees, n_weights: &mut usize) -> Self {
        let width = config.hidden[0];
        let n_inputs = degrees.n_context + degrees.n_features;
        let reach = degrees.hidden_from_hidden(width, width);
        let inputs = Dense::staircase(n_inputs, degrees.hidden_from_inputs(width));
        // Nothing is squashed on the way into the stream.
        let units = degrees.hidden(width);
        let first = Layer::behind(n_weights, inputs, units.clone(), Start::FanIn(1.0));
        let mut block = || {
            let hidden = || Dense::staircase(width, reach.clone());
            let gate = Dense::full(degrees.n_context, width);
            let mut layer = |dense, start| Layer::behind(n_weights, dense, units.clone(), start);
            Block {
                inner: layer(hidden(), Start::FanIn(config.activation.gain())),
                outer: layer(hidden(), Start::Near(OUTER_START)),
                gate: (degrees.n_context > 0).then(|| layer(gate, Start::FanIn(1.0))),
            }
        };
        let blocks = config.hidden.iter().map(|_| block()).collect();
        Self {
            first,
            blocks,
            width,
            activation: config.activation.kernel(),
        }
    }

    pub(super) fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.first.initialize(weights, random);
        for block in &self.blocks {
            block.inner.initialize(weights, random);
            block.outer.initialize(weights, random);
            if let Some(gate) = &block.gate {
                gate.initialize(weights, random);
            }
        }
    }

    pub(super) fn cache_rows(&self) -> usize {
        self.width * (ROWS_PER_BLOCK * self.blocks.len() + 1)
    }

    pub(super) fn scratch_rows(&self) -> usize {
        4 * self.width
    }

    /// The end of the stream, which the outputs are made from.
    pub(super) fn last<'a>(&self, cache: &'a [f32], stride: usize) -> &'a [f32] {
        &cache[cache.len() - self.width * stride..]
    }

    pub(super) fn forward(
        &self,
        weights: &[f32],
        inputs: Inputs<'_>,
        cache: &mut [f32],
        (step, kernels): (Step, Kernels),
    ) {
        let stride = inputs.stride;
        let length = self.width * stride;
        let (stream, mut rest) = cache.split_at_mut(length);
        let rows = [inputs.context, inputs.features];
        self.first
            .forward(weights, pass(step, rows, stride, stream), kernels);
        let mut stream: &[f32] = stream;
        for block in &self.blocks {
            let (own, behind) = rest.split_at_mut(ROWS_PER_BLOCK * length);
            block.forward(
                weights,
                inputs,
                stream,
                own,
                (step, self.activation, kernels),
            );
            stream = &own[(ROWS_PER_BLOCK - 1) * length..];
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
        let length = self.width * stride;
        let (d_stream, scratch) = scratch.split_at_mut(length);
        if let Some(gradient) = gradients.weights.as_deref_mut() {
            let last = self.last(cache, stride);
            head.add_weight_gradient(gradient, [last, &[]], output_gradient, stride, kernels);
        }
        let mut back = Back {
            output_gradient,
            through: None,
            accumulate: false,
            input_gradient: d_stream,
        };
        head.input_gradient(weights, &mut back, stride, kernels);
        for (i, block) in self.blocks.iter().enumerate().rev() {
            let start = i * ROWS_PER_BLOCK * length;
            let own = Parts::new(&cache[start..][..(ROWS_PER_BLOCK + 1) * length], length);
            let pass = BlockBack {
                weights,
                inputs,
                own,
                activation: self.activation,
                kernels,
            };
            block.backward(&pass, gradients, d_stream, scratch);
        }
        self.first
            .add_gradients(weights, inputs, d_stream, gradients, kernels);
    }
}

impl<'a> Parts<'a> {
    /// `cache` starts with the block's input, which ends the part of the block before.
    fn new(cache: &'a [f32], length: usize) -> Self {
        let part = |i: usize| &cache[i * length..][..length];
        Self {
            stream: part(0),
            activated: part(1),
            before: part(2),
            inner: part(3),
            value: part(4),
            gate: part(5),
        }
    }
}

impl Block {
    /// `own` is the block's part of the cache, whose last rows become the stream behind it.
    fn forward(
        &self,
        weights: &[f32],
        inputs: Inputs<'_>,
        stream: &[f32],
        own: &mut [f32],
        (step, activation, kernels): (Step, Activation, Kernels),
    ) {
        let (stride, length) = (inputs.stride, stream.len());
        let units = self.inner.units(step);
        let part = units.start * stride..units.end * stride;
        let (activated, own) = own.split_at_mut(length);
        let (before, own) = own.split_at_mut(length);
        let (inner, own) = own.split_at_mut(length);
        let (value, own) = own.split_at_mut(length);
        let (gate_rows, sum) = own.split_at_mut(length);
        Activate {
            activation,
            input: &stream[part.clone()],
            output: &mut activated[part.clone()],
        }
        .run(kernels);
        let first = Pass {
            activation,
            before: activation.derivative_needs_input().then_some(before),
            ..pass(step, [activated, &[]], stride, inner)
        };
        self.inner.forward(weights, first, kernels);
        self.outer
            .forward(weights, pass(step, [inner, &[]], stride, value), kernels);
        let sum = &mut sum[part.clone()];
        sum.copy_from_slice(&stream[part.clone()]);
        if let Some(gate) = &self.gate {
            let opened = pass(step, [inputs.context, &[]], stride, gate_rows);
            gate.forward(weights, opened, kernels);
            GateForward {
                gate: &mut gate_rows[part.clone()],
                value: &value[part],
                sum,
            }
            .run(kernels);
        } else {
            axpy(kernels, 1.0, &value[part], sum);
        }
    }

    /// In: ∂L/∂(the stream behind the block). Out: ∂L/∂(the stream before it).
    fn backward(
        &self,
        pass: &BlockBack<'_>,
        gradients: &mut InputGradients<'_>,
        d_stream: &mut [f32],
        scratch: &mut [f32],
    ) {
        let (stride, kernels) = (pass.inputs.stride, pass.kernels);
        let (d_value, scratch) = scratch.split_at_mut(d_stream.len());
        let (d_gate, d_inner) = scratch.split_at_mut(d_stream.len());
        let d_inner = &mut d_inner[..d_stream.len()];
        if let Some(gate) = &self.gate {
            GateBackward {
                gate: pass.own.gate,
                value: pass.own.value,
                sum_gradient: d_stream,
                value_gradient: d_value,
                gate_gradient: d_gate,
            }
            .run(kernels);
            let mut through = InputGradients {
                context: gradients.context.as_deref_mut(),
                features: None,
                weights: gradients.weights.as_deref_mut(),
            };
            let context_alone = Inputs {
                features: &[],
                ..pass.inputs
            };
            gate.add_gradients(pass.weights, context_alone, d_gate, &mut through, kernels);
        } else {
            d_value.copy_from_slice(d_stream);
        }
        if let Some(gradient) = gradients.weights.as_deref_mut() {
            let inner = [pass.own.inner, &[]];
            self.outer
                .add_weight_gradient(gradient, inner, d_value, stride, kernels);
        }
        let mut back = pass.back(d_value, pass.own.before, pass.own.inner, d_inner);
        self.outer
            .input_gradient(pass.weights, &mut back, stride, kernels);
        if let Some(gradient) = gradients.weights.as_deref_mut() {
            let activated = [pass.own.activated, &[]];
            self.inner
                .add_weight_gradient(gradient, activated, d_inner, stride, kernels);
        }
        let mut back = Back {
            accumulate: true,
            ..pass.back(d_inner, pass.own.stream, pass.own.activated, d_stream)
        };
        self.inner
            .input_gradient(pass.weights, &mut back, stride, kernels);
    }
}

/// What a block's backward pass needs.
struct BlockBack<'a> {
    weights: &'a [f32],
    inputs: Inputs<'a>,
    own: Parts<'a>,
    activation: Activation,
    kernels: Kernels,
}

impl BlockBack<'_> {
    /// Through the activation with this argument and result.
    fn back<'a>(
        &self,
        output_gradient: &'a [f32],
        argument: &'a [f32],
        result: &'a [f32],
        input_gradient: &'a mut [f32],
    ) -> Back<'a> {
        let saved = if self.activation.derivative_needs_input() {
            argument
        } else {
            result
        };
        Back {
            output_gradient,
            through: Some((self.activation, saved)),
            accumulate: false,
            input_gradient,
        }
    }
}

/// A linear pass.
fn pass<'a>(step: Step, inputs: [&'a [f32]; 2], stride: usize, output: &'a mut [f32]) -> Pass<'a> {
    Pass {
        step,
        inputs,
        stride,
        activation: Activation::Identity,
        accumulate: false,
        output,
        before: None,
    }
}
