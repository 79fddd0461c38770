//! ∂L/∂W = ∂L/∂y xᵀ and ∂L/∂b.
#![allow(unsafe_code, reason = "the inner loops go through raw pointers")]

use super::Dense;
use super::lane_sums::{lane_sums, tile_sums};
use super::tile::{Sums, load};
use crate::Kernels;
use crate::lanes::{Lanes, Rows, vectors_per_row};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Bytes of the first cache of most machines.
const FIRST_CACHE: usize = 32 << 10;

/// `weight_gradient` += `output_gradient` · inputsᵀ, where the mask lets through, and the biases'.
#[derive(Debug)]
pub struct DenseWeightGradient<'a> {
    /// The layer.
    pub layer: &'a Dense,
    /// The rows of input, as for [`crate::DenseForward`].
    pub inputs: [&'a [f32]; 2],
    /// Length of a row.
    pub stride: usize,
    /// ∂L/∂(W x + b), `n_outputs × stride`.
    pub output_gradient: &'a [f32],
    /// Added to; as long as the layer's weights.
    pub weight_gradient: &'a mut [f32],
}

impl DenseWeightGradient<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If a length does not fit the layer, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        self.layer.check_weights(self.weight_gradient);
        self.layer.check_inputs(self.inputs, self.stride);
        assert_eq!(
            self.output_gradient.len(),
            self.layer.n_outputs() * self.stride,
            "rows of output gradient"
        );
        kernels.dispatch(self);
    }
}

impl WithSimd for DenseWeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_vectors = vectors_per_row::<S>(self.stride);
        if let Some(start) = self.layer.bias_start() {
            let biases = &mut self.weight_gradient[start..];
            add_row_sums(simd, self.output_gradient, self.stride, n_vectors, biases);
        }
        let mut first_input = 0;
        for rows in self.inputs {
            let block = InputBlock {
                simd,
                layer: self.layer,
                stride: self.stride,
                n_vectors,
                first_input,
                rows,
                output_gradient: self.output_gradient,
                weight_gradient: self.weight_gradient.as_mut_ptr(),
            };
            // SAFETY: `run` checked the shapes; the rows are inputs `first_input` onwards.
            unsafe { block.run() };
            first_input += rows.len() / self.stride;
        }
    }
}

#[inline(always)]
fn add_row_sums<S: Simd>(
    simd: S,
    values: &[f32],
    stride: usize,
    n_vectors: usize,
    sums: &mut [f32],
) {
    let rows = Rows::new(simd, values, stride);
    let count = sums.len();
    for (first, totals) in (0..).step_by(4).zip(sums.chunks_mut(4)) {
        let mut lanes = [Lanes::splat(simd, 0.0); 4];
        for v in 0..n_vectors {
            for (r, lanes) in lanes.iter_mut().enumerate() {
                // Beyond the last row that one again: it counts for nothing.
                *lanes += rows.get((first + r).min(count - 1), v);
            }
        }
        for (total, sum) in totals.iter_mut().zip(lane_sums(simd, lanes)) {
            *total += sum;
        }
    }
}

/// Some of the layer's inputs.
#[derive(Clone, Copy)]
struct InputBlock<'a, S> {
    simd: S,
    layer: &'a Dense,
    stride: usize,
    n_vectors: usize,
    first_input: usize,
    rows: &'a [f32],
    output_gradient: &'a [f32],
    weight_gradient: *mut f32,
}

impl<S: Simd> InputBlock<'_, S> {
    /// # Safety
    /// The rows must be the layer's inputs from `first_input`, and the other shapes the layer's.
    #[inline(always)]
    unsafe fn run(self) {
        let n_rows = self.rows.len() / self.stride;
        // As many inputs at a time as stay in the first cache, with the gradients that pass by.
        let block = (FIRST_CACHE / 2 / (4 * self.stride)).max(4) / 4 * 4;
        for row in (0..n_rows).step_by(block) {
            // SAFETY: rows below `n_rows` exist.
            unsafe { self.rows(row..n_rows.min(row + block)) };
        }
    }

    /// # Safety
    /// These rows must exist, and the shapes be the layer's.
    #[inline(always)]
    unsafe fn rows(self, rows: Range<usize>) {
        let n_outputs = self.layer.n_outputs();
        // Tiles of 4 × 4 running sums for 32 registers; for 16, of 3 × 4: with three gradients and
        // one input at a time they fill them.
        let tallest = if S::REGISTER_COUNT >= 32 { 4 } else { 3 };
        let mut output = 0;
        while output < n_outputs {
            let height = tallest.min(n_outputs - output);
            let reach = self.layer.reach[output + height - 1];
            let seen = reach.saturating_sub(self.first_input).min(rows.end);
            // SAFETY: `height` outputs and `seen` rows exist.
            unsafe {
                match height {
                    1 => self.outputs::<1>(output, rows.start..seen),
                    2 => self.outputs::<2>(output, rows.start..seen),
                    3 => self.outputs::<3>(output, rows.start..seen),
                    _ => self.outputs::<4>(output, rows.start..seen),
                }
            }
            output += height;
        }
    }

    /// # Safety
    /// Outputs `output..output + OUTPUTS` and the rows must exist.
    #[inline(always)]
    unsafe fn outputs<const OUTPUTS: usize>(self, output: usize, rows: Range<usize>) {
        let mut row = rows.start;
        while row < rows.end {
            let width = 4.min(rows.end - row);
            // SAFETY: `width` rows are left.
            unsafe {
                match width {
                    1 => self.tile::<OUTPUTS, 1>(output, row),
                    2 => self.tile::<OUTPUTS, 2>(output, row),
                    3 => self.tile::<OUTPUTS, 3>(output, row),
                    _ => self.tile::<OUTPUTS, 4>(output, row),
                }
            }
            row += width;
        }
    }

    /// # Safety
    /// Outputs `output..output + OUTPUTS` and rows `row..row + ROWS` must exist.
    #[inline(always)]
    unsafe fn tile<const OUTPUTS: usize, const ROWS: usize>(self, output: usize, row: usize) {
        // SAFETY: the caller's promise.
        let products = unsafe { self.products::<OUTPUTS, ROWS>(output, row) };
        let sums = tile_sums(self.simd, products);
        let first = self.first_input + row;
        let n_inputs = self.layer.n_inputs;
        // Later outputs see no less than the first.
        let all = self.layer.reach[output] >= first + ROWS;
        for (o, sums) in sums.iter().enumerate() {
            let to = (output + o) * n_inputs + first;
            // SAFETY: the entries of W from (output, first) to the last that the mask lets through.
            unsafe {
                // The count known when compiled: one addition of a vector.
                if all {
                    add(self.weight_gradient.add(to), &sums[..ROWS]);
                } else {
                    let seen = self.layer.reach[output + o].saturating_sub(first);
                    add(self.weight_gradient.add(to), &sums[..seen.min(ROWS)]);
                }
            }
        }
    }

    /// The products of gradients and inputs, summed over the batch, but for the lanes.
    ///
    /// # Safety
    /// Outputs `output..output + OUTPUTS` and rows `row..row + ROWS` must exist.
    #[inline(always)]
    unsafe fn products<const OUTPUTS: usize, const ROWS: usize>(
        self,
        output: usize,
        row: usize,
    ) -> Sums<S, OUTPUTS, 4> {
        let zero = Lanes::splat(self.simd, 0.0);
        let mut sums = [[zero; 4]; OUTPUTS];
        for v in 0..self.n_vectors {
            let column = v * S::F32_LANES;
            let mut gradients = [zero; OUTPUTS];
            for (o, gradient) in gradients.iter_mut().enumerate() {
                let at = (output + o) * self.stride + column;
                // SAFETY: the caller vouches for the output; `column` is within its row.
                *gradient = unsafe { load(self.simd, self.output_gradient.as_ptr().add(at)) };
            }
            for i in 0..ROWS {
                let at = (row + i) * self.stride + column;
                // SAFETY: the caller vouches for the row; `column` is within it.
                let x = unsafe { load(self.simd, self.rows.as_ptr().add(at)) };
                for (sums, gradient) in sums.iter_mut().zip(gradients) {
                    sums[i] = gradient.mul_add(x, sums[i]);
                }
            }
        }
        sums
    }
}

/// # Safety
/// As many numbers as terms must be writable at `to`.
#[inline(always)]
unsafe fn add(to: *mut f32, terms: &[f32]) {
    for (i, term) in terms.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { *to.add(i) += term };
    }
}
