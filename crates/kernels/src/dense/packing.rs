//! Blocks of a product copied together, so that they stay in the first cache.
#![allow(unsafe_code, reason = "the inner loops go through raw pointers")]

use super::product::{Pass, Product, Rows, Shape, Weights, strip_width};
use super::tile::{load, store, tallest};
use pulp::{NullaryFnOnce, Simd};
use std::mem::MaybeUninit;
use std::ops::Range;

/// Numbers of a panel: 24 of the 32 KiB that the first cache has on most machines.
const PANEL: usize = 6144;
/// Results for which weights are packed at once; whole tiles of every tier.
const BLOCK_ROWS: usize = 96;
/// Factors of a block at most, on tiers whose vectors are narrow and panels deep.
const BLOCK_FACTORS: usize = 256;
/// Fewer results or factors than this are not worth packing.
const LEAST: usize = 32;

/// Factors of a block: as many as fill a panel of three vectors.
const fn depth<S: Simd>() -> usize {
    let depth = PANEL / (3 * S::F32_LANES);
    if depth < BLOCK_FACTORS {
        depth
    } else {
        BLOCK_FACTORS
    }
}

/// Whether packing costs less than it gains; measured on Zen 4.
///
/// Rows a multiple of 4 KiB apart map to the same few lines of the first cache and push each other
/// out. So do weights a multiple of 2 KiB apart; and more than 256 of them take a line each. With
/// AVX-512 a load feeds twice as much arithmetic, and waiting for the second cache is mostly hidden.
#[inline(always)]
pub(super) fn pays<S: Simd>(shape: Shape, weights: Weights) -> bool {
    let wide = S::F32_LANES == crate::PADDING;
    let rows_collide = shape.stride.is_multiple_of(if wide { 1024 } else { 512 });
    let step = weights.step();
    let weights_collide = !wide && step > 1 && (step >= 512 || shape.n_factors >= 256);
    let can_wait = !shape.waiting.is_null() || shape.n_factors <= depth::<S>();
    can_wait && shape.n_factors.min(shape.n_results) >= LEAST && (rows_collide || weights_collide)
}

/// Storage that is written before it is read.
#[repr(C, align(64))]
struct Storage<const LENGTH: usize>([MaybeUninit<f32>; LENGTH]);

impl<const LENGTH: usize> Storage<LENGTH> {
    #[inline(always)]
    fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; LENGTH])
    }
}

/// As `product::compute`, block by block.
///
/// A function of its own, so that products in place need no large stack frame.
///
/// # Safety
/// As there.
#[inline(never)]
pub(super) unsafe fn compute<S: Simd, P: Product<S>>(simd: S, product: P) {
    simd.vectorize(Blocks { simd, product });
}

struct Blocks<S, P> {
    simd: S,
    product: P,
}

impl<S: Simd, P: Product<S>> NullaryFnOnce for Blocks<S, P> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        // SAFETY: made by `compute` alone, whose caller vouches for it.
        unsafe { blocks(self.simd, self.product) };
    }
}

/// # Safety
/// As for `compute`.
#[inline(always)]
unsafe fn blocks<S: Simd, P: Product<S>>(simd: S, product: P) {
    let shape = product.shape();
    let mut panel = Storage::<PANEL>::new();
    let mut block = Storage::<{ BLOCK_ROWS * BLOCK_FACTORS }>::new();
    let n_rows = block_rows(product.weights(), shape.n_results);
    for first in (0..shape.n_factors).step_by(depth::<S>()) {
        let count = depth::<S>().min(shape.n_factors - first);
        for row in (0..shape.n_results).step_by(n_rows) {
            let rows = row..shape.n_results.min(row + n_rows);
            // SAFETY: the caller vouches for all rows and factors; both storages are large enough.
            let weights = unsafe {
                pack_weights::<S>(product.weights(), rows.clone(), (first, count), &mut block)
            };
            let mut column = 0;
            while column < shape.stride {
                let width = strip_width(shape.stride - column, S::F32_LANES);
                // SAFETY: as before.
                unsafe {
                    let packed = pack_rows::<S>(
                        simd,
                        product.factors(),
                        (first, count),
                        (column, width),
                        &mut panel,
                    );
                    let pass = Pass {
                        product,
                        factors: [packed, Rows { count: 0, ..packed }],
                        weights,
                        first: first == 0,
                        last: first + count == shape.n_factors,
                    };
                    pass.strip(simd, rows.clone(), column, width);
                }
                column += width * S::F32_LANES;
            }
        }
    }
}

/// How many results to compute with one packing of their weights: all, if the weights stay in place;
/// otherwise about equal numbers, whole tiles of every tier.
fn block_rows(weights: Weights, n_results: usize) -> usize {
    if weights.step() == 1 {
        return n_results;
    }
    let n_blocks = n_results.div_ceil(BLOCK_ROWS);
    n_results.div_ceil(n_blocks).next_multiple_of(12)
}

/// Copies a strip of `count` factors into the panel.
///
/// # Safety
/// The factors from `first` and `width` vectors from `column` must exist and fit the panel.
#[inline(always)]
unsafe fn pack_rows<S: Simd>(
    simd: S,
    factors: [Rows; 2],
    (first, count): (usize, usize),
    (column, width): (usize, usize),
    panel: &mut Storage<PANEL>,
) -> Rows {
    let length = width * S::F32_LANES;
    let start = panel.0.as_mut_ptr().cast::<f32>();
    for rows in factors {
        let from = first.max(rows.first);
        let to = (first + count).min(rows.first + rows.count);
        for factor in from..to {
            let source = rows
                .start
                .wrapping_add((factor - rows.first) * rows.stride + column);
            let target = start.wrapping_add((factor - first) * length);
            for v in 0..width {
                let at = v * S::F32_LANES;
                // SAFETY: the caller vouches for the source, and that the panel is large enough.
                unsafe { store(target.add(at), load(simd, source.add(at))) };
            }
        }
    }
    Rows {
        first,
        count,
        start,
        stride: length,
    }
}

/// Copies weights that are not next to each other in the order in which tiles read them.
///
/// # Safety
/// Weights of these rows, and of `count` factors from `first`, must exist and fit the block.
#[inline(always)]
unsafe fn pack_weights<S: Simd>(
    weights: Weights,
    rows: Range<usize>,
    (first, count): (usize, usize),
    block: &mut Storage<{ BLOCK_ROWS * BLOCK_FACTORS }>,
) -> Weights {
    let Weights::InPlace {
        start,
        step,
        stride: 1,
    } = weights
    else {
        return weights;
    };
    let packed = block.0.as_mut_ptr().cast::<f32>();
    let tallest = tallest::<S>();
    let n_whole = rows.len() / tallest;
    let height = rows.len() % tallest;
    // Factor by factor, because a factor's weights stand together.
    for factor in 0..count {
        let from = start.wrapping_add(rows.start + (first + factor) * step);
        // SAFETY: the caller's promise.
        unsafe {
            for tile in 0..n_whole {
                let to = packed.add((tile * count + factor) * tallest);
                copy(from.add(tile * tallest), to, tallest);
            }
            let to = packed.add(n_whole * count * tallest + factor * height);
            copy(from.add(n_whole * tallest), to, height);
        }
    }
    Weights::Packed {
        start: packed,
        first_row: rows.start,
        first_factor: first,
        n_factors: count,
    }
}

/// # Safety
/// `count` numbers must be readable at `from` and writable at `to`.
#[inline(always)]
unsafe fn copy(from: *const f32, to: *mut f32, count: usize) {
    for i in 0..count {
        // SAFETY: the caller's promise.
        unsafe { *to.add(i) = *from.add(i) };
    }
}
