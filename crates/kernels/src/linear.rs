//! Sums over whole rows and whole weight arrays.

use crate::Kernels;
use crate::lanes::Lanes;
use pulp::{Simd, WithSimd};

/// Σ xᵢ², for the global norm of a gradient.
///
/// Sums of f32 within 4 × lanes running totals, so that rounding grows with the square root of a
/// small part of the length; the same bits each time on one tier.
pub fn sum_of_squares(kernels: Kernels, x: &[f32]) -> f64 {
    f64::from(dot(kernels, x, x))
}

/// Σ xᵢ yᵢ.
///
/// # Panics
/// If the lengths differ.
pub fn dot(kernels: Kernels, x: &[f32], y: &[f32]) -> f32 {
    assert_eq!(x.len(), y.len());
    kernels.dispatch(Dot { x, y })
}

/// y += factor · x: adds a row to a row, or averages weights.
///
/// # Panics
/// If the lengths differ.
pub fn axpy(kernels: Kernels, factor: f32, x: &[f32], y: &mut [f32]) {
    assert_eq!(x.len(), y.len());
    kernels.dispatch(Axpy { factor, x, y });
}

struct Dot<'a> {
    x: &'a [f32],
    y: &'a [f32],
}

impl WithSimd for Dot<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (x, x_rest) = S::as_simd_f32s(self.x);
        let (y, y_rest) = S::as_simd_f32s(self.y);
        let mut totals = [Lanes::splat(simd, 0.0); 4];
        let (x_fours, x_few) = x.as_chunks::<4>();
        let (y_fours, y_few) = y.as_chunks::<4>();
        for (x, y) in x_fours.iter().zip(y_fours) {
            for i in 0..4 {
                totals[i] = Lanes::new(simd, x[i]).mul_add(Lanes::new(simd, y[i]), totals[i]);
            }
        }
        for (x, y) in x_few.iter().zip(y_few) {
            totals[0] = Lanes::new(simd, *x).mul_add(Lanes::new(simd, *y), totals[0]);
        }
        let rest: f32 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
        (totals[0] + totals[1] + (totals[2] + totals[3])).sum() + rest
    }
}

struct Axpy<'a> {
    factor: f32,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Axpy<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (x, x_rest) = S::as_simd_f32s(self.x);
        let (y, y_rest) = S::as_mut_simd_f32s(self.y);
        let factor = Lanes::splat(simd, self.factor);
        for (x, y) in x.iter().zip(y) {
            *y = Lanes::new(simd, *x)
                .mul_add(factor, Lanes::new(simd, *y))
                .vector;
        }
        for (x, y) in x_rest.iter().zip(y_rest) {
            *y += self.factor * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rounding of at most a few hundred f32 sums.
    const TOLERANCE: f64 = 1e-5;

    proptest! {
        #[test]
        fn sums_agree_with_f64(values in prop::collection::vec((-2.0_f32..2.0, -2.0_f32..2.0), 0..300)) {
            let (x, y): (Vec<f32>, Vec<f32>) = values.into_iter().unzip();
            let exact: f64 = x.iter().zip(&y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            let squares: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum();
            for kernels in Kernels::available() {
                let scale = 1.0 + x.len() as f64;
                prop_assert!((f64::from(dot(kernels, &x, &y)) - exact).abs() < TOLERANCE * scale);
                prop_assert!((sum_of_squares(kernels, &x) - squares).abs() < TOLERANCE * scale);
                let mut sum = y.clone();
                axpy(kernels, 0.5, &x, &mut sum);
                for i in 0..x.len() {
                    prop_assert!((sum[i] - (y[i] + 0.5 * x[i])).abs() < 1e-6);
                }
            }
        }
    }
}
