//! What holds for networks whose training goes on.

use super::*;
use crate::infer::sequential::{RoundModel, SequentialMethod};
use crate::infer::testing::silent;
use crate::infer::{
    FieldConfig, NeuralPosterior, NleConfig, NpeConfig, NreConfig, Posterior, fmpe, fmpe_continued,
    nle, nle_continued, npe, npse, npse_continued, nre, nre_continued,
};
use crate::prior::{DistributionConfig as D, Prior};
use crate::seed::{Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;
use crate::train::TrainLog;

const NOISE: f64 = 0.3;

/// x = θ² + 0.3 ε, which a linear guess knows nothing of, with θ uniform in (0, 2).
fn simulations(n: usize) -> (Prior, Simulations) {
    let prior = Prior::new([("a", D::uniform(0.0, 2.0))]).unwrap();
    let mut random = Seed(3).stream(Stream::Test, n as u64);
    let theta: Vec<f64> = (0..n).map(|_| 2.0 * random.uniform()).collect();
    let x = theta.iter().map(|t| t * t + NOISE * random.normal());
    let x = Table::numbered("x", 1, x.collect()).unwrap();
    let theta = Table::new(prior.names(), theta).unwrap();
    let status = vec![Status::Ok; n];
    (prior, Simulations { theta, x, status })
}

const SPLINES: &str = r#"{"kind":"nsf","transforms":2,"network":{"hidden":[16]}}"#;

/// The settings of a method with two small networks of this kind.
fn settings<T: serde::de::DeserializeOwned>(estimator: &str, epochs: usize) -> T {
    let text = format!(
        r#"{{"estimator":{estimator},"train":{{"max_epochs":{epochs},"ensemble_size":2}}}}"#
    );
    serde_json::from_str(&text).unwrap()
}

fn config(epochs: usize) -> NpeConfig {
    settings(SPLINES, epochs)
}

/// −log q of 4,000 simulations.
fn loss(posterior: &NeuralPosterior) -> f64 {
    let (_, tests) = simulations(4000);
    let all = posterior.log_prob_many(&tests.theta, &tests.x).unwrap();
    -all.iter().sum::<f64>() / all.len() as f64
}

#[test]
fn training_goes_on_where_it_ended() {
    let (prior, all) = simulations(2000);
    let (first, log) = npe(&prior, &all, &config(4), Seed(1), &silent).unwrap();
    let settings = (&first, &config(40));
    let (second, further) = npe_continued(&prior, &all, settings, Seed(1), &silent).unwrap();
    // The same seed holds the same rows out.
    for (before, after) in log.members.iter().zip(&further.members) {
        assert_eq!(after.initial_validation_loss, before.best_validation_loss);
        assert!(after.best_validation_loss < before.best_validation_loss - 0.02);
    }
    assert!(loss(&second) < loss(&first) - 0.02);
    // And as good as fresh networks that were trained as long.
    let (fresh, _) = npe(&prior, &all, &config(44), Seed(1), &silent).unwrap();
    assert!(loss(&second) < loss(&fresh) + 0.02);
}

#[test]
fn more_simulations_of_the_same_kind_are_learned_from_in_the_space_of_the_first() {
    let (prior, all) = simulations(3000);
    let few = all.select(&(0..200).collect::<Vec<_>>());
    let (first, _) = npe(&prior, &few, &config(40), Seed(1), &silent).unwrap();
    let settings = (&first, &config(40));
    let (second, _) = npe_continued(&prior, &all, settings, Seed(2), &silent).unwrap();
    assert_eq!(second.config().x, first.config().x);
    assert_eq!(second.config().target, first.config().target);
    assert!(loss(&second) < loss(&first) - 0.02);
    let folder = tempfile::tempdir().unwrap();
    second.save(folder.path()).unwrap();
    let loaded = NeuralPosterior::load(folder.path(), &prior).unwrap();
    assert_eq!(loaded.config(), second.config());
}

#[test]
fn networks_that_began_with_few_simulations_keep_their_transforms_with_many() {
    let left_out = |epochs| settings(r#"{"kind":"nsf","network":{"hidden":[8]}}"#, epochs);
    let (prior, all) = simulations(3000);
    let few = all.select(&(0..200).collect::<Vec<_>>());
    let transforms = |posterior: &NeuralPosterior| posterior.config().estimator.transforms();
    let (first, _) = npe(&prior, &few, &left_out(2), Seed(1), &silent).unwrap();
    let begun = (&first, &left_out(2));
    let (second, _) = npe_continued(&prior, &all, begun, Seed(1), &silent).unwrap();
    let (fresh, _) = npe(&prior, &all, &left_out(2), Seed(1), &silent).unwrap();
    // A round has as many with few.
    let rounds = SequentialMethod::Npe(left_out(2));
    let (round, _) = rounds.fit(&prior, &few, Seed(1), &silent).unwrap();
    let RoundModel::Posterior(round) = round else {
        panic!("npe trains a posterior");
    };
    let given = [&first, &second, &fresh, &round].map(transforms);
    assert_eq!(given, [Some(3), Some(3), Some(5), Some(5)]);
}

#[test]
fn networks_that_cannot_gain_stay_to_the_bit_and_it_is_said() {
    let (prior, all) = simulations(400);
    let (first, _) = npe(&prior, &all, &config(60), Seed(1), &silent).unwrap();
    let still = NpeConfig {
        train: crate::train::TrainConfig {
            min_improvement: 100.0,
            ..config(3).train
        },
        ..config(3)
    };
    let (second, log) = npe_continued(&prior, &all, (&first, &still), Seed(1), &silent).unwrap();
    assert_eq!(second.members, first.members);
    let notes = log.notes.join(" ");
    assert!(notes.contains("2 of 2 networks stay"), "{notes}");
    let draws = |posterior: &NeuralPosterior| posterior.sample(&[1.0], 100, Seed(4)).unwrap();
    assert_eq!(draws(&first).draws, draws(&second).draws);
}

#[test]
fn what_the_networks_are_not_is_refused() {
    let (prior, all) = simulations(200);
    let (first, _) = npe(&prior, &all, &config(2), Seed(1), &silent).unwrap();
    let refused = |config: &NpeConfig, all: &Simulations, word: &str| {
        let result = npe_continued(&prior, all, (&first, config), Seed(1), &silent);
        let message = result.unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    };
    let estimator = NpeConfig::default().estimator;
    refused(
        &NpeConfig {
            estimator,
            ..config(2)
        },
        &all,
        "estimator",
    );
    let linear_guess = false;
    refused(
        &NpeConfig {
            linear_guess,
            ..config(2)
        },
        &all,
        "linear_guess",
    );
    let missing = crate::infer::Missing::Mask;
    refused(
        &NpeConfig {
            missing,
            ..config(2)
        },
        &all,
        "missing",
    );
    let mut more = config(2);
    more.train.ensemble_size = 3;
    refused(&more, &all, "ensemble_size");
    let x = [all.x.values(), all.x.values()].concat();
    let x = Table::numbered("x", 2, x).unwrap();
    refused(&config(2), &Simulations { x, ..all.clone() }, "2 columns");
}

/// Each network begins where it ended, and is better in the end.
fn goes_on(first: &TrainLog, further: &TrainLog) {
    assert_eq!(first.members.len(), 2);
    for (before, after) in first.members.iter().zip(&further.members) {
        assert_eq!(after.initial_validation_loss, before.best_validation_loss);
        assert!(after.best_validation_loss < before.best_validation_loss);
    }
}

#[test]
fn a_likelihood_goes_on_and_refuses_what_it_is_not() {
    let (prior, all) = simulations(1000);
    let config = |epochs| settings::<NleConfig>(SPLINES, epochs);
    let (first, log) = nle(&prior, &all, &config(3), Seed(1), &silent).unwrap();
    let begun = (&first, &config(40));
    let (second, further) = nle_continued(&prior, &all, begun, Seed(1), &silent).unwrap();
    goes_on(&log, &further);
    let (_, tests) = simulations(4000);
    let loss = |likelihood: &crate::infer::NeuralLikelihood| {
        let all = likelihood.log_prob_many(&tests.theta, &tests.x).unwrap();
        -all.iter().sum::<f64>() / all.len() as f64
    };
    assert!(loss(&second) < loss(&first) - 0.02);
    assert_eq!(second.model().x, first.model().x);
    let refused = |config: NleConfig, word: &str| {
        let result = nle_continued(&prior, &all, (&first, &config), Seed(1), &silent);
        let message = result.unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    };
    let (linear_guess, discrete_data) = (false, Some(vec!["x_1".into()]));
    refused(settings("{\"kind\":\"mdn\"}", 3), "estimator");
    refused(
        NleConfig {
            linear_guess,
            ..config(3)
        },
        "linear_guess",
    );
    refused(
        NleConfig {
            discrete_data,
            ..config(3)
        },
        "discrete_data",
    );
}

#[test]
fn a_likelihood_of_choices_refuses_one_that_it_does_not_know() {
    let (prior, mut all) = simulations(400);
    let choice = |shift: f64| {
        let of = |x: &f64| shift + if *x > 1.0 { 2.5 } else { 0.5 };
        Table::numbered("x", 1, all.x.values().iter().map(of).collect()).unwrap()
    };
    let [known, others] = [0.0, 1.0].map(choice);
    let config = NleConfig {
        discrete_data: Some(vec![known.names()[0].clone()]),
        ..settings(SPLINES, 3)
    };
    all.x = known;
    let (first, log) = nle(&prior, &all, &config, Seed(1), &silent).unwrap();
    let go_on = |all: &Simulations| {
        nle_continued(&prior, all, (&first, &config), Seed(1), &silent).map(|(_, log)| log)
    };
    let further = go_on(&all).unwrap();
    let loss = |log: &TrainLog| log.members[0].best_validation_loss;
    assert!(loss(&further) <= loss(&log));
    all.x = others;
    let message = go_on(&all).unwrap_err().to_string();
    assert!(
        message.contains("simulations, x, row 1, value 1"),
        "{message}"
    );
}

#[test]
fn a_ratio_goes_on_and_refuses_another_loss() {
    let (prior, all) = simulations(2000);
    let config = |epochs| settings::<NreConfig>(r#"{"network":{"hidden":[16]}}"#, epochs);
    let (first, log) = nre(&prior, &all, &config(2), Seed(1), &silent).unwrap();
    let begun = (&first, &config(40));
    let (second, further) = nre_continued(&prior, &all, begun, Seed(1), &silent).unwrap();
    goes_on(&log, &further);
    assert_eq!(second.model().x, first.model().x);
    let other: NreConfig = settings(r#"{"network":{"hidden":[16]},"loss":{"kind":"nre_a"}}"#, 3);
    let result = nre_continued(&prior, &all, (&first, &other), Seed(1), &silent);
    let message = result.unwrap_err().to_string();
    assert!(message.contains("classifier"), "{message}");
}

#[test]
fn fields_go_on_on_their_own_path() {
    let (prior, all) = simulations(1000);
    let config = |epochs| settings::<FieldConfig>(r#"{"network":{"hidden":[16]}}"#, epochs);
    let (straight, log) = fmpe(&prior, &all, &config(3), Seed(1), &silent).unwrap();
    let begun = (&straight, &config(40));
    let (_, further) = fmpe_continued(&prior, &all, begun, Seed(1), &silent).unwrap();
    goes_on(&log, &further);
    let (diffused, log) = npse(&prior, &all, &config(3), Seed(1), &silent).unwrap();
    let begun = (&diffused, &config(40));
    let (_, further) = npse_continued(&prior, &all, begun, Seed(1), &silent).unwrap();
    goes_on(&log, &further);
    let mixed = (&straight, &config(3));
    let message = npse_continued(&prior, &all, mixed, Seed(1), &silent).unwrap_err();
    assert!(message.to_string().contains("vector_field"), "{message}");
}

#[test]
fn data_that_change_only_now_are_named() {
    let (prior, mut all) = simulations(400);
    let with = |second: fn(usize) -> f64| {
        let rows = all.x.values().iter().enumerate();
        let values = rows.flat_map(|(i, x)| [*x, second(i)]).collect();
        Table::numbered("x", 2, values).unwrap()
    };
    let [still, moving] = [|_| 7.0, |i| (i % 3) as f64].map(with);
    all.x = still;
    let (first, _) = npe(&prior, &all, &config(3), Seed(1), &silent).unwrap();
    let notes = |all: &Simulations| {
        let settings = (&first, &config(3));
        let (_, log) = npe_continued(&prior, all, settings, Seed(1), &silent).unwrap();
        log.notes.join(" ")
    };
    assert!(!notes(&all).contains("do not see"));
    let name = moving.names()[1].clone();
    all.x = moving;
    assert!(notes(&all).contains(&format!("do not see {name}")));
}
