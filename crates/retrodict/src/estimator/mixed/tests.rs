//! Mixed densities: gradients, normalisation, draws.

use super::*;
use crate::estimator::Examples;
use crate::seed::{Seed, Stream};

const LEVELS: [&[usize]; 3] = [&[3], &[2, 4], &[2]];
const CONTINUOUS: [usize; 3] = [2, 1, 0];
const N_CONTEXT: usize = 2;

fn case(levels: &[usize], n_continuous: usize) -> (MixedDensity, Vec<f32>) {
    let config: EstimatorConfig = serde_json::from_str(
        r#"{"kind":"maf","transforms":2,"network":{"hidden":[8,8],"activation":"tanh"}}"#,
    )
    .unwrap();
    let density = config
        .build_mixed(levels, &vec![false; n_continuous], N_CONTEXT)
        .unwrap();
    let mut random = Seed(3).stream(Stream::Test, 0);
    let mut weights = vec![0.0; density.n_weights()];
    density.initialize(&mut weights, &mut random);
    let mut workspace = density.workspace(40, Purpose::Training);
    workspace.load(
        &examples(levels, n_continuous, 40),
        &(0..40).collect::<Vec<_>>(),
    );
    let mut gradient = vec![0.0; weights.len()];
    density.loss_and_gradient(&weights, &mut workspace, &mut gradient);
    // Weights that a mask hides never have a gradient, and stay at zero.
    for (weight, gradient) in weights.iter_mut().zip(gradient) {
        if gradient != 0.0 {
            *weight += 0.25 * random.normal() as f32;
        }
    }
    (density, weights)
}

fn examples(levels: &[usize], n_continuous: usize, n: usize) -> Examples {
    let mut random = Seed(4).stream(Stream::Test, 0);
    let mut examples = Examples::new(levels.len() + n_continuous, N_CONTEXT);
    for _ in 0..n {
        let context: Vec<f32> = (0..N_CONTEXT).map(|_| random.normal() as f32).collect();
        let mut value: Vec<f32> = levels.iter().map(|&k| random.below(k) as f32).collect();
        value.extend((0..n_continuous).map(|_| random.normal() as f32));
        examples.push(&value, &context);
    }
    examples
}

fn loaded(density: &MixedDensity, levels: &[usize], n_continuous: usize, n: usize) -> Workspace {
    let mut workspace = density.workspace(n, Purpose::Training);
    let examples = examples(levels, n_continuous, n);
    workspace.load(&examples, &(0..n).collect::<Vec<_>>());
    workspace
}

fn mean_log_prob(density: &MixedDensity, weights: &[f32], workspace: &mut Workspace) -> f64 {
    density.log_prob(weights, workspace);
    let log_prob = workspace.log_prob();
    log_prob.iter().map(|&l| f64::from(l)).sum::<f64>() / log_prob.len() as f64
}

#[test]
fn weight_gradients_are_difference_quotients() {
    for (levels, n) in LEVELS.into_iter().zip(CONTINUOUS) {
        let (density, weights) = case(levels, n);
        let mut workspace = loaded(&density, levels, n, 21);
        let mut gradient = vec![f32::NAN; weights.len()];
        let loss = density.loss_and_gradient(&weights, &mut workspace, &mut gradient);
        let value = mean_log_prob(&density, &weights, &mut workspace);
        assert!((loss + value).abs() < 1e-6);
        let mut random = Seed(5).stream(Stream::Test, 0);
        for _ in 0..10 {
            let used = |i: usize| gradient[i] != 0.0;
            let direction: Vec<f32> = (0..weights.len())
                .map(|i| if used(i) { random.normal() as f32 } else { 0.0 })
                .collect();
            let length = direction.iter().map(|v| v * v).sum::<f32>().sqrt();
            let h = 4e-3 / length;
            let mut along = |sign: f32| {
                let moved = weights.iter().zip(&direction);
                let moved: Vec<f32> = moved.map(|(w, v)| w + sign * h * v).collect();
                -mean_log_prob(&density, &moved, &mut workspace)
            };
            let quotient = (along(1.0) - along(-1.0)) / f64::from(2.0 * h);
            let product = gradient.iter().zip(&direction);
            let product: f64 = product.map(|(g, v)| f64::from(g * v)).sum();
            let tolerance = 2e-3 * f64::from(length) * (1.0 + value.abs());
            assert!(
                (quotient - product).abs() < tolerance,
                "{quotient} {product}"
            );
        }
    }
}

#[test]
fn context_and_value_gradients_are_difference_quotients() {
    for (levels, n) in LEVELS.into_iter().zip(CONTINUOUS) {
        let (density, weights) = case(levels, n);
        let mut workspace = loaded(&density, levels, n, 5);
        // Twice: what the first left behind must not be added to.
        density.context_gradient(&weights, &mut workspace);
        density.context_gradient(&weights, &mut workspace);
        let stride = workspace.stride();
        let along = |column: usize, by: f32| {
            let mut moved = loaded(&density, levels, n, 5);
            let parts = moved.parts();
            let all = if column < N_CONTEXT {
                &mut parts.context[column * stride..]
            } else {
                &mut parts.values[(column - N_CONTEXT) * stride..]
            };
            all[..stride].iter_mut().for_each(|v| *v += by);
            density.log_prob(&weights, &mut moved);
            moved.log_prob().to_vec()
        };
        let columns = (0..N_CONTEXT).chain((0..n).map(|j| N_CONTEXT + levels.len() + j));
        for column in columns {
            let (above, below) = (along(column, 2e-3), along(column, -2e-3));
            for row in 0..5 {
                let slope = if column < N_CONTEXT {
                    workspace.context_gradient(row, column)
                } else {
                    workspace.value_gradient(row, column - N_CONTEXT)
                };
                let quotient = (above[row] - below[row]) / 4e-3;
                assert!(
                    (quotient - slope).abs() < 0.02 * (1.0 + slope.abs()),
                    "{levels:?}, {column}: {quotient}, not {slope}"
                );
            }
        }
        for (row, j) in (0..5).flat_map(|row| (0..levels.len()).map(move |j| (row, j))) {
            assert_eq!(workspace.value_gradient(row, j), 0.0);
        }
    }
}

/// All combinations of codes.
fn combinations(levels: &[usize]) -> Vec<Vec<f32>> {
    levels.iter().fold(vec![Vec::new()], |all, &k| {
        let longer = |codes: &Vec<f32>| {
            (0..k).map({
                let codes = codes.clone();
                move |code| [codes.clone(), vec![code as f32]].concat()
            })
        };
        all.iter().flat_map(longer).collect()
    })
}

#[test]
fn probabilities_sum_to_one_and_draws_follow_them() {
    let context = [0.4, -0.8];
    for (levels, n) in [(&[2, 4][..], 1), (&[3], 1), (&[3, 2], 0)] {
        let (density, weights) = case(levels, n);
        // Densities over a fine grid of the continuous value, if there is one.
        let (cells, width) = if n == 0 {
            (1, 1.0)
        } else {
            (20_000, 80.0 / 20_000.0)
        };
        let mut total = 0.0;
        let mut masses = Vec::new();
        for codes in combinations(levels) {
            let mut mass = 0.0;
            for block in (0..cells).collect::<Vec<_>>().chunks(1000) {
                let mut workspace = density.workspace(block.len(), Purpose::Inference);
                workspace.resize(block.len());
                for (row, &cell) in block.iter().enumerate() {
                    let mut value = codes.clone();
                    if n > 0 {
                        value.push(-40.0 + (cell as f32 + 0.5) * width);
                    }
                    workspace.set_row(row, &value, &context);
                }
                workspace.pad();
                density.log_prob(&weights, &mut workspace);
                let log_prob = workspace.log_prob().iter();
                mass += log_prob.map(|&l| f64::from(l).exp()).sum::<f64>() * f64::from(width);
            }
            total += mass;
            masses.push((codes, mass));
        }
        assert!((total - 1.0).abs() < 2e-3, "{levels:?}: {total}");
        let draws = 20_000;
        let mut workspace = density.workspace(draws, Purpose::Inference);
        workspace.broadcast_context(draws, &context);
        density.sample(
            &weights,
            &mut workspace,
            &mut Seed(6).stream(Stream::Test, 0),
        );
        let parts = workspace.parts();
        for (codes, mass) in masses {
            let hit = |row: &usize| {
                let own = |(j, code): (usize, &f32)| parts.values[j * parts.stride + row] == *code;
                codes.iter().enumerate().all(own)
            };
            let share = (0..draws).filter(hit).count() as f64 / draws as f64;
            // Five standard errors and the grid's error: a false alarm in 10⁶.
            let error = 5.0 * (mass * (1.0 - mass) / draws as f64).sqrt() + 2e-3;
            assert!((share - mass).abs() < error, "{codes:?}: {share} {mass}");
        }
    }
}

#[test]
fn without_discrete_features_it_is_the_flow_to_the_last_bit() {
    let config = EstimatorConfig::default();
    let mixed = config.build_mixed(&[], &[false, true], N_CONTEXT).unwrap();
    let flow = config.build(&[false, true], N_CONTEXT).unwrap();
    assert_eq!(mixed.n_weights(), flow.n_weights());
    let mut weights = vec![0.0; flow.n_weights()];
    flow.initialize(&mut weights, &mut Seed(1).stream(Stream::Test, 0));
    let examples = examples(&[], 2, 30);
    let rows: Vec<usize> = (0..30).collect();
    let estimators: [&dyn Estimator; 2] = [&mixed, &flow];
    let [of_mixed, of_flow] = estimators.map(|estimator| {
        let mut workspace = estimator.workspace(30, Purpose::Training);
        workspace.load(&examples, &rows);
        let mut gradient = vec![0.0; weights.len()];
        let loss = estimator.loss_and_gradient(&weights, &mut workspace, &mut gradient);
        (loss, gradient)
    });
    assert_eq!(of_mixed, of_flow);
}
