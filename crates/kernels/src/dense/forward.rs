//! y = activation(W x + b).
#![allow(unsafe_code, reason = "the inner loops go through raw pointers")]

use super::Dense;
use super::product::{Product, Rows, Shape, Weights, compute};
use super::tile::{Sums, load, store};
use crate::lanes::{Lanes, vectors_per_row};
use crate::{Activation, Kernels};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// output = activation(W inputs + b), or activation(output + W inputs + b).
#[derive(Debug)]
pub struct DenseForward<'a> {
    /// The layer.
    pub layer: &'a Dense,
    /// Which outputs to compute; the rows of the others are left alone.
    pub outputs: Range<usize>,
    /// Its weights.
    pub weights: &'a [f32],
    /// The rows of input, `n_inputs × stride` together: those of the second follow those of the
    /// first.
    pub inputs: [&'a [f32]; 2],
    /// Length of a row.
    pub stride: usize,
    /// Applied to the sum.
    pub activation: Activation,
    /// Whether what stands in `output` is a term of the sum.
    pub accumulate: bool,
    /// `n_outputs × stride`.
    pub output: &'a mut [f32],
    /// Takes the sum before the activation, `n_outputs × stride`, where the derivative needs it.
    pub before: Option<&'a mut [f32]>,
}

impl DenseForward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If a length or the range of outputs does not fit the layer, or `stride` is no multiple of
    /// [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let rows = self.layer.n_outputs() * self.stride;
        self.layer.check_weights(self.weights);
        self.layer.check_inputs(self.inputs, self.stride);
        assert_eq!(self.output.len(), rows, "rows of output");
        assert!(self.outputs.end <= self.layer.n_outputs(), "outputs");
        assert!(
            self.before
                .as_ref()
                .is_none_or(|before| before.len() == rows)
        );
        kernels.dispatch(self);
    }
}

impl WithSimd for DenseForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        vectors_per_row::<S>(self.stride);
        let skipped = self.outputs.start * self.stride;
        let product = ForwardProduct {
            layer: self.layer,
            first: self.outputs.start,
            count: self.outputs.len(),
            weights: self.weights,
            inputs: self.inputs,
            stride: self.stride,
            activation: self.activation,
            accumulate: self.accumulate,
            output: self.output[skipped..].as_mut_ptr(),
            before: self.before.map(|before| before[skipped..].as_mut_ptr()),
        };
        // SAFETY: `run` checked that all matrices have the layer's rows of `stride` numbers.
        unsafe { compute(simd, product) }
    }
}

#[derive(Clone, Copy)]
struct ForwardProduct<'a> {
    layer: &'a Dense,
    /// The output that is the first result, and how many there are.
    first: usize,
    count: usize,
    weights: &'a [f32],
    inputs: [&'a [f32]; 2],
    stride: usize,
    activation: Activation,
    accumulate: bool,
    /// From the first of them on.
    output: *mut f32,
    before: Option<*mut f32>,
}

impl<S: Simd> Product<S> for ForwardProduct<'_> {
    #[inline(always)]
    fn shape(self) -> Shape {
        Shape {
            n_results: self.count,
            n_factors: self.layer.n_inputs,
            stride: self.stride,
            waiting: self.output,
        }
    }

    #[inline(always)]
    fn factors(self) -> [Rows; 2] {
        let n_first = self.inputs[0].len() / self.stride;
        let rows = |first, rows: &[f32]| Rows {
            first,
            count: rows.len() / self.stride,
            start: rows.as_ptr(),
            stride: self.stride,
        };
        [rows(0, self.inputs[0]), rows(n_first, self.inputs[1])]
    }

    #[inline(always)]
    fn weights(self) -> Weights {
        Weights::InPlace {
            start: self.weights[self.first * self.layer.n_inputs..].as_ptr(),
            step: 1,
            stride: self.layer.n_inputs,
        }
    }

    /// Later outputs see more, so the last one decides.
    #[inline(always)]
    fn range(self, row: usize, count: usize) -> Range<usize> {
        0..self.layer.reach[self.first + row + count - 1]
    }

    #[inline(always)]
    unsafe fn start<const ROWS: usize, const VECTORS: usize>(
        self,
        simd: S,
        row: usize,
        column: usize,
    ) -> Sums<S, ROWS, VECTORS> {
        let mut sums = [[Lanes::splat(simd, 0.0); VECTORS]; ROWS];
        if let Some(start) = self.layer.bias_start() {
            for (r, sums) in sums.iter_mut().enumerate() {
                let bias = self.weights[start + self.first + row + r];
                *sums = [Lanes::splat(simd, bias); VECTORS];
            }
        }
        if self.accumulate {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    let at = (row + r) * self.stride + column + v * S::F32_LANES;
                    // SAFETY: within the output, as the caller vouches.
                    *sum += unsafe { load(simd, self.output.add(at)) };
                }
            }
        }
        sums
    }

    #[inline(always)]
    unsafe fn finish<const ROWS: usize, const VECTORS: usize>(
        self,
        sums: Sums<S, ROWS, VECTORS>,
        row: usize,
        column: usize,
    ) {
        if let Some(before) = self.before {
            // SAFETY: `before` has the shape of the output.
            unsafe { self.write(before, sums, row, column, Activation::Identity) };
        }
        // One branch for the tile, so that its functions are evaluated side by side.
        // SAFETY: within the output, as the caller vouches.
        unsafe {
            match self.activation {
                Activation::Identity => {
                    self.write(self.output, sums, row, column, Activation::Identity);
                }
                Activation::Tanh => self.write(self.output, sums, row, column, Activation::Tanh),
                Activation::Relu => self.write(self.output, sums, row, column, Activation::Relu),
                Activation::Gelu => self.write(self.output, sums, row, column, Activation::Gelu),
                Activation::Silu => self.write(self.output, sums, row, column, Activation::Silu),
            }
        }
    }
}

impl ForwardProduct<'_> {
    /// # Safety
    /// The tile's rows and columns must lie within the matrix at `to`.
    #[inline(always)]
    unsafe fn write<S: Simd, const ROWS: usize, const VECTORS: usize>(
        self,
        to: *mut f32,
        sums: Sums<S, ROWS, VECTORS>,
        row: usize,
        column: usize,
        activation: Activation,
    ) {
        for (r, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                let at = (row + r) * self.stride + column + v * S::F32_LANES;
                // SAFETY: the caller's promise.
                unsafe { store(to.add(at), activation.apply(*sum)) };
            }
        }
    }
}
