//! Gradients of a flow's log-density, with respect to values, context and weights.

use super::Flow;
use super::memory::rows;
use crate::estimator::base::{BaseGradients, BaseMemory, Noise};
use crate::estimator::workspace::{Purpose, Workspace};
use crate::transform::{Batch, Gradients};

/// Which gradients are computed beside that with respect to the values.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    /// Added to: that with respect to the weights.
    pub(super) weights: Option<&'a mut [f32]>,
    /// Whether that with respect to the context is added to the workspace's `context_gradient`.
    pub(super) context: bool,
}

impl Flow {
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

    pub(super) fn set_row_gradient(&self, workspace: &mut Workspace, n_rows: usize, value: f32) {
        let parts = workspace.parts();
        let row_gradient = self
            .cut(&self.training, parts.arena, parts.stride)
            .row_gradient;
        row_gradient[..n_rows].fill(value);
        row_gradient[n_rows..].fill(0.0);
    }

    /// The gradient of Σ `row_gradient` · log q with respect to the values, and what else is wanted,
    /// after [`Flow::log_prob`] on the same workspace.
    pub(super) fn backward(&self, weights: &[f32], workspace: &mut Workspace, wanted: Wanted<'_>) {
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
