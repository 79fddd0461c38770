//! The table of laws: what holds for every transform. A new one gets a line in `table`.

mod table;

use self::table::{affine, coupling, plain, spline, table, without_context, zero_last};
use super::twins::Twin;
use super::*;
use crate::network::testing::{assert_close, column, differences, random, rows, wide};
use retrodict_kernels::{Kernels, padded};

/// Values: f32 through a small network; slopes of up to ten or so enlarge the rounding.
const VALUE: f64 = 1e-4;
/// Log-determinants: sums of logarithms of slopes, which narrow bins of a spline make less exact.
const LOG_DET: f64 = 5e-4;
/// Gradients: sums over the batch of the same.
const GRADIENT: f64 = 2e-3;
/// A finite-difference Jacobian in f64 with step 10⁻⁶, through the logarithm.
const JACOBIAN: f64 = 1e-6;
/// Rows of the test batch: not a multiple of anything.
const N: usize = 9;
/// The splines' interval ends at ± this; most test inputs lie inside.
const BOUND: f32 = 2.0;

/// A transform, its twin, and where its inputs live.
struct Law {
    name: &'static str,
    transform: Box<dyn Transform>,
    twin: Twin,
    n_context: usize,
    /// Which features live in the box [−B, B].
    boxed: Vec<bool>,
}

/// A batch and what stands in its padding.
struct Inputs {
    x: Vec<f32>,
    context: Vec<f32>,
    d_y: Vec<f32>,
    d_log_det: Vec<f32>,
}

/// Everything that a pass over a batch makes.
struct Made {
    y: Vec<f32>,
    log_det: Vec<f32>,
    d_x: Vec<f32>,
    d_context: Vec<f32>,
    d_weights: Vec<f32>,
}

impl Law {
    fn d(&self) -> usize {
        self.boxed.len()
    }

    fn inputs(&self, padding: f32) -> Inputs {
        let mut random = random(20);
        let mut x = rows(self.d(), N, 1.0, padding, &mut random);
        for (row, boxed) in x.chunks_exact_mut(padded(N)).zip(&self.boxed) {
            if *boxed {
                row[..N].fill_with(|| BOUND * (2.0 * random.uniform() - 1.0) as f32);
            } else if let Some(outside) = row.first_mut() {
                // At least one input in a linear tail.
                *outside = BOUND + 0.5;
            }
        }
        Inputs {
            x,
            context: rows(self.n_context, N, 1.0, padding, &mut random),
            d_y: rows(self.d(), N, 1.0, 0.0, &mut random),
            d_log_det: rows(1, N, 1.0, 0.0, &mut random),
        }
    }

    /// First weights, moved where there is a gradient: masked entries must stay zero.
    fn weights(&self) -> Vec<f32> {
        let mut random = random(30);
        let mut weights = vec![0.0; self.transform.n_weights()];
        self.transform.initialize(&mut weights, &mut random);
        let gradient = self.run(&weights, &self.inputs(0.0)).d_weights;
        for (weight, slope) in weights.iter_mut().zip(gradient) {
            if slope != 0.0 {
                *weight += 0.3 * random.normal() as f32;
            }
        }
        weights
    }

    fn run(&self, weights: &[f32], inputs: &Inputs) -> Made {
        let (transform, stride) = (&self.transform, padded(N));
        let batch = Batch {
            x: &inputs.x,
            context: &inputs.context,
            stride,
        };
        let mut cache = vec![f32::NAN; transform.cache_rows() * stride];
        let mut scratch = vec![f32::NAN; transform.scratch_rows() * stride];
        let mut made = Made {
            y: vec![f32::NAN; inputs.x.len()],
            log_det: vec![0.0; stride],
            d_x: inputs.d_y.clone(),
            d_context: vec![0.0; inputs.context.len()],
            d_weights: vec![0.0; weights.len()],
        };
        let (y, log_det) = (&mut made.y, &mut made.log_det);
        transform.forward(weights, batch, y, log_det, &mut cache, &mut scratch);
        scratch.fill(f32::NAN);
        let gradients = Gradients {
            values: &mut made.d_x,
            log_det: &inputs.d_log_det,
            context: Some(&mut made.d_context),
            weights: Some(&mut made.d_weights),
        };
        transform.backward(weights, batch, gradients, &cache, &mut scratch);
        made
    }

    /// Σ dᵢ yᵢ + d log |det| of one row.
    fn loss(&self, inputs: &Inputs, weights: &[f64], context: &[f64], x: &[f64], b: usize) -> f64 {
        let (y, log_det) = self.twin.forward(weights, context, x);
        let d_y = column(&inputs.d_y, padded(N), b);
        let through: f64 = y.iter().zip(d_y).map(|(y, d)| y * d).sum();
        through + log_det * f64::from(inputs.d_log_det[b])
    }
}

/// Runs a law over the whole table, on every tier of this machine.
fn for_all(law: impl Fn(&Law)) {
    for kernels in Kernels::available() {
        table(kernels).iter().for_each(&law);
    }
}

#[test]
fn forward_agrees_with_its_scalar_twin() {
    for_all(|law| {
        let (weights, inputs, stride) = (law.weights(), law.inputs(0.0), padded(N));
        let made = law.run(&weights, &inputs);
        for b in 0..N {
            let (x, context) = (
                column(&inputs.x, stride, b),
                column(&inputs.context, stride, b),
            );
            let (y, log_det) = law.twin.forward(&wide(&weights), &context, &x);
            assert_close(&column(&made.y, stride, b), &y, VALUE, law.name);
            assert_close(&[f64::from(made.log_det[b])], &[log_det], LOG_DET, law.name);
        }
    });
}

#[test]
fn log_det_is_that_of_the_finite_difference_jacobian() {
    let kernels = Kernels::detect();
    for law in table(kernels) {
        let (weights, inputs, stride) = (wide(&law.weights()), law.inputs(0.0), padded(N));
        for b in 0..N {
            let (x, context) = (
                column(&inputs.x, stride, b),
                column(&inputs.context, stride, b),
            );
            let forward = |x: &[f64]| law.twin.forward(&weights, &context, x);
            let row = |i: usize| differences(|x| forward(x).0[i], &x);
            let jacobian: Vec<Vec<f64>> = (0..law.d()).map(row).collect();
            let log_det = forward(&x).1;
            assert_close(&[log_det], &[log_abs_det(jacobian)], JACOBIAN, law.name);
        }
    }
}

/// By Gaussian elimination with the largest pivot of each column.
fn log_abs_det(mut matrix: Vec<Vec<f64>>) -> f64 {
    let (n, mut log_det) = (matrix.len(), 0.0);
    for i in 0..n {
        let largest = (i..n).max_by(|a, b| matrix[*a][i].abs().total_cmp(&matrix[*b][i].abs()));
        matrix.swap(i, largest.unwrap());
        let pivot = matrix[i].clone();
        log_det += pivot[i].abs().ln();
        for row in &mut matrix[i + 1..] {
            let factor = row[i] / pivot[i];
            row.iter_mut()
                .zip(&pivot)
                .for_each(|(entry, pivot)| *entry -= factor * pivot);
        }
    }
    log_det
}

#[test]
fn gradients_are_the_differences_of_the_scalar_twin() {
    for_all(|law| {
        let (weights, inputs, stride) = (law.weights(), law.inputs(0.0), padded(N));
        let made = law.run(&weights, &inputs);
        let weights = wide(&weights);
        let rows: Vec<_> = (0..N)
            .map(|b| {
                (
                    column(&inputs.context, stride, b),
                    column(&inputs.x, stride, b),
                )
            })
            .collect();
        for (b, (context, x)) in rows.iter().enumerate() {
            let d_x = differences(|x| law.loss(&inputs, &weights, context, x, b), x);
            assert_close(&column(&made.d_x, stride, b), &d_x, GRADIENT, law.name);
            let d_context = differences(|c| law.loss(&inputs, &weights, c, x, b), context);
            assert_close(
                &column(&made.d_context, stride, b),
                &d_context,
                GRADIENT,
                law.name,
            );
        }
        let total = |weights: &[f64]| -> f64 {
            let loss = |(b, (context, x)): (usize, &(Vec<f64>, Vec<f64>))| {
                law.loss(&inputs, weights, context, x, b)
            };
            rows.iter().enumerate().map(loss).sum()
        };
        let d_weights = differences(total, &weights);
        assert_close(&wide(&made.d_weights), &d_weights, GRADIENT, law.name);
    });
}

#[test]
fn inverse_undoes_forward() {
    for_all(|law| {
        let (weights, inputs, stride) = (law.weights(), law.inputs(0.0), padded(N));
        let made = law.run(&weights, &inputs);
        let batch = Batch {
            x: &made.y,
            context: &inputs.context,
            stride,
        };
        let mut x = vec![f32::NAN; inputs.x.len()];
        let mut log_det = vec![0.0; stride];
        let mut cache = vec![f32::NAN; law.transform.cache_rows() * stride];
        let mut scratch = vec![f32::NAN; law.transform.scratch_rows() * stride];
        law.transform.inverse(
            &weights,
            batch,
            &mut x,
            &mut log_det,
            &mut cache,
            &mut scratch,
        );
        for b in 0..N {
            // Where the slope is small, many x have this y to within rounding: the law is that the
            // x found is one of them.
            let context = column(&inputs.context, stride, b);
            let found = column(&x, stride, b);
            let (y, log_slope) = law.twin.forward(&wide(&weights), &context, &found);
            assert_close(&y, &column(&made.y, stride, b), VALUE, law.name);
            assert_close(
                &column(&log_det, stride, b),
                &[-log_slope],
                LOG_DET,
                law.name,
            );
        }
    });
}

#[test]
fn garbage_in_the_padding_changes_nothing() {
    for_all(|law| {
        let (weights, stride) = (law.weights(), padded(N));
        let clean = law.run(&weights, &law.inputs(0.0));
        let dirty = law.run(&weights, &law.inputs(50.0));
        assert_eq!(clean.d_weights, dirty.d_weights, "{}", law.name);
        for b in 0..N {
            for (clean, dirty) in [
                (&clean.y, &dirty.y),
                (&clean.log_det, &dirty.log_det),
                (&clean.d_x, &dirty.d_x),
                (&clean.d_context, &dirty.d_context),
            ] {
                assert_eq!(
                    column(clean, stride, b),
                    column(dirty, stride, b),
                    "{}",
                    law.name
                );
            }
        }
    });
}

#[test]
fn with_a_last_layer_of_zeros_a_transform_starts_as_the_identity() {
    const TAILS: [Tail; 3] = [Tail::Linear, Tail::Bounded, Tail::Linear];
    // The constants that make a scale one are f32; sums of five bins of an interval of four.
    const IDENTITY: f64 = 2e-6;
    let kernels = Kernels::detect();
    let config = zero_last(plain());
    for law in [
        affine("affine", config.clone(), 2, 3, kernels),
        spline("spline", config.clone(), 2, &TAILS, kernels),
        coupling("coupling", config, 2, &TAILS, &[1], kernels),
        without_context("LU", Box::new(LuLinear::new(3)), Twin::Lu(3), 3),
    ] {
        let mut weights = vec![f32::NAN; law.transform.n_weights()];
        law.transform.initialize(&mut weights, &mut random(40));
        let (inputs, stride) = (law.inputs(0.0), padded(N));
        let made = law.run(&weights, &inputs);
        for b in 0..N {
            let x = column(&inputs.x, stride, b);
            assert_close(&column(&made.y, stride, b), &x, IDENTITY, law.name);
            assert_close(&[f64::from(made.log_det[b])], &[0.0], IDENTITY, law.name);
        }
    }
}

#[test]
fn a_bounded_spline_never_leaves_its_box() {
    let law = spline(
        "bounded",
        plain(),
        1,
        &[Tail::Bounded; 2],
        Kernels::detect(),
    );
    let stride = padded(N);
    let weights: Vec<f32> = law.weights().iter().map(|w| 3.0 * w).collect();
    let mut inputs = law.inputs(0.0);
    inputs.x[..2].copy_from_slice(&[-BOUND, BOUND]);
    let made = law.run(&weights, &inputs);
    assert!(made.y.iter().all(|y| y.abs() <= BOUND));
    assert_eq!(made.y[..2], [-BOUND, BOUND]);
    let batch = Batch {
        x: &made.y,
        context: &inputs.context,
        stride,
    };
    let mut x = vec![f32::NAN; inputs.x.len()];
    let mut cache = vec![0.0; law.transform.cache_rows() * stride];
    let mut scratch = vec![0.0; law.transform.scratch_rows() * stride];
    let mut log_det = vec![0.0; stride];
    law.transform.inverse(
        &weights,
        batch,
        &mut x,
        &mut log_det,
        &mut cache,
        &mut scratch,
    );
    assert!(x.iter().all(|x| x.abs() <= BOUND));
}
