//! The log density.

use super::MixtureShape;
use crate::functions::{exp, ln, softplus_and_sigmoid};
use crate::lanes::{Lanes, Rows, RowsMut, vectors_per_row};
use crate::{Kernels, MIN_SCALE};
use pulp::{Simd, WithSimd};

/// ½ ln 2π.
const HALF_LN_TAU: f32 = 0.918_938_5;

/// log p(v) of each row of the batch.
#[derive(Debug)]
pub struct MixtureForward<'a> {
    /// The mixture.
    pub shape: MixtureShape,
    /// The raw outputs, `n_outputs × stride`.
    pub raw: &'a [f32],
    /// v, `n_features × stride`.
    pub values: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// Out: `stride`.
    pub log_density: &'a mut [f32],
    /// Out: responsibilities and weights of the components, `cache_rows × stride`.
    pub cache: &'a mut [f32],
}

impl MixtureForward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let (raw, values, cache) = (self.raw.len(), self.values.len(), self.cache.len());
        self.shape.check(raw, values, cache, self.stride);
        assert_eq!(self.log_density.len(), self.stride);
        kernels.dispatch(self);
    }
}

impl WithSimd for MixtureForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n = self.shape.n_components();
        let raw = Rows::new(simd, self.raw, self.stride);
        let values = Rows::new(simd, self.values, self.stride);
        let mut log_density = RowsMut::new(simd, self.log_density, self.stride);
        let mut cache = RowsMut::new(simd, self.cache, self.stride);
        for v in 0..vectors_per_row::<S>(self.stride) {
            for k in 0..n {
                let logit = raw.get(self.shape.logit_row(k), v);
                cache.set(n + k, v, logit);
                cache.set(k, v, logit + log_normal(self.shape, &raw, &values, k, v));
            }
            let joint = normalize(&mut cache, 0, n, v);
            let total = normalize(&mut cache, n, n, v);
            log_density.set(0, v, joint - total);
        }
    }
}

/// log N(v; μₖ, (AₖᵀAₖ)⁻¹).
#[inline(always)]
fn log_normal<S: Simd>(
    shape: MixtureShape,
    raw: &Rows<'_, S>,
    values: &Rows<'_, S>,
    k: usize,
    v: usize,
) -> Lanes<S> {
    let d = shape.n_features();
    let offset = |j| values.get(j, v) - raw.get(shape.mean_row(k, j), v);
    let first = raw.get(0, v);
    let (mut log_det, mut squares) = (first.all(-HALF_LN_TAU * d as f32), first.all(0.0));
    for i in 0..d {
        let softplus = softplus_and_sigmoid(raw.get(shape.diagonal_row(k, i), v)).0;
        let diagonal = softplus + softplus.all(MIN_SCALE);
        log_det += ln(diagonal);
        let mut whitened = diagonal * offset(i);
        for j in i + 1..d {
            whitened = raw
                .get(shape.upper_row(k, i, j), v)
                .mul_add(offset(j), whitened);
        }
        squares = whitened.mul_add(whitened, squares);
    }
    squares.mul_add(squares.all(-0.5), log_det)
}

/// A smaller share is zero: it changes neither the density nor any gradient in single precision, but
/// its products would be denormal numbers, with which processors are a hundred times slower.
const LEAST_SHARE: f32 = 1e-12;

/// Turns `count` rows of logarithms into shares of one; returns the logarithm of their sum.
#[inline(always)]
fn normalize<S: Simd>(rows: &mut RowsMut<'_, S>, start: usize, count: usize, v: usize) -> Lanes<S> {
    let mut largest = rows.get(start, v);
    for row in start + 1..start + count {
        largest = largest.max(rows.get(row, v));
    }
    let mut total = largest.all(0.0);
    for row in start..start + count {
        let share = exp(rows.get(row, v) - largest);
        // Asked this way round, NaN stays NaN.
        let share = share
            .lt(share.all(LEAST_SHARE))
            .select(share.all(0.0), share);
        rows.set(row, v, share);
        total += share;
    }
    for row in start..start + count {
        rows.set(row, v, rows.get(row, v) / total);
    }
    largest + ln(total)
}
