//! Neural posterior estimation, from simulations to draws and back from disk.

use std::fs;
use std::ops::ControlFlow;

use super::{NeuralPosterior, NpeConfig, Posterior, npe};
use crate::error::{Error, Result};
use crate::prior::{DistributionConfig as D, Prior, SupportKind};
use crate::seed::{Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;
use crate::train::{EpochRecord, TrainLog};

fn silent(_: &EpochRecord) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// x = θ + ε with ε standard normal.
fn simulate(prior: &Prior, n: usize, seed: Seed) -> Simulations {
    let theta = prior.sample_table(n, seed, Stream::Parameters);
    let mut random = seed.stream(Stream::Simulator, 0);
    let x: Vec<f64> = theta.values().iter().map(|v| v + random.normal()).collect();
    Simulations {
        x: Table::numbered("x", theta.n_columns(), x).unwrap(),
        theta,
        status: vec![Status::Ok; n],
    }
}

fn normals() -> Prior {
    Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(0.0, 1.0))]).unwrap()
}

fn uniforms() -> Prior {
    Prior::new([("a", D::uniform(-1.0, 1.0)), ("b", D::uniform(0.0, 1e-3))]).unwrap()
}

/// A small network of one kind, trained for a moment.
fn config(estimator: &str, epochs: usize) -> NpeConfig {
    serde_json::from_str(&format!(
        r#"{{"estimator":{estimator},"train":{{"max_epochs":{epochs},"batch_size":100}}}}"#
    ))
    .unwrap()
}

const KINDS: [&str; 4] = [
    r#"{"kind":"maf","transforms":2,"network":{"hidden":[10]}}"#,
    r#"{"kind":"maf_rqs","transforms":2,"bins":4,"network":{"hidden":[10]}}"#,
    r#"{"kind":"nsf","transforms":2,"bins":4,"network":{"hidden":[10]}}"#,
    r#"{"kind":"mdn","components":2,"network":{"hidden":[10]}}"#,
];

/// Ways to the space in which the density lives, the default first.
const SPACES: [(SupportKind, bool); 5] = [
    (SupportKind::Box, true),
    (SupportKind::Box, false),
    (SupportKind::Logit, true),
    (SupportKind::Logit, false),
    (SupportKind::Probit, true),
];

fn fitted(prior: &Prior, n: usize, config: &NpeConfig) -> (NeuralPosterior, TrainLog) {
    npe(
        prior,
        &simulate(prior, n, Seed(1)),
        config,
        Seed(2),
        &silent,
    )
    .unwrap()
}

#[test]
fn every_kind_recovers_a_linear_gaussian_posterior_with_and_without_a_linear_guess() {
    let prior = normals();
    for kind in KINDS {
        for linear_guess in [true, false] {
            let mut config = config(kind, 25);
            config.linear_guess = linear_guess;
            config.train.learning_rate = Some(1e-2);
            let (posterior, _) = fitted(&prior, 1000, &config);
            let samples = posterior.sample(&[1.0, -1.0], 4000, Seed(3)).unwrap();
            for (summary, mean) in samples.summary().iter().zip([0.5, -0.5]) {
                // With 900 rows the exact regression has a standard error of 0.033.
                assert!((summary.mean - mean).abs() < 0.15, "{kind}: {summary:?}");
                assert!(
                    (summary.sd / 0.5_f64.sqrt() - 1.0).abs() < 0.15,
                    "{kind}: {summary:?}"
                );
            }
            let theta = Table::new(["a", "b"], vec![0.5, -0.5]).unwrap();
            let log_prob = posterior.log_prob(&theta, &[1.0, -1.0]).unwrap()[0];
            let exact = -std::f64::consts::PI.ln();
            assert!((log_prob - exact).abs() < 0.3, "{kind}: {log_prob}");
            let best = posterior.map(&[1.0, -1.0], Seed(4)).unwrap();
            assert!(
                (best[0] - 0.5).abs() < 0.3 && (best[1] + 0.5).abs() < 0.3,
                "{kind}: {best:?}"
            );
            let best = Table::new(["a", "b"], best).unwrap();
            assert!(posterior.log_prob(&best, &[1.0, -1.0]).unwrap()[0] >= log_prob - 1e-3);
        }
    }
}

#[test]
fn no_draw_leaves_the_prior_even_with_wild_weights() {
    let prior = uniforms();
    for (support, linear_guess) in SPACES {
        let mut config = config(KINDS[1], 2);
        (config.support, config.linear_guess) = (support, linear_guess);
        let (mut posterior, _) = fitted(&prior, 200, &config);
        for scale in [1.0, 30.0, 1e6] {
            for weights in &mut posterior.members {
                for w in weights {
                    *w *= scale;
                }
            }
            // The trained ones on 10⁶ draws, the wild ones on fewer.
            let n = if scale == 1.0 && (support, linear_guess) == SPACES[0] {
                1_000_000
            } else {
                20_000
            };
            let samples = posterior.sample(&[1e6, -3.0], n, Seed(5)).unwrap();
            let outside = samples
                .draws
                .rows()
                .filter(|theta| !prior.contains(theta))
                .count();
            assert_eq!(
                outside, 0,
                "{support:?}, {linear_guess}, weights times {scale}"
            );
            let some = samples.draws.select(&(0..1000).collect::<Vec<_>>());
            let log_prob = posterior.log_prob(&some, &[1e6, -3.0]).unwrap();
            assert!(log_prob.iter().all(|l| !l.is_nan() && *l < f64::INFINITY));
        }
    }
}

#[test]
fn the_density_is_zero_outside_the_prior_and_integrates_to_one_inside() {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0))]).unwrap();
    for (support, linear_guess) in SPACES {
        let mut config = config(KINDS[1], 5);
        (config.support, config.linear_guess) = (support, linear_guess);
        let (posterior, _) = fitted(&prior, 300, &config);
        let n = 20_000;
        let grid = (0..n).map(|i| -1.0 + (f64::from(i) + 0.5) * 2.0 / f64::from(n));
        let grid = Table::new(["a"], grid.collect()).unwrap();
        let density = posterior.log_prob(&grid, &[0.3]).unwrap();
        let total: f64 = density.iter().map(|l| l.exp() * 2.0 / f64::from(n)).sum();
        assert!(
            (total - 1.0).abs() < 0.01,
            "{support:?}, {linear_guess}: {total}"
        );
        let outside = Table::new(["a"], vec![-1.1, 1.0001, f64::NAN, f64::INFINITY]).unwrap();
        let density = posterior.log_prob(&outside, &[0.3]).unwrap();
        assert_eq!(density, [f64::NEG_INFINITY; 4], "{support:?}");
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let prior = uniforms();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let (posterior, log) = fitted(&prior, 300, &config(KINDS[2], 3));
            let draws = posterior.sample(&[0.1, 0.2], 5000, Seed(6)).unwrap().draws;
            let density = posterior.log_prob(&draws, &[0.1, 0.2]).unwrap();
            (posterior.members.clone(), log, draws, density)
        })
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn many_observations_at_once_give_what_each_gives_alone() {
    let prior = normals();
    let (posterior, _) = fitted(&prior, 200, &config(KINDS[3], 3));
    let xs = Table::numbered("x", 2, vec![0.0, 1.0, -1.0, 2.0]).unwrap();
    let many = posterior.sample_many(&xs, 50, Seed(7)).unwrap();
    for (i, samples) in many.iter().enumerate() {
        let seed = Seed(7).derive(Stream::Posterior, i as u64);
        assert_eq!(samples, &posterior.sample(xs.row(i), 50, seed).unwrap());
    }
    let theta = Table::new(["a", "b"], vec![0.1, 0.2, 0.3, 0.4]).unwrap();
    let pairs = posterior.log_prob_many(&theta, &xs).unwrap();
    for (i, pair) in pairs.iter().enumerate() {
        let alone = posterior.log_prob(&theta.select(&[i]), xs.row(i)).unwrap();
        assert!((pair - alone[0]).abs() < 1e-5);
    }
}

#[test]
fn a_saved_model_is_the_same_bits() {
    let prior = uniforms();
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let (posterior, _) = fitted(&prior, 100, &config(kind, 2));
        posterior.save(folder.path()).unwrap();
        let again = NeuralPosterior::load(folder.path(), &prior).unwrap();
        assert_eq!(again.members, posterior.members);
        assert_eq!(again.config(), posterior.config());
        let x = [0.5, 0.5];
        let draws = |posterior: &NeuralPosterior| posterior.sample(&x, 100, Seed(8)).unwrap();
        assert_eq!(draws(&again), draws(&posterior));
    }
}

#[test]
fn damaged_model_files_are_errors_that_name_the_file_and_never_panics() {
    let prior = uniforms();
    let folder = tempfile::tempdir().unwrap();
    let (posterior, _) = fitted(&prior, 100, &config(KINDS[3], 1));
    posterior.save(folder.path()).unwrap();
    let refused = |what: &str| {
        let error = NeuralPosterior::load(folder.path(), &prior).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{what}: {error}");
    };
    for name in ["config.json", "weights-1.safetensors"] {
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        for step in 1..40 {
            fs::write(&path, &whole[..whole.len() * step / 40 - 1]).unwrap();
            refused(&format!("{name} cut short"));
        }
        for position in (0..whole.len()).step_by(whole.len() / 200 + 1) {
            let mut damaged = whole.clone();
            damaged[position] ^= 0xFF;
            fs::write(&path, &damaged).unwrap();
            // A changed weight may still be a number; whatever comes, it is no panic.
            let _ = NeuralPosterior::load(folder.path(), &prior);
        }
        fs::write(&path, &whole).unwrap();
    }
    let path = folder.path().join("weights-0.safetensors");
    let mut infinite = fs::read(&path).unwrap();
    let end = infinite.len();
    infinite[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    fs::write(&path, &infinite).unwrap();
    refused("an infinite weight");
    let text = fs::read_to_string(folder.path().join("config.json")).unwrap();
    for (from, to) in [
        ("retrodict-model", "other-model"),
        ("\"version\": 2", "\"version\": 3"),
        ("\"components\": 2", "\"components\": 3"),
        ("\"hidden\"", "\"hiden\""),
        ("\"sd\": ", "\"sd\": -"),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(folder.path().join("config.json"), text.replace(from, to)).unwrap();
        refused(from);
    }
    fs::write(folder.path().join("config.json"), text).unwrap();
    let error = NeuralPosterior::load(folder.path(), &normals().clone());
    assert!(
        error.is_err(),
        "weights belong to one prior's support or shape"
    );
}

#[test]
fn simulations_that_cannot_be_learned_from_are_refused_by_name() {
    let prior = normals();
    let config = config(KINDS[3], 1);
    let run = |change: &dyn Fn(&mut Simulations)| -> Result<TrainLog> {
        let mut simulations = simulate(&prior, 60, Seed(1));
        change(&mut simulations);
        npe(&prior, &simulations, &config, Seed(1), &silent).map(|(_, log)| log)
    };
    let message = |change: &dyn Fn(&mut Simulations)| run(change).unwrap_err().to_string();
    let text = message(&|s| s.status[..45].fill(Status::Crashed));
    assert!(text.contains("15 with data, of 60"), "{text}");
    let text = message(&|s| s.x.values_mut()[7] = f64::NAN);
    assert!(text.contains("x, row 4, `x_2`"), "{text}");
    let text = message(&|s| s.theta.values_mut()[6] = f64::INFINITY);
    assert!(text.contains("θ, row 4, `a`"), "{text}");
    let text = message(&|s| {
        for row in s.theta.values_mut().chunks_mut(2) {
            row[1] = 0.3;
        }
    });
    assert!(text.contains("parameter `b`"), "{text}");
    let log = run(&|s| {
        s.status[3] = Status::NotFinite;
        s.x.values_mut()[6..8].fill(f64::NAN);
        s.x.values_mut().chunks_mut(2).for_each(|row| row[1] = 1.0);
    })
    .unwrap();
    assert_eq!(log.n_train + log.n_validation, 59);
    assert!(
        log.notes[0].contains("1 simulations gave no data"),
        "{:?}",
        log.notes
    );
    assert!(log.notes[1].contains("x_2"), "{:?}", log.notes);
    let values = D::Discrete {
        values: vec![1.0],
        probabilities: vec![1.0],
    };
    let discrete = Prior::new([("k", values)]).unwrap();
    let simulations = simulate(&discrete, 60, Seed(1));
    let error = npe(&discrete, &simulations, &config, Seed(1), &silent).unwrap_err();
    assert!(error.to_string().contains("discrete"), "{error}");
    let outside = Prior::new([("a", D::uniform(0.0, 1.0)), ("b", D::normal(0.0, 1.0))]).unwrap();
    let simulations = simulate(&prior, 60, Seed(1));
    let error = npe(&outside, &simulations, &config, Seed(1), &silent).unwrap_err();
    assert!(
        error.to_string().contains("inside the prior's support"),
        "{error}"
    );
}

#[test]
fn observations_that_do_not_fit_are_refused() {
    let (posterior, _) = fitted(&normals(), 60, &config(KINDS[3], 1));
    let message = |x: &[f64]| posterior.sample(x, 1, Seed(1)).unwrap_err().to_string();
    assert!(message(&[1.0]).contains("1 values"));
    assert!(message(&[1.0, f64::NAN]).contains("value 2"));
    let theta = Table::new(["a"], vec![0.0]).unwrap();
    assert!(posterior.log_prob(&theta, &[0.0, 0.0]).is_err());
}

#[test]
fn outliers_in_the_data_do_not_spoil_the_rest() {
    let prior = normals();
    let mut simulations = simulate(&prior, 1000, Seed(1));
    for row in simulations.x.values_mut().chunks_mut(2).step_by(100) {
        row[0] = 1e12;
    }
    let mut config = config(KINDS[0], 25);
    config.train.learning_rate = Some(1e-2);
    let (posterior, log) = npe(&prior, &simulations, &config, Seed(2), &silent).unwrap();
    assert!(
        log.notes.iter().any(|n| n.contains("x_1")),
        "{:?}",
        log.notes
    );
    let samples = posterior.sample(&[1.0, -1.0], 4000, Seed(3)).unwrap();
    for (summary, mean) in samples.summary().iter().zip([0.5, -0.5]) {
        assert!((summary.mean - mean).abs() < 0.2, "{summary:?}");
        assert!(
            (summary.sd / 0.5_f64.sqrt() - 1.0).abs() < 0.2,
            "{summary:?}"
        );
    }
}
