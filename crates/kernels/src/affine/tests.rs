use super::*;
use crate::testing::{close, column, differences, rows};
use crate::{padded, scalar};
use proptest::prelude::*;

/// A handful of roundings of numbers up to about ten.
const TOLERANCE: f64 = 1e-5;

/// (y, log-det) of one row.
fn exact(x: &[f64], parameters: &[f64]) -> (Vec<f64>, f64) {
    let scales: Vec<f64> = parameters.chunks(2).map(|p| scalar::scale(p[1])).collect();
    let y = (0..x.len())
        .map(|j| x[j] * scales[j] + parameters[2 * j])
        .collect();
    (y, scales.iter().map(|scale| scale.ln()).sum())
}

proptest! {
    #[test]
    fn forward_backward_and_inverse_agree_with_the_formula(
        d in 0_usize..6, n in 1_usize..40, size in 0.1_f32..8.0, seed in 0_u64..10_000,
    ) {
        let stride = padded(n);
        let x = rows(d, n, 3.0, seed);
        let raw = rows(2 * d, n, size, seed + 1);
        let d_y = rows(d, n, 1.0, seed + 2);
        let d_log_det = rows(1, n, 1.0, seed + 3);
        for kernels in Kernels::available() {
            let (mut parameters, mut y) = (raw.clone(), vec![0.0; x.len()]);
            let (mut sigmoid, mut log_det) = (vec![0.0; x.len()], vec![0.5; stride]);
            AffineForward {
                x: &x, parameters: &mut parameters, sigmoid: &mut sigmoid, stride,
                y: &mut y, log_det: &mut log_det,
            }
            .run(kernels);
            let (mut values, mut gradient) = (d_y.clone(), vec![f32::NAN; raw.len()]);
            AffineBackward {
                x: &x, parameters: &parameters, sigmoid: &sigmoid, stride,
                log_det_gradient: &d_log_det, values: &mut values,
                parameter_gradient: &mut gradient,
            }
            .run(kernels);
            let (mut back, mut total) = (vec![f32::NAN; x.len()], log_det.clone());
            AffineInverse { y: &y, parameters: &raw, stride, x: &mut back, log_det: &mut total }
                .run(kernels);
            for b in 0..n {
                let (x, raw) = (column(&x, stride, b), column(&raw, stride, b));
                let (exact_y, exact_log_det) = exact(&x, &raw);
                prop_assert!(close(&column(&y, stride, b), &exact_y, TOLERANCE));
                prop_assert!((f64::from(log_det[b]) - 0.5 - exact_log_det).abs() < TOLERANCE * 10.0);
                let upstream = (column(&d_y, stride, b), f64::from(d_log_det[b]));
                let loss = |x: &[f64], raw: &[f64]| {
                    let (y, log_det) = exact(x, raw);
                    let through: f64 = y.iter().zip(&upstream.0).map(|(y, d)| y * d).sum();
                    through + log_det * upstream.1
                };
                let d_x = differences(|x| loss(x, &raw), &x);
                prop_assert!(close(&column(&values, stride, b), &d_x, TOLERANCE));
                let d_raw = differences(|raw| loss(&x, raw), &raw);
                prop_assert!(close(&column(&gradient, stride, b), &d_raw, TOLERANCE));
                // Dividing by a small scale enlarges the rounding of y.
                prop_assert!(close(&column(&back, stride, b), &x, 5e-3));
                prop_assert!((total[b] - 0.5).abs() < 1e-4);
            }
        }
    }
}
