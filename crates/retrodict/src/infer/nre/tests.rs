//! Neural ratio estimation against ratios that are known.

use std::fs;

use super::*;
use crate::infer::LogLikelihood;
use crate::infer::testing::{Problem, assert_gradients, bent, line, plane, rectangle, silent};
use crate::prior::DistributionConfig as D;
use crate::simulate::Status;

const LOSSES: [&str; 4] = [
    r#"{"kind":"nre_a"}"#,
    r#"{"kind":"nre_b","classes":5}"#,
    r#"{"kind":"nre_c","classes":4}"#,
    r#"{"kind":"bnre","strength":20.0}"#,
];

fn config(loss: &str, residual: bool, epochs: usize) -> NreConfig {
    serde_json::from_str(&format!(
        r#"{{"estimator":{{"loss":{loss},"network":{{"hidden":[24,24],"residual":{residual},"activation":"silu"}}}},
            "train":{{"max_epochs":{epochs},"ensemble_size":2,"learning_rate":0.01}}}}"#
    ))
    .unwrap()
}

fn fitted(problem: &Problem, n: usize, config: &NreConfig) -> (NeuralRatio, TrainLog) {
    let simulations = problem.simulate(n, Seed(1));
    nre(&problem.prior, &simulations, config, Seed(2), &silent).unwrap()
}

/// log N(x; θ, 0.5²) − log N(x; 0, 1.25), of the problem `line`.
fn exact_ratio(problem: &Problem, theta: f64, x: f64) -> f64 {
    let evidence = -0.5 * x * x / 1.25 - 0.5 * (1.25 * std::f64::consts::TAU).ln();
    problem.exact(&[theta], &[x]) - evidence
}

#[test]
fn every_loss_and_network_finds_the_ratio() {
    let problem = line();
    let test = problem.simulate(2000, Seed(9));
    for loss in LOSSES {
        for residual in [false, true] {
            let (learned, log) = fitted(&problem, 3000, &config(loss, residual, 30));
            assert!(log.members.iter().all(|member| member.best_epoch > 0));
            let of_posterior = problem.mean_divergence(&learned, 1);
            let values = learned.log_ratio_many(&test.theta, &test.x).unwrap();
            let pairs = test.theta.values().iter().zip(test.x.values()).zip(values);
            let errors: Vec<f64> = pairs
                .map(|((theta, x), value)| value - exact_ratio(&problem, *theta, *x))
                .collect();
            let error = errors.iter().map(|e| e.abs()).sum::<f64>() / 2000.0;
            let what = format!("{loss}, {residual}: {of_posterior}, {error}");
            // A balanced classifier is less sure than it could be.
            let bounds = if loss.contains("bnre") {
                [0.05, 0.3]
            } else {
                [0.01, 0.15]
            };
            assert!(of_posterior < bounds[0], "{what}");
            // Of the losses that leave no function of x free, the ratio itself.
            assert!(error < bounds[1] || loss.contains("nre_b"), "{what}");
        }
    }
}

#[test]
fn two_parameters_with_a_bounded_prior_from_one_and_from_ten_trials() {
    let problem = rectangle();
    for loss in [LOSSES[1], LOSSES[2]] {
        let (learned, _) = fitted(&problem, 4000, &config(loss, true, 30));
        let [one, ten] = [1, 10].map(|trials| problem.mean_divergence(&learned, trials));
        assert!(one < 0.02 && ten < 0.06, "{loss}: {one} {ten}");
    }
}

#[test]
fn a_ratio_that_bends_is_learned() {
    let problem = bent();
    let (learned, _) = fitted(&problem, 4000, &config(LOSSES[2], true, 40));
    let divergence = problem.mean_divergence(&learned, 1);
    assert!(divergence < 0.015, "{divergence}");
}

/// The mean of σ(f(θ, x)) over joint pairs plus that over independent pairs: one for a balanced
/// classifier.
fn balance(problem: &Problem, learned: &NeuralRatio) -> f64 {
    let n = 4000;
    let test = problem.simulate(n, Seed(12));
    let others: Vec<usize> = (0..n).map(|i| (i + 1) % n).collect();
    let mean = |theta: &crate::table::Table| {
        let values = learned.log_ratio_many(theta, &test.x).unwrap();
        values.iter().map(|f| 1.0 / (1.0 + (-f).exp())).sum::<f64>() / n as f64
    };
    mean(&test.theta) + mean(&test.theta.select(&others))
}

#[test]
fn few_simulations_leave_a_classifier_unbalanced_unless_its_loss_is_balanced() {
    let problem = line();
    let excess = |loss: &str| {
        // One network, because a mean of logits is not what the loss balances.
        let mut config = config(loss, true, 40);
        config.train.ensemble_size = 1;
        config.train.averaging = 0.0;
        let of = |seed| {
            let simulations = problem.simulate(80, Seed(seed));
            let learned = nre(&problem.prior, &simulations, &config, Seed(seed), &silent);
            (balance(&problem, &learned.unwrap().0) - 1.0).abs()
        };
        (0..10).map(of).sum::<f64>() / 10.0
    };
    let [free, balanced] = [LOSSES[0], r#"{"kind":"bnre"}"#].map(excess);
    assert!(balanced < 0.5 * free, "{balanced} {free}");
    // With enough simulations the standard error of 4000 pairs, below 0.01, is left.
    let many = fitted(&problem, 1500, &config(r#"{"kind":"bnre"}"#, true, 25)).0;
    assert!((balance(&problem, &many) - 1.0).abs() < 0.03);
}

#[test]
fn gradients_are_difference_quotients_for_every_loss_and_prior() {
    let nested = Problem {
        prior: Prior::new([("a", D::uniform(0.5, 1.0)), ("b", D::uniform(0.0, "a"))]).unwrap(),
        data: |theta| vec![[theta[0] + theta[1], 0.3]],
    };
    for loss in LOSSES {
        for support in [SupportKind::Box, SupportKind::Logit, SupportKind::Probit] {
            for (problem, x) in [
                (plane(), [0.3, 800.0, 1e-3].as_slice()),
                (nested.clone(), &[1.2, 0.9]),
            ] {
                let mut config = config(loss, true, 4);
                config.support = support;
                let (learned, _) = fitted(&problem, 300, &config);
                let what = format!("{loss}, {support:?}");
                assert_gradients(&learned, &problem.prior, x, &what);
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let problem = rectangle();
    for loss in LOSSES {
        let mut config = config(loss, true, 3);
        // Cut into two blocks, each with its own contrasts.
        config.train.batch_size = Some(200);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(|| {
                let (learned, log) = fitted(&problem, 900, &config);
                let test = problem.simulate(700, Seed(4));
                let (mut values, mut gradients) = (vec![0.0; 700], vec![0.0; 1400]);
                let x = &test.x.values()[..6];
                learned
                    .with_gradient(test.theta.values(), x, &mut values, &mut gradients)
                    .unwrap();
                (learned.members.clone(), log, values, gradients)
            })
        };
        let once = run(1);
        assert_eq!(once, run(2));
        assert_eq!(once, run(3));
        assert!(once.1.members[0].epochs[0].train_loss.is_finite());
    }
}

#[test]
fn a_saved_ratio_is_the_same_bits_and_damaged_files_are_refused() {
    let problem = rectangle();
    let folder = tempfile::tempdir().unwrap();
    for loss in LOSSES {
        let (learned, _) = fitted(&problem, 100, &config(loss, false, 2));
        learned.save(folder.path()).unwrap();
        let again = NeuralRatio::load(folder.path(), &problem.prior).unwrap();
        assert_eq!(
            (&again.members, again.model()),
            (&learned.members, learned.model())
        );
        let test = problem.simulate(20, Seed(8));
        let values = |learned: &NeuralRatio| learned.log_ratio_many(&test.theta, &test.x).unwrap();
        assert_eq!(values(&again), values(&learned));
    }
    let refused = |what: &str| {
        let error = NeuralRatio::load(folder.path(), &problem.prior).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{what}: {error}");
    };
    for name in ["config.json", "weights-1.safetensors"] {
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        for step in 1..20 {
            fs::write(&path, &whole[..whole.len() * step / 20 - 1]).unwrap();
            refused(&format!("{name} cut short"));
        }
        for position in (0..whole.len()).step_by(whole.len() / 200 + 1) {
            let mut damaged = whole.clone();
            damaged[position] ^= 0xFF;
            fs::write(&path, &damaged).unwrap();
            let _ = NeuralRatio::load(folder.path(), &problem.prior);
        }
        fs::write(&path, &whole).unwrap();
    }
    let path = folder.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("\"method\": \"nre\"", "\"method\": \"nle\""),
        ("\"networks\": 2", "\"networks\": 0"),
        ("\"networks\": 2", "\"networks\": 3"),
        ("\"strength\": 20.0", "\"strength\": -1.0"),
        ("\"residual\": false", "\"residual\": true"),
        ("\"sd\": ", "\"sd\": -"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        if to == "\"networks\": 3" {
            // The files of weights say that there are two.
            assert!(NeuralRatio::load(folder.path(), &problem.prior).is_err());
        } else {
            refused(from);
        }
    }
}

#[test]
fn held_out_rows_are_shuffled_and_none_is_left_alone() {
    for (n, kept) in [
        (50, 50),
        (240, 240),
        (241, 240),
        (359, 240),
        (360, 360),
        (600, 600),
    ] {
        let mut split = Split {
            train: (n..n + 100).collect(),
            validation: (0..n).collect(),
        };
        order_held_out(&mut split, Seed(1)).unwrap();
        assert_eq!(split.validation.len(), kept);
        assert!(!split.validation.is_sorted());
        let mut all = [split.train, split.validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..n + 100).collect::<Vec<_>>());
    }
}

#[test]
fn what_cannot_be_learned_from_is_refused_by_name() {
    let problem = plane();
    let run = |change: &dyn Fn(&mut Simulations, &mut NreConfig)| {
        let mut simulations = problem.simulate(60, Seed(1));
        let mut config = config(LOSSES[2], true, 1);
        change(&mut simulations, &mut config);
        nre(&problem.prior, &simulations, &config, Seed(1), &silent)
    };
    let message =
        |change: &dyn Fn(&mut Simulations, &mut NreConfig)| run(change).unwrap_err().to_string();
    let text = message(&|_, c| c.train.batch_size = Some(3));
    assert!(
        text.contains("batch_size") && text.contains("contrasts"),
        "{text}"
    );
    let text = message(&|_, c| c.train.validation_fraction = 0.01);
    assert!(text.contains("validation_fraction"), "{text}");
    let text = message(&|s, _| s.x.values_mut()[7] = f64::INFINITY);
    assert!(text.contains("x, row 3, `x_2`"), "{text}");
    let (learned, log) = run(&|s, _| {
        s.status[3] = Status::Failed;
        s.x.values_mut()[9..12].fill(f64::NAN);
    })
    .unwrap();
    assert_eq!(log.n_train + log.n_validation, 59);
    assert_eq!(log.mixture, [0.5, 0.5]);
    assert!(
        log.notes[0].contains("favours parameters"),
        "{:?}",
        log.notes
    );
    let error = learned.log_likelihood(&[0.1, 2.0], &[0.1], &mut [0.0]);
    assert!(error.unwrap_err().to_string().contains("observation"));
}
