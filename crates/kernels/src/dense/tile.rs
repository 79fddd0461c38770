//! How a matrix of rows × vectors is covered by tiles that stay in registers.
#![allow(unsafe_code, reason = "the inner loops go through raw pointers")]

use crate::lanes::Lanes;
use pulp::Simd;

/// Work on `ROWS` rows and `VECTORS` vectors at once.
pub(super) trait Tile<S: Simd>: Copy {
    /// # Safety
    /// Rows `row..row + ROWS` and vectors `vector..vector + VECTORS` must lie within the operation's
    /// matrices.
    unsafe fn run<const ROWS: usize, const VECTORS: usize>(self, row: usize, vector: usize);
}

/// Covers `n_rows × n_vectors`.
///
/// Three by three vectors of running sums, three of input and one weight fit the 16 registers of
/// AVX2 and keep both of its multipliers busy; a larger tile spills. With 32 registers four rows fit.
///
/// # Safety
/// Every row below `n_rows` and vector below `n_vectors` must lie within the operation's matrices.
#[inline(always)]
pub(super) unsafe fn cover<S: Simd, T: Tile<S>>(tile: T, n_rows: usize, n_vectors: usize) {
    let mut vector = 0;
    while vector < n_vectors {
        // Four left are two and two: a lone vector has too few independent sums to hide latency.
        let width = match n_vectors - vector {
            1 => 1,
            2 | 4 => 2,
            _ => 3,
        };
        // SAFETY: `width` is at most what is left, and the caller vouches for all of it.
        unsafe {
            match width {
                1 => strip::<S, T, 1>(tile, n_rows, vector),
                2 => strip::<S, T, 2>(tile, n_rows, vector),
                _ => strip::<S, T, 3>(tile, n_rows, vector),
            }
        }
        vector += width;
    }
}

/// # Safety
/// As for `cover`, for the vectors `vector..vector + VECTORS`.
#[inline(always)]
unsafe fn strip<S: Simd, T: Tile<S>, const VECTORS: usize>(tile: T, n_rows: usize, vector: usize) {
    let tallest = if S::REGISTER_COUNT >= 32 { 4 } else { 3 };
    let mut row = 0;
    while row < n_rows {
        let height = tallest.min(n_rows - row);
        // SAFETY: `height` is at most what is left, and the caller vouches for all of it.
        unsafe {
            match height {
                1 => tile.run::<1, VECTORS>(row, vector),
                2 => tile.run::<2, VECTORS>(row, vector),
                3 => tile.run::<3, VECTORS>(row, vector),
                _ => tile.run::<4, VECTORS>(row, vector),
            }
        }
        row += height;
    }
}

/// The running sums of a tile.
pub(super) type Sums<S, const ROWS: usize, const VECTORS: usize> = [[Lanes<S>; VECTORS]; ROWS];

/// One factor of a product of matrices: `count` rows of a batch, and their weights.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// The first vector of the first row.
    pub(super) rows: *const f32,
    /// From a row to the next.
    pub(super) stride: usize,
    /// The weight of the first row for the tile's first result.
    pub(super) weights: *const f32,
    /// From a row's weight to the next row's.
    pub(super) weight_step: usize,
    /// From one result's weights to the next result's.
    pub(super) weight_stride: usize,
    /// How many rows.
    pub(super) count: usize,
}

/// sums[r] += Σ over rows of weight[r, row] · row.
///
/// # Safety
/// `VECTORS` vectors of each of the `count` rows and the weights of `ROWS` results for them must be
/// readable.
#[inline(always)]
pub(super) unsafe fn multiply<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    sums: &mut Sums<S, ROWS, VECTORS>,
    terms: Terms,
) {
    for i in 0..terms.count {
        let mut x = [Lanes::splat(simd, 0.0); VECTORS];
        for (v, x) in x.iter_mut().enumerate() {
            // SAFETY: row `i` is below `count`, vector `v` below `VECTORS`.
            *x = unsafe { load(simd, terms.rows.add(i * terms.stride + v * S::F32_LANES)) };
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: row `i` is below `count`, result `r` below `ROWS`.
            let weight = unsafe {
                *terms
                    .weights
                    .add(i * terms.weight_step + r * terms.weight_stride)
            };
            let weight = Lanes::splat(simd, weight);
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum = weight.mul_add(x, *sum);
            }
        }
    }
}

/// # Safety
/// One vector at `from` must be readable; it need not be aligned.
#[inline(always)]
pub(super) unsafe fn load<S: Simd>(simd: S, from: *const f32) -> Lanes<S> {
    // SAFETY: the caller's promise; every bit pattern is a number.
    Lanes::new(simd, unsafe { from.cast::<S::f32s>().read_unaligned() })
}

/// # Safety
/// One vector at `to` must be writable; it need not be aligned.
#[inline(always)]
pub(super) unsafe fn store<S: Simd>(to: *mut f32, value: Lanes<S>) {
    // SAFETY: the caller's promise.
    unsafe { to.cast::<S::f32s>().write_unaligned(value.vector) }
}
