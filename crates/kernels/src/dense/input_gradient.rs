//! ∂L/∂x = Wᵀ ∂L/∂y.
#![allow(unsafe_code, reason = "the inner loops go through raw pointers")]

use super::Dense;
use super::product::{Product, Rows, Shape, Weights, compute};
use super::tile::{Sums, load, store};
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
        vectors_per_row::<S>(self.stride);
        let product = GradientProduct {
            layer: self.layer,
            weights: self.weights,
            stride: self.stride,
            output_gradient: self.output_gradient,
            inputs: (self.inputs.start, self.inputs.end),
            through: self.through,
            accumulate: self.accumulate,
            input_gradient: self.input_gradient.as_mut_ptr(),
        };
        // SAFETY: `run` checked that all matrices have the layer's rows of `stride` numbers.
        unsafe { compute(simd, product) }
    }
}

#[derive(Clone, Copy)]
struct GradientProduct<'a> {
    layer: &'a Dense,
    weights: &'a [f32],
    stride: usize,
    output_gradient: &'a [f32],
    inputs: (usize, usize),
    through: Option<(Activation, &'a [f32])>,
    accumulate: bool,
    input_gradient: *mut f32,
}

impl<S: Simd> Product<S> for GradientProduct<'_> {
    #[inline(always)]
    fn shape(self) -> Shape {
        Shape {
            n_results: self.inputs.1 - self.inputs.0,
            n_factors: self.layer.n_outputs(),
            stride: self.stride,
            // What is to be added to stands there.
            waiting: if self.accumulate {
                std::ptr::null_mut()
            } else {
                self.input_gradient
            },
        }
    }

    #[inline(always)]
    fn factors(self) -> [Rows; 2] {
        let rows = Rows {
            first: 0,
            count: self.layer.n_outputs(),
            start: self.output_gradient.as_ptr(),
            stride: self.stride,
        };
        [rows, Rows { count: 0, ..rows }]
    }

    #[inline(always)]
    fn weights(self) -> Weights {
        Weights::InPlace {
            start: self.weights.as_ptr().wrapping_add(self.inputs.0),
            step: self.layer.n_inputs,
            stride: 1,
        }
    }

    /// Later inputs are seen from later outputs on, so the first one decides.
    #[inline(always)]
    fn range(self, row: usize, _: usize) -> Range<usize> {
        self.layer.first[self.inputs.0 + row]..self.layer.n_outputs()
    }

    #[inline(always)]
    unsafe fn start<const ROWS: usize, const VECTORS: usize>(
        self,
        simd: S,
        _: usize,
        _: usize,
    ) -> Sums<S, ROWS, VECTORS> {
        [[Lanes::splat(simd, 0.0); VECTORS]; ROWS]
    }

    #[inline(always)]
    unsafe fn finish<const ROWS: usize, const VECTORS: usize>(
        self,
        sums: Sums<S, ROWS, VECTORS>,
        row: usize,
        column: usize,
    ) {
        for (r, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                let at = (row + r) * self.stride + column + v * S::F32_LANES;
                // SAFETY: within the input gradient, and `saved` has its shape.
                unsafe { self.write(at, *sum) };
            }
        }
    }
}

impl GradientProduct<'_> {
    /// # Safety
    /// One vector from `at` must lie within the input gradient.
    #[inline(always)]
    unsafe fn write<S: Simd>(self, at: usize, sum: Lanes<S>) {
        // SAFETY: the caller's promise; `saved` is as long as the input gradient.
        unsafe {
            let to = self.input_gradient.add(at);
            let slope = match self.through {
                None => sum,
                Some((activation, saved)) => {
                    sum * activation.derivative(load(sum.simd, saved.as_ptr().add(at)))
                }
            };
            let before = if self.accumulate {
                load(sum.simd, to)
            } else {
                Lanes::splat(sum.simd, 0.0)
            };
            store(to, before + slope);
        }
    }
}
