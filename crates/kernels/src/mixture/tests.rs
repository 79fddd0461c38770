use super::*;
use crate::testing::{close, column, differences, rows};
use crate::{Kernels, padded, scalar};
use proptest::prelude::*;

/// Log densities of a few tens, sums of squares of numbers up to about ten.
const TOLERANCE: f64 = 5e-5;

struct Forward {
    log_density: Vec<f32>,
    cache: Vec<f32>,
}

fn forward(
    shape: MixtureShape,
    raw: &[f32],
    v: &[f32],
    stride: usize,
    kernels: Kernels,
) -> Forward {
    let mut made = Forward {
        log_density: vec![f32::NAN; stride],
        cache: vec![f32::NAN; shape.cache_rows() * stride],
    };
    MixtureForward {
        shape,
        raw,
        values: v,
        stride,
        log_density: &mut made.log_density,
        cache: &mut made.cache,
    }
    .run(kernels);
    made
}

proptest! {
    #[test]
    fn density_and_gradients_agree_with_the_scalar_twin(
        d in 1_usize..5, k in 1_usize..5, n in 1_usize..35, seed in 0_u64..10_000, with_v in any::<bool>(),
    ) {
        let (shape, stride) = (MixtureShape::new(d, k), padded(n));
        let raw = rows(shape.n_outputs(), n, 1.5, seed);
        let v = rows(d, n, 2.0, seed + 1);
        let upstream = rows(1, n, 1.0, seed + 2);
        let start = rows(d, n, 1.0, seed + 3);
        for kernels in Kernels::available() {
            let made = forward(shape, &raw, &v, stride, kernels);
            let mut d_raw = vec![f32::NAN; raw.len()];
            let mut d_v = start.clone();
            MixtureBackward {
                shape,
                raw: &raw,
                values: &v,
                stride,
                cache: &made.cache,
                log_density_gradient: &upstream,
                raw_gradient: &mut d_raw,
                value_gradient: with_v.then_some(&mut d_v),
            }
            .run(kernels);
            for b in 0..n {
                let (raw, v) = (column(&raw, stride, b), column(&v, stride, b));
                let upstream = column(&upstream, stride, b)[0];
                let exact = scalar::mixture_log_density(shape, &raw, &v);
                prop_assert!(close(&column(&made.log_density, stride, b), &[exact], TOLERANCE));
                let loss = |raw: &[f64], v: &[f64]| {
                    upstream * scalar::mixture_log_density(shape, raw, v)
                };
                let slopes = differences(|raw| loss(raw, &v), &raw);
                prop_assert!(close(&column(&d_raw, stride, b), &slopes, TOLERANCE));
                let mut slopes = column(&start, stride, b);
                if with_v {
                    for (sum, slope) in slopes.iter_mut().zip(differences(|v| loss(&raw, v), &v)) {
                        *sum += slope;
                    }
                }
                prop_assert!(close(&column(&d_v, stride, b), &slopes, TOLERANCE));
            }
        }
    }
}

#[test]
fn far_from_all_components_the_density_stays_finite() {
    let (shape, stride) = (MixtureShape::new(2, 3), padded(1));
    let raw = rows(shape.n_outputs(), 1, 1.0, 5);
    for kernels in Kernels::available() {
        let made = forward(shape, &raw, &vec![1e6; 2 * stride], stride, kernels);
        assert!(made.log_density[0].is_finite() && made.log_density[0] < -1e9);
    }
}

#[test]
fn the_density_integrates_to_one() {
    const POINTS: usize = 4000;
    const RANGE: f64 = 40.0;
    // The trapezoidal rule of a smooth function that vanishes at both ends, in f32.
    const TOLERANCE: f64 = 1e-5;
    let (shape, stride) = (MixtureShape::new(1, 3), padded(POINTS));
    let step = 2.0 * RANGE / POINTS as f64;
    let v: Vec<f32> = (0..stride)
        .map(|i| (i as f64 * step - RANGE) as f32)
        .collect();
    let mut raw = vec![0.0; shape.n_outputs() * stride];
    for (row, value) in raw
        .chunks_mut(stride)
        .zip(rows(shape.n_outputs(), 1, 1.0, 7))
    {
        row.fill(value);
    }
    for kernels in Kernels::available() {
        let made = forward(shape, &raw, &v, stride, kernels);
        let mass: f64 = made.log_density[..POINTS]
            .iter()
            .map(|l| f64::from(*l).exp() * step)
            .sum();
        assert!((mass - 1.0).abs() < TOLERANCE, "{mass}");
    }
}

#[test]
fn every_output_has_its_own_row() {
    let shape = MixtureShape::new(4, 3);
    let mut rows = Vec::new();
    for k in 0..3 {
        rows.push(shape.logit_row(k));
        for i in 0..4 {
            rows.extend([shape.mean_row(k, i), shape.diagonal_row(k, i)]);
            rows.extend((i + 1..4).map(|j| shape.upper_row(k, i, j)));
        }
    }
    rows.sort_unstable();
    assert!(rows.into_iter().eq(0..shape.n_outputs()));
}

#[test]
fn draws_come_from_the_component_chosen_and_whiten_to_the_normals() {
    let shape = MixtureShape::new(3, 2);
    let raw: Vec<f64> = rows(shape.n_outputs(), 1, 1.0, 9)[..shape.n_outputs()]
        .iter()
        .map(|x| f64::from(*x))
        .collect();
    let share = scalar::sigmoid(raw[0] - raw[1]);
    let normals = [0.3, -1.2, 0.8];
    let mut v = [0.0; 3];
    for (component, uniform) in [
        (0, share - 1e-9),
        (1, share + 1e-9),
        (0, 0.0),
        (1, 1.0 - 1e-16),
    ] {
        shape.draw(&raw, uniform, &normals, &mut v);
        for i in 0..3 {
            let diagonal = scalar::scale(raw[shape.diagonal_row(component, i)]);
            let offset = |j: usize| v[j] - raw[shape.mean_row(component, j)];
            let rest = (i + 1..3).map(|j| raw[shape.upper_row(component, i, j)] * offset(j));
            let whitened = diagonal * offset(i) + rest.sum::<f64>();
            assert!((whitened - normals[i]).abs() < 1e-12);
        }
    }
}
