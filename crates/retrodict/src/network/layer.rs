//! A dense layer with its place in the flat array.

use super::{InputGradients, Inputs};
use crate::seed::Random;
use retrodict_kernels::{
    Activation, Dense, DenseForward, DenseInputGradient, DenseWeightGradient, Kernels,
};
use std::ops::Range;

/// How a layer's weights start.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    /// Uniform with standard deviation `gain / √(inputs seen)`; biases uniform in ±1/√(inputs seen),
    /// so that units differ even where the inputs do not.
    FanIn(f64),
    /// Uniform in ± this.
    Near(f64),
    /// All zero.
    Zero,
}

/// A dense layer with its place in the flat array.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) dense: Dense,
    pub(super) place: Range<usize>,
    start: Start,
    /// Of each unit, in ascending order.
    degrees: Vec<usize>,
}

impl Layer {
    /// Behind the weights counted so far; `degrees` are those of its units.
    pub(super) fn behind(
        n_weights: &mut usize,
        dense: Dense,
        degrees: Vec<usize>,
        start: Start,
    ) -> Self {
        assert_eq!(degrees.len(), dense.n_outputs());
        let place = *n_weights..*n_weights + dense.n_weights();
        *n_weights = place.end;
        Self {
            dense,
            place,
            start,
            degrees,
        }
    }

    /// The units that a step computes.
    pub(super) fn units(&self, step: Step) -> Range<usize> {
        match step {
            Step::All => 0..self.degrees.len(),
            Step::Degree(degree) => {
                let below = self.degrees.partition_point(|d| *d < degree);
                below..self.degrees.partition_point(|d| *d <= degree)
            }
        }
    }

    pub(super) fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        let weights = &mut weights[self.place.clone()];
        let (n_inputs, n_outputs) = (self.dense.n_inputs(), self.dense.n_outputs());
        weights.fill(0.0);
        let (matrix, biases) = weights.split_at_mut(n_inputs * n_outputs);
        for (output, reach) in self.dense.reach().iter().enumerate() {
            let root = (*reach).max(1) as f64;
            let root = root.sqrt();
            let (weight, bias) = match self.start {
                // A uniform number in ±√3 has standard deviation one.
                Start::FanIn(gain) => (gain * 3.0_f64.sqrt() / root, 1.0 / root),
                Start::Near(bound) => (bound, bound),
                Start::Zero => continue,
            };
            // Only what the mask lets through: the rest stays zero, as `Dense` demands.
            for entry in &mut matrix[output * n_inputs..][..*reach] {
                *entry = symmetric(random, weight);
            }
            if let Some(entry) = biases.get_mut(output) {
                *entry = symmetric(random, bias);
            }
        }
    }

    pub(super) fn forward(&self, weights: &[f32], pass: Pass<'_>, kernels: Kernels) {
        DenseForward {
            layer: &self.dense,
            outputs: self.units(pass.step),
            weights: &weights[self.place.clone()],
            inputs: pass.inputs,
            stride: pass.stride,
            activation: pass.activation,
            accumulate: pass.accumulate,
            output: pass.output,
            before: pass.before,
        }
        .run(kernels);
    }

    /// Adds ∂L/∂weights.
    pub(super) fn add_weight_gradient(
        &self,
        gradient: &mut [f32],
        inputs: [&[f32]; 2],
        output_gradient: &[f32],
        stride: usize,
        kernels: Kernels,
    ) {
        DenseWeightGradient {
            layer: &self.dense,
            inputs,
            stride,
            output_gradient,
            weight_gradient: &mut gradient[self.place.clone()],
        }
        .run(kernels);
    }

    /// ∂L/∂(all inputs), through the activation that made them.
    pub(super) fn input_gradient(
        &self,
        weights: &[f32],
        back: &mut Back<'_>,
        stride: usize,
        kernels: Kernels,
    ) {
        DenseInputGradient {
            layer: &self.dense,
            weights: &weights[self.place.clone()],
            stride,
            output_gradient: back.output_gradient,
            inputs: 0..self.dense.n_inputs(),
            through: back.through,
            accumulate: back.accumulate,
            input_gradient: &mut *back.input_gradient,
        }
        .run(kernels);
    }

    /// Adds the gradients of a layer that sees context and features.
    pub(super) fn add_gradients(
        &self,
        weights: &[f32],
        inputs: Inputs<'_>,
        output_gradient: &[f32],
        gradients: &mut InputGradients<'_>,
        kernels: Kernels,
    ) {
        let stride = inputs.stride;
        if let Some(gradient) = gradients.weights.as_deref_mut() {
            let rows = [inputs.context, inputs.features];
            self.add_weight_gradient(gradient, rows, output_gradient, stride, kernels);
        }
        let n_context = inputs.context.len() / stride;
        let parts = [
            (0..n_context, gradients.context.as_deref_mut()),
            (
                n_context..self.dense.n_inputs(),
                gradients.features.as_deref_mut(),
            ),
        ];
        for (range, part) in parts {
            let Some(input_gradient) = part else { continue };
            DenseInputGradient {
                layer: &self.dense,
                weights: &weights[self.place.clone()],
                stride,
                output_gradient,
                inputs: range,
                through: None,
                accumulate: true,
                input_gradient,
            }
            .run(kernels);
        }
    }
}

/// Which units a forward pass computes; the others are left as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    All,
    /// Those of this degree: they see units of lower degrees, of earlier steps, and each other.
    Degree(usize),
}

/// What a layer's forward pass needs.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    pub(super) step: Step,
    pub(super) inputs: [&'a [f32]; 2],
    pub(super) stride: usize,
    pub(super) activation: Activation,
    pub(super) accumulate: bool,
    pub(super) output: &'a mut [f32],
    pub(super) before: Option<&'a mut [f32]>,
}

/// What a layer's backward pass needs.
#[derive(Debug)]
pub(super) struct Back<'a> {
    pub(super) output_gradient: &'a [f32],
    pub(super) through: Option<(Activation, &'a [f32])>,
    pub(super) accumulate: bool,
    pub(super) input_gradient: &'a mut [f32],
}

/// What the way back through all hidden layers starts from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    /// Made the outputs from the last hidden layer.
    pub(super) head: &'a Layer,
    pub(super) weights: &'a [f32],
    pub(super) inputs: Inputs<'a>,
    pub(super) output_gradient: &'a [f32],
    pub(super) cache: &'a [f32],
    pub(super) kernels: Kernels,
}

fn symmetric(random: &mut Random, bound: f64) -> f32 {
    ((2.0 * random.uniform() - 1.0) * bound) as f32
}
