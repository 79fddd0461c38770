//! What the tests of networks and transforms share.

use crate::seed::{Random, Seed, Stream};

/// The stream of a test.
pub(crate) fn random(index: u64) -> Random {
    Seed(7).stream(Stream::Test, index)
}

/// `rows × stride` standard normal numbers times `size`, the padding filled with `padding`.
pub(crate) fn rows(
    n_rows: usize,
    n: usize,
    size: f64,
    padding: f32,
    random: &mut Random,
) -> Vec<f32> {
    let stride = retrodict_kernels::padded(n);
    let mut rows = vec![padding; n_rows * stride];
    for row in rows.chunks_exact_mut(stride) {
        row[..n].fill_with(|| (size * random.normal()) as f32);
    }
    rows
}

/// One row of the batch, in f64.
pub(crate) fn column(rows: &[f32], stride: usize, b: usize) -> Vec<f64> {
    rows.chunks_exact(stride)
        .map(|row| f64::from(row[b]))
        .collect()
}

/// The same numbers in f64.
pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// ∂f/∂x by central differences; f64 with this step leaves about 10⁻⁹.
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

/// Fails, naming the entry, unless all are within `tolerance · (1 + |exact|)`.
pub(crate) fn assert_close(given: &[f64], exact: &[f64], tolerance: f64, what: &str) {
    assert_eq!(given.len(), exact.len(), "{what}");
    for (i, (a, b)) in given.iter().zip(exact).enumerate() {
        let near = (a - b).abs() <= tolerance * (1.0 + b.abs());
        assert!(near, "{what}: entry {i} is {a}, expected {b}");
    }
}
