//! Discrete parameters and discrete data, against likelihoods and posteriors that are known.

use super::testing::{assert_gradients, silent};
use super::*;
use crate::prior::{DistributionConfig as D, Prior};
use crate::sample::{SamplerConfig, SliceConfig};
use crate::seed::{Random, Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;

fn log_normal(x: f64, mean: f64, sd: f64) -> f64 {
    let z = (x - mean) / sd;
    -0.5 * z * z - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
}

fn simulate(
    prior: &Prior,
    n: usize,
    seed: Seed,
    names: &[&str],
    draw: fn(&[f64], &mut Random) -> Vec<f64>,
) -> Simulations {
    let theta = prior.sample_table(n, seed, Stream::Parameters);
    let mut random = seed.stream(Stream::Simulator, 0);
    let x = theta.rows().flat_map(|t| draw(t, &mut random)).collect();
    Simulations {
        x: Table::new(names.iter().copied(), x).unwrap(),
        theta,
        status: vec![Status::Ok; n],
    }
}

/// A choice with probability p, and a time whose mean and spread depend on the choice.
fn decision() -> Prior {
    Prior::new([("p", D::uniform(0.0, 1.0)), ("mu", D::normal(0.0, 1.0))]).unwrap()
}

fn decide(theta: &[f64], random: &mut Random) -> Vec<f64> {
    let choice = f64::from(u8::from(random.uniform() < theta[0]));
    let time = theta[1] + choice + (0.4 + 0.3 * choice) * random.normal();
    vec![time, choice]
}

fn decision_log_prob(theta: &[f64], x: &[f64]) -> f64 {
    let p = if x[1] == 1.0 {
        theta[0]
    } else {
        1.0 - theta[0]
    };
    p.ln() + log_normal(x[0], theta[1] + x[1], 0.4 + 0.3 * x[1])
}

fn nle_config() -> NleConfig {
    serde_json::from_str(
        r#"{"estimator":{"kind":"maf","transforms":2,"network":{"hidden":[20,20],"activation":"silu"}},
            "train":{"max_epochs":25,"ensemble_size":1,"learning_rate":0.01}}"#,
    )
    .unwrap()
}

#[test]
fn choices_and_times_have_the_likelihood_of_the_simulator() {
    let prior = decision();
    let names = ["time", "choice"];
    let simulations = simulate(&prior, 4000, Seed(1), &names, decide);
    let (learned, log) = nle(&prior, &simulations, &nle_config(), Seed(2), &silent).unwrap();
    assert!(log.notes[0].contains("discrete") && log.notes[0].contains("choice"));
    let test = simulate(&prior, 1000, Seed(3), &names, decide);
    let values = learned.log_prob_many(&test.theta, &test.x).unwrap();
    let pairs = test.theta.rows().zip(test.x.rows()).zip(values);
    let divergence = pairs
        .map(|((theta, x), value)| decision_log_prob(theta, x) - value)
        .sum::<f64>()
        / 1000.0;
    // A mean of 1000 differences between densities this near has an error below 0.02.
    assert!(divergence.abs() < 0.05, "{divergence}");
    // The probability of a choice: the density integrated over times.
    let steps: Vec<f64> = (0..600).map(|i| -6.0 + 0.02 * f64::from(i)).collect();
    for p in [0.2, 0.7] {
        let theta = Table::new(["p", "mu"], [p, 0.3].repeat(600)).unwrap();
        let x = steps.iter().flat_map(|time| [*time, 1.0]).collect();
        let x = Table::new(names, x).unwrap();
        let values = learned.log_prob_many(&theta, &x).unwrap();
        let total: f64 = values.iter().map(|v| v.exp() * 0.02).sum();
        assert!((total - p).abs() < 0.06, "{total} {p}");
    }
    let trials = [0.5, 1.0, -0.2, 0.0, 1.5, 1.0];
    assert_gradients(&learned, &prior, &trials, "choices and times");
    let mut sums = [0.0; 2];
    let theta = [0.4, 0.1];
    learned
        .log_likelihood(&theta, &trials, &mut sums[..1])
        .unwrap();
    for x in trials.chunks(2) {
        let mut one = [0.0];
        learned.log_likelihood(&theta, x, &mut one).unwrap();
        sums[1] += one[0];
    }
    assert!((sums[0] - sums[1]).abs() < 1e-5);
    let message = learned
        .log_likelihood(&theta, &[0.1, 0.5], &mut [0.0])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("given 0.5, expected one of the values"),
        "{message}"
    );
    let folder = tempfile::tempdir().unwrap();
    learned.save(folder.path()).unwrap();
    let again = NeuralLikelihood::load(folder.path(), &prior).unwrap();
    let values = |learned: &NeuralLikelihood| learned.log_prob_many(&test.theta, &test.x).unwrap();
    assert_eq!(values(&again), values(&learned));
}

#[test]
fn counts_alone_have_the_probabilities_of_a_binomial_distribution() {
    let prior = Prior::new([("p", D::uniform(0.05, 0.95))]).unwrap();
    let draw = |theta: &[f64], random: &mut Random| {
        let hits = (0..4).filter(|_| random.uniform() < theta[0]).count();
        vec![hits as f64]
    };
    let simulations = simulate(&prior, 5000, Seed(1), &["hits"], draw);
    let (learned, _) = nle(&prior, &simulations, &nle_config(), Seed(2), &silent).unwrap();
    let ways = [1.0, 4.0, 6.0, 4.0, 1.0];
    for p in [0.15, 0.5, 0.8] {
        let theta = Table::new(["p"], vec![p; 5]).unwrap();
        let x = Table::new(["hits"], vec![0.0, 1.0, 2.0, 3.0, 4.0]).unwrap();
        let values = learned.log_prob_many(&theta, &x).unwrap();
        let total: f64 = values.iter().map(|v| v.exp()).sum();
        assert!((total - 1.0).abs() < 1e-5, "{total}");
        for (k, value) in values.iter().enumerate() {
            let exact = ways[k] * p.powi(k as i32) * (1.0 - p).powi(4 - k as i32);
            assert!(
                (value.exp() - exact).abs() < 0.04,
                "{k}: {} {exact}",
                value.exp()
            );
        }
    }
}

/// k ∈ {0, 1, 2}, mu ~ N(0, 1), x₁ ~ N(mu + k, 0.5²), x₂ ~ N(k, 1).
fn classes() -> Prior {
    let k = D::Categorical {
        probabilities: vec![0.2, 0.5, 0.3],
    };
    Prior::new([("mu", D::normal(0.0, 1.0)), ("k", k)]).unwrap()
}

fn classes_draw(theta: &[f64], random: &mut Random) -> Vec<f64> {
    vec![
        theta[0] + theta[1] + 0.5 * random.normal(),
        theta[1] + random.normal(),
    ]
}

/// p(k | x), and p(mu, k | x) at θ.
fn classes_posterior(theta: &[f64], x: &[f64]) -> ([f64; 3], f64) {
    let joint = [0.2_f64, 0.5, 0.3].iter().zip(0_u8..);
    let joint = joint.map(|(p, k)| {
        let k = f64::from(k);
        (p.ln() + log_normal(x[0], k, 1.25_f64.sqrt()) + log_normal(x[1], k, 1.0)).exp()
    });
    let joint: Vec<f64> = joint.collect();
    let total: f64 = joint.iter().sum();
    let shares = [0, 1, 2].map(|k: usize| joint[k] / total);
    let k = theta[1];
    let of_mu = log_normal(theta[0], 0.8 * (x[0] - k), 0.2_f64.sqrt());
    (shares, shares[k as usize].ln() + of_mu)
}

#[test]
fn a_posterior_of_discrete_and_continuous_parameters_is_the_exact_one() {
    let prior = classes();
    let simulations = simulate(&prior, 5000, Seed(1), &["a", "b"], classes_draw);
    let config: NpeConfig = serde_json::from_str(
        r#"{"estimator":{"kind":"nsf","transforms":2,"bins":6,"network":{"hidden":[20,20]}},
            "train":{"max_epochs":25,"ensemble_size":2,"learning_rate":0.005}}"#,
    )
    .unwrap();
    let (posterior, _) = npe(&prior, &simulations, &config, Seed(2), &silent).unwrap();
    let test = simulate(&prior, 1000, Seed(3), &["a", "b"], classes_draw);
    let values = posterior.log_prob_many(&test.theta, &test.x).unwrap();
    let pairs = test.theta.rows().zip(test.x.rows()).zip(values);
    let divergence = pairs
        .map(|((theta, x), value)| classes_posterior(theta, x).1 - value)
        .sum::<f64>()
        / 1000.0;
    assert!(divergence.abs() < 0.05, "{divergence}");
    let x = [1.2, 1.4];
    let (shares, _) = classes_posterior(&[0.0, 0.0], &x);
    let samples = posterior.sample(&x, 5000, Seed(4)).unwrap();
    assert!(samples.draws.rows().all(|theta| prior.contains(theta)));
    for (k, share) in shares.iter().enumerate() {
        let hits = samples
            .draws
            .column(1)
            .iter()
            .filter(|v| **v == k as f64)
            .count();
        let found = hits as f64 / 5000.0;
        assert!((found - share).abs() < 0.06, "{k}: {found} {share}");
    }
    let map = posterior.map(&x, Seed(5)).unwrap();
    assert_eq!(map[1], 1.0);
    assert!((map[0] - 0.16).abs() < 0.15, "{map:?}");
    let outside = Table::new(["mu", "k"], vec![0.0, 0.5]).unwrap();
    assert_eq!(
        posterior.log_prob(&outside, &x).unwrap(),
        [f64::NEG_INFINITY]
    );
    let folder = tempfile::tempdir().unwrap();
    posterior.save(folder.path()).unwrap();
    let again = NeuralPosterior::load(folder.path(), &prior).unwrap();
    assert_eq!(
        again.sample(&x, 100, Seed(6)).unwrap(),
        posterior.sample(&x, 100, Seed(6)).unwrap()
    );
    let other = Prior::new([("mu", D::normal(0.0, 1.0)), ("k", D::normal(0.0, 1.0))]).unwrap();
    assert!(NeuralPosterior::load(folder.path(), &other).is_err());
}

#[test]
fn a_posterior_of_a_discrete_parameter_alone_is_the_exact_one() {
    let prior = Prior::new([("rate", D::Poisson { rate: 2.0.into() })]).unwrap();
    let draw = |theta: &[f64], random: &mut Random| vec![theta[0] + random.normal()];
    let simulations = simulate(&prior, 3000, Seed(1), &["x"], draw);
    let config: NpeConfig = serde_json::from_str(
        r#"{"estimator":{"kind":"maf","network":{"hidden":[20,20]}},
            "train":{"max_epochs":25,"ensemble_size":1,"learning_rate":0.01}}"#,
    )
    .unwrap();
    let (posterior, _) = npe(&prior, &simulations, &config, Seed(2), &silent).unwrap();
    for x in [0.5, 2.2, 4.0] {
        let theta = Table::new(["rate"], (0..9).map(f64::from).collect()).unwrap();
        let joint = |t: f64| (prior.log_prob(&[t]) + log_normal(x, t, 1.0)).exp();
        let total: f64 = (0..30).map(|k| joint(f64::from(k))).sum();
        let values = posterior.log_prob(&theta, &[x]).unwrap();
        for (k, value) in values.iter().enumerate() {
            let exact = joint(k as f64) / total;
            assert!(
                (value.exp() - exact).abs() < 0.06,
                "{x}, {k}: {} {exact}",
                value.exp()
            );
        }
        let draws = posterior.sample(&[x], 500, Seed(3)).unwrap().draws;
        assert!(draws.rows().all(|theta| prior.contains(theta)));
        posterior.map(&[x], Seed(4)).unwrap();
    }
}

#[test]
fn learned_likelihoods_and_ratios_take_discrete_parameters() {
    let prior = classes();
    let simulations = simulate(&prior, 4000, Seed(1), &["a", "b"], classes_draw);
    let x = [1.2, 1.4];
    let (shares, _) = classes_posterior(&[0.0, 0.0], &x);
    let (likelihood, _) = nle(&prior, &simulations, &nle_config(), Seed(2), &silent).unwrap();
    let config: NreConfig = serde_json::from_str(
        r#"{"train":{"max_epochs":25,"ensemble_size":1,"learning_rate":0.005}}"#,
    )
    .unwrap();
    let (ratio, _) = nre(&prior, &simulations, &config, Seed(2), &silent).unwrap();
    let folder = tempfile::tempdir().unwrap();
    ratio.save(folder.path()).unwrap();
    let ratio = NeuralRatio::load(folder.path(), &prior).unwrap();
    let likelihoods: [Box<dyn LogLikelihood>; 2] = [Box::new(likelihood), Box::new(ratio)];
    let sampler = SamplerConfig::Slice(SliceConfig {
        chains: 4,
        candidates: 500,
        ..SliceConfig::default()
    });
    for likelihood in likelihoods {
        let posterior = PotentialPosterior::new(&prior, likelihood, sampler.clone()).unwrap();
        let draws = posterior.sample(&x, 2000, Seed(3)).unwrap().draws;
        for (k, share) in shares.iter().enumerate() {
            let hits = draws.column(1).iter().filter(|v| **v == k as f64).count();
            let found = hits as f64 / 2000.0;
            assert!((found - share).abs() < 0.1, "{k}: {found} {share}");
        }
    }
}
