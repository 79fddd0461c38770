//! A fixed order of the features.

use super::{Batch, Gradients, Transform};
use crate::seed::Random;

/// yᵢ = `x[order[i]]`; log |det| = 0. It has no weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    order: Vec<usize>,
}

impl Permutation {
    /// The given order.
    ///
    /// # Panics
    /// If it is not a permutation of 0, …, d − 1.
    pub fn new(order: Vec<usize>) -> Self {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(
            sorted.iter().copied().eq(0..order.len()),
            "{order:?} is not a permutation"
        );
        Self { order }
    }

    /// Last feature first.
    pub fn reverse(n_features: usize) -> Self {
        Self::new((0..n_features).rev().collect())
    }

    /// A random order; the same stream gives the same order.
    pub fn random(n_features: usize, random: &mut Random) -> Self {
        let mut order: Vec<usize> = (0..n_features).collect();
        random.shuffle(&mut order);
        Self::new(order)
    }

    /// Which feature comes to each place: what belongs to the features moves along with it.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Calls `copy` with the ranges of the numbers of place i and of feature order[i].
    fn for_each(&self, stride: usize, mut copy: impl FnMut(usize, usize)) {
        for (place, feature) in self.order.iter().enumerate() {
            copy(place * stride, feature * stride);
        }
    }
}

impl Transform for Permutation {
    fn n_weights(&self) -> usize {
        0
    }

    fn initialize(&self, _weights: &mut [f32], _random: &mut Random) {}

    fn cache_rows(&self) -> usize {
        0
    }

    fn scratch_rows(&self) -> usize {
        self.order.len()
    }

    fn forward(
        &self,
        _weights: &[f32],
        batch: Batch<'_>,
        y: &mut [f32],
        _log_det: &mut [f32],
        _cache: &mut [f32],
        _scratch: &mut [f32],
    ) {
        let n = batch.stride;
        self.for_each(n, |to, from| {
            y[to..to + n].copy_from_slice(&batch.x[from..from + n]);
        });
    }

    fn backward(
        &self,
        _weights: &[f32],
        batch: Batch<'_>,
        gradients: Gradients<'_>,
        _cache: &[f32],
        scratch: &mut [f32],
    ) {
        let n = batch.stride;
        let moved = &mut scratch[..gradients.values.len()];
        moved.copy_from_slice(gradients.values);
        self.for_each(n, |from, to| {
            gradients.values[to..to + n].copy_from_slice(&moved[from..from + n]);
        });
    }

    fn inverse(
        &self,
        _weights: &[f32],
        batch: Batch<'_>,
        x: &mut [f32],
        _log_det: &mut [f32],
        _cache: &mut [f32],
        _scratch: &mut [f32],
    ) {
        let n = batch.stride;
        self.for_each(n, |from, to| {
            x[to..to + n].copy_from_slice(&batch.x[from..from + n]);
        });
    }
}
