//! The arena of a workspace, cut for a flow.

use std::ops::Range;

use super::Flow;
use crate::estimator::layout::Layout;

/// The arena of a workspace, cut for a flow.
pub(super) struct Memory<'a> {
    /// The output of each layer, `n_features × stride` each.
    pub(super) outputs: &'a mut [f32],
    pub(super) cache: &'a mut [f32],
    /// ∂L/∂ log q of each row.
    pub(super) row_gradient: &'a mut [f32],
    pub(super) scratch: &'a mut [f32],
}

impl Flow {
    pub(super) fn cut<'a>(
        &self,
        layout: &Layout,
        arena: &'a mut [f32],
        stride: usize,
    ) -> Memory<'a> {
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
}

pub(super) fn rows<'a>(cache: &'a mut [f32], range: &Range<usize>, stride: usize) -> &'a mut [f32] {
    &mut cache[range.start * stride..range.end * stride]
}
