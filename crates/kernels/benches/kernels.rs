//! How fast each kernel is, beside the peak of a core: `cargo bench -p retrodict-kernels`.
//!
//! An item is a floating-point operation where the name is followed by a tier, inputs, outputs and
//! rows of a batch (so `Gitem/s` is GFLOP/s), and a number of the batch or of the weights elsewhere.

#![allow(
    clippy::inline_always,
    reason = "a vector operation outside a function compiled for its instruction set is a call"
)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use pulp::{Simd, WithSimd};
use retrodict_kernels::{
    Activate, Activation, Adam, AffineBackward, AffineForward, Average, BinaryCrossEntropy, Buffer,
    CrossEntropy, Dense, DenseForward, DenseInputGradient, DenseWeightGradient, Function,
    GateForward, Kernels, LayerNormBackward, LayerNormForward, Map, SplineBackward, SplineForward,
    SplineShape, Tail, Tier, TimeEmbedding, padded,
};

fn main() {
    divan::main();
}

fn tiers() -> Vec<Tier> {
    Kernels::available().map(Kernels::tier).collect()
}

fn kernels(tier: Tier) -> Kernels {
    Kernels::new(tier).expect("a tier of this machine")
}

/// Reproducible numbers of size one.
fn numbers(count: usize) -> Buffer {
    let mut buffer = Buffer::zeros(count);
    for (i, x) in buffer.iter_mut().enumerate() {
        *x = (i as f32 * 0.37).sin();
    }
    buffer
}

/// Multiplications and additions on registers alone: what a core can do.
struct Peak;

const CHAINS: usize = 12;
const ROUNDS: usize = 10_000;

impl WithSimd for Peak {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let factor = simd.splat_f32s(black_box(0.999));
        let mut sums = [simd.splat_f32s(black_box(1.0)); CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, factor, factor);
            }
        }
        sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
    }
}

/// The peak of the widest tier.
#[divan::bench]
fn peak(bencher: Bencher) {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    let arch = pulp::Arch::new();
    let operations = 2 * CHAINS * ROUNDS * arch.dispatch(Lanes);
    bencher
        .counter(ItemsCount::new(operations))
        .bench(|| arch.dispatch(Peak));
}

/// Inputs, outputs, rows of a batch.
const LAYERS: [(usize, usize, usize); 7] = [
    (50, 50, 200),
    (64, 64, 200),
    (64, 64, 1024),
    (128, 128, 200),
    (512, 512, 200),
    (512, 512, 1000),
    (2048, 64, 200),
];

fn layers() -> Vec<(Tier, usize, usize, usize)> {
    let fast = tiers().into_iter().filter(|tier| *tier != Tier::Scalar);
    fast.flat_map(|tier| LAYERS.map(|(i, o, n)| (tier, i, o, n)))
        .collect()
}

fn operations((_, n_inputs, n_outputs, n): (Tier, usize, usize, usize)) -> ItemsCount {
    ItemsCount::new(2 * n_inputs * n_outputs * padded(n))
}

#[divan::bench(args = layers())]
fn dense_forward(bencher: Bencher, case: (Tier, usize, usize, usize)) {
    let (tier, n_inputs, n_outputs, n) = case;
    let (layer, stride) = (Dense::full(n_inputs, n_outputs), padded(n));
    let (weights, x) = (numbers(layer.n_weights()), numbers(n_inputs * stride));
    let mut y = numbers(n_outputs * stride);
    bencher.counter(operations(case)).bench_local(|| {
        DenseForward {
            layer: &layer,
            outputs: 0..n_outputs,
            weights: &weights,
            inputs: [&x, &[]],
            stride,
            activation: Activation::Relu,
            accumulate: false,
            output: &mut y,
            before: None,
        }
        .run(kernels(tier));
    });
}

#[divan::bench(args = layers())]
fn dense_input_gradient(bencher: Bencher, case: (Tier, usize, usize, usize)) {
    let (tier, n_inputs, n_outputs, n) = case;
    let (layer, stride) = (Dense::full(n_inputs, n_outputs), padded(n));
    let (weights, x) = (numbers(layer.n_weights()), numbers(n_inputs * stride));
    let (d_y, mut d_x) = (numbers(n_outputs * stride), numbers(n_inputs * stride));
    bencher.counter(operations(case)).bench_local(|| {
        DenseInputGradient {
            layer: &layer,
            weights: &weights,
            stride,
            output_gradient: &d_y,
            inputs: 0..n_inputs,
            through: Some((Activation::Relu, &x)),
            accumulate: false,
            input_gradient: &mut d_x,
        }
        .run(kernels(tier));
    });
}

#[divan::bench(args = layers())]
fn dense_weight_gradient(bencher: Bencher, case: (Tier, usize, usize, usize)) {
    let (tier, n_inputs, n_outputs, n) = case;
    let (layer, stride) = (Dense::full(n_inputs, n_outputs), padded(n));
    let (x, d_y) = (numbers(n_inputs * stride), numbers(n_outputs * stride));
    let mut gradient = numbers(layer.n_weights());
    bencher.counter(operations(case)).bench_local(|| {
        DenseWeightGradient {
            layer: &layer,
            inputs: [&x, &[]],
            stride,
            output_gradient: &d_y,
            weight_gradient: &mut gradient,
        }
        .run(kernels(tier));
    });
}

/// Rows of a batch, and features, of what goes number by number.
const STRIDE: usize = 208;
const FEATURES: usize = 64;

#[divan::bench(args = tiers())]
fn adam(bencher: Bencher, tier: Tier) {
    step(bencher, tier, false);
}

#[divan::bench(args = tiers())]
fn adam_with_average(bencher: Bencher, tier: Tier) {
    step(bencher, tier, true);
}

fn step(bencher: Bencher, tier: Tier, averaged: bool) {
    const WEIGHTS: usize = 100_000;
    let (mut weights, mut average) = (numbers(WEIGHTS), numbers(WEIGHTS));
    let (mut gradient, mut first, mut second) =
        (numbers(WEIGHTS), numbers(WEIGHTS), Buffer::zeros(WEIGHTS));
    bencher.counter(ItemsCount::new(WEIGHTS)).bench_local(|| {
        let average = averaged.then_some(Average {
            decay: 0.99,
            weights: &mut average,
        });
        let moments = [&mut first[..], &mut second];
        Adam::default().run(kernels(tier), &mut weights, &mut gradient, moments, average);
    });
}

#[divan::bench(args = tiers().into_iter().flat_map(|tier| {
    [Function::Tanh, Function::Exp, Function::Ln, Function::Softplus, Function::Sigmoid]
        .map(|function| (tier, function))
}))]
fn function(bencher: Bencher, (tier, function): (Tier, Function)) {
    bencher
        .counter(ItemsCount::new(FEATURES * STRIDE))
        .with_inputs(|| {
            let mut values = numbers(FEATURES * STRIDE);
            values.iter_mut().for_each(|x| *x = x.abs() + 0.1);
            values
        })
        .bench_local_refs(|values| Map { function, values }.run(kernels(tier)));
}

#[divan::bench(args = tiers().into_iter().flat_map(|tier| {
    Activation::ALL.map(|activation| (tier, activation))
}))]
fn activation(bencher: Bencher, (tier, activation): (Tier, Activation)) {
    let (input, mut output) = (numbers(FEATURES * STRIDE), numbers(FEATURES * STRIDE));
    bencher
        .counter(ItemsCount::new(FEATURES * STRIDE))
        .bench_local(|| {
            Activate {
                activation,
                input: &input,
                output: &mut output,
            }
            .run(kernels(tier));
        });
}

#[divan::bench(args = tiers())]
fn gate(bencher: Bencher, tier: Tier) {
    let (value, mut sum) = (numbers(FEATURES * STRIDE), numbers(FEATURES * STRIDE));
    bencher
        .counter(ItemsCount::new(FEATURES * STRIDE))
        .with_inputs(|| numbers(FEATURES * STRIDE))
        .bench_local_refs(|gate| {
            GateForward {
                gate,
                value: &value,
                sum: &mut sum,
            }
            .run(kernels(tier));
        });
}

#[divan::bench(args = tiers())]
fn layer_norm_forward(bencher: Bencher, tier: Tier) {
    let (weights, input) = (numbers(2 * FEATURES), numbers(FEATURES * STRIDE));
    let (mut output, mut cache) = (numbers(FEATURES * STRIDE), numbers(2 * STRIDE));
    bencher
        .counter(ItemsCount::new(FEATURES * STRIDE))
        .bench_local(|| {
            LayerNormForward {
                weights: &weights,
                input: &input,
                stride: STRIDE,
                output: &mut output,
                cache: &mut cache,
            }
            .run(kernels(tier));
        });
}

#[divan::bench(args = tiers())]
fn layer_norm_backward(bencher: Bencher, tier: Tier) {
    let (weights, input) = (numbers(2 * FEATURES), numbers(FEATURES * STRIDE));
    let (cache, mut gradient) = (numbers(2 * STRIDE), numbers(2 * FEATURES));
    bencher
        .counter(ItemsCount::new(FEATURES * STRIDE))
        .with_inputs(|| numbers(FEATURES * STRIDE))
        .bench_local_refs(|values| {
            LayerNormBackward {
                weights: &weights,
                input: &input,
                stride: STRIDE,
                cache: &cache,
                values,
                weight_gradient: &mut gradient,
            }
            .run(kernels(tier));
        });
}

#[divan::bench(args = tiers())]
fn time_embedding(bencher: Bencher, tier: Tier) {
    let (frequencies, time) = (numbers(FEATURES / 2), numbers(STRIDE));
    let mut output = numbers(FEATURES * STRIDE);
    bencher
        .counter(ItemsCount::new(FEATURES * STRIDE))
        .bench_local(|| {
            TimeEmbedding {
                frequencies: &frequencies,
                time: &time,
                output: &mut output,
            }
            .run(kernels(tier));
        });
}

#[divan::bench(args = tiers())]
fn binary_cross_entropy(bencher: Bencher, tier: Tier) {
    let length = FEATURES * STRIDE;
    let (logits, labels, weights) = (numbers(length), Buffer::zeros(length), numbers(length));
    let (mut loss, mut gradient) = (numbers(length), numbers(length));
    bencher.counter(ItemsCount::new(length)).bench_local(|| {
        BinaryCrossEntropy {
            logits: &logits,
            labels: &labels,
            weights: &weights,
            loss: &mut loss,
            logit_gradient: &mut gradient,
        }
        .run(kernels(tier));
    });
}

#[divan::bench(args = tiers())]
fn cross_entropy(bencher: Bencher, tier: Tier) {
    const CLASSES: usize = 10;
    let (logits, weights) = (numbers(CLASSES * STRIDE), numbers(STRIDE));
    let (mut loss, mut gradient) = (numbers(STRIDE), numbers(CLASSES * STRIDE));
    bencher
        .counter(ItemsCount::new(CLASSES * STRIDE))
        .bench_local(|| {
            CrossEntropy {
                logits: &logits,
                stride: STRIDE,
                constant: None,
                target: 0,
                weights: &weights,
                loss: &mut loss,
                logit_gradient: &mut gradient,
            }
            .run(kernels(tier));
        });
}

/// Features of the bijections.
const D: usize = 5;

#[divan::bench(args = tiers())]
fn affine_forward(bencher: Bencher, tier: Tier) {
    let x = numbers(D * STRIDE);
    let (mut y, mut sigmoid, mut log_det) =
        (numbers(D * STRIDE), numbers(D * STRIDE), numbers(STRIDE));
    bencher
        .counter(ItemsCount::new(D * STRIDE))
        .with_inputs(|| numbers(2 * D * STRIDE))
        .bench_local_refs(|parameters| {
            AffineForward {
                x: &x,
                parameters,
                sigmoid: &mut sigmoid,
                stride: STRIDE,
                y: &mut y,
                log_det: &mut log_det,
            }
            .run(kernels(tier));
        });
}

#[divan::bench(args = tiers())]
fn affine_backward(bencher: Bencher, tier: Tier) {
    let (x, parameters) = (numbers(D * STRIDE), numbers(2 * D * STRIDE));
    let (sigmoid, log_det) = (numbers(D * STRIDE), numbers(STRIDE));
    let mut gradient = numbers(2 * D * STRIDE);
    bencher
        .counter(ItemsCount::new(D * STRIDE))
        .with_inputs(|| numbers(D * STRIDE))
        .bench_local_refs(|values| {
            AffineBackward {
                x: &x,
                parameters: &parameters,
                sigmoid: &sigmoid,
                stride: STRIDE,
                log_det_gradient: &log_det,
                values,
                parameter_gradient: &mut gradient,
            }
            .run(kernels(tier));
        });
}

fn spline() -> SplineShape {
    SplineShape::new(10, 3.0, vec![Tail::Linear; D])
}

#[divan::bench(args = tiers())]
fn spline_forward(bencher: Bencher, tier: Tier) {
    let (shape, x) = (spline(), numbers(D * STRIDE));
    let (mut y, mut log_det) = (numbers(D * STRIDE), numbers(STRIDE));
    bencher
        .counter(ItemsCount::new(D * STRIDE))
        .with_inputs(|| numbers(D * shape.parameters_per_feature() * STRIDE))
        .bench_local_refs(|parameters| {
            SplineForward {
                shape: &shape,
                x: &x,
                parameters,
                stride: STRIDE,
                y: &mut y,
                log_det: &mut log_det,
            }
            .run(kernels(tier));
        });
}

#[divan::bench(args = tiers())]
fn spline_backward(bencher: Bencher, tier: Tier) {
    let (shape, x) = (spline(), numbers(D * STRIDE));
    let mut parameters = numbers(D * shape.parameters_per_feature() * STRIDE);
    let (mut y, mut log_det) = (numbers(D * STRIDE), numbers(STRIDE));
    SplineForward {
        shape: &shape,
        x: &x,
        parameters: &mut parameters,
        stride: STRIDE,
        y: &mut y,
        log_det: &mut log_det,
    }
    .run(kernels(tier));
    let mut gradient = parameters.clone();
    bencher
        .counter(ItemsCount::new(D * STRIDE))
        .with_inputs(|| numbers(D * STRIDE))
        .bench_local_refs(|values| {
            SplineBackward {
                shape: &shape,
                x: &x,
                parameters: &parameters,
                stride: STRIDE,
                log_det_gradient: &log_det,
                values,
                parameter_gradient: &mut gradient,
            }
            .run(kernels(tier));
        });
}
