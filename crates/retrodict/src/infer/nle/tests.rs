//! Neural likelihood estimation against likelihoods that are known.

use std::fs;

use super::*;
use crate::error::Error;
use crate::infer::LogLikelihood;
use crate::infer::testing::{Problem, assert_gradients, bent, line, plane, rectangle, silent};
use crate::infer::{NeuralPosterior, NpeConfig, npe};
use crate::prior::DistributionConfig as D;
use crate::seed::Stream;
use crate::simulate::Status;
use crate::table::Table;

/// Small networks of each kind, with a smooth activation so that difference quotients are good.
const KINDS: [&str; 4] = [
    r#"{"kind":"maf","transforms":2,"network":{"hidden":[12],"activation":"silu"}}"#,
    r#"{"kind":"maf_rqs","transforms":2,"bins":4,"network":{"hidden":[12],"activation":"silu"}}"#,
    r#"{"kind":"nsf","transforms":2,"bins":4,"network":{"hidden":[12],"activation":"silu"}}"#,
    r#"{"kind":"mdn","components":2,"network":{"hidden":[12],"activation":"silu"}}"#,
];

fn config(estimator: &str, epochs: usize) -> NleConfig {
    serde_json::from_str(&format!(
        r#"{{"estimator":{estimator},"train":{{"max_epochs":{epochs},"ensemble_size":2,"learning_rate":0.01}}}}"#
    ))
    .unwrap()
}

fn fitted(problem: &Problem, n: usize, config: &NleConfig) -> (NeuralLikelihood, TrainLog) {
    let simulations = problem.simulate(n, Seed(1));
    nle(&problem.prior, &simulations, config, Seed(2), &silent).unwrap()
}

/// The mean of log p(x | θ) − log q(x | θ) over new pairs: the divergence of q, Jacobians included.
fn divergence(problem: &Problem, learned: &NeuralLikelihood) -> f64 {
    let test = problem.simulate(1000, Seed(9));
    let values = learned.log_prob_many(&test.theta, &test.x).unwrap();
    let pairs = test.theta.rows().zip(test.x.rows()).zip(values);
    pairs
        .map(|((theta, x), value)| problem.exact(theta, x) - value)
        .sum::<f64>()
        / 1000.0
}

#[test]
fn every_kind_recovers_a_linear_gaussian_likelihood_with_and_without_a_linear_guess() {
    let problem = plane();
    for kind in KINDS {
        for linear_guess in [true, false] {
            let mut config = config(kind, 25);
            config.linear_guess = linear_guess;
            let (learned, _) = fitted(&problem, 1500, &config);
            let of_density = divergence(&problem, &learned);
            let of_posterior = problem.mean_divergence(&learned, 1);
            // The mean of 1000 differences between two densities this near has an error below 0.02.
            let bound = if linear_guess { 0.03 } else { 0.05 };
            assert!(of_density.abs() < bound, "{kind}: {of_density}");
            assert!(of_posterior < bound, "{kind}: {of_posterior}");
        }
    }
}

#[test]
fn a_likelihood_that_bends_is_learned_and_trials_add_up() {
    let problem = bent();
    for kind in &KINDS[..3] {
        let (learned, log) = fitted(&problem, 2500, &config(kind, 40));
        assert!(log.members.iter().all(|member| member.best_epoch > 0));
        let of_density = divergence(&problem, &learned);
        let [one, ten] = [1, 10].map(|trials| problem.mean_divergence(&learned, trials));
        assert!(of_density.abs() < 0.03, "{kind}: {of_density}");
        assert!(one < 0.02 && ten < 0.15, "{kind}: {one} {ten}");
    }
}

#[test]
fn a_posterior_cut_off_by_its_prior_is_recovered_from_one_and_from_ten_trials() {
    let problem = rectangle();
    let (learned, _) = fitted(&problem, 1500, &config(KINDS[2], 15));
    let [one, ten] = [1, 10].map(|trials| problem.mean_divergence(&learned, trials));
    assert!(one < 0.005 && ten < 0.02, "{one} {ten}");
    let (mut values, mut gradients) = ([0.0; 4], [f64::NAN; 8]);
    let theta = [1.1, 5e-4, 0.0, -1e-9, f64::NAN, 5e-4, 0.0, 5e-4];
    let x = [0.1, 0.2];
    learned
        .with_gradient(&theta, &x, &mut values, &mut gradients)
        .unwrap();
    assert_eq!(values[..3], [f64::NEG_INFINITY; 3]);
    assert_eq!(gradients[..6], [0.0; 6]);
    assert!(values[3].is_finite() && gradients[6..].iter().all(|g| *g != 0.0));
}

#[test]
fn heavy_tailed_data_have_the_jacobian_of_their_compression() {
    let prior = line().prior;
    let theta = prior.sample_table(2000, Seed(1), Stream::Parameters);
    let mut random = Seed(1).stream(Stream::Simulator, 0);
    let stretched = |v: f64| (3.0 * v).sinh();
    let x: Vec<f64> = theta
        .values()
        .iter()
        .map(|v| stretched(v + 0.3 * random.normal()))
        .collect();
    let simulations = Simulations {
        x: Table::numbered("x", 1, x.clone()).unwrap(),
        status: vec![Status::Ok; 2000],
        theta,
    };
    let (learned, log) = nle(
        &prior,
        &simulations,
        &config(KINDS[2], 20),
        Seed(2),
        &silent,
    )
    .unwrap();
    assert!(log.notes[0].contains("asinh"), "{:?}", log.notes);
    let values = learned
        .log_prob_many(&simulations.theta, &simulations.x)
        .unwrap();
    let exact = |theta: f64, x: f64| {
        let z = (x.asinh() / 3.0 - theta) / 0.3;
        let slope = 3.0 * x.hypot(1.0);
        -0.5 * z * z - (0.3 * slope).ln() - 0.5 * std::f64::consts::TAU.ln()
    };
    let pairs = simulations.theta.values().iter().zip(&x).zip(values);
    let mean = pairs.map(|((t, x), v)| exact(*t, *x) - v).sum::<f64>() / 2000.0;
    assert!(mean.abs() < 0.05, "{mean}");
}

#[test]
fn gradients_are_difference_quotients_for_every_kind_and_prior() {
    let scale = [
        ("a", D::uniform(0.5, 1.0)),
        ("b", D::uniform(0.0, "a")),
        ("c", D::log_normal(-7.0, 0.5)),
    ];
    let nested = Problem {
        prior: Prior::new(scale).unwrap(),
        data: |theta| vec![[theta[0] + theta[1], 0.3], [theta[2].ln(), 0.4]],
    };
    for kind in KINDS {
        for (linear_guess, support) in [
            (true, SupportKind::Box),
            (false, SupportKind::Logit),
            (true, SupportKind::Probit),
        ] {
            for (problem, x) in [
                (plane(), [0.3, 800.0, 1e-3].as_slice()),
                (nested.clone(), &[1.2, -7.5]),
            ] {
                let mut config = config(kind, 3);
                (config.linear_guess, config.support) = (linear_guess, support);
                let (learned, _) = fitted(&problem, 200, &config);
                let what = format!("{kind}, {linear_guess}, {support:?}");
                assert_gradients(&learned, &problem.prior, x, &what);
            }
        }
    }
}

#[test]
fn trials_are_the_sum_of_single_ones_across_blocks() {
    let problem = plane();
    let (learned, _) = fitted(&problem, 200, &config(KINDS[2], 2));
    let test = problem.simulate(301, Seed(4));
    let theta = problem.prior.sample_table(3, Seed(5), Stream::Test);
    let (mut values, mut gradients) = ([0.0; 3], [0.0; 6]);
    let x = test.x.values();
    learned
        .with_gradient(theta.values(), x, &mut values, &mut gradients)
        .unwrap();
    let mut alone = [0.0; 3];
    learned
        .log_likelihood(theta.values(), x, &mut alone)
        .unwrap();
    let (mut sums, mut slopes) = ([0.0; 3], [0.0; 6]);
    for x in test.x.rows() {
        let (mut one, mut slope) = ([0.0; 3], [0.0; 6]);
        learned
            .with_gradient(theta.values(), x, &mut one, &mut slope)
            .unwrap();
        sums.iter_mut().zip(one).for_each(|(s, v)| *s += v);
        slopes.iter_mut().zip(slope).for_each(|(s, v)| *s += v);
    }
    for ((a, b), c) in values.iter().zip(alone).zip(sums) {
        assert!((a - b).abs() < 1e-6 * a.abs() && (a - c).abs() < 1e-5 * a.abs());
    }
    for (a, b) in gradients.iter().zip(slopes) {
        assert!((a - b).abs() < 1e-3 * (1.0 + a.abs()), "{a} {b}");
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let problem = plane();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let (learned, log) = fitted(&problem, 300, &config(KINDS[1], 3));
            let test = problem.simulate(1000, Seed(4));
            let (mut values, mut gradients) = (vec![0.0; 1000], vec![0.0; 2000]);
            let x = &test.x.values()[..9];
            learned
                .with_gradient(test.theta.values(), x, &mut values, &mut gradients)
                .unwrap();
            let pairs = learned.log_prob_many(&test.theta, &test.x).unwrap();
            (learned.members.clone(), log, values, gradients, pairs)
        })
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn a_saved_likelihood_is_the_same_bits_and_no_posterior() {
    let problem = rectangle();
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let (learned, _) = fitted(&problem, 100, &config(kind, 2));
        learned.save(folder.path()).unwrap();
        let again = NeuralLikelihood::load(folder.path(), &problem.prior).unwrap();
        assert_eq!(again.members, learned.members);
        assert_eq!(again.model(), learned.model());
        let test = problem.simulate(20, Seed(8));
        let values = |learned: &NeuralLikelihood| learned.log_prob_many(&test.theta, &test.x);
        assert_eq!(values(&again).unwrap(), values(&learned).unwrap());
    }
    let text = NeuralPosterior::load(folder.path(), &problem.prior)
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("a model of method `nle`, expected `npe`"),
        "{text}"
    );
    let npe_config: NpeConfig =
        serde_json::from_str(r#"{"train":{"max_epochs":1,"ensemble_size":1}}"#).unwrap();
    let simulations = problem.simulate(60, Seed(1));
    let (posterior, _) = npe(&problem.prior, &simulations, &npe_config, Seed(1), &silent).unwrap();
    posterior.save(folder.path()).unwrap();
    let text = NeuralLikelihood::load(folder.path(), &problem.prior)
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("a model of method `npe`, expected `nle`"),
        "{text}"
    );
}

#[test]
fn damaged_files_are_errors_that_name_the_file_and_never_panics() {
    let problem = plane();
    let folder = tempfile::tempdir().unwrap();
    let (learned, _) = fitted(&problem, 100, &config(KINDS[3], 1));
    learned.save(folder.path()).unwrap();
    let refused = |what: &str| {
        let error = NeuralLikelihood::load(folder.path(), &problem.prior).unwrap_err();
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
            let _ = NeuralLikelihood::load(folder.path(), &problem.prior);
        }
        fs::write(&path, &whole).unwrap();
    }
    let path = folder.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("\"version\": 2", "\"version\": 3"),
        ("\"method\": \"nle\"", "\"method\": \"nre\""),
        ("\"components\": 2", "\"components\": 3"),
        ("\"confined\": false", "\"confined\": true"),
        ("\"sd\": ", "\"sd\": -"),
        ("\"mixture\": [", "\"mixture\": [1.0,"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        refused(from);
    }
    fs::write(&path, text).unwrap();
    assert!(NeuralLikelihood::load(folder.path(), &line().prior).is_err());
}

#[test]
fn what_cannot_be_learned_from_or_evaluated_is_refused_by_name() {
    let problem = plane();
    let config = config(KINDS[3], 1);
    let run = |change: &dyn Fn(&mut Simulations)| {
        let mut simulations = problem.simulate(60, Seed(1));
        change(&mut simulations);
        nle(&problem.prior, &simulations, &config, Seed(1), &silent)
    };
    let message = |change: &dyn Fn(&mut Simulations)| run(change).unwrap_err().to_string();
    let text = message(&|s| s.status[..45].fill(Status::Crashed));
    assert!(text.contains("15 with data, of 60"), "{text}");
    let text = message(&|s| s.x.values_mut()[7] = f64::NAN);
    assert!(text.contains("x, row 3, `x_2`"), "{text}");
    let text = message(&|s| s.x.values_mut().fill(3.0));
    assert!(text.contains("the same data in every row"), "{text}");
    let (learned, log) = run(&|s| {
        s.status[3] = Status::NotFinite;
        s.x.values_mut()[9..12].fill(f64::NAN);
        s.x.values_mut().chunks_mut(3).for_each(|row| row[1] = 1.0);
    })
    .unwrap();
    assert_eq!(log.n_train + log.n_validation, 59);
    assert!(log.notes[0].contains("1 simulations gave no data"));
    assert!(log.notes[1].contains("x_2"), "{:?}", log.notes);
    // A column that never changed says nothing, whatever it is.
    let value = |x: &[f64]| {
        let mut value = [0.0];
        learned
            .log_likelihood(&[0.1, 2.0], x, &mut value)
            .map(|()| value[0])
    };
    assert_eq!(
        value(&[0.1, 1.0, 0.0]).unwrap(),
        value(&[0.1, 7.0, 0.0]).unwrap()
    );
    for (x, words) in [
        ([0.1, 1.0].as_slice(), "2 numbers"),
        (&[], "0 numbers"),
        (&[0.1, 1.0, f64::NAN], "row 1, value 3"),
    ] {
        let text = value(x).unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
    let error = learned.log_likelihood(&[0.1], &[0.1, 1.0, 0.0], &mut [0.0]);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("2 numbers and one value a row")
    );
}
