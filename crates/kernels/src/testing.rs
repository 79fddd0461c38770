//! What the tests of this crate share.

use crate::padded;

/// Numbers in (−1, 1) that depend on the seed alone.
pub(crate) fn numbers(count: usize, seed: u64) -> Vec<f32> {
    (0..count as u64)
        .map(|i| {
            // SplitMix64 (Steele et al. 2014).
            let mut z = (seed << 32 | i)
                .wrapping_add(1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 40) as f32 / 8_388_608.0 - 1.0
        })
        .collect()
}

/// A batch of `n` rows with numbers in (−`size`, `size`), padding included.
pub(crate) fn rows(n_rows: usize, n: usize, size: f32, seed: u64) -> Vec<f32> {
    let values = numbers(n_rows * padded(n), seed);
    values.into_iter().map(|x| x * size).collect()
}

/// One row of the batch, in f64.
pub(crate) fn column(rows: &[f32], stride: usize, b: usize) -> Vec<f64> {
    rows.chunks(stride).map(|row| f64::from(row[b])).collect()
}

/// Whether all are within `tolerance · (1 + |exact|)`.
pub(crate) fn close(given: &[f64], exact: &[f64], tolerance: f64) -> bool {
    assert_eq!(given.len(), exact.len());
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance * (1.0 + b.abs());
    given.iter().zip(exact).all(near)
}

/// ∂f/∂x by central differences.
pub(crate) fn differences(f: impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    const STEP: f64 = 1e-6;
    let mut x = x.to_vec();
    (0..x.len())
        .map(|i| {
            let middle = x[i];
            x[i] = middle + STEP;
            let high = f(&x);
            x[i] = middle - STEP;
            let low = f(&x);
            x[i] = middle;
            (high - low) / (2.0 * STEP)
        })
        .collect()
}
