//! ∂L/∂x = Wᵀ ∂L/∂y.
#![allow(unsafe_code, reason = "the inner loops go through raw pointers")]

use super::Dense;
use super::tile::{Terms, Tile, cover, load, multiply, store};
use crate::lanes::{Lanes, vectors_per_row};
use crate::{Activation, Kernels};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// `input_gradient` (+)= activation′ · Wᵀ `output_gradient`, for some of the inputs.
#[derive(Debug)]
pub struct DenseInputGradient<'a> {
    /// The layer.
    pub layer: &'a Dense,
    /// Its weights.
    pub weights: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// ∂L/∂(W x + b), `n_outputs × stride`.
    pub output_gradient: &'a [f32],
    /// Which inputs.
    pub inputs: Range<usize>,
    /// The activation that made these inputs, and the rows its derivative is computed from: its
    /// results, or where [`Activation::derivative_needs_input`] its arguments.
    pub through: Option<(Activation, &'a [f32])>,
    /// Whether to add to what stands in `input_gradient`.
    pub accumulate: bool,
    /// `inputs.len() × stride`.
    pub input_gradient: &'a mut [f32],
}

impl DenseInputGradient<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If a length does not fit the layer, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let rows = self.inputs.len() * self.stride;
        self.layer.check_weights(self.weights);
        assert!(
            self.inputs.end <= self.layer.n_inputs,
            "inputs of the layer"
        );
        assert_eq!(
            self.output_gradient.len(),
            self.layer.n_outputs() * self.stride,
            "rows of output gradient"
        );
        assert_eq!(self.input_gradient.len(), rows, "rows of input gradient");
        assert!(self.through.is_none_or(|(_, saved)| saved.len() == rows));
        kernels.dispatch(self);
    }
}

impl WithSimd for DenseInputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_vectors = vectors_per_row::<S>(self.stride);
        let tile = GradientTile {
            simd,
            layer: self.layer,
            weights: self.weights,
            stride: self.stride,
            output_gradient: self.output_gradient,
            first_input: self.inputs.start,
            through: self.through,
            accumulate: self.accumulate,
            input_gradient: self.input_gradient.as_mut_ptr(),
        };
        // SAFETY: `run` checked that all matrices have the layer's rows of `stride` numbers.
        unsafe { cover(tile, self.inputs.len(), n_vectors) }
    }
}

#[derive(Clone, Copy)]
struct GradientTile<'a, S> {
    simd: S,
    layer: &'a Dense,
    weights: &'a [f32],
    stride: usize,
    output_gradient: &'a [f32],
    first_input: usize,
    through: Option<(Activation, &'a [f32])>,
    accumulate: bool,
    input_gradient: *mut f32,
}

impl<S: Simd> Tile<S> for GradientTile<'_, S> {
    #[inline(always)]
    unsafe fn run<const ROWS: usize, const VECTORS: usize>(self, row: usize, vector: usize) {
        let column = vector * S::F32_LANES;
        let input = self.first_input + row;
        // Later inputs are seen from later outputs on, so the tile's first input decides.
        let first = self.layer.first[input];
        let mut sums = [[Lanes::splat(self.simd, 0.0); VECTORS]; ROWS];
        let terms = Terms {
            rows: self
                .output_gradient
                .as_ptr()
                .wrapping_add(first * self.stride + column),
            stride: self.stride,
            weights: self
                .weights
                .as_ptr()
                .wrapping_add(first * self.layer.n_inputs + input),
            weight_step: self.layer.n_inputs,
            weight_stride: 1,
            count: self.layer.n_outputs() - first,
        };
        // SAFETY: rows `first..n_outputs` of the gradient and columns `input..input + ROWS` of W
        // exist; the caller vouches for the vectors.
        unsafe { multiply(self.simd, &mut sums, terms) };
        for (r, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                let at = (row + r) * self.stride + column + v * S::F32_LANES;
                // SAFETY: within the input gradient, and `saved` has its shape.
                unsafe { self.write(at, *sum) };
            }
        }
    }
}

impl<S: Simd> GradientTile<'_, S> {
    /// # Safety
    /// One vector from `at` must lie within the input gradient.
    #[inline(always)]
    unsafe fn write(self, at: usize, sum: Lanes<S>) {
        // SAFETY: the caller's promise; `saved` is as long as the input gradient.
        unsafe {
            let to = self.input_gradient.add(at);
            let slope = match self.through {
                None => sum,
                Some((activation, saved)) => {
                    sum * activation.derivative(load(self.simd, saved.as_ptr().add(at)))
                }
            };
            let before = if self.accumulate {
                load(self.simd, to)
            } else {
                Lanes::splat(self.simd, 0.0)
            };
            store(to, before + slope);
        }
    }
}
