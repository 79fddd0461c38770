//! How long the passes of one layer of 50 × 50 take at batch 200, in microseconds:
//! `cargo run --release -p retrodict-kernels --example layer`.

use retrodict_kernels::{
    Activation, AffineBackward, AffineForward, Dense, DenseForward, DenseInputGradient,
    DenseWeightGradient, Kernels, SplineBackward, SplineForward, SplineShape, Tail, padded,
};
use std::time::Instant;

const WIDTH: usize = 50;
const REPEATS: usize = 3000;

fn main() {
    let stride = padded(200);
    let layer = Dense::full(WIDTH, WIDTH);
    let weights: Vec<f32> = (0..layer.n_weights())
        .map(|i| (i as f32).sin() * 0.2)
        .collect();
    let x: Vec<f32> = (0..WIDTH * stride)
        .map(|i| (i as f32 * 0.3).cos())
        .collect();
    let mut y = vec![0.0; x.len()];
    let mut gradient = vec![0.0; weights.len()];
    for kernels in Kernels::available() {
        println!("{:?}", kernels.tier());
        for activation in [Activation::Identity, Activation::Tanh] {
            report(&format!("forward, {activation:?}"), || {
                DenseForward {
                    layer: &layer,
                    outputs: 0..WIDTH,
                    weights: &weights,
                    inputs: [&x, &[]],
                    stride,
                    activation,
                    accumulate: false,
                    output: &mut y,
                    before: None,
                }
                .run(kernels);
            });
            report(&format!("input gradient, {activation:?}"), || {
                DenseInputGradient {
                    layer: &layer,
                    weights: &weights,
                    stride,
                    output_gradient: &x,
                    inputs: 0..WIDTH,
                    through: Some((activation, &x)),
                    accumulate: false,
                    input_gradient: &mut y,
                }
                .run(kernels);
            });
        }
        report("weight gradient", || {
            DenseWeightGradient {
                layer: &layer,
                inputs: [&x, &[]],
                stride,
                output_gradient: &x,
                weight_gradient: &mut gradient,
            }
            .run(kernels);
        });
        elementwise(kernels, stride, &x);
    }
}

/// Five features of an affine map and of a spline of ten bins.
fn elementwise(kernels: Kernels, stride: usize, x: &[f32]) {
    const D: usize = 5;
    let shape = SplineShape::new(10, 3.0, vec![Tail::Linear; D]);
    let raw: Vec<f32> = (0..D * shape.parameters_per_feature() * stride)
        .map(|i| (i as f32 * 0.7).sin())
        .collect();
    let (mut parameters, mut d_parameters) = (raw.clone(), raw.clone());
    let (mut y, mut sigmoid) = (vec![0.0; D * stride], vec![0.0; D * stride]);
    let (mut log_det, ones) = (vec![0.0; stride], vec![1.0; stride]);
    let x = &x[..D * stride];
    let pair = 2 * D * stride;
    report("affine forward", || {
        AffineForward {
            x,
            parameters: &mut parameters[..pair],
            sigmoid: &mut sigmoid,
            stride,
            y: &mut y,
            log_det: &mut log_det,
        }
        .run(kernels);
    });
    report("affine backward", || {
        y.fill(1.0);
        AffineBackward {
            x,
            parameters: &parameters[..pair],
            sigmoid: &sigmoid,
            stride,
            log_det_gradient: &ones,
            values: &mut y,
            parameter_gradient: &mut d_parameters[..pair],
        }
        .run(kernels);
    });
    report("spline forward", || {
        parameters.copy_from_slice(&raw);
        SplineForward {
            shape: &shape,
            x,
            parameters: &mut parameters,
            stride,
            y: &mut y,
            log_det: &mut log_det,
        }
        .run(kernels);
    });
    report("spline backward", || {
        y.fill(1.0);
        SplineBackward {
            shape: &shape,
            x,
            parameters: &parameters,
            stride,
            log_det_gradient: &ones,
            values: &mut y,
            parameter_gradient: &mut d_parameters,
        }
        .run(kernels);
    });
}

fn report(name: &str, mut run: impl FnMut()) {
    let mut times: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "  {name:28} least {:8.2}  median {:8.2}",
        times[0],
        times[REPEATS / 2]
    );
}
