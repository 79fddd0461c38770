//! What holds for every estimator, checked for each kind.

use super::{Estimator, EstimatorConfig, Examples, Flow, Purpose, Workspace};
use crate::seed::{Random, Seed, Stream};

/// An estimator and weights at which it is far from any special case.
struct Case {
    name: String,
    flow: Flow,
    weights: Vec<f32>,
    n_features: usize,
    bounded: bool,
}

const N_CONTEXT: usize = 2;
const BOUND: f64 = 3.0;

/// Every kind, with and without bounds, in `n_features` dimensions.
fn cases(n_features: usize) -> Vec<Case> {
    // Smooth, so that difference quotients are good.
    let network = r#""network":{"hidden":[8,8],"activation":"tanh"}"#;
    let spline = format!(r#""transforms":3,"bins":4,"bound":{BOUND},{network}"#);
    let kinds = [
        (
            format!(r#"{{"kind":"maf","transforms":3,{network}}}"#),
            false,
        ),
        (format!(r#"{{"kind":"maf_rqs",{spline}}}"#), false),
        (format!(r#"{{"kind":"maf_rqs",{spline}}}"#), true),
        (format!(r#"{{"kind":"nsf",{spline}}}"#), false),
        (format!(r#"{{"kind":"nsf",{spline}}}"#), true),
        (
            format!(r#"{{"kind":"mdn","components":3,{network}}}"#),
            false,
        ),
    ];
    kinds
        .into_iter()
        .map(|(json, bounded)| {
            let config: EstimatorConfig = serde_json::from_str(&json).unwrap();
            let flow = config.build(&vec![bounded; n_features], N_CONTEXT).unwrap();
            let mut random = Seed(3).stream(Stream::Test, 0);
            let mut weights = vec![0.0; flow.n_weights()];
            let examples = examples(n_features, 60, &mut random);
            flow.initialize(&mut weights, &mut random);
            // Away from where it starts, but weights that a mask hides are zero and have to stay so:
            // they are those that never have a gradient.
            let mut workspace = flow.workspace(examples.len(), Purpose::Training);
            workspace.load(&examples, &(0..examples.len()).collect::<Vec<_>>());
            let mut gradient = vec![0.0; weights.len()];
            flow.loss_and_gradient(&weights, &mut workspace, &mut gradient);
            for (weight, gradient) in weights.iter_mut().zip(gradient) {
                if gradient != 0.0 {
                    *weight += 0.1 * random.normal() as f32;
                }
            }
            Case {
                name: json,
                flow,
                weights,
                n_features,
                bounded,
            }
        })
        .collect()
}

fn examples(n_features: usize, n: usize, random: &mut Random) -> Examples {
    let mut examples = Examples::new(n_features, N_CONTEXT);
    for _ in 0..n {
        let context: Vec<f32> = (0..N_CONTEXT).map(|_| random.normal() as f32).collect();
        let value: Vec<f32> = (0..n_features)
            .map(|j| 0.5 * context[j % N_CONTEXT] + 0.7 * random.normal() as f32)
            .map(|v| v.clamp(-2.9, 2.9))
            .collect();
        examples.push(&value, &context);
    }
    examples
}

fn loaded(case: &Case, n: usize) -> Workspace {
    let mut workspace = case.flow.workspace(n, Purpose::Training);
    let mut random = Seed(4).stream(Stream::Test, 0);
    let examples = examples(case.n_features, n, &mut random);
    workspace.load(&examples, &(0..n).collect::<Vec<_>>());
    workspace
}

fn loss(case: &Case, weights: &[f32], workspace: &mut Workspace) -> f64 {
    case.flow.log_prob(weights, workspace);
    let log_prob = workspace.log_prob();
    -log_prob.iter().map(|&l| f64::from(l)).sum::<f64>() / log_prob.len() as f64
}

#[test]
fn without_gradients_the_density_is_the_same_number() {
    for case in [1, 2, 3].into_iter().flat_map(cases) {
        let mut training = loaded(&case, 37);
        let mut inference = case.flow.workspace(64, Purpose::Inference);
        inference.resize(37);
        let (from, to) = (training.parts(), inference.parts());
        to.values.copy_from_slice(from.values);
        to.context.copy_from_slice(from.context);
        case.flow.log_prob(&case.weights, &mut training);
        case.flow.log_prob(&case.weights, &mut inference);
        assert_eq!(training.log_prob(), inference.log_prob(), "{}", case.name);
    }
}

#[test]
fn the_weight_gradient_is_the_difference_quotient() {
    for case in [1, 3].into_iter().flat_map(cases) {
        let mut workspace = loaded(&case, 21);
        let mut gradient = vec![f32::NAN; case.weights.len()];
        let value = case
            .flow
            .loss_and_gradient(&case.weights, &mut workspace, &mut gradient);
        assert!((value - loss(&case, &case.weights, &mut workspace)).abs() < 1e-6);
        let mut random = Seed(5).stream(Stream::Test, 0);
        for _ in 0..8 {
            // A direction that touches a third of the weights.
            let direction: Vec<f32> = (0..gradient.len())
                .map(|i| {
                    let hidden = case.weights[i] == 0.0;
                    if hidden || random.below(3) > 0 {
                        0.0
                    } else {
                        random.normal() as f32
                    }
                })
                .collect();
            let length = direction.iter().map(|v| v * v).sum::<f32>().sqrt();
            let h = 4e-3 / length;
            let mut along = |sign: f32| {
                let moved = case.weights.iter().zip(&direction);
                let moved: Vec<f32> = moved.map(|(w, v)| w + sign * h * v).collect();
                loss(&case, &moved, &mut workspace)
            };
            let product = gradient.iter().zip(&direction);
            let product: f64 = product.map(|(g, v)| f64::from(g * v)).sum();
            // A step may carry a value over a spline's knot, where the slope jumps: of two steps
            // one has to agree, up to f32 rounding of the loss in units of the direction's length.
            let error = [0.2, 0.05]
                .map(|k| (along(k) - along(-k)) / f64::from(2.0 * h * k))
                .map(|quotient| (quotient - product).abs());
            let tolerance = 2e-3 * f64::from(length) * (1.0 + value.abs());
            let name = &case.name;
            assert!(
                error.iter().any(|error| *error < tolerance),
                "{name}: {error:?} of {product}"
            );
        }
    }
}

/// One of the batch's arrays, the entries of its gradient by row and feature, its number of features.
type Moved = (
    fn(&mut Workspace) -> &mut [f32],
    fn(&Workspace, usize, usize) -> f32,
    usize,
);

fn values(workspace: &mut Workspace) -> &mut [f32] {
    workspace.parts().values
}

fn context(workspace: &mut Workspace) -> &mut [f32] {
    workspace.parts().context
}

/// Compares a gradient of log q with difference quotients, feature by feature of what is moved.
fn assert_is_the_quotient(case: &Case, workspace: &Workspace, (moved, slope, n): Moved) {
    let stride = workspace.stride();
    for j in 0..n {
        let along = |by: f32| {
            let mut workspace = workspace.clone();
            for v in &mut moved(&mut workspace)[j * stride..(j + 1) * stride] {
                *v += by;
            }
            case.flow.log_prob(&case.weights, &mut workspace);
            workspace.log_prob().to_vec()
        };
        let steps = [4e-3, 1e-3].map(|h| (along(h), along(-h), 2.0 * h));
        for row in 0..workspace.n_rows() {
            let slope = slope(workspace, row, j);
            // Of two steps one has to agree, as above.
            let quotients = steps.each_ref().map(|(a, b, h)| (a[row] - b[row]) / h);
            let error = quotients.map(|q| (q - slope).abs());
            let tolerance = 0.02 * (1.0 + slope.abs());
            let name = &case.name;
            assert!(
                error[0].min(error[1]) < tolerance,
                "{name}: {quotients:?}, not {slope}"
            );
        }
    }
}

#[test]
fn the_value_gradient_is_the_difference_quotient() {
    for case in [1, 3].into_iter().flat_map(cases) {
        let mut workspace = loaded(&case, 5);
        case.flow.value_gradient(&case.weights, &mut workspace);
        let moved: Moved = (values, Workspace::value_gradient, case.n_features);
        assert_is_the_quotient(&case, &workspace, moved);
    }
}

#[test]
fn the_context_gradient_is_the_difference_quotient() {
    for case in [1, 3].into_iter().flat_map(cases) {
        let mut workspace = loaded(&case, 5);
        // Twice: what the first left behind must not be added to.
        for _ in 0..2 {
            case.flow.context_gradient(&case.weights, &mut workspace);
        }
        let largest = (0..5)
            .flat_map(|row| (0..N_CONTEXT).map(move |j| (row, j)))
            .map(|(row, j)| workspace.context_gradient(row, j).abs())
            .fold(0.0, f32::max);
        assert!(largest > 0.01, "{}: {largest}", case.name);
        let moved: Moved = (context, Workspace::context_gradient, N_CONTEXT);
        assert_is_the_quotient(&case, &workspace, moved);
        let mut values_alone = loaded(&case, 5);
        case.flow.value_gradient(&case.weights, &mut values_alone);
        for (row, j) in (0..5).flat_map(|row| (0..case.n_features).map(move |j| (row, j))) {
            assert_eq!(
                workspace.value_gradient(row, j),
                values_alone.value_gradient(row, j)
            );
        }
    }
}

/// log q on a grid of points for one context.
fn on_grid(case: &Case, points: &[Vec<f32>], context: &[f32]) -> Vec<f64> {
    let mut workspace = case.flow.workspace(1000, Purpose::Inference);
    let mut out = Vec::new();
    for block in points.chunks(1000) {
        workspace.resize(block.len());
        for (row, point) in block.iter().enumerate() {
            workspace.set_row(row, point, context);
        }
        workspace.pad();
        case.flow.log_prob(&case.weights, &mut workspace);
        out.extend(workspace.log_prob().iter().map(|&l| f64::from(l)));
    }
    out
}

/// Midpoints of `n` equal parts of where a case has its mass, and the width of a part.
fn midpoints(case: &Case, n: usize) -> (Vec<f32>, f64) {
    let reach = match (case.bounded, case.n_features) {
        (true, _) => BOUND,
        (false, 1) => 20.0,
        (false, _) => 9.0,
    };
    let width = 2.0 * reach / n as f64;
    let points = (0..n).map(|i| (-reach + (i as f64 + 0.5) * width) as f32);
    (points.collect(), width)
}

#[test]
fn densities_integrate_to_one_in_one_dimension_and_draws_follow_them() {
    for case in cases(1) {
        let context = [0.4, -0.8];
        let (points, width) = midpoints(&case, 20_000);
        let grid: Vec<Vec<f32>> = points.iter().map(|&p| vec![p]).collect();
        let density = on_grid(&case, &grid, &context);
        let mut total = 0.0;
        let cdf: Vec<f64> = density
            .iter()
            .map(|l| {
                total += l.exp() * width;
                total
            })
            .collect();
        assert!((total - 1.0).abs() < 2e-3, "{}: {total}", case.name);
        let n = 2000;
        let mut workspace = case.flow.workspace(n, Purpose::Inference);
        workspace.broadcast_context(n, &context);
        let mut random = Seed(6).stream(Stream::Test, 0);
        case.flow.sample(&case.weights, &mut workspace, &mut random);
        let mut draws = workspace.parts().values[..n].to_vec();
        draws.sort_unstable_by(f32::total_cmp);
        let distance = draws
            .iter()
            .enumerate()
            .map(|(i, draw)| {
                let at = points.partition_point(|p| p <= draw).clamp(1, points.len());
                (cdf[at - 1] - (i as f64 + 0.5) / n as f64).abs()
            })
            .fold(0.0, f64::max);
        // Kolmogorov–Smirnov: exceeded with probability 10⁻⁵ a case.
        assert!(
            distance < 2.47 / (n as f64).sqrt(),
            "{}: {distance}",
            case.name
        );
    }
}

#[test]
fn densities_integrate_to_one_in_two_dimensions_and_draws_have_their_mean() {
    for case in cases(2) {
        let context = [-0.5, 1.0];
        let n = if case.bounded { 150 } else { 300 };
        let (points, width) = midpoints(&case, n);
        let grid: Vec<Vec<f32>> = (0..n * n)
            .map(|i| vec![points[i / n], points[i % n]])
            .collect();
        let density = on_grid(&case, &grid, &context);
        let mut sums = [0.0_f64; 5];
        for (point, l) in grid.iter().zip(&density) {
            let mass = l.exp() * width * width;
            let [a, b] = [f64::from(point[0]), f64::from(point[1])];
            let terms = [1.0, a, b, a * a, b * b];
            sums.iter_mut().zip(terms).for_each(|(s, t)| *s += t * mass);
        }
        assert!((sums[0] - 1.0).abs() < 5e-3, "{}: {}", case.name, sums[0]);
        let n = 4000;
        let mut workspace = case.flow.workspace(n, Purpose::Inference);
        workspace.broadcast_context(n, &context);
        let mut random = Seed(7).stream(Stream::Test, 0);
        case.flow.sample(&case.weights, &mut workspace, &mut random);
        let parts = workspace.parts();
        for j in 0..2 {
            let draws = &parts.values[j * parts.stride..][..n];
            let mean = draws.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64;
            let sd = (sums[3 + j] - sums[1 + j].powi(2)).sqrt();
            // Five standard errors: a false alarm in 10⁶.
            let error = (mean - sums[1 + j]).abs();
            assert!(
                error < 5.0 * sd / (n as f64).sqrt(),
                "{}: {mean} {sums:?}",
                case.name
            );
        }
    }
}

#[test]
fn bounded_draws_stay_in_the_box_whatever_the_weights() {
    for case in cases(2).iter_mut().filter(|case| case.bounded) {
        for scale in [1.0, 10.0, 1e3] {
            let weights: Vec<f32> = case.weights.iter().map(|w| w * scale).collect();
            let mut workspace = case.flow.workspace(1000, Purpose::Inference);
            workspace.broadcast_context(1000, &[3.0, -3.0]);
            let mut random = Seed(8).stream(Stream::Test, 0);
            case.flow.sample(&weights, &mut workspace, &mut random);
            for value in workspace.parts().values {
                assert!(value.abs() <= BOUND as f32, "{}: {value}", case.name);
            }
        }
    }
}

#[test]
fn a_box_needs_splines() {
    for kind in ["maf", "mdn"] {
        let json = format!(r#"{{"kind":"{kind}"}}"#);
        let config: EstimatorConfig = serde_json::from_str(&json).unwrap();
        let message = config.build(&[true], 1).unwrap_err().to_string();
        assert!(message.contains("spline flow"), "{message}");
    }
}
