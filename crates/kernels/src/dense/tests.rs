use super::*;
use crate::testing::numbers;
use crate::{Activation, Kernels, padded, scalar};
use proptest::prelude::*;

/// Sums of up to 60 products of numbers below one, through functions of slope at most about one.
const TOLERANCE: f64 = 2e-5;

/// A layer, a batch, and reproducible numbers to fill them with.
#[derive(Debug, Clone)]
struct Case {
    layer: Dense,
    n_first: usize,
    n: usize,
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    (
        0_usize..30,
        0_usize..30,
        1_usize..70,
        any::<bool>(),
        any::<bool>(),
        0_u64..1000,
    )
        .prop_flat_map(|(n_inputs, n_outputs, n, bias, full, seed)| {
            let reach = prop::collection::vec(0..=n_inputs, n_outputs);
            (reach, 0..=n_inputs).prop_map(move |(mut reach, n_first)| {
                reach.sort_unstable();
                let layer = if full {
                    Dense::full(n_inputs, n_outputs)
                } else {
                    Dense::staircase(n_inputs, reach)
                };
                let layer = if bias { layer } else { layer.without_bias() };
                Case {
                    layer,
                    n_first,
                    n,
                    seed,
                }
            })
        })
}

impl Case {
    fn stride(&self) -> usize {
        padded(self.n)
    }

    fn weights(&self) -> Vec<f32> {
        let mut weights = numbers(self.layer.n_weights(), self.seed);
        let n_inputs = self.layer.n_inputs();
        for (o, reach) in self.layer.reach().iter().enumerate() {
            weights[o * n_inputs + reach..(o + 1) * n_inputs].fill(0.0);
        }
        weights
    }

    fn rows(&self, rows: usize, salt: u64) -> Vec<f32> {
        numbers(rows * self.stride(), self.seed + salt)
    }

    fn column(&self, rows: &[f32], b: usize) -> Vec<f64> {
        rows.chunks(self.stride())
            .map(|row| f64::from(row[b]))
            .collect()
    }
}

fn close(given: &[f64], exact: &[f64]) -> bool {
    given
        .iter()
        .zip(exact)
        .all(|(a, b)| (a - b).abs() < TOLERANCE * (1.0 + b.abs()))
}

fn split(x: &[f32], case: &Case) -> [Vec<f32>; 2] {
    let (first, second) = x.split_at(case.n_first * case.stride());
    [first.to_vec(), second.to_vec()]
}

/// Some of the outputs: all, none, or those between two shares.
fn part(n: usize, ends: [f64; 2]) -> std::ops::Range<usize> {
    let [a, b] = ends.map(|end| ((end * (n + 1) as f64) as usize).min(n));
    a.min(b)..a.max(b)
}

proptest! {
    #[test]
    fn forward_agrees_with_its_scalar_twin(
        case in case(), which in 0_usize..5, accumulate in any::<bool>(), keep in any::<bool>(),
        ends in [0.0_f64..1.0, 0.0..1.2],
    ) {
        let activation = Activation::ALL[which];
        let outputs = part(case.layer.n_outputs(), ends);
        let (weights, stride) = (case.weights(), case.stride());
        let x = case.rows(case.layer.n_inputs(), 1);
        let start = case.rows(case.layer.n_outputs(), 2);
        let [first, second] = split(&x, &case);
        for kernels in Kernels::available() {
            let mut output = start.clone();
            let mut before = vec![0.0; output.len()];
            DenseForward {
                layer: &case.layer,
                outputs: outputs.clone(),
                weights: &weights,
                inputs: [&first, &second],
                stride,
                activation,
                accumulate,
                output: &mut output,
                before: keep.then_some(&mut before),
            }
            .run(kernels);
            for b in 0..case.n {
                let mut sum = scalar::dense(&case.layer, &weights, &case.column(&x, b));
                if accumulate {
                    for (sum, start) in sum.iter_mut().zip(case.column(&start, b)) {
                        *sum += start;
                    }
                }
                if keep {
                    let before = &case.column(&before, b)[outputs.clone()];
                    prop_assert!(close(before, &sum[outputs.clone()]));
                }
                let mut exact = case.column(&start, b);
                for output in outputs.clone() {
                    exact[output] = scalar::activation(activation, sum[output]);
                }
                prop_assert!(close(&case.column(&output, b), &exact));
            }
        }
    }

    #[test]
    fn input_gradient_agrees_with_its_scalar_twin(
        case in case(), which in 0_usize..6, accumulate in any::<bool>(), cut in 0.0_f64..1.0,
    ) {
        let (weights, stride) = (case.weights(), case.stride());
        let n_inputs = case.layer.n_inputs();
        let from = (cut * n_inputs as f64) as usize;
        let d_output = case.rows(case.layer.n_outputs(), 3);
        let saved = case.rows(n_inputs - from, 4);
        let start = case.rows(n_inputs - from, 5);
        let activation = Activation::ALL.get(which).copied();
        for kernels in Kernels::available() {
            let mut d_input = start.clone();
            DenseInputGradient {
                layer: &case.layer,
                weights: &weights,
                stride,
                output_gradient: &d_output,
                inputs: from..n_inputs,
                through: activation.map(|activation| (activation, &saved[..])),
                accumulate,
                input_gradient: &mut d_input,
            }
            .run(kernels);
            for b in 0..case.n {
                let d = case.column(&d_output, b);
                let saved = case.column(&saved, b);
                let start = case.column(&start, b);
                let exact: Vec<f64> = (from..n_inputs)
                    .map(|i| {
                        let sum: f64 = d.iter().enumerate()
                            .map(|(o, d)| d * f64::from(weights[o * n_inputs + i]))
                            .sum();
                        let slope = activation.map_or(1.0, |activation| {
                            scalar::activation_derivative(activation, saved[i - from])
                        });
                        sum * slope + if accumulate { start[i - from] } else { 0.0 }
                    })
                    .collect();
                prop_assert!(close(&case.column(&d_input, b), &exact));
            }
        }
    }

    #[test]
    fn weight_gradient_agrees_with_its_scalar_twin_and_spares_what_the_mask_hides(case in case()) {
        let stride = case.stride();
        let (n_inputs, n_outputs) = (case.layer.n_inputs(), case.layer.n_outputs());
        let x = case.rows(n_inputs, 6);
        let mut d_output = case.rows(n_outputs, 7);
        for row in d_output.chunks_mut(stride) {
            row[case.n..].fill(0.0);
        }
        let [first, second] = split(&x, &case);
        for kernels in Kernels::available() {
            let mut gradient = vec![0.5; case.layer.n_weights()];
            DenseWeightGradient {
                layer: &case.layer,
                inputs: [&first, &second],
                stride,
                output_gradient: &d_output,
                weight_gradient: &mut gradient,
            }
            .run(kernels);
            for o in 0..n_outputs {
                let d = &d_output[o * stride..][..case.n];
                for i in 0..n_inputs {
                    let products = d.iter().zip(&x[i * stride..]).map(|(d, x)| f64::from(d * x));
                    let seen = i < case.layer.reach()[o];
                    let exact = 0.5 + if seen { products.sum::<f64>() } else { 0.0 };
                    let given = f64::from(gradient[o * n_inputs + i]);
                    prop_assert!((given - exact).abs() < TOLERANCE * (1.0 + exact.abs()));
                    prop_assert!(seen || given == 0.5);
                }
                if case.layer.has_bias() {
                    let exact = 0.5 + d.iter().map(|d| f64::from(*d)).sum::<f64>();
                    let given = f64::from(gradient[n_outputs * n_inputs + o]);
                    prop_assert!((given - exact).abs() < TOLERANCE * (1.0 + exact.abs()));
                }
            }
        }
    }
}

/// Inputs × outputs of layers that are packed when the rows of a batch of 1024 collide: one block of
/// factors, several, several blocks of results; and one whose weights collide at any batch.
const PACKED: [(usize, usize); 4] = [(33, 35), (270, 40), (40, 130), (600, 33)];

/// A layer whose outputs see more and more, and its first input apart from the others.
fn wide(n_inputs: usize, n_outputs: usize, n: usize) -> Case {
    let reach = (0..n_outputs).map(|o| n_inputs.min(5 + o * n_inputs / n_outputs * 2));
    Case {
        layer: Dense::staircase(n_inputs, reach.collect()),
        n_first: n_inputs / 3,
        n,
        seed: 7,
    }
}

/// The first `n` columns of the rows, at another stride.
fn restride(rows: &[f32], from: usize, to: usize, n: usize) -> Vec<f32> {
    let mut result = vec![0.0; rows.len() / from * to];
    for (new, old) in result.chunks_mut(to).zip(rows.chunks(from)) {
        new[..n].copy_from_slice(&old[..n]);
    }
    result
}

#[test]
fn packed_products_have_the_bits_of_those_in_place() {
    const N: usize = 1024;
    // Rows of the first stride collide, those of the second do not.
    const STRIDES: [usize; 2] = [N, N + 16];
    for kernels in Kernels::available() {
        for (n_inputs, n_outputs) in PACKED {
            for accumulate in [false, true] {
                let case = wide(n_inputs, n_outputs, N);
                let weights = case.weights();
                let [x, y, d] =
                    [n_inputs, n_outputs, n_outputs].map(|rows| numbers(rows * N, rows as u64 + 9));
                let [packed, in_place] = STRIDES.map(|stride| {
                    let [x, mut y, d] = [&x, &y, &d].map(|rows| restride(rows, N, stride, N));
                    let (first, second) = x.split_at(case.n_first * stride);
                    DenseForward {
                        layer: &case.layer,
                        outputs: n_outputs / 5..n_outputs,
                        weights: &weights,
                        inputs: [first, second],
                        stride,
                        activation: Activation::Tanh,
                        accumulate,
                        output: &mut y,
                        before: None,
                    }
                    .run(kernels);
                    let mut d_x = x.clone();
                    DenseInputGradient {
                        layer: &case.layer,
                        weights: &weights,
                        stride,
                        output_gradient: &d,
                        inputs: 0..n_inputs,
                        through: Some((Activation::Tanh, &x)),
                        accumulate,
                        input_gradient: &mut d_x,
                    }
                    .run(kernels);
                    [y, d_x].map(|rows| restride(&rows, stride, N, N))
                });
                assert!(packed == in_place, "{n_inputs} × {n_outputs}");
            }
        }
    }
}

#[test]
fn wide_layers_agree_with_their_scalar_twin() {
    for kernels in Kernels::available() {
        for (n_inputs, n_outputs, n) in PACKED
            .into_iter()
            .flat_map(|(i, o)| [(i, o, 3), (i, o, 1024)])
        {
            let case = wide(n_inputs, n_outputs, n);
            let (weights, stride) = (case.weights(), case.stride());
            let x = case.rows(n_inputs, 1);
            let d = case.rows(n_outputs, 2);
            let mut y = vec![f32::NAN; n_outputs * stride];
            DenseForward {
                layer: &case.layer,
                outputs: 0..n_outputs,
                weights: &weights,
                inputs: [&x, &[]],
                stride,
                activation: Activation::Identity,
                accumulate: false,
                output: &mut y,
                before: None,
            }
            .run(kernels);
            let mut d_x = vec![f32::NAN; n_inputs * stride];
            DenseInputGradient {
                layer: &case.layer,
                weights: &weights,
                stride,
                output_gradient: &d,
                inputs: 0..n_inputs,
                through: None,
                accumulate: false,
                input_gradient: &mut d_x,
            }
            .run(kernels);
            for b in [0, n / 2, n - 1] {
                let exact = scalar::dense(&case.layer, &weights, &case.column(&x, b));
                assert!(close(&case.column(&y, b), &exact));
                let d = case.column(&d, b);
                let exact: Vec<f64> = (0..n_inputs)
                    .map(|i| {
                        let terms = d.iter().enumerate();
                        terms
                            .map(|(o, d)| d * f64::from(weights[o * n_inputs + i]))
                            .sum()
                    })
                    .collect();
                assert!(close(&case.column(&d_x, b), &exact));
            }
        }
    }
}
