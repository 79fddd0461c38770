//! A product of a matrix of weights and a batch, tile by tile.
#![allow(unsafe_code, reason = "the inner loops go through raw pointers")]

use super::packing;
use super::tile::{Sums, Terms, load_tile, multiply, store_tile, tallest};
use pulp::Simd;
use std::ops::Range;

/// results = finish(start + weights · factors); results and factors are rows of a batch.
pub(super) trait Product<S: Simd>: Copy {
    /// The sizes.
    fn shape(self) -> Shape;

    /// The factors: the rows of the second follow those of the first.
    fn factors(self) -> [Rows; 2];

    /// The weights.
    fn weights(self) -> Weights;

    /// Outside of these factors, the weights of results `row..row + count` are zero.
    fn range(self, row: usize, count: usize) -> Range<usize>;

    /// What the sums start from.
    ///
    /// # Safety
    /// Results `row..row + ROWS` and `VECTORS` vectors from `column` must exist.
    unsafe fn start<const ROWS: usize, const VECTORS: usize>(
        self,
        simd: S,
        row: usize,
        column: usize,
    ) -> Sums<S, ROWS, VECTORS>;

    /// Makes results of the sums.
    ///
    /// # Safety
    /// As for `start`.
    unsafe fn finish<const ROWS: usize, const VECTORS: usize>(
        self,
        sums: Sums<S, ROWS, VECTORS>,
        row: usize,
        column: usize,
    );
}

/// The sizes of a product.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) n_results: usize,
    pub(super) n_factors: usize,
    /// Length of a row of the batch.
    pub(super) stride: usize,
    /// Where sums may wait for more factors, in the shape of the results; if null, nowhere.
    pub(super) waiting: *mut f32,
}

/// Consecutive factors.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// The number of the first.
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) start: *const f32,
    /// From a row to the next.
    pub(super) stride: usize,
}

impl Rows {
    /// The same rows from another column on.
    #[inline(always)]
    pub(super) fn at_column(self, column: usize) -> Self {
        let start = self.start.wrapping_add(column);
        Self { start, ..self }
    }
}

/// Weights by (result, factor).
#[derive(Clone, Copy)]
pub(super) enum Weights {
    /// As the layer has them.
    InPlace {
        /// That of (0, 0).
        start: *const f32,
        /// From a factor to the next.
        step: usize,
        /// From a result to the next.
        stride: usize,
    },
    /// Tile after tile; within a tile factor after factor.
    Packed {
        start: *const f32,
        first_row: usize,
        first_factor: usize,
        n_factors: usize,
    },
}

impl Weights {
    /// From a factor to the next.
    #[inline(always)]
    pub(super) fn step(self) -> usize {
        match self {
            Self::InPlace { step, .. } => step,
            Self::Packed { .. } => 1,
        }
    }

    /// The weight of (row, factor) for a tile of some height, and the steps from there.
    #[inline(always)]
    fn at(self, row: usize, factor: usize, height: usize) -> (*const f32, usize, usize) {
        match self {
            Self::InPlace {
                start,
                step,
                stride,
            } => (
                start.wrapping_add(row * stride + factor * step),
                step,
                stride,
            ),
            Self::Packed {
                start,
                first_row,
                first_factor,
                n_factors,
            } => {
                let tile = start.wrapping_add((row - first_row) * n_factors);
                let at = tile.wrapping_add((factor - first_factor) * height);
                (at, height, 1)
            }
        }
    }
}

/// Computes all results, in place or in packed blocks: the bits are the same.
///
/// # Safety
/// The matrices must have the product's shape, and the stride a whole number of vectors.
#[inline(always)]
pub(super) unsafe fn compute<S: Simd, P: Product<S>>(simd: S, product: P) {
    let shape = product.shape();
    if packing::pays::<S>(shape, product.weights()) {
        // SAFETY: the caller's promise.
        return unsafe { packing::compute(simd, product) };
    }
    let pass = Pass {
        product,
        factors: product.factors(),
        weights: product.weights(),
        first: true,
        last: true,
    };
    let mut column = 0;
    while column < shape.stride {
        let width = strip_width(shape.stride - column, S::F32_LANES);
        let factors = pass.factors.map(|rows| rows.at_column(column));
        // SAFETY: the caller's promise.
        unsafe { Pass { factors, ..pass }.strip(simd, 0..shape.n_results, column, width) };
        column += width * S::F32_LANES;
    }
}

/// How many vectors the next strip of `left` columns has.
///
/// (A loop, not an iterator or a closure over strips: what is called must be compiled for the
/// instruction set.)
pub(super) const fn strip_width(left: usize, lanes: usize) -> usize {
    // Four left are two and two: a lone vector has too few independent sums to hide latency.
    match left / lanes {
        1 => 1,
        2 | 4 => 2,
        _ => 3,
    }
}

/// One pass over results with some of the factors.
#[derive(Clone, Copy)]
pub(super) struct Pass<P> {
    pub(super) product: P,
    /// From the strip's first column on.
    pub(super) factors: [Rows; 2],
    pub(super) weights: Weights,
    /// Whether these are the first factors; otherwise the sums so far wait.
    pub(super) first: bool,
    /// Whether these are the last factors; otherwise the sums shall wait.
    pub(super) last: bool,
}

impl<P> Pass<P> {
    /// # Safety
    /// The rows, and `width` vectors from `column`, must exist.
    #[inline(always)]
    pub(super) unsafe fn strip<S: Simd>(
        self,
        simd: S,
        rows: Range<usize>,
        column: usize,
        width: usize,
    ) where
        P: Product<S>,
    {
        // SAFETY: the caller's promise.
        unsafe {
            match width {
                1 => self.tiles::<S, 1>(simd, rows, column),
                2 => self.tiles::<S, 2>(simd, rows, column),
                _ => self.tiles::<S, 3>(simd, rows, column),
            }
        }
    }

    /// # Safety
    /// As for `strip`.
    #[inline(always)]
    unsafe fn tiles<S: Simd, const VECTORS: usize>(self, simd: S, rows: Range<usize>, column: usize)
    where
        P: Product<S>,
    {
        let mut row = rows.start;
        while row < rows.end {
            let height = tallest::<S>().min(rows.end - row);
            // SAFETY: `height` rows are left, and the caller vouches for all of them.
            unsafe {
                match height {
                    1 => self.tile::<S, 1, VECTORS>(simd, row, column),
                    2 => self.tile::<S, 2, VECTORS>(simd, row, column),
                    3 => self.tile::<S, 3, VECTORS>(simd, row, column),
                    _ => self.tile::<S, 4, VECTORS>(simd, row, column),
                }
            }
            row += height;
        }
    }

    /// # Safety
    /// Rows `row..row + ROWS` and `VECTORS` vectors from `column` must exist.
    #[inline(always)]
    unsafe fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
        self,
        simd: S,
        row: usize,
        column: usize,
    ) where
        P: Product<S>,
    {
        let shape = self.product.shape();
        let place = shape.waiting.wrapping_add(row * shape.stride + column);
        let range = self.product.range(row, ROWS);
        // SAFETY: the caller vouches for rows and columns; the factors are within `rows`, and their
        // weights exist.
        unsafe {
            let mut sums = if self.first {
                self.product.start::<ROWS, VECTORS>(simd, row, column)
            } else {
                load_tile(simd, place, shape.stride)
            };
            for rows in self.factors {
                let from = range.start.max(rows.first);
                let to = range.end.min(rows.first + rows.count);
                let (weights, weight_step, weight_stride) = self.weights.at(row, from, ROWS);
                let terms = Terms {
                    rows: rows.start.wrapping_add((from - rows.first) * rows.stride),
                    stride: rows.stride,
                    weights,
                    weight_step,
                    weight_stride,
                    count: to.saturating_sub(from),
                };
                multiply(simd, &mut sums, terms);
            }
            if self.last {
                self.product.finish(sums, row, column);
            } else {
                store_tile(place, shape.stride, sums);
            }
        }
    }
}
