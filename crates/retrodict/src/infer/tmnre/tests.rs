//! Ten parameters of a linear Gaussian problem, whose marginals are known, and two that hang together.

use super::*;
use crate::infer::sequential::{
    InMemory, RoundModel, SequentialConfig, SequentialMethod, SequentialTask, sequential,
};
use crate::infer::testing::silent;
use crate::infer::{LogLikelihood, Posterior};
use crate::prior::DistributionConfig as D;
use crate::prior::special::normal_cdf;
use crate::simulate::{FunctionSimulator, Noise, Simulator, simulate};

const D10: usize = 10;
const NOISE: f64 = 0.05;

/// θⱼ uniform on (−1, 1), xⱼ ~ N(θⱼ + 0.5 θⱼ₊₁, 0.05²), the last without a neighbour.
fn problem() -> Prior {
    Prior::new((0..D10).map(|j| (format!("t{j}"), D::uniform(-1.0, 1.0)))).unwrap()
}

fn simulator() -> impl Simulator {
    FunctionSimulator::new("chain", D10, [D10], |theta, random, x| {
        for (j, value) in x.iter_mut().enumerate() {
            let next = theta.get(j + 1).map_or(0.0, |v| 0.5 * v);
            *value = theta[j] + next + NOISE * random.normal();
        }
        Ok(())
    })
}

fn simulated(simulator: &dyn Simulator, theta: Table, seed: u64) -> Simulations {
    let noise = Noise {
        seed: Seed(seed),
        purpose: Stream::Simulator,
        first: 0,
    };
    simulate(simulator, theta, noise, &()).unwrap()
}

/// Mean and sd of each θⱼ: the map from θ to the means is triangular, and the posterior far from the
/// prior's bounds.
fn exact(x: &[f64]) -> Vec<[f64; 2]> {
    let mut out = vec![[0.0; 2]; D10];
    let (mut mean, mut variance) = (0.0, 0.0);
    for j in (0..D10).rev() {
        mean = x[j] - 0.5 * mean;
        variance = NOISE * NOISE + 0.25 * variance;
        out[j] = [mean, f64::sqrt(variance)];
    }
    out
}

fn moments(values: impl Iterator<Item = f64> + Clone) -> [f64; 2] {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    [mean, variance.sqrt()]
}

fn config(json: &str) -> TmnreConfig {
    let small = r#"{"ratio":{"estimator":{"network":{"hidden":[24,24]}},
        "train":{"max_epochs":20,"ensemble_size":1,"learning_rate":0.005}},"marginals":"#;
    serde_json::from_str(&format!("{small}{json}}}")).unwrap()
}

#[test]
fn the_marginals_of_ten_parameters_are_found_within_shrinking_bounds() {
    let (prior, simulator) = (problem(), simulator());
    let x = [0.3, -0.1, 0.4, 0.0, -0.5, 0.2, 0.1, -0.3, 0.25, 0.15];
    let method = SequentialMethod::Tmnre(config(r#"{"pairs":[["t8","t9"]]}"#));
    let task = SequentialTask {
        prior: &prior,
        x: &x,
        method: &method,
        config: &SequentialConfig::default(),
        simulations: 3000,
        rounds: 3,
        seed: Seed(1),
    };
    let mut keeper = InMemory::new(&simulator, Seed(1));
    let fit = sequential(&task, &mut keeper, &silent).unwrap();
    let volumes: Vec<f64> = fit.reports.iter().filter_map(|r| r.volume).collect();
    assert!(volumes.len() == 2 && volumes[1] < volumes[0], "{volumes:?}");
    assert!(volumes[1] < 1e-3, "{volumes:?}");
    let [first, .., RoundModel::Marginals(found)] = &fit.models[..] else {
        panic!("{:?}", fit.models);
    };
    assert!(matches!(first, RoundModel::Marginals(m) if m.marginals().len() == D10));
    assert_eq!(found.marginals().len(), D10 + 1);
    assert!(!found.is_joint());
    let all = found.sample(&x, 2000, Seed(2)).unwrap().draws;
    for (j, [mean, sd]) in exact(&x).into_iter().enumerate() {
        let [low, high] = found.bounds()[j];
        assert!(
            low < mean - 2.5 * sd && mean + 2.5 * sd < high,
            "{j}: {low} {high} {mean} {sd}"
        );
        let own = found.sample_marginal(j, &x, 2000, Seed(2)).unwrap().draws;
        for draws in [own.values().to_vec(), all.column(j)] {
            let [average, spread] = moments(draws.iter().copied());
            assert!(
                (average - mean).abs() < 0.8 * sd,
                "{j}: {average} {mean} {sd}"
            );
            assert!((0.6..1.8).contains(&(spread / sd)), "{j}: {spread} {sd}");
        }
        let (grid, density) = found.density(j, &x).unwrap();
        let total: f64 = density.iter().sum::<f64>() * (grid[1] - grid[0]);
        assert!((total - 1.0).abs() < 1e-6, "{total}");
    }
    let pair = found.sample_marginal(D10, &x, 500, Seed(3)).unwrap().draws;
    assert_eq!(pair.names(), ["t8", "t9"]);
    let tests = simulated(&simulator, found.sample_prior(200, Seed(4)), 5);
    for levels in found.coverage(&tests).unwrap() {
        let inside = levels.iter().filter(|level| **level < 0.68).count() as f64 / 200.0;
        // Five standard errors of 0.033, and the networks' own.
        assert!((inside - 0.68).abs() < 0.2, "{inside}");
    }
}

/// x = θ + N(0, 0.25 [[1, 0.8], [0.8, 1]]), θ ~ N(0, 1): the posterior has the correlation ρ of the tests below.
fn two() -> (Prior, impl Simulator) {
    let prior = Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(0.0, 1.0))]).unwrap();
    let simulator = FunctionSimulator::new("two", 2, [2], |theta, random, x| {
        let [u, v] = [random.normal(), random.normal()];
        x[0] = theta[0] + 0.5 * u;
        x[1] = theta[1] + 0.5 * (0.8 * u + 0.6 * v);
        Ok(())
    });
    (prior, simulator)
}

fn fitted_two() -> (Prior, TruncatedMarginals) {
    let (prior, simulator) = two();
    let theta = prior.sample_table(4000, Seed(1), Stream::Parameters);
    let simulations = simulated(&simulator, theta, 1);
    let config = config("{}");
    let (found, log) = tmnre(&prior, &simulations, &config, Seed(1), &silent).unwrap();
    assert_eq!(log.members.len(), 3);
    (prior, found)
}

/// Of x = (0.6, −0.2): Σ⁻¹ = 1 + S⁻¹, in the coordinates (a + b) / √2 and (a − b) / √2.
fn exact_two() -> ([f64; 2], f64, f64) {
    let [with, against] = [0.25 * 1.8, 0.25 * 0.2].map(|noise| noise / (1.0 + noise));
    let means = [0.4 / 1.45, 0.8 / 1.05];
    let mean = [0.5 * (means[0] + means[1]), 0.5 * (means[0] - means[1])];
    let variance: f64 = 0.5 * (with + against);
    (mean, variance.sqrt(), 0.5 * (with - against) / variance)
}

#[test]
fn two_parameters_that_hang_together_are_drawn_together() {
    let (prior, found) = fitted_two();
    assert!(found.is_joint());
    let x = [0.6, -0.2];
    let draws = found.sample(&x, 4000, Seed(2)).unwrap().draws;
    let (mean, sd, correlation) = exact_two();
    let columns = [0, 1].map(|j| draws.column(j));
    let mut standard = Vec::new();
    for (column, mean) in columns.iter().zip(mean) {
        let [average, spread] = moments(column.iter().copied());
        assert!((average - mean).abs() < 0.25 * sd, "{average} {mean}");
        assert!((0.8..1.25).contains(&(spread / sd)), "{spread} {sd}");
        standard.push(
            column
                .iter()
                .map(|v| (v - average) / spread)
                .collect::<Vec<_>>(),
        );
    }
    let products = standard[0].iter().zip(&standard[1]).map(|(a, b)| a * b);
    let found_correlation = products.sum::<f64>() / 4000.0;
    assert!(
        (found_correlation - correlation).abs() < 0.12,
        "{found_correlation} {correlation}"
    );
    // Both densities normalised, and equal but for the network's error where the posterior lies.
    let step = 0.02;
    let grid: Vec<f64> = (-100..150).map(|k| step * f64::from(k)).collect();
    let points = grid
        .iter()
        .flat_map(|a| grid.iter().flat_map(move |b| [*a, *b]));
    let points = Table::new(prior.names(), points.collect()).unwrap();
    let log_prob = found.log_prob(&points, &x).unwrap();
    let total: f64 = log_prob.iter().map(|v| v.exp()).sum::<f64>() * step * step;
    assert!((total - 1.0).abs() < 0.02, "{total}");
    // What has no bins is the ratio of the pair times the prior.
    let smooth = found.log_unnormalized(&points, &x).unwrap();
    let levels: Vec<f64> = points.values().iter().map(|v| normal_cdf(*v)).collect();
    let mut ratios = vec![0.0; points.n_rows()];
    let pair = &found.marginals()[2].ratio;
    pair.log_likelihood(&levels, &x, &mut ratios).unwrap();
    for ((smooth, ratio), theta) in smooth.iter().zip(ratios).zip(points.rows()) {
        let product = ratio + prior.log_prob(theta);
        assert!(
            (smooth - product).abs() < 1e-5,
            "{theta:?}: {smooth} {product}"
        );
    }
    let top = found.map(&x, Seed(3)).unwrap();
    for (top, mean) in top.iter().zip(mean) {
        assert!((top - mean).abs() < 0.4 * sd, "{top} {mean}");
    }
    assert_eq!(
        found
            .log_prob(&Table::new(prior.names(), vec![f64::NAN, 0.0]).unwrap(), &x)
            .unwrap(),
        [f64::NEG_INFINITY]
    );
    assert!(found.sample(&[0.6], 10, Seed(1)).is_err());
    assert!(found.sample(&[0.6, -0.2, 0.6, -0.2], 10, Seed(1)).is_err());
}

#[test]
fn what_is_read_back_draws_the_same() {
    let (prior, found) = fitted_two();
    let folder = tempfile::tempdir().unwrap();
    found.save(folder.path()).unwrap();
    let again = TruncatedMarginals::load(folder.path(), &prior).unwrap();
    let x = [0.6, -0.2];
    let draw = |model: &TruncatedMarginals| model.sample(&x, 50, Seed(2)).unwrap().draws;
    assert_eq!(draw(&found), draw(&again));
    let other = Prior::new([("a", D::normal(0.0, 1.0)), ("c", D::normal(0.0, 1.0))]).unwrap();
    let message = TruncatedMarginals::load(folder.path(), &other).unwrap_err();
    assert!(message.to_string().contains("expected a, c"), "{message}");
}

#[test]
fn options_and_priors_that_make_no_sense_are_refused() {
    let (prior, simulator) = (problem(), simulator());
    let theta = prior.sample_table(100, Seed(1), Stream::Parameters);
    let simulations = simulated(&simulator, theta, 1);
    let run = |json: &str| {
        let made = tmnre(&prior, &simulations, &config(json), Seed(1), &silent);
        made.unwrap_err().to_string()
    };
    for (json, words) in [
        (r#"{"epsilon":0.0}"#, "epsilon"),
        (r#"{"pairs":[["t0","u"]]}"#, "`u`"),
        (r#"{"pairs":[["t0","t0"]]}"#, "each pair once"),
        (r#"{"pairs":[["t0","t1"],["t1","t0"]]}"#, "each pair once"),
    ] {
        let message = run(json);
        assert!(message.contains(words), "{message}");
    }
    let nested = Prior::new([("a", D::uniform(0.0, 1.0)), ("b", D::uniform(0.0, "a"))]).unwrap();
    let message = Bounds::whole(&nested).unwrap_err().to_string();
    assert!(message.contains("parameters.b"), "{message}");
}
