//! Normalizing flows: a chain of transforms from data to noise, and the density of the noise.

mod gradient;
mod memory;
mod mixtures;

use std::ops::Range;

use gradient::Wanted;
use memory::rows;

use super::Estimator;
use super::base::{Base, BaseMemory, Noise};
use super::layout::Layout;
use super::workspace::{Purpose, Workspace};
use crate::seed::Random;
use crate::transform::{Batch, Transform};

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
