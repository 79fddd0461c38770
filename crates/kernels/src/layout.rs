//! Between the row-major tables outside and the feature-major batches inside.

/// Every stride is a multiple of this: the lane count of the widest tier (AVX-512), which the
/// lane counts of all others divide, so that no vector of any tier runs past its row.
pub const PADDING: usize = 16;

/// The stride of a batch of `n` rows: `n` rounded up to [`PADDING`].
///
/// ```
/// assert_eq!(retrodict_kernels::padded(200), 208);
/// ```
pub const fn padded(n: usize) -> usize {
    n.div_ceil(PADDING) * PADDING
}

/// Row-major `n × n_features` into feature-major `n_features × stride`, with zeros in the padding.
pub fn pack(rows: &[f32], n_features: usize, stride: usize, packed: &mut [f32]) {
    pack_with(rows, n_features, stride, packed, |x| x);
}

/// As [`pack`], from `f64`.
pub fn pack_f64(rows: &[f64], n_features: usize, stride: usize, packed: &mut [f32]) {
    pack_with(rows, n_features, stride, packed, |x| x as f32);
}

/// Feature-major `n_features × stride` into row-major `n × n_features`; leaves the padding behind.
pub fn unpack(packed: &[f32], n_features: usize, stride: usize, rows: &mut [f32]) {
    unpack_with(packed, n_features, stride, rows, |x| x);
}

/// As [`unpack`], to `f64`.
pub fn unpack_f64(packed: &[f32], n_features: usize, stride: usize, rows: &mut [f64]) {
    unpack_with(packed, n_features, stride, rows, f64::from);
}

fn pack_with<T: Copy>(
    rows: &[T],
    n_features: usize,
    stride: usize,
    packed: &mut [f32],
    convert: impl Fn(T) -> f32,
) {
    let n = n_rows(rows.len(), packed.len(), n_features, stride);
    for (feature, run) in packed.chunks_exact_mut(stride).enumerate() {
        for (row, value) in run[..n].iter_mut().enumerate() {
            *value = convert(rows[row * n_features + feature]);
        }
        run[n..].fill(0.0);
    }
}

fn unpack_with<T>(
    packed: &[f32],
    n_features: usize,
    stride: usize,
    rows: &mut [T],
    convert: impl Fn(f32) -> T,
) {
    let n = n_rows(rows.len(), packed.len(), n_features, stride);
    for (feature, run) in packed.chunks_exact(stride).enumerate() {
        for (row, value) in run[..n].iter().enumerate() {
            rows[row * n_features + feature] = convert(*value);
        }
    }
}

fn n_rows(rows: usize, packed: usize, n_features: usize, stride: usize) -> usize {
    assert!(stride > 0 && packed == n_features * stride, "packed length");
    if n_features == 0 {
        return 0;
    }
    assert_eq!(rows % n_features, 0, "row-major length");
    let n = rows / n_features;
    assert!(n <= stride, "more rows than the stride holds");
    n
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn unpack_undoes_pack(n in 1_usize..40, n_features in 0_usize..6, seed in 0_u32..1000) {
            let rows: Vec<f64> = (0..n * n_features).map(|i| f64::from((i as u32 * 31 + seed) as f32)).collect();
            let stride = padded(n);
            let mut packed = vec![f32::NAN; n_features * stride];
            pack_f64(&rows, n_features, stride, &mut packed);
            for feature in 0..n_features {
                prop_assert_eq!(f64::from(packed[feature * stride]), rows[feature]);
                prop_assert!(packed[feature * stride + n..][..stride - n].iter().all(|x| *x == 0.0));
            }
            let mut back = vec![0.0; rows.len()];
            unpack_f64(&packed, n_features, stride, &mut back);
            prop_assert_eq!(&back, &rows);
            let narrow: Vec<f32> = rows.iter().map(|x| *x as f32).collect();
            let mut again = vec![0.0; packed.len()];
            pack(&narrow, n_features, stride, &mut again);
            prop_assert_eq!(again, packed.clone());
            let mut back = vec![0.0; narrow.len()];
            unpack(&packed, n_features, stride, &mut back);
            prop_assert_eq!(back, narrow);
        }
    }
}
