//! Likelihoods of learned summaries, where those are sufficient.

use super::*;
use crate::infer::LogLikelihood;
use crate::infer::testing::{Problem, assert_gradients, silent};
use crate::prior::DistributionConfig as D;
use crate::table::Table;

/// Forty numbers, half around each parameter: the two means say all there is about θ.
fn forty() -> Problem {
    Problem {
        prior: Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(2.0, 3.0))]).unwrap(),
        data: |theta| {
            let own = |j: usize| [theta[j % 2], [0.8, 2.0][j % 2]];
            (0..40).map(own).collect()
        },
    }
}

fn config(degree: usize) -> NleConfig {
    let estimator =
        r#"{"kind":"nsf","transforms":2,"bins":4,"network":{"hidden":[12],"activation":"silu"}}"#;
    serde_json::from_str(&format!(
        r#"{{"estimator":{estimator},"summaries":{{"kind":"semi_automatic","degree":{degree}}},
            "train":{{"max_epochs":15,"ensemble_size":2,"learning_rate":0.01}}}}"#
    ))
    .unwrap()
}

fn fitted(n: usize, degree: usize) -> (NeuralLikelihood, TrainLog) {
    let simulations = forty().simulate(n, Seed(1));
    let prior = forty().prior;
    nle(&prior, &simulations, &config(degree), Seed(2), &silent).unwrap()
}

#[test]
fn sufficient_summaries_of_many_numbers_give_the_exact_posterior() {
    let problem = forty();
    let (learned, log) = fitted(3000, 1);
    assert_eq!(LogLikelihood::n_data(&learned), 40);
    assert_eq!(learned.flow.n_features(), 2);
    for (trials, bound) in [(1, 0.03), (5, 0.1)] {
        let found = problem.mean_divergence(&learned, trials);
        assert!(found < bound, "{trials}: {found}");
    }
    let said = |what: &str| log.notes.iter().any(|note| note.contains(what));
    assert!(said("2 summaries") && !said("few"), "{:?}", log.notes);
    let x = vec![0.5; 40];
    assert_gradients(&learned, &problem.prior, &x, "summaries");
    // A table of pairs gives what the observation does.
    let theta = Table::new(problem.prior.names(), vec![0.3, 1.0]).unwrap();
    let row = Table::numbered("x", 40, x.clone()).unwrap();
    let mut value = [0.0];
    learned.log_likelihood(&[0.3, 1.0], &x, &mut value).unwrap();
    assert_eq!(learned.log_prob_many(&theta, &row).unwrap(), value);
}

#[test]
fn the_density_learns_from_summaries_as_far_from_their_parameters_as_those_of_new_data() {
    let problem = forty();
    let (made, new) = (
        problem.simulate(160, Seed(3)),
        problem.simulate(4000, Seed(6)),
    );
    let prior = &problem.prior;
    let settings = (SupportKind::default(), &TrainConfig::default());
    let (_, mut pairs) = TrainingPairs::new(prior, &made, settings, Seed(1)).unwrap();
    let (summaries, _) = summarized::learn(prior, &made, &config(1), &mut pairs).unwrap();
    let summaries = summaries.unwrap();
    let error = |s: &Table, theta: &Table| {
        let values = s.values().iter().zip(theta.values());
        values.map(|(s, t)| (s - t).powi(2)).sum::<f64>() / s.n_rows() as f64
    };
    let [own, other] =
        [&made, &new].map(|pairs| error(&summaries.of_table(&pairs.x).unwrap(), &pairs.theta));
    // Forty slopes from 160 rows: (1 − 1/4) / (1 + 1/4 and more).
    assert!(own < 0.65 * other, "{own} {other}");
    let left_out = error(&pairs.x, &made.theta);
    assert!((left_out / other - 1.0).abs() < 0.2, "{left_out} {other}");
}

#[test]
fn a_file_and_further_training_keep_the_summaries() {
    let problem = forty();
    let (learned, _) = fitted(400, 1);
    let folder = tempfile::tempdir().unwrap();
    learned.save(folder.path()).unwrap();
    let read = NeuralLikelihood::load(folder.path(), &problem.prior).unwrap();
    assert_eq!(read.model(), learned.model());
    let x = vec![0.5; 40];
    let density = |learned: &NeuralLikelihood| {
        let mut values = [0.0; 2];
        let theta = [0.3, 1.0, -0.4, 2.0];
        learned.log_likelihood(&theta, &x, &mut values).unwrap();
        values
    };
    assert_eq!(density(&read), density(&learned));
    let more = problem.simulate(400, Seed(4));
    let go_on = |config: &NleConfig| {
        let begun = (&read, config);
        nle_continued(&problem.prior, &more, begun, Seed(5), &silent)
    };
    let (continued, _) = go_on(&config(1)).unwrap();
    assert_eq!(continued.model().summaries, learned.model().summaries);
    let message = go_on(&config(2)).unwrap_err().to_string();
    assert!(message.contains("summaries"), "{message}");
    let path = folder.path().join("config.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"degree\": 1", "\"degree\": 2")).unwrap();
    let message = NeuralLikelihood::load(folder.path(), &problem.prior).unwrap_err();
    assert!(message.to_string().contains("summaries"), "{message}");
}

#[test]
fn what_cannot_be_summarised_is_refused_by_name() {
    let problem = forty();
    let simulations = problem.simulate(300, Seed(1));
    let mut named = config(1);
    named.discrete_data = Some(vec!["x_1".into()]);
    let message = nle(&problem.prior, &simulations, &named, Seed(1), &silent).unwrap_err();
    assert!(message.to_string().contains("discrete_data"), "{message}");
    let few = nle(&problem.prior, &simulations, &config(9), Seed(1), &silent).unwrap_err();
    assert!(few.to_string().contains("300 simulations"), "{few}");
    let (learned, log) = fitted(300, 1);
    assert!(
        log.notes
            .iter()
            .any(|note| note.contains("300 simulations are few"))
    );
    let learned = learned.marginalizing();
    assert!(!learned.takes_missing());
    let mut x = vec![0.5; 40];
    let value = |x: &[f64]| learned.log_likelihood(&[0.0, 2.0], x, &mut [0.0]);
    assert!(
        value(&x[..39])
            .unwrap_err()
            .to_string()
            .contains("40 in each row")
    );
    x[6] = f64::NAN;
    let message = value(&x).unwrap_err().to_string();
    assert!(message.contains("value 7"), "{message}");
}
