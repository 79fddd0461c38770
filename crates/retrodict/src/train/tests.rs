//! What holds for every training: it ends, goes on, and gives the same bits however it is run.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::error::Error;
use crate::estimator::{Estimator, Examples, Purpose, Workspace};
use crate::seed::{Random, Seed, Stream};

/// N(mean, 1) with one weight, `mean`; `poison` makes the gradient NaN for values above it.
#[derive(Debug)]
struct Mean {
    poison: f32,
    start: f32,
}

impl Estimator for Mean {
    fn n_weights(&self) -> usize {
        1
    }
    fn initialize(&self, weights: &mut [f32], _: &mut Random) {
        weights[0] = self.start;
    }
    fn workspace(&self, n_rows: usize, _: Purpose) -> Workspace {
        Workspace::new(1, 0, n_rows, |_| 0)
    }
    fn log_scores(&self, weights: &[f32], workspace: &mut Workspace) {
        let parts = workspace.parts();
        for (log_prob, value) in parts.log_prob.iter_mut().zip(&*parts.values) {
            *log_prob = -0.5 * (value - weights[0]).powi(2);
        }
    }
    fn loss_and_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        gradient: &mut [f32],
    ) -> f64 {
        self.log_scores(weights, workspace);
        let n = workspace.n_rows();
        let parts = workspace.parts();
        gradient[0] = 0.0;
        for value in &parts.values[..n] {
            gradient[0] += (weights[0] - value) / n as f32;
            if *value > self.poison {
                gradient[0] = f32::NAN;
            }
        }
        -parts.log_prob[..n]
            .iter()
            .map(|l| f64::from(*l))
            .sum::<f64>()
            / n as f64
    }
}

fn rows(center: f32, n: usize) -> Examples {
    let mut random = Seed(9).stream(Stream::Test, n as u64);
    let mut examples = Examples::new(1, 0);
    for _ in 0..n {
        examples.push(&[center + random.normal() as f32], &[]);
    }
    examples
}

fn config() -> TrainConfig {
    TrainConfig {
        batch_size: Some(50),
        learning_rate: Some(0.05),
        warmup_epochs: 0,
        max_epochs: 200,
        averaging: 0.0,
        weight_decay: Some(0.0),
        ..TrainConfig::default()
    }
}

fn silent(_: &EpochRecord) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn the_mean_is_found() {
    let model = Mean {
        poison: f32::MAX,
        start: 0.0,
    };
    let train = rows(2.0, 530);
    let fitted = fit(&model, &train, &rows(2.0, 70), &config(), Seed(1), &silent).unwrap();
    let mean: f32 = (0..530).map(|i| train.value(i)[0]).sum::<f32>() / 530.0;
    // Validation rows choose among the weights on the way to the minimum.
    assert!((fitted.weights[0][0] - mean).abs() < 0.2);
    assert_eq!(fitted.log.n_train, 530);
}

#[test]
fn early_stopping_restores_the_best_weights() {
    // Training pulls the mean from 0 to 2; validation likes it best at 1, and then ever less.
    let model = Mean {
        poison: f32::MAX,
        start: 0.0,
    };
    let (train, validation) = (rows(2.0, 400), rows(1.0, 4000));
    for schedule in [Schedule::Constant, Schedule::Plateau, Schedule::Cosine] {
        let config = TrainConfig {
            schedule,
            learning_rate: Some(0.01),
            ensemble_size: 1,
            ..config()
        };
        let fitted = fit(&model, &train, &validation, &config, Seed(1), &silent).unwrap();
        let log = &fitted.log.members[0];
        assert!((fitted.weights[0][0] - 1.0).abs() < 0.1, "{schedule:?}");
        assert_eq!(log.stop, Stop::NoImprovement);
        let lowest = log.epochs.iter().map(|e| e.validation_loss);
        let lowest = lowest.fold(log.initial_validation_loss, f64::min);
        assert_eq!(log.best_validation_loss, lowest);
        assert!(log.epochs.len() < config.max_epochs);
    }
}

#[test]
fn first_weights_that_are_never_beaten_are_kept() {
    let model = Mean {
        poison: f32::MAX,
        start: 1.0,
    };
    let fitted = fit(
        &model,
        &rows(30.0, 100),
        &rows(1.0, 100),
        &config(),
        Seed(1),
        &silent,
    )
    .unwrap();
    assert_eq!(fitted.weights[0][0], 1.0);
    assert_eq!(fitted.log.members[0].best_epoch, 0);
}

#[test]
fn members_go_on_from_the_weights_that_they_are_given() {
    let model = Mean {
        poison: f32::MAX,
        start: -50.0,
    };
    let config = TrainConfig {
        learning_rate: Some(0.01),
        ensemble_size: 2,
        ..config()
    };
    let (train, validation) = (rows(0.0, 400), rows(0.0, 400));
    let run = |start: &[Vec<f32>]| {
        let rows: (&dyn TrainingRows, _) = (&train, &validation);
        fit_from(&model, start, rows, &config, Seed(1), &silent)
    };
    let far = run(&[]).unwrap();
    assert!(
        far.weights.iter().all(|w| w[0] < -30.0),
        "{:?}",
        far.weights
    );
    let near = run(&[vec![-0.8], vec![-0.6]]).unwrap();
    for (weights, log) in near.weights.iter().zip(&near.log.members) {
        assert!(weights[0].abs() < 0.2, "{weights:?}");
        assert!(log.initial_validation_loss < 1.0);
    }
    // One that cannot be beaten stays as it is.
    let mean: f32 = (0..400).map(|i| validation.value(i)[0]).sum::<f32>() / 400.0;
    let best = run(&[vec![mean], vec![mean]]).unwrap();
    assert_eq!(best.weights, [[mean], [mean]]);
    let message = run(&[vec![0.0]]).unwrap_err().to_string();
    assert!(message.contains("ensemble_size"), "{message}");
}

#[test]
fn exactly_max_epochs_are_run() {
    let model = Mean {
        poison: f32::MAX,
        start: -50.0,
    };
    let config = TrainConfig {
        max_epochs: 7,
        learning_rate: Some(0.01),
        ..config()
    };
    let fitted = fit(
        &model,
        &rows(0.0, 90),
        &rows(0.0, 9),
        &config,
        Seed(1),
        &silent,
    )
    .unwrap();
    for log in &fitted.log.members {
        assert_eq!((log.epochs.len(), log.stop), (7, Stop::MaxEpochs));
    }
}

#[test]
fn a_batch_without_a_finite_gradient_is_left_out_and_too_many_are_an_error() {
    let train = rows(2.0, 500);
    let largest = (0..500).map(|i| train.value(i)[0]).fold(0.0, f32::max);
    let once = Mean {
        poison: largest - 1e-6,
        start: 0.0,
    };
    let validation = rows(2.0, 50);
    let fitted = fit(&once, &train, &validation, &config(), Seed(1), &silent).unwrap();
    let first = &fitted.log.members[0].epochs[0];
    assert_eq!(first.skipped_batches, 1);
    assert!((fitted.weights[0][0] - 2.0).abs() < 0.3);
    let always = Mean {
        poison: f32::MIN,
        start: 0.0,
    };
    let error = fit(&always, &train, &validation, &config(), Seed(1), &silent).unwrap_err();
    assert!(matches!(error, Error::Training { .. }), "{error}");
}

#[test]
fn the_observer_sees_every_epoch_and_can_stop() {
    let model = Mean {
        poison: f32::MAX,
        start: 0.0,
    };
    let seen = AtomicUsize::new(0);
    let observer = |record: &EpochRecord| {
        seen.fetch_add(1, Ordering::Relaxed);
        if record.epoch == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let config = TrainConfig {
        ensemble_size: 1,
        ..config()
    };
    let (train, validation) = (rows(2.0, 100), rows(2.0, 20));
    let error = fit(&model, &train, &validation, &config, Seed(1), &observer).unwrap_err();
    assert!(matches!(error, Error::Interrupted));
    assert_eq!(seen.load(Ordering::Relaxed), 3);
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let model = Mean {
        poison: f32::MAX,
        start: 0.0,
    };
    let config = TrainConfig {
        ensemble_size: 3,
        max_epochs: 20,
        ..config()
    };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            fit(
                &model,
                &rows(2.0, 130),
                &rows(2.0, 20),
                &config,
                Seed(5),
                &silent,
            )
            .unwrap()
        })
    };
    assert_eq!(run(1), run(2));
}

/// Stops after an epoch of the first member, and keeps the state.
struct Interrupter {
    checkpoints: Checkpoints,
    last: usize,
    seen: AtomicUsize,
}

impl Interrupter {
    fn new(folder: &Path, last: usize) -> Self {
        Self {
            checkpoints: Checkpoints::new(folder, "test").every(Duration::ZERO),
            last,
            seen: AtomicUsize::new(0),
        }
    }
}

impl Watch for Interrupter {
    fn epoch(&self, record: &EpochRecord) -> ControlFlow<()> {
        self.seen.fetch_max(record.epoch, Ordering::Relaxed);
        if self.seen.load(Ordering::Relaxed) >= self.last {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn checkpoints(&self) -> Option<&Checkpoints> {
        Some(&self.checkpoints)
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn an_interrupted_training_goes_on_with_the_same_bits() {
    let model = Mean {
        poison: f32::MAX,
        start: 0.0,
    };
    let (train, validation) = (rows(2.0, 250), rows(2.0, 40));
    for schedule in [Schedule::Cosine, Schedule::Plateau] {
        let config = TrainConfig {
            schedule,
            averaging: 0.9,
            weight_decay: Some(1e-3),
            patience: 6,
            cooldown_epochs: 5,
            cycle_epochs: 20,
            max_epochs: 60,
            ..config()
        };
        let run = |watcher: Observer<'_>, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build()
                .unwrap()
                .install(|| fit(&model, &train, &validation, &config, Seed(3), watcher))
        };
        let whole = run(&silent, 2).unwrap();
        let n = whole
            .log
            .members
            .iter()
            .map(|m| m.epochs.len())
            .max()
            .unwrap();
        for threads in [1, 2] {
            let folder = tempfile::tempdir().unwrap();
            let [own, kept] = ["own", "kept"].map(|name| folder.path().join(name));
            for last in [1, 4, 11, n - 1] {
                let error = run(&Interrupter::new(&own, last), threads).unwrap_err();
                assert!(matches!(error, Error::Interrupted), "{error}");
                if last == 4 {
                    copy(&own, &kept);
                }
            }
            let watcher = Interrupter::new(&own, usize::MAX);
            assert_eq!(run(&watcher, threads).unwrap(), whole, "{schedule:?}");
            // A kill leaves a state from some epochs before, and perhaps half a file.
            let watcher = Interrupter::new(&kept, usize::MAX);
            std::fs::write(kept.join("member-1.safetensors"), b"half a file").unwrap();
            assert_eq!(run(&watcher, threads).unwrap(), whole, "{schedule:?}");
        }
    }
}

#[test]
fn the_state_of_another_training_is_not_used() {
    let model = Mean {
        poison: f32::MAX,
        start: 0.0,
    };
    let (train, validation) = (rows(2.0, 250), rows(2.0, 40));
    let folder = tempfile::tempdir().unwrap();
    let run = |config: &TrainConfig, seed: u64, watcher: Observer<'_>| {
        fit(&model, &train, &validation, config, Seed(seed), watcher)
    };
    run(&config(), 3, &Interrupter::new(folder.path(), 5)).unwrap_err();
    let other = TrainConfig {
        learning_rate: Some(0.04),
        ..config()
    };
    for (config, seed) in [(config(), 4), (other, 3)] {
        let watcher = Interrupter::new(folder.path(), usize::MAX);
        let plain = run(&config, seed, &silent).unwrap();
        assert_eq!(run(&config, seed, &watcher).unwrap(), plain);
    }
}

#[test]
fn options_that_make_no_sense_are_refused_by_name() {
    for json in [
        r#"{"batch_size":0}"#,
        r#"{"learning_rate":-1.0}"#,
        r#"{"averaging":1.0}"#,
        r#"{"validation_fraction":1.0}"#,
        r#"{"ensemble_size":0}"#,
    ] {
        let config: TrainConfig = serde_json::from_str(json).unwrap();
        let message = config.validate().unwrap_err().to_string();
        let field = json.split('"').nth(1).unwrap();
        assert!(message.contains(field), "{message}");
    }
    assert!(serde_json::from_str::<TrainConfig>(r#"{"batchsize":3}"#).is_err());
}
