//! A learned linear map.

use super::{Batch, Gradients, Transform};
use crate::seed::Random;
use retrodict_kernels::{IDENTITY_SCALE, Kernels, MIN_SCALE, axpy, dot, scalar};

/// y = L U x + b with L unit lower triangular, U upper triangular, and
/// Uᵢᵢ = softplus(uᵢ + k) + 10⁻³ with the k that makes it one for uᵢ = 0; log |det| = Σᵢ ln Uᵢᵢ. It starts
/// as the identity, all weights being zero, and does not see the context.
///
/// The weights are the entries of L below the diagonal row by row, those of U above it row by row, u,
/// and b.
///
/// # Reference
/// Oliva et al. (2018), arXiv:1801.09819; Kingma & Dhariwal (2018), arXiv:1807.03039.
#[derive(Debug, Clone)]
pub struct LuLinear {
    n_features: usize,
    kernels: Kernels,
}

impl LuLinear {
    /// For `n_features` features.
    pub fn new(n_features: usize) -> Self {
        Self {
            n_features,
            kernels: Kernels::detect(),
        }
    }

    /// The same transform on the kernels of another tier.
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    /// Entry (i, j), j < i, of L.
    fn lower(i: usize, j: usize) -> usize {
        i * (i - 1) / 2 + j
    }

    /// Entry (i, j), i < j, of U.
    fn upper(&self, i: usize, j: usize) -> usize {
        self.n_pairs() + i * (2 * self.n_features - i - 1) / 2 + (j - i - 1)
    }

    /// The u of entry (i, i) of U.
    fn diagonal(&self, i: usize) -> usize {
        2 * self.n_pairs() + i
    }

    fn bias(&self, i: usize) -> usize {
        self.diagonal(i) + self.n_features
    }

    fn n_pairs(&self) -> usize {
        self.n_features * self.n_features.saturating_sub(1) / 2
    }

    /// Uᵢᵢ.
    fn scale(&self, weights: &[f32], i: usize) -> f32 {
        scalar::softplus(f64::from(self.raw_scale(weights, i))) as f32 + MIN_SCALE
    }

    /// uᵢ + k.
    fn raw_scale(&self, weights: &[f32], i: usize) -> f32 {
        weights[self.diagonal(i)] + IDENTITY_SCALE
    }

    fn log_det(&self, weights: &[f32]) -> f32 {
        let log = |i| f64::from(self.scale(weights, i)).ln();
        (0..self.n_features).map(log).sum::<f64>() as f32
    }

    /// row[to] += factor · row[from].
    fn add_row(&self, rows: &mut [f32], stride: usize, factor: f32, from: usize, to: usize) {
        let (low, high) = (from.min(to), from.max(to));
        let (head, tail) = rows.split_at_mut(high * stride);
        let (a, b) = (&mut head[low * stride..][..stride], &mut tail[..stride]);
        let (x, y) = if from < to { (a, b) } else { (b, a) };
        axpy(self.kernels, factor, x, y);
    }

    /// rows ← U rows.
    fn multiply_upper(&self, weights: &[f32], rows: &mut [f32], stride: usize) {
        for i in 0..self.n_features {
            scale_row(row_mut(rows, i, stride), self.scale(weights, i));
            for j in i + 1..self.n_features {
                self.add_row(rows, stride, weights[self.upper(i, j)], j, i);
            }
        }
    }

    /// rows ← L rows.
    fn multiply_lower(&self, weights: &[f32], rows: &mut [f32], stride: usize) {
        for i in (0..self.n_features).rev() {
            for j in 0..i {
                self.add_row(rows, stride, weights[Self::lower(i, j)], j, i);
            }
        }
    }

    /// ∂L/∂(L, b), and rows ← Lᵀ rows.
    fn back_through_lower(
        &self,
        weights: &[f32],
        middle: &[f32],
        rows: &mut [f32],
        stride: usize,
        gradient: Option<&mut [f32]>,
    ) {
        if let Some(gradient) = gradient {
            for (i, d_y) in rows.chunks_exact(stride).enumerate() {
                gradient[self.bias(i)] += d_y.iter().sum::<f32>();
                for (j, middle) in middle.chunks_exact(stride).enumerate().take(i) {
                    gradient[Self::lower(i, j)] += dot(self.kernels, d_y, middle);
                }
            }
        }
        for j in 0..self.n_features {
            for i in j + 1..self.n_features {
                self.add_row(rows, stride, weights[Self::lower(i, j)], i, j);
            }
        }
    }

    /// ∂L/∂U, and rows ← Uᵀ rows.
    fn back_through_upper(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        log_det_gradient: &[f32],
        rows: &mut [f32],
        gradient: Option<&mut [f32]>,
    ) {
        let stride = batch.stride;
        if let Some(gradient) = gradient {
            let d_log_det: f32 = log_det_gradient.iter().sum();
            for (i, d_middle) in rows.chunks_exact(stride).enumerate() {
                for (j, x) in batch.x.chunks_exact(stride).enumerate().skip(i + 1) {
                    gradient[self.upper(i, j)] += dot(self.kernels, d_middle, x);
                }
                let through = dot(self.kernels, d_middle, &batch.x[i * stride..][..stride]);
                let d_scale = through + d_log_det / self.scale(weights, i);
                let slope = scalar::sigmoid(f64::from(self.raw_scale(weights, i))) as f32;
                gradient[self.diagonal(i)] += d_scale * slope;
            }
        }
        for j in (0..self.n_features).rev() {
            scale_row(row_mut(rows, j, stride), self.scale(weights, j));
            for i in 0..j {
                self.add_row(rows, stride, weights[self.upper(i, j)], i, j);
            }
        }
    }
}

fn row_mut(rows: &mut [f32], i: usize, stride: usize) -> &mut [f32] {
    &mut rows[i * stride..][..stride]
}

fn scale_row(row: &mut [f32], factor: f32) {
    for value in row {
        *value *= factor;
    }
}

fn shift_row(row: &mut [f32], by: f32) {
    for value in row {
        *value += by;
    }
}

impl Transform for LuLinear {
    fn n_weights(&self) -> usize {
        2 * (self.n_pairs() + self.n_features)
    }

    fn initialize(&self, weights: &mut [f32], _random: &mut Random) {
        weights.fill(0.0);
    }

    fn cache_rows(&self) -> usize {
        self.n_features
    }

    fn scratch_rows(&self) -> usize {
        0
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
        let stride = batch.stride;
        cache.copy_from_slice(batch.x);
        self.multiply_upper(weights, cache, stride);
        y.copy_from_slice(cache);
        self.multiply_lower(weights, y, stride);
        for i in 0..self.n_features {
            shift_row(row_mut(y, i, stride), weights[self.bias(i)]);
        }
        shift_row(log_det, self.log_det(weights));
    }

    fn backward(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        gradients: Gradients<'_>,
        cache: &[f32],
        _scratch: &mut [f32],
    ) {
        let Gradients {
            values,
            log_det,
            weights: mut d_weights,
            ..
        } = gradients;
        let d_lower = d_weights.as_deref_mut();
        self.back_through_lower(weights, cache, values, batch.stride, d_lower);
        self.back_through_upper(weights, batch, log_det, values, d_weights);
    }

    fn inverse(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        x: &mut [f32],
        log_det: &mut [f32],
        _cache: &mut [f32],
        _scratch: &mut [f32],
    ) {
        let stride = batch.stride;
        x.copy_from_slice(batch.x);
        for i in 0..self.n_features {
            shift_row(row_mut(x, i, stride), -weights[self.bias(i)]);
            for j in 0..i {
                self.add_row(x, stride, -weights[Self::lower(i, j)], j, i);
            }
        }
        for i in (0..self.n_features).rev() {
            for j in i + 1..self.n_features {
                self.add_row(x, stride, -weights[self.upper(i, j)], j, i);
            }
            scale_row(row_mut(x, i, stride), 1.0 / self.scale(weights, i));
        }
        shift_row(log_det, -self.log_det(weights));
    }
}
