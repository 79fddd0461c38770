//! The losses against their formulas, and their gradients against difference quotients.

use super::balanced::Balanced;
use super::coverage::{Batch, CoveragePenalised, DRAWS, PAIRS, TEMPERATURE};
use super::plain;
use crate::estimator::{EVALUATED, Estimator, Examples, Flow, Purpose, Workspace};
use crate::infer::flow_loss::Desk;
use crate::infer::npe::Prepared;
use crate::infer::sequential::atoms;
use crate::infer::testing::rectangle;
use crate::infer::{NpeConfig, Posterior, npe};
use crate::prior::Prior;
use crate::seed::{Seed, Stream};
use crate::train::{EpochRecord, TrainConfig};

const N: usize = 150;

struct Problem {
    prior: Prior,
    prepared: Prepared,
    flow: Flow,
    weights: Vec<f32>,
}

/// A flow with smooth units, and weights away from the first ones wherever there is a gradient.
fn problem() -> Problem {
    let rectangle = rectangle();
    let config: NpeConfig = serde_json::from_str(
        r#"{"estimator":{"kind":"maf","transforms":2,"network":{"hidden":[8],"activation":"tanh"}}}"#,
    )
    .unwrap();
    let simulations = rectangle.simulate(N, Seed(1));
    let prior = rectangle.prior;
    let prepared = Prepared::new(&prior, &simulations, &config, None, Seed(1)).unwrap();
    let flow = config
        .estimator
        .build(&prepared.target.bounded(), 2)
        .unwrap();
    let mut random = Seed(2).stream(Stream::Test, 0);
    let mut weights = vec![0.0; flow.n_weights()];
    flow.initialize(&mut weights, &mut random);
    let mut gradient = vec![0.0; weights.len()];
    let rows = plain(&prepared, &all());
    flow.loss_and_gradient(&weights, &mut loaded(&flow, &rows), &mut gradient);
    for (weight, gradient) in weights.iter_mut().zip(gradient) {
        if gradient != 0.0 {
            *weight += 0.2 * random.normal() as f32;
        }
    }
    Problem {
        prior,
        prepared,
        flow,
        weights,
    }
}

fn all() -> Vec<usize> {
    (0..N).collect()
}

fn loaded(estimator: &dyn Estimator, examples: &Examples) -> Workspace {
    let mut workspace = estimator.workspace(examples.len(), Purpose::Training);
    workspace.load(examples, &(0..examples.len()).collect::<Vec<_>>());
    workspace
}

/// Compares the gradient with the quotient of `loss` along some weights that have one.
fn assert_gradient(gradient: &[f32], weights: &[f32], loss: &dyn Fn(&[f32]) -> f64) {
    let free: Vec<usize> = (0..weights.len()).filter(|i| gradient[*i] != 0.0).collect();
    assert!(free.len() > 40);
    let largest = gradient
        .iter()
        .map(|g| f64::from(g.abs()))
        .fold(0.0, f64::max);
    for &i in free.iter().step_by(free.len() / 12) {
        let step = 2e-3_f32;
        let at = |by: f32| {
            let mut moved = weights.to_vec();
            moved[i] += by;
            loss(&moved)
        };
        let quotient = (at(step) - at(-step)) / f64::from(2.0 * step);
        let slope = f64::from(gradient[i]);
        assert!(
            (quotient - slope).abs() < 5e-3 * largest.max(1.0),
            "weight {i}: {slope}, {quotient}"
        );
    }
}

#[test]
fn the_balanced_loss_is_its_formula_and_its_gradient_the_difference_quotient() {
    let p = problem();
    let strength = 30.0;
    let balanced = Balanced::new(&p.flow, &p.prepared.target, strength);
    let rows = atoms(&p.prepared, &p.prior, N, &all());
    let mut gradient = vec![0.0; p.weights.len()];
    let loss = balanced.loss_and_gradient(&p.weights, &mut loaded(&balanced, &rows), &mut gradient);
    // By the formula: densities of y, and what the maps make of them, pair by pair.
    let told = p.prepared.told();
    let ratio = |i: usize, j: usize| -> (f64, f64) {
        let mut context = vec![0.0; 2];
        told.apply(p.prepared.x.row(i), &mut context);
        let theta = p.prepared.theta.row(j);
        let (mut real, mut y) = (vec![0.0; 2], vec![0.0; 2]);
        let log_det = p
            .prepared
            .target
            .forward(theta, &context, &mut real, &mut y);
        let mut one = Examples::new(2, 2);
        one.push(&y, &context);
        let mut workspace = loaded(&p.flow, &one);
        p.flow.log_prob(&p.weights, &mut workspace);
        let log_q = f64::from(workspace.log_prob()[0]);
        (log_q, log_q + log_det - p.prior.log_prob(theta))
    };
    let d = |log_ratio: f64| 1.0 / (1.0 + (-log_ratio).exp());
    let (mut plain, mut sum) = (0.0, 0.0);
    for i in 0..N {
        let (log_q, own) = ratio(i, i);
        plain -= log_q / N as f64;
        sum += (d(own) + d(ratio(i, (i + 1) % N).1)) / N as f64;
    }
    let expected = plain + strength * (sum - 1.0_f64).powi(2);
    assert!((loss - expected).abs() < 1e-3, "{loss} {expected}");
    assert!((sum - 1.0).abs() > 0.01, "nothing to balance: {sum}");
    assert_gradient(&gradient, &p.weights, &|weights| {
        let mut room = vec![0.0; weights.len()];
        balanced.loss_and_gradient(weights, &mut loaded(&balanced, &rows), &mut room)
    });
}

#[test]
fn the_coverage_loss_is_its_formula_and_its_gradient_the_difference_quotient() {
    let p = problem();
    let strength = 40.0;
    let penalised = CoveragePenalised::new(&p.flow, strength);
    let rows = plain(&p.prepared, &all());
    let mut gradient = vec![0.0; p.weights.len()];
    let loss =
        penalised.loss_and_gradient(&p.weights, &mut loaded(&penalised, &rows), &mut gradient);
    let mut desk = Desk::new(&p.flow, EVALUATED);
    let Batch { values, log_q, .. } =
        penalised.look(&p.weights, &mut loaded(&penalised, &rows), &mut desk);
    // The draws stay, and count by how much denser q has become where they are.
    let surrogate = |weights: &[f32]| -> f64 {
        let mut pairs = Examples::new(2, 2);
        let mut context = vec![0.0; 2];
        for (pair, y) in values.chunks_exact(2).enumerate() {
            p.prepared
                .told()
                .apply(p.prepared.x.row(pair / PAIRS), &mut context);
            pairs.push(y, &context);
        }
        let mut workspace = loaded(&p.flow, &pairs);
        p.flow.log_prob(weights, &mut workspace);
        let now: Vec<f64> = workspace.log_prob().iter().map(|l| f64::from(*l)).collect();
        let mut levels: Vec<f64> = now
            .chunks_exact(PAIRS)
            .zip(log_q.chunks_exact(PAIRS))
            .map(|(now, before)| {
                let shares: Vec<f64> = (1..PAIRS).map(|l| (now[l] - before[l]).exp()).collect();
                let total: f64 = shares.iter().sum();
                let below = (1..PAIRS)
                    .map(|l| shares[l - 1] / (1.0 + (-(now[0] - now[l]) / TEMPERATURE).exp()));
                (0.5 + DRAWS as f64 * below.sum::<f64>() / total) / PAIRS as f64
            })
            .collect();
        levels.sort_by(f64::total_cmp);
        let gap = |(k, level): (usize, &f64)| ((k as f64 + 0.5) / N as f64 - level).max(0.0);
        let penalty = levels
            .iter()
            .enumerate()
            .map(gap)
            .map(|g| g * g)
            .sum::<f64>()
            / N as f64;
        let plain = now.iter().step_by(PAIRS).sum::<f64>() / N as f64;
        strength * penalty - plain
    };
    let expected = surrogate(&p.weights);
    assert!((loss - expected).abs() < 1e-3, "{loss} {expected}");
    assert_gradient(&gradient, &p.weights, &surrogate);
}

fn silent(_: &EpochRecord) -> std::ops::ControlFlow<()> {
    std::ops::ControlFlow::Continue(())
}

#[test]
fn penalties_train_and_the_number_of_threads_does_not_matter() {
    let rectangle = rectangle();
    let simulations = rectangle.simulate(200, Seed(3));
    for (coverage_penalty, balance) in [(Some(5.0), None), (None, Some(100.0))] {
        let config = NpeConfig {
            train: TrainConfig {
                coverage_penalty,
                balance,
                ensemble_size: 1,
                max_steps: 40,
                ..TrainConfig::default()
            },
            ..NpeConfig::default()
        };
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(|| {
                let (posterior, _) =
                    npe(&rectangle.prior, &simulations, &config, Seed(1), &silent).unwrap();
                posterior.sample(simulations.x.row(0), 10, Seed(2)).unwrap()
            })
        };
        assert_eq!(on(1).draws, on(3).draws);
    }
    let both = TrainConfig {
        coverage_penalty: Some(5.0),
        balance: Some(1.0),
        ..TrainConfig::default()
    };
    assert!(both.validate().is_err());
}
