//! Normalizing flows: a chain of transforms from data to noise, and the density of the noise.

use std::ops::Range;

use super::Estimator;
use super::base::{Base, BaseGradients, BaseMemory, Noise};
use super::gaussian_mixture::GaussianMixture;
use super::layout::Layout;
use super::workspace::{Purpose, Workspace};
use crate::seed::Random;
use crate::transform::{Batch, Gradients, Transform};

/// log q(z | c) = log base(y) + log |det ∂y/∂z| with y = f(z; c), f a chain of transforms.
///
/// A mixture density network is the flow whose base is a mixture given by a network.
///
/// # Reference
/// Papamakarios et al. 2021, arXiv:1912.02762.
#[derive(Debug)]
pub struct Flow {
    n_features: usize,
    n_context: usize,
    layers: Vec<Layer>,
    base: Base,
    base_weights: Range<usize>,
    training: Layout,
    inference: Layout,
    scratch_rows: usize,
}

#[derive(Debug)]
struct Layer {
    transform: Box<dyn Transform>,
    weights: Range<usize>,
}

/// Which gradients are computed beside that with respect to the values.
#[derive(Default)]
struct Wanted<'a> {
    /// Added to: that with respect to the weights.
    weights: Option<&'a mut [f32]>,
    /// Whether that with respect to the context is added to the workspace's `context_gradient`.
    context: bool,
}

/// The arena of a workspace, cut for a flow.
struct Memory<'a> {
    /// The output of each layer, `n_features × stride` each.
    outputs: &'a mut [f32],
    cache: &'a mut [f32],
    /// ∂L/∂ log q of each row.
    row_gradient: &'a mut [f32],
    scratch: &'a mut [f32],
}

impl Flow {
    /// A flow from its transforms, data side first.
    pub(super) fn new(
        [n_features, n_context]: [usize; 2],
        transforms: Vec<Box<dyn Transform>>,
        base: Base,
    ) -> Self {
        let mut n_weights = 0;
        let mut scratch_rows = base.scratch_rows();
        let mut cache_rows = Vec::new();
        let mut take = |count: usize| {
            n_weights += count;
            n_weights - count..n_weights
        };
        let layers: Vec<Layer> = transforms
            .into_iter()
            .map(|transform| {
                scratch_rows = scratch_rows.max(transform.scratch_rows());
                cache_rows.push(transform.cache_rows());
                Layer {
                    weights: take(transform.n_weights()),
                    transform,
                }
            })
            .collect();
        let base_weights = take(base.n_weights());
        cache_rows.push(base.cache_rows());
        Self {
            n_features,
            n_context,
            layers,
            base,
            base_weights,
            training: Layout::separate(&cache_rows),
            inference: Layout::shared(&cache_rows),
            scratch_rows,
        }
    }

    fn layout(&self, purpose: Purpose) -> &Layout {
        match purpose {
            Purpose::Training => &self.training,
            Purpose::Inference => &self.inference,
        }
    }

    /// How many features a value has.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// How many features a context has.
    pub fn n_context(&self) -> usize {
        self.n_context
    }

    /// Fills the workspace's `log_prob` with log q of each row of its batch.
    pub fn log_prob(&self, weights: &[f32], workspace: &mut Workspace) {
        let layout = self.layout(workspace.purpose());
        let parts = workspace.parts();
        let (stride, width) = (parts.stride, self.n_features * parts.stride);
        let memory = self.cut(layout, parts.arena, stride);
        parts.log_prob.fill(0.0);
        for (k, layer) in self.layers.iter().enumerate() {
            let (before, after) = layout.around(k, memory.outputs, width);
            let x = if k == 0 { &*parts.values } else { before };
            layer.transform.forward(
                &weights[layer.weights.clone()],
                Batch {
                    x,
                    context: parts.context,
                    stride,
                },
                after,
                parts.log_prob,
                rows(memory.cache, layout.cache(k), stride),
                memory.scratch,
            );
        }
        let output = match self.layers.len() {
            0 => &*parts.values,
            n => &memory.outputs[layout.output(n - 1) * width..][..width],
        };
        self.base.add_log_prob(
            &weights[self.base_weights.clone()],
            Noise {
                values: output,
                context: parts.context,
                stride,
            },
            parts.log_prob,
            &mut BaseMemory {
                cache: rows(memory.cache, layout.cache(self.layers.len()), stride),
                scratch: memory.scratch,
            },
        );
    }

    /// The mixture of normal distributions that q is for the context of each row, if it is one.
    pub fn mixtures(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
    ) -> Option<Vec<GaussianMixture>> {
        let Base::Mixture(mixture) = &self.base else {
            return None;
        };
        if !self.layers.is_empty() {
            return None;
        }
        let n_rows = workspace.n_rows();
        let layout = self.layout(workspace.purpose());
        let parts = workspace.parts();
        let stride = parts.stride;
        let memory = self.cut(layout, parts.arena, stride);
        let mut room = BaseMemory {
            cache: rows(memory.cache, layout.cache(0), stride),
            scratch: memory.scratch,
        };
        let weights = &weights[self.base_weights.clone()];
        Some(mixture.mixtures(weights, (parts.context, n_rows), stride, &mut room))
    }

    /// Adds to `gradient` that of a function of the mixtures with respect to the weights, after
    /// [`Flow::mixtures`] on the same workspace, which has to be one for training. `slopes` holds, for each
    /// row, the function's derivatives in the places of what they are by: the logit of a share as
    /// `log_share`, means, and the upper triangles of the factors.
    ///
    /// # Panics
    /// If q is no mixture of normal distributions.
    pub fn add_mixture_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        slopes: &[GaussianMixture],
        gradient: &mut [f32],
    ) {
        assert_eq!(workspace.purpose(), Purpose::Training);
        let Base::Mixture(mixture) = &self.base else {
            panic!("a mixture of normal distributions");
        };
        let parts = workspace.parts();
        let stride = parts.stride;
        let memory = self.cut(&self.training, parts.arena, stride);
        let mut room = BaseMemory {
            cache: rows(memory.cache, self.training.cache(0), stride),
            scratch: memory.scratch,
        };
        let own = self.base_weights.clone();
        mixture.backward_mixtures(
            &weights[own.clone()],
            (parts.context, stride),
            (slopes, &mut gradient[own]),
            &mut room,
        );
    }

    /// Fills the workspace's `values` with a draw for each row of its context.
    pub fn sample(&self, weights: &[f32], workspace: &mut Workspace, random: &mut Random) {
        let n_rows = workspace.n_rows();
        let layout = self.layout(workspace.purpose());
        let parts = workspace.parts();
        let stride = parts.stride;
        let memory = self.cut(layout, parts.arena, stride);
        self.base.sample(
            &weights[self.base_weights.clone()],
            (parts.context, n_rows),
            random,
            (parts.values, stride),
            &mut BaseMemory {
                cache: rows(memory.cache, layout.cache(self.layers.len()), stride),
                scratch: memory.scratch,
            },
        );
        let output = &mut memory.outputs[..self.n_features * stride];
        for (k, layer) in self.layers.iter().enumerate().rev() {
            let batch = Batch {
                x: parts.values,
                context: parts.context,
                stride,
            };
            layer.transform.inverse(
                &weights[layer.weights.clone()],
                batch,
                output,
                parts.log_prob,
                rows(memory.cache, layout.cache(k), stride),
                memory.scratch,
            );
            parts.values.copy_from_slice(output);
        }
    }

    /// Fills the workspace's `log_prob`, and its `value_gradient` with ∂ log q / ∂ value.
    pub fn value_gradient(&self, weights: &[f32], workspace: &mut Workspace) {
        self.log_prob(weights, workspace);
        let n_rows = workspace.n_rows();
        self.set_row_gradient(workspace, n_rows, 1.0);
        self.backward(weights, workspace, Wanted::default());
    }

    /// As [`Flow::value_gradient`], and fills the workspace's `context_gradient` with
    /// ∂ log q / ∂ context.
    pub fn context_gradient(&self, weights: &[f32], workspace: &mut Workspace) {
        workspace.make_room_for_context_gradient();
        self.log_prob(weights, workspace);
        let n_rows = workspace.n_rows();
        self.set_row_gradient(workspace, n_rows, 1.0);
        workspace.parts().context_gradient.fill(0.0);
        let wanted = Wanted {
            context: true,
            ..Wanted::default()
        };
        self.backward(weights, workspace, wanted);
    }

    /// Adds to `gradient` that of Σ `slopes` · log q over the rows of the batch, with respect to the
    /// weights, after [`Flow::log_prob`] on the same workspace.
    pub fn add_weighted_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        slopes: &[f32],
        gradient: &mut [f32],
    ) {
        let n_rows = workspace.n_rows();
        let parts = workspace.parts();
        let memory = self.cut(&self.training, parts.arena, parts.stride);
        memory.row_gradient[..n_rows].copy_from_slice(slopes);
        memory.row_gradient[n_rows..].fill(0.0);
        let wanted = Wanted {
            weights: Some(gradient),
            ..Wanted::default()
        };
        self.backward(weights, workspace, wanted);
    }

    fn cut<'a>(&self, layout: &Layout, arena: &'a mut [f32], stride: usize) -> Memory<'a> {
        let (outputs, rest) = arena.split_at_mut(layout.n_outputs * self.n_features * stride);
        let (cache, rest) = rest.split_at_mut(layout.cache_rows * stride);
        let (row_gradient, rest) = rest.split_at_mut(stride);
        Memory {
            outputs,
            cache,
            row_gradient,
            scratch: &mut rest[..self.scratch_rows * stride],
        }
    }

    fn set_row_gradient(&self, workspace: &mut Workspace, n_rows: usize, value: f32) {
        let parts = workspace.parts();
        let row_gradient = self
            .cut(&self.training, parts.arena, parts.stride)
            .row_gradient;
        row_gradient[..n_rows].fill(value);
        row_gradient[n_rows..].fill(0.0);
    }

    /// The gradient of Σ `row_gradient` · log q with respect to the values, and what else is wanted,
    /// after [`Flow::log_prob`] on the same workspace.
    fn backward(&self, weights: &[f32], workspace: &mut Workspace, wanted: Wanted<'_>) {
        let Wanted {
            weights: mut weight_gradient,
            context,
        } = wanted;
        assert_eq!(workspace.purpose(), Purpose::Training);
        let layout = &self.training;
        let parts = workspace.parts();
        let (stride, width) = (parts.stride, self.n_features * parts.stride);
        let memory = self.cut(layout, parts.arena, stride);
        let output = match self.layers.len() {
            0 => &*parts.values,
            n => &memory.outputs[(n - 1) * width..n * width],
        };
        self.base.backward(
            &weights[self.base_weights.clone()],
            Noise {
                values: output,
                context: parts.context,
                stride,
            },
            BaseGradients {
                row: memory.row_gradient,
                values: parts.value_gradient,
                context: context.then_some(&mut *parts.context_gradient),
                weights: weight_gradient
                    .as_deref_mut()
                    .map(|g| &mut g[self.base_weights.clone()]),
            },
            &mut BaseMemory {
                cache: rows(memory.cache, layout.cache(self.layers.len()), stride),
                scratch: memory.scratch,
            },
        );
        for (k, layer) in self.layers.iter().enumerate().rev() {
            let x = match k {
                0 => &*parts.values,
                _ => &memory.outputs[(k - 1) * width..k * width],
            };
            let weight_gradient = weight_gradient.as_deref_mut();
            layer.transform.backward(
                &weights[layer.weights.clone()],
                Batch {
                    x,
                    context: parts.context,
                    stride,
                },
                Gradients {
                    values: parts.value_gradient,
                    log_det: memory.row_gradient,
                    context: context.then_some(&mut *parts.context_gradient),
                    weights: weight_gradient.map(|g| &mut g[layer.weights.clone()]),
                },
                rows(memory.cache, layout.cache(k), stride),
                memory.scratch,
            );
        }
    }
}

fn rows<'a>(cache: &'a mut [f32], range: &Range<usize>, stride: usize) -> &'a mut [f32] {
    &mut cache[range.start * stride..range.end * stride]
}

impl Estimator for Flow {
    fn n_weights(&self) -> usize {
        self.base_weights.end
    }

    fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        for layer in &self.layers {
            let weights = &mut weights[layer.weights.clone()];
            layer.transform.initialize(weights, random);
        }
        self.base
            .initialize(&mut weights[self.base_weights.clone()], random);
    }

    fn workspace(&self, max_rows: usize, purpose: Purpose) -> Workspace {
        let layout = self.layout(purpose);
        let rows = layout.n_outputs * self.n_features + layout.cache_rows + 1 + self.scratch_rows;
        let arena = |stride| rows * stride;
        Workspace::new(self.n_features, self.n_context, max_rows, arena).for_purpose(purpose)
    }

    fn log_scores(&self, weights: &[f32], workspace: &mut Workspace) {
        self.log_prob(weights, workspace);
    }

    fn loss_and_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        gradient: &mut [f32],
    ) -> f64 {
        self.log_prob(weights, workspace);
        let n_rows = workspace.n_rows();
        self.set_row_gradient(workspace, n_rows, -1.0 / n_rows as f32);
        gradient.fill(0.0);
        let wanted = Wanted {
            weights: Some(gradient),
            ..Wanted::default()
        };
        self.backward(weights, workspace, wanted);
        let total: f64 = workspace.log_prob().iter().map(|&l| f64::from(l)).sum();
        -total / n_rows as f64
    }
}
