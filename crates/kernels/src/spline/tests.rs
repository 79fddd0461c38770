use super::*;
use crate::testing::{close, column, differences, numbers, rows};
use crate::{Kernels, padded, scalar};
use proptest::prelude::*;

/// Knots are sums of f32: their places carry this error, relative to the bound.
const PLACE: f64 = 2e-6;
/// Bins as narrow as a hundredth of the interval enlarge it in slopes and gradients.
const TOLERANCE: f64 = 2e-3;
/// Farther from a knot than the step of a difference and the rounding of singles.
const BESIDE: f64 = 4e-6;
/// Logits in ± this keep bins that wide.
const LOGITS: f32 = 1.5;

#[derive(Debug, Clone)]
struct Case {
    shape: SplineShape,
    n: usize,
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let tails = prop::collection::vec(
        prop::sample::select(vec![Tail::Linear, Tail::Bounded]),
        1..4,
    );
    (
        2_usize..12,
        0.5_f32..6.0,
        tails,
        any::<bool>(),
        1_usize..40,
        0_u64..10_000,
    )
        .prop_map(|(n_bins, bound, mut tails, linear, n, seed)| {
            if linear {
                tails.fill(Tail::Linear);
            }
            let shape = SplineShape::new(n_bins, bound, tails);
            Case { shape, n, seed }
        })
}

impl Case {
    fn stride(&self) -> usize {
        padded(self.n)
    }

    fn raw(&self) -> Vec<f32> {
        let rows_ = self.shape.n_features() * self.shape.parameters_per_feature();
        rows(rows_, self.n, LOGITS, self.seed)
    }

    /// The raw parameters of a feature for one row of the batch.
    fn raw_of(&self, raw: &[f32], j: usize, b: usize) -> Vec<f64> {
        let per_feature = self.shape.parameters_per_feature();
        column(raw, self.stride(), b)[j * per_feature..(j + 1) * per_feature].to_vec()
    }

    /// Numbers inside, or outside where the tails are linear, and away from the knots, where the
    /// gradient jumps.
    fn x(&self, raw: &[f32]) -> Vec<f32> {
        let stride = self.stride();
        let mut x = numbers(self.shape.n_features() * stride, self.seed + 1);
        for j in 0..self.shape.n_features() {
            for b in 0..stride {
                let x = &mut x[j * stride + b];
                let n_bins = self.shape.n_bins();
                if self.shape.tails()[j] == Tail::Linear && *x > 0.8 {
                    *x = self.shape.bound() * (*x + 0.3);
                } else {
                    let place = f64::from(*x + 1.0) * 0.5 * (n_bins as f64 - 1e-3);
                    let bin = place as usize;
                    let within = 0.05 + 0.9 * (place - bin as f64);
                    let logits = &self.raw_of(raw, j, b)[..n_bins];
                    let knots = scalar::spline_knots(logits, f64::from(self.shape.bound()));
                    *x = (knots[bin] + within * (knots[bin + 1] - knots[bin])) as f32;
                }
            }
        }
        x
    }
}

/// Whether a number lies between the least and the largest of `exact`, within the tolerance.
fn is_among(given: f64, exact: &[f64]) -> bool {
    let low = exact.iter().copied().fold(f64::INFINITY, f64::min);
    let high = exact.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let nearest = given.clamp(low, high);
    close(&[given], &[nearest], TOLERANCE)
}

struct Forward {
    y: Vec<f32>,
    log_det: Vec<f32>,
    parameters: Vec<f32>,
}

fn forward(case: &Case, raw: &[f32], x: &[f32], kernels: Kernels) -> Forward {
    let mut made = Forward {
        y: vec![f32::NAN; x.len()],
        log_det: vec![0.0; case.stride()],
        parameters: raw.to_vec(),
    };
    SplineForward {
        shape: &case.shape,
        x,
        parameters: &mut made.parameters,
        stride: case.stride(),
        y: &mut made.y,
        log_det: &mut made.log_det,
    }
    .run(kernels);
    made
}

proptest! {
    #[test]
    fn forward_agrees_with_its_scalar_twin(case in case()) {
        let (stride, raw) = (case.stride(), case.raw());
        let x = case.x(&raw);
        for kernels in Kernels::available() {
            let made = forward(&case, &raw, &x, kernels);
            for b in 0..case.n {
                let mut log_det = 0.0;
                for (j, tail) in case.shape.tails().iter().enumerate() {
                    let raw = case.raw_of(&raw, j, b);
                    let at = |x| scalar::spline_forward(&case.shape, *tail, &raw, x);
                    let x = f64::from(x[j * stride + b]);
                    let (y, log_slope) = at(x);
                    log_det += log_slope;
                    let place = PLACE * f64::from(case.shape.bound());
                    let error = (f64::from(made.y[j * stride + b]) - y).abs();
                    prop_assert!(error < place * (1.0 + log_slope.exp()), "{error} at {x}");
                }
                prop_assert!((f64::from(made.log_det[b]) - log_det).abs() < TOLERANCE);
            }
        }
    }

    #[test]
    fn gradients_are_the_differences_of_the_scalar_twin(case in case()) {
        let (stride, raw) = (case.stride(), case.raw());
        let x = case.x(&raw);
        let d_y = rows(case.shape.n_features(), case.n, 1.0, case.seed + 2);
        let d_log_det = rows(1, case.n, 1.0, case.seed + 3);
        for kernels in Kernels::available() {
            let made = forward(&case, &raw, &x, kernels);
            let (mut values, mut gradient) = (d_y.clone(), vec![f32::NAN; raw.len()]);
            SplineBackward {
                shape: &case.shape,
                x: &x,
                parameters: &made.parameters,
                stride,
                log_det_gradient: &d_log_det,
                values: &mut values,
                parameter_gradient: &mut gradient,
            }
            .run(kernels);
            for b in 0..case.n {
                for (j, tail) in case.shape.tails().iter().enumerate() {
                    let at = j * stride + b;
                    let loss = |raw: &[f64], x: f64| {
                        let (y, log_slope) = scalar::spline_forward(&case.shape, *tail, raw, x);
                        y * f64::from(d_y[at]) + log_slope * column(&d_log_det, stride, b)[0]
                    };
                    let (raw, x) = (case.raw_of(&raw, j, b), f64::from(x[at]));
                    let given = [case.raw_of(&gradient, j, b), vec![f64::from(values[at])]].concat();
                    // Knots are where singles round them to, so x may lie a little to either side in its bin, or
                    // even in the next one. Where the curvature is large, or jumps, that is seen.
                    let around = [-BESIDE, 0.0, BESIDE].map(|shift| {
                        let d_raw = differences(|raw| loss(raw, x + shift), &raw);
                        let d_x = differences(|x| loss(&raw, x[0]), &[x + shift]);
                        [d_raw, d_x].concat()
                    });
                    for (i, given) in given.iter().enumerate() {
                        let exact = around.each_ref().map(|exact| exact[i]);
                        prop_assert!(is_among(*given, &exact), "{given} among {exact:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn inverse_undoes_forward(case in case()) {
        let (stride, raw) = (case.stride(), case.raw());
        let x = case.x(&raw);
        for kernels in Kernels::available() {
            let made = forward(&case, &raw, &x, kernels);
            let (mut back, mut log_det) = (vec![f32::NAN; x.len()], made.log_det.clone());
            SplineInverse {
                shape: &case.shape,
                first_feature: 0,
                y: &made.y,
                parameters: &mut raw.clone(),
                stride,
                x: &mut back,
                log_det: &mut log_det,
            }
            .run(kernels);
            for b in 0..case.n {
                prop_assert!(column(&log_det, stride, b)[0].abs() < 2.0 * TOLERANCE);
                for (j, tail) in case.shape.tails().iter().enumerate() {
                    let at = j * stride + b;
                    let raw = case.raw_of(&raw, j, b);
                    let y = f64::from(made.y[at]);
                    let (exact, log_slope) = scalar::spline_inverse(&case.shape, *tail, &raw, y);
                    let place = 2.0 * PLACE * f64::from(case.shape.bound());
                    let error = (f64::from(back[at]) - exact).abs();
                    prop_assert!(error < place * (1.0 + log_slope.exp()), "{error} at {y}");
                    let round_trip = f64::from((back[at] - x[at]).abs());
                    prop_assert!(round_trip < 2.0 * place * (1.0 + log_slope.exp()));
                }
            }
        }
    }
}

#[test]
fn a_bounded_spline_keeps_its_box_and_a_linear_one_its_outside() {
    for kernels in Kernels::available() {
        let case = Case {
            shape: SplineShape::new(5, 2.0, vec![Tail::Bounded, Tail::Linear]),
            n: 4,
            seed: 3,
        };
        let raw = case.raw();
        let mut x = vec![0.0; 2 * case.stride()];
        x[..4].copy_from_slice(&[-2.0, 2.0, 2.000_001, -2.5]);
        x[16..20].copy_from_slice(&[-2.0, 2.0, 1e6, -2.5]);
        let made = forward(&case, &raw, &x, kernels);
        assert_eq!(made.y[..4], [-2.0, 2.0, 2.0, -2.0]);
        assert_eq!(made.y[16..20], [-2.0, 2.0, 1e6, -2.5]);
    }
}

#[test]
fn the_identity_parameters_give_the_identity() {
    for tail in [Tail::Linear, Tail::Bounded] {
        let shape = SplineShape::new(10, 3.0, vec![tail]);
        let raw: Vec<f64> = shape.identity().into_iter().map(f64::from).collect();
        for i in -30..=30 {
            let x = f64::from(i) / 10.0;
            let (y, log_slope) = scalar::spline_forward(&shape, tail, &raw, x);
            // The constant is an f32.
            assert!(
                (y - x).abs() < 1e-6 && log_slope.abs() < 1e-6,
                "{x}: {y}, {log_slope}"
            );
        }
    }
}

#[test]
fn not_a_number_stays_not_a_number() {
    for kernels in Kernels::available() {
        let case = Case {
            shape: SplineShape::new(5, 2.0, vec![Tail::Linear]),
            n: 1,
            seed: 3,
        };
        let made = forward(&case, &case.raw(), &vec![f32::NAN; case.stride()], kernels);
        assert!(made.y[0].is_nan() && made.log_det[0].is_nan());
    }
}
