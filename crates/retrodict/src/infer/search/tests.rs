//! Searches that are stopped, go on, run out of time and fail.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::prior::DistributionConfig as D;
use crate::seed::Stream;
use crate::simulate::{Simulations, Status};
use crate::table::Table;

fn prior() -> Prior {
    Prior::new([("a", D::uniform(-2.0, 2.0))]).unwrap()
}

/// x = θ² + ε / 3: two modes, so that a larger network is better.
fn simulations(n: usize) -> Simulations {
    let theta = prior().sample_table(n, Seed(1), Stream::Parameters);
    let mut random = Seed(1).stream(Stream::Simulator, 0);
    let x = theta.values().iter().map(|v| v * v + 0.3 * random.normal());
    Simulations {
        x: Table::numbered("x", 1, x.collect()).unwrap(),
        theta,
        status: vec![Status::Ok; n],
    }
}

fn base() -> NpeConfig {
    serde_json::from_str(
        r#"{"estimator":{"kind":"mdn","components":1,"network":{"hidden":[4]}},
            "train":{"max_steps":90,"batch_size":50,"learning_rate":0.001,"max_epochs":200}}"#,
    )
    .unwrap()
}

fn config(json: &str) -> SearchConfig {
    serde_json::from_str(json).unwrap()
}

fn go_on(_: Option<&Trial>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Everything but the clock.
fn timeless(result: &SearchResult) -> Vec<Trial> {
    let timeless = |trial: &Trial| Trial {
        seconds: 0.0,
        elapsed: 0.0,
        ..trial.clone()
    };
    result.trials.iter().map(timeless).collect()
}

fn run(config: &SearchConfig, folder: Option<&TrialFolder>) -> Result<SearchResult> {
    let data = simulations(300);
    search(&prior(), &data, (&base(), config), Seed(2), folder, &go_on)
}

#[test]
fn halving_trains_fewer_ever_longer_and_the_best_of_the_last_wins() {
    let config = config(r#"{"trials":9}"#);
    let result = run(&config, None).unwrap();
    let rungs: Vec<(usize, usize)> = result
        .trials
        .iter()
        .map(|t| (t.rung, t.max_steps))
        .collect();
    let expected = [vec![(0, 10); 9], vec![(1, 30); 3], vec![(2, 90)]].concat();
    assert_eq!(rungs, expected);
    let of = |rung: usize| {
        let mut losses: Vec<(f64, usize)> = result
            .trials
            .iter()
            .filter(|t| t.rung == rung)
            .map(|t| (t.loss.unwrap(), t.index))
            .collect();
        losses.sort_by(|a, b| a.0.total_cmp(&b.0));
        losses
    };
    let mut best_of_first: Vec<usize> = of(0)[..3].iter().map(|l| l.1).collect();
    best_of_first.sort_unstable();
    let second: Vec<usize> = result.trials[9..12].iter().map(|t| t.index).collect();
    assert_eq!(second, best_of_first);
    assert_eq!(result.best.index, of(1)[0].1);
    assert_eq!(result.best.rung, 2);
    assert_eq!(result.to_csv().lines().count(), 14);
}

#[test]
fn the_best_configuration_gives_its_loss_again_when_it_is_trained_alone() {
    let config = config(r#"{"method":"random","trials":4}"#);
    let result = run(&config, None).unwrap();
    let least = result
        .trials
        .iter()
        .filter_map(|t| t.loss)
        .fold(f64::INFINITY, f64::min);
    assert_eq!(result.best.loss, Some(least));
    let mut alone = result.best.settings.applied_to(&base());
    alone.train.ensemble_size = 1;
    let quiet = |_: &EpochRecord| ControlFlow::Continue(());
    let (_, log) = npe_from(&prior(), &simulations(300), &alone, Seed(2), &quiet).unwrap();
    assert_eq!(log.members[0].best_validation_loss, least);
}

#[test]
fn a_search_that_was_stopped_goes_on_and_ends_with_the_same_trials() {
    let config = config(r#"{"trials":6}"#);
    let whole = run(&config, None).unwrap();
    let place = tempfile::tempdir().unwrap();
    let folder = TrialFolder::open(place.path(), "one").unwrap();
    let seen = AtomicUsize::new(0);
    let stop = |trial: Option<&Trial>| {
        if trial.is_some() && seen.fetch_add(1, Ordering::Relaxed) >= 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let data = simulations(300);
    let both = (&base(), &config);
    let error = search(&prior(), &data, both, Seed(2), Some(&folder), &stop).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    let there = std::fs::read_dir(place.path()).unwrap().count();
    assert!((3..9).contains(&there), "{there} files");
    // A file that a full disk cut short counts for nothing.
    std::fs::write(place.path().join("trial-0000-0.json"), "{").unwrap();
    let trained = AtomicUsize::new(0);
    let count = |trial: Option<&Trial>| {
        trained.fetch_add(usize::from(trial.is_none()), Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let resumed = search(&prior(), &data, both, Seed(2), Some(&folder), &count).unwrap();
    assert_eq!(timeless(&resumed), timeless(&whole));
    assert!(trained.load(Ordering::Relaxed) > 0);
    // Now everything is there, and nothing is trained.
    trained.store(0, Ordering::Relaxed);
    let found = search(&prior(), &data, both, Seed(2), Some(&folder), &count).unwrap();
    assert_eq!(
        (found.trials, trained.load(Ordering::Relaxed)),
        (resumed.trials, 0)
    );
    // Another search finds nothing of it.
    let other = TrialFolder::open(place.path(), "two").unwrap();
    assert!(other.read(1, 0).is_none() && folder.read(1, 0).is_some());
}

#[test]
fn time_that_was_used_before_counts() {
    let place = tempfile::tempdir().unwrap();
    let folder = TrialFolder::open(place.path(), "one").unwrap();
    let one = run(&config(r#"{"method":"random","trials":1}"#), Some(&folder)).unwrap();
    let mut trial = one.best;
    trial.elapsed = 3600.0;
    folder.write(&trial).unwrap();
    let timed = config(r#"{"method":"random","trials":50,"time":"30 min"}"#);
    let result = run(&timed, Some(&folder)).unwrap();
    assert_eq!((result.trials.len(), result.out_of_time), (1, true));
    let error = run(&config(r#"{"time":"0 s"}"#), None)
        .unwrap_err()
        .to_string();
    assert!(error.contains("no trial ended"), "{error}");
}

#[test]
fn threads_change_no_trial() {
    let config = config(r#"{"trials":5}"#);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        timeless(&pool.install(|| run(&config, None)).unwrap())
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn failed_trials_are_counted_and_never_win() {
    let trial = |index: usize, loss: Option<f64>| Trial {
        index,
        rung: 0,
        max_steps: 1,
        settings: Settings::of(&base()),
        loss,
        failure: loss.is_none().then(|| "the loss stayed NaN".to_string()),
        epochs: 1,
        seconds: 1.0,
        elapsed: 1.0,
    };
    let config = config("{}");
    let trials = vec![
        trial(0, None),
        trial(1, Some(2.0)),
        trial(2, Some(-1.0)),
        trial(3, None),
    ];
    assert_eq!(survivors(&trials), [1, 2]);
    let result = SearchResult::new(trials, 4.0, &config).unwrap();
    assert_eq!((result.n_failed, result.best.index), (2, 2));
    assert!(result.own().unwrap().loss.is_none());
    let error = SearchResult::new(vec![trial(0, None)], 1.0, &config).unwrap_err();
    assert!(error.to_string().contains("stayed NaN"), "{error}");
}
