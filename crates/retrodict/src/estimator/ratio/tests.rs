//! Losses and gradients against the formulas of the papers, one pair at a time in `f64`.

use super::*;
use crate::estimator::Examples;
use crate::network::testing::{assert_close, differences, wide};
use crate::network::twin::NetworkTwin;
use crate::network::{Activation, NetworkConfig};
use crate::seed::{Seed, Stream};

const N_THETA: usize = 2;
const N_DATA: usize = 3;

struct Case {
    estimator: RatioEstimator,
    twin: NetworkTwin,
    weights: Vec<f32>,
}

fn losses() -> [RatioLoss; 6] {
    [
        RatioLoss::NreA(BinaryLoss {}),
        RatioLoss::Bnre(BalancedLoss { strength: 100.0 }),
        RatioLoss::NreB(ContrastiveLoss { classes: 10 }),
        RatioLoss::NreB(ContrastiveLoss { classes: 2 }),
        RatioLoss::NreC(GeneralContrastiveLoss::default()),
        RatioLoss::NreC(GeneralContrastiveLoss {
            classes: 3,
            gamma: 0.2,
        }),
    ]
}

/// A multilayer perceptron and a residual network on each loss, far from where they start.
fn cases() -> Vec<Case> {
    let networks = [false, true].map(|residual| NetworkConfig {
        hidden: vec![7, 7],
        residual,
        activation: Activation::Silu,
        linear_skip: residual,
        zero_last: false,
    });
    let of = |loss: &RatioLoss| {
        networks.each_ref().map(|network| {
            let config = RatioConfig {
                network: network.clone(),
                loss: loss.clone(),
            };
            let estimator = config.build(N_THETA, N_DATA).unwrap();
            let mut random = Seed(3).stream(Stream::Test, 0);
            let mut weights = vec![0.0; estimator.n_weights()];
            estimator.initialize(&mut weights, &mut random);
            for weight in &mut weights {
                *weight += 0.3 * random.normal() as f32;
            }
            let twin = NetworkTwin {
                config: network.clone(),
                n_context: N_DATA,
                n_features: N_THETA,
                n_outputs: 1,
                per_feature: None,
            };
            Case {
                estimator,
                twin,
                weights,
            }
        })
    };
    losses().iter().flat_map(of).collect()
}

fn examples(n: usize) -> Examples {
    let mut random = Seed(4).stream(Stream::Test, n as u64);
    let mut examples = Examples::new(N_THETA, N_DATA);
    for _ in 0..n {
        let theta = [(); N_THETA].map(|()| random.normal() as f32);
        let x = [(); N_DATA].map(|()| random.normal() as f32);
        examples.push(&theta, &x);
    }
    examples
}

fn loaded(case: &Case, examples: &Examples) -> Workspace {
    let mut workspace = case.estimator.workspace(300, Purpose::Training);
    workspace.load(examples, &(0..examples.len()).collect::<Vec<_>>());
    workspace
}

/// f(θᵢ₊ⱼ, xᵢ) of the row i and its j-th contrast.
fn logit(case: &Case, weights: &[f64], examples: &Examples, i: usize, j: usize) -> f64 {
    let theta = wide(examples.value((i + j) % examples.len()));
    let x = wide(examples.context(i));
    case.twin.forward(weights, &x, &theta)[0]
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// The loss of the whole batch as the papers have it.
fn twin_loss(case: &Case, weights: &[f64], examples: &Examples) -> f64 {
    let n = examples.len();
    let f = |i: usize, j: usize| logit(case, weights, examples, i, j);
    let mean = |of_row: &dyn Fn(usize) -> f64| (0..n).map(of_row).sum::<f64>() / n as f64;
    let binary = |i: usize| -0.5 * (sigmoid(f(i, 0)).ln() + (1.0 - sigmoid(f(i, 1))).ln());
    match &case.estimator.loss {
        RatioLoss::NreA(_) => mean(&binary),
        RatioLoss::Bnre(loss) => {
            let both = mean(&|i| sigmoid(f(i, 0)) + sigmoid(f(i, 1)));
            mean(&binary) + loss.strength * (both - 1.0).powi(2)
        }
        RatioLoss::NreB(loss) => {
            let k = loss.classes.min(n);
            mean(&|i| -(f(i, 0).exp() / (0..k).map(|j| f(i, j).exp()).sum::<f64>()).ln())
        }
        RatioLoss::NreC(loss) => {
            let (k, gamma) = (loss.classes.min(n - 1), loss.gamma);
            let total = |i: usize, set: std::ops::Range<usize>| {
                k as f64 + gamma * set.map(|j| f(i, j).exp()).sum::<f64>()
            };
            let none = |i: usize| (k as f64 / total(i, 1..k + 1)).ln();
            let own = |i: usize| (gamma * f(i, 0).exp() / total(i, 0..k)).ln();
            mean(&|i| -(none(i) + gamma * own(i)) / (1.0 + gamma))
        }
    }
}

#[test]
fn each_loss_is_that_of_its_paper() {
    for case in cases() {
        // Whole pieces, parts of one, and fewer rows than there are classes.
        for n in [2, 4, 21, 200] {
            let examples = examples(n);
            let mut workspace = loaded(&case, &examples);
            case.estimator.log_scores(&case.weights, &mut workspace);
            let scores: Vec<f64> = wide(workspace.log_prob());
            let exact = twin_loss(&case, &wide(&case.weights), &examples);
            let mean = -scores.iter().sum::<f64>() / n as f64;
            let name = format!("{:?}, {n} rows", case.estimator.loss);
            assert!(
                (mean - exact).abs() < 1e-4 * (1.0 + exact),
                "{name}: {mean} {exact}"
            );
            let mut gradient = vec![f32::NAN; case.weights.len()];
            let loss =
                case.estimator
                    .loss_and_gradient(&case.weights, &mut workspace, &mut gradient);
            assert!((loss - mean).abs() < 1e-9, "{name}: {loss} {mean}");
        }
    }
}

#[test]
fn weight_gradients_are_the_difference_quotients_of_the_twin() {
    for case in cases() {
        let examples = examples(37);
        let mut workspace = loaded(&case, &examples);
        let mut gradient = vec![f32::NAN; case.weights.len()];
        case.estimator
            .loss_and_gradient(&case.weights, &mut workspace, &mut gradient);
        let weights = wide(&case.weights);
        let mut random = Seed(5).stream(Stream::Test, 0);
        for _ in 0..5 {
            let direction: Vec<f64> = weights.iter().map(|_| random.normal()).collect();
            let along = |h: &[f64]| {
                let moved = weights.iter().zip(&direction);
                let moved: Vec<f64> = moved.map(|(w, v)| w + h[0] * v).collect();
                twin_loss(&case, &moved, &examples)
            };
            let exact = differences(along, &[0.0]);
            let product = wide(&gradient);
            let product: f64 = product.iter().zip(&direction).map(|(g, v)| g * v).sum();
            let name = format!("{:?}", case.estimator.loss);
            assert_close(&[product], &exact, 2e-4, &name);
        }
    }
}

#[test]
fn the_log_ratio_and_its_slope_are_those_of_the_twin() {
    for case in cases() {
        let examples = examples(19);
        let mut workspace = loaded(&case, &examples);
        case.estimator.value_gradient(&case.weights, &mut workspace);
        let weights = wide(&case.weights);
        for i in 0..examples.len() {
            let x = wide(examples.context(i));
            let f = |theta: &[f64]| case.twin.forward(&weights, &x, theta)[0];
            let theta = wide(examples.value(i));
            let given = f64::from(workspace.log_prob()[i]);
            assert_close(&[given], &[f(&theta)], 1e-5, "log-ratio");
            let slopes: Vec<f64> = (0..N_THETA)
                .map(|j| f64::from(workspace.value_gradient(i, j)))
                .collect();
            assert_close(&slopes, &differences(f, &theta), 1e-4, "slope");
        }
        let mut inference = case.estimator.workspace(300, Purpose::Inference);
        inference.load(&examples, &(0..19).collect::<Vec<_>>());
        case.estimator.log_ratio(&case.weights, &mut inference);
        assert_eq!(inference.log_prob(), workspace.log_prob());
    }
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    for (json, field) in [
        (r#"{"loss":{"kind":"nre_b","classes":1}}"#, "classes"),
        (r#"{"loss":{"kind":"nre_c","classes":0}}"#, "classes"),
        (r#"{"loss":{"kind":"nre_c","gamma":0.0}}"#, "gamma"),
        (r#"{"loss":{"kind":"bnre","strength":-1.0}}"#, "strength"),
        (r#"{"network":{"hidden":[0]}}"#, "hidden"),
    ] {
        let config: RatioConfig = serde_json::from_str(json).unwrap();
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains(field), "{message}");
    }
    for wrong in [
        r#"{"loss":{"kind":"nre_a","classes":3}}"#,
        r#"{"loss":{"kind":"nre_d"}}"#,
        r#"{"losses":{}}"#,
    ] {
        assert!(
            serde_json::from_str::<RatioConfig>(wrong).is_err(),
            "{wrong}"
        );
    }
}
