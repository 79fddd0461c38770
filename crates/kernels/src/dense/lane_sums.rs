//! The sums of the lanes of four vectors at once.
#![allow(
    unsafe_code,
    reason = "views a vector of a generic tier as that of the tier it is"
)]

use super::tile::Sums;
use crate::lanes::Lanes;
use pulp::Simd;

/// The sum of all lanes, of each of four vectors.
///
/// On x86 the vectors are merged while they are halved: nine shuffles and adds leave the partial sums
/// of all four side by side, where one vector after the other would take three times as many. Every
/// vector's lanes are added in the same order, wherever among the four it stands.
#[inline(always)]
pub(super) fn lane_sums<S: Simd>(simd: S, vectors: [Lanes<S>; 4]) -> [f32; 4] {
    let vectors = vectors.map(|lanes| lanes.vector);
    #[cfg(target_arch = "x86_64")]
    {
        use pulp::x86::{V3, V4};
        if let (Some(simd), Some(vectors)) = (same::<S, V4>(simd), same(vectors)) {
            return of_avx512(simd, vectors);
        }
        if let (Some(simd), Some(vectors)) = (same::<S, V3>(simd), same(vectors)) {
            return of_avx2(simd, vectors);
        }
    }
    vectors.map(|vector| Lanes::new(simd, vector).sum())
}

/// The sums of the lanes of a tile's vectors, with the rounding of [`lane_sums`].
///
/// With AVX-512 four rows of the tile are merged to the end, where the chain of halvings of each would
/// keep the others waiting.
#[inline(always)]
pub(super) fn tile_sums<S: Simd, const ROWS: usize>(
    simd: S,
    tile: Sums<S, ROWS, 4>,
) -> [[f32; 4]; ROWS] {
    // Loops: a closure would be compiled for no instruction set.
    let mut sums = [[0.0; 4]; ROWS];
    #[cfg(target_arch = "x86_64")]
    if ROWS == 4 {
        use pulp::x86::V4;
        let mut rows = [[tile[0][0].vector; 4]; 4];
        for r in 0..ROWS {
            for v in 0..4 {
                rows[r][v] = tile[r][v].vector;
            }
        }
        if let (Some(simd), Some(rows)) = (same::<S, V4>(simd), same(rows)) {
            sums.copy_from_slice(&four_rows_of_avx512(simd, rows));
            return sums;
        }
    }
    for (sums, vectors) in sums.iter_mut().zip(tile) {
        *sums = lane_sums(simd, vectors);
    }
    sums
}

/// The value, if both types are one; decided when compiled.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn same<A: Copy + 'static, B: Copy + 'static>(value: A) -> Option<B> {
    let same = std::any::TypeId::of::<A>() == std::any::TypeId::of::<B>();
    // SAFETY: `A` and `B` are the same type.
    same.then(|| unsafe { std::mem::transmute_copy(&value) })
}

/// In each quarter of a vector, the partial sums of all four.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn quarters(simd: pulp::x86::V4, vectors: [pulp::f32x16; 4]) -> std::arch::x86_64::__m512 {
    use std::arch::x86_64::__m512;
    let f = simd.avx512f;
    let [a, b, c, d]: [__m512; 4] = vectors.map(pulp::cast);
    let pair = |x, y| {
        let halves = f._mm512_add_ps(f._mm512_unpacklo_ps(x, y), f._mm512_unpackhi_ps(x, y));
        f._mm512_castps_pd(halves)
    };
    let (ab, cd) = (pair(a, b), pair(c, d));
    let even = f._mm512_castpd_ps(f._mm512_unpacklo_pd(ab, cd));
    let odd = f._mm512_castpd_ps(f._mm512_unpackhi_pd(ab, cd));
    f._mm512_add_ps(even, odd)
}

/// Four rows of four vectors at once.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn four_rows_of_avx512(simd: pulp::x86::V4, rows: [[pulp::f32x16; 4]; 4]) -> [[f32; 4]; 4] {
    let f = simd.avx512f;
    let [a, b, c, d] = rows;
    let (a, b) = (quarters(simd, a), quarters(simd, b));
    let (c, d) = (quarters(simd, c), quarters(simd, d));
    // The lower half of both, and the upper one.
    let pair = |x, y| {
        let lower = f._mm512_shuffle_f32x4::<0b01_00_01_00>(x, y);
        f._mm512_add_ps(lower, f._mm512_shuffle_f32x4::<0b11_10_11_10>(x, y))
    };
    let (ab, cd) = (pair(a, b), pair(c, d));
    let even = f._mm512_shuffle_f32x4::<0b10_00_10_00>(ab, cd);
    let odd = f._mm512_shuffle_f32x4::<0b11_01_11_01>(ab, cd);
    pulp::cast(f._mm512_add_ps(even, odd))
}

/// Partial sums of all four in each quarter of a vector, then the sum of the quarters.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn of_avx512(simd: pulp::x86::V4, vectors: [pulp::f32x16; 4]) -> [f32; 4] {
    let (f, dq) = (simd.avx512f, simd.avx512dq);
    let quarters = quarters(simd, vectors);
    let upper = dq._mm512_extractf32x8_ps::<1>(quarters);
    let halves = simd
        .avx
        ._mm256_add_ps(f._mm512_castps512_ps256(quarters), upper);
    sum_of_halves(*simd, halves)
}

/// Partial sums of all four in each half of a vector, then the sum of the halves.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn of_avx2(simd: pulp::x86::V3, vectors: [pulp::f32x8; 4]) -> [f32; 4] {
    use std::arch::x86_64::__m256;
    let avx = simd.avx;
    let [a, b, c, d]: [__m256; 4] = vectors.map(pulp::cast);
    let pair = |x, y| {
        let halves = avx._mm256_add_ps(avx._mm256_unpacklo_ps(x, y), avx._mm256_unpackhi_ps(x, y));
        avx._mm256_castps_pd(halves)
    };
    let (ab, cd) = (pair(a, b), pair(c, d));
    let even = avx._mm256_castpd_ps(avx._mm256_unpacklo_pd(ab, cd));
    let odd = avx._mm256_castpd_ps(avx._mm256_unpackhi_pd(ab, cd));
    sum_of_halves(simd, avx._mm256_add_ps(even, odd))
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn sum_of_halves(simd: pulp::x86::V3, halves: std::arch::x86_64::__m256) -> [f32; 4] {
    let upper = simd.avx._mm256_extractf128_ps::<1>(halves);
    let lower = simd.avx._mm256_castps256_ps128(halves);
    pulp::cast(simd.sse._mm_add_ps(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kernels;
    use crate::testing::numbers;
    use pulp::WithSimd;

    struct FourVectors([Vec<f32>; 4]);

    impl WithSimd for FourVectors {
        type Output = [f32; 4];

        fn with_simd<S: Simd>(self, simd: S) -> [f32; 4] {
            lane_sums(
                simd,
                self.0
                    .map(|x| Lanes::new(simd, S::as_simd_f32s(&x[..S::F32_LANES]).0[0])),
            )
        }
    }

    #[test]
    fn four_vectors_are_summed_each_with_the_same_rounding() {
        for kernels in Kernels::available() {
            for seed in 0..100 {
                let vectors = [0, 1, 2, 3].map(|i| numbers(crate::PADDING, 4 * seed + i));
                let sums = kernels.dispatch(FourVectors(vectors.clone()));
                for place in 1..4 {
                    let mut turned = vectors.clone();
                    turned.rotate_left(place);
                    let mut expected = sums;
                    expected.rotate_left(place);
                    assert_eq!(kernels.dispatch(FourVectors(turned)), expected);
                }
                for (sum, vector) in sums.iter().zip(&vectors) {
                    let lanes = kernels.dispatch(LaneCount);
                    let exact: f64 = vector[..lanes].iter().map(|x| f64::from(*x)).sum();
                    assert!((f64::from(*sum) - exact).abs() < 4e-6);
                }
            }
        }
    }

    struct Tile([Vec<f32>; 16]);

    impl WithSimd for Tile {
        type Output = [[[f32; 4]; 4]; 2];

        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let vector = |i: usize| S::as_simd_f32s(&self.0[i][..S::F32_LANES]).0[0];
            let tile: Sums<S, 4, 4> = std::array::from_fn(|r| {
                std::array::from_fn(|v| Lanes::new(simd, vector(4 * r + v)))
            });
            [tile_sums(simd, tile), tile.map(|row| lane_sums(simd, row))]
        }
    }

    #[test]
    fn a_tile_is_summed_with_the_rounding_of_its_rows() {
        for kernels in Kernels::available() {
            for seed in 0..100 {
                let vectors =
                    std::array::from_fn(|i| numbers(crate::PADDING, 16 * seed + i as u64));
                let [tile, rows] = kernels.dispatch(Tile(vectors));
                assert_eq!(tile, rows);
            }
        }
    }

    struct LaneCount;

    impl WithSimd for LaneCount {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
}
