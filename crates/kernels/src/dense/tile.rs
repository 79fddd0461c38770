//! Tiles of a product of matrices: running sums that stay in registers.
#![allow(unsafe_code, reason = "the inner loops go through raw pointers")]

use crate::lanes::Lanes;
use pulp::Simd;

/// The tallest tile.
///
/// Three by three vectors of running sums, three of input and one weight fit the 16 registers of
/// AVX2 and keep both of its multipliers busy; a larger tile spills. With 32 registers four rows fit.
pub(super) const fn tallest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 3 }
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

/// # Safety
/// A tile whose rows start every `stride` numbers from `from` must be readable.
#[inline(always)]
pub(super) unsafe fn load_tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    from: *const f32,
    stride: usize,
) -> Sums<S, ROWS, VECTORS> {
    let mut tile = [[Lanes::splat(simd, 0.0); VECTORS]; ROWS];
    for (r, row) in tile.iter_mut().enumerate() {
        for (v, lanes) in row.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *lanes = unsafe { load(simd, from.add(r * stride + v * S::F32_LANES)) };
        }
    }
    tile
}

/// # Safety
/// A tile whose rows start every `stride` numbers from `to` must be writable.
#[inline(always)]
pub(super) unsafe fn store_tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
    to: *mut f32,
    stride: usize,
    tile: Sums<S, ROWS, VECTORS>,
) {
    for (r, row) in tile.iter().enumerate() {
        for (v, lanes) in row.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { store(to.add(r * stride + v * S::F32_LANES), *lanes) };
        }
    }
}
