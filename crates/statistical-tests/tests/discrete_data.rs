//! Discrete parameters and missing data over many data sets, against posteriors known exactly.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::ops::ControlFlow;

use retrodict::infer::{LogLikelihood, Missing, NleConfig, NpeConfig, Posterior, nle, npe};
use retrodict::prior::{DistributionConfig as D, Prior};
use retrodict::simulate::{FunctionSimulator, Noise, Simulations, Simulator, simulate};
use retrodict::train::EpochRecord;
use retrodict::{Seed, Stream};

fn quiet(_: &EpochRecord) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn simulations(
    prior: &Prior,
    simulator: &dyn Simulator,
    n: usize,
    [parameters, purpose]: [Stream; 2],
) -> Simulations {
    let theta = prior.sample_table(n, Seed(1), parameters);
    let noise = Noise {
        seed: Seed(1),
        purpose,
        first: 0,
    };
    simulate(simulator, theta, noise, &()).unwrap()
}

const TRAINING: [Stream; 2] = [Stream::Parameters, Stream::Simulator];
const TESTS: [Stream; 2] = [Stream::TestParameters, Stream::TestSimulator];
const N_TESTS: usize = 1000;

/// Of each state its probability, and where it moves both data.
const STATES: [(f64, [f64; 2]); 3] = [(0.5, [-1.0, 0.0]), (0.3, [0.0, 1.5]), (0.2, [2.0, 0.5])];

/// p(k | x) with μ ~ N(0, 1) integrated out: x₁ ~ N(a, 1 + ¼), x₂ ~ N(b, 1).
fn states(x: &[f64]) -> [f64; 3] {
    let weight = |(p, [a, b]): (f64, [f64; 2])| {
        p * (-0.5 * ((x[0] - a).powi(2) / 1.25 + (x[1] - b).powi(2))).exp()
    };
    let weights = STATES.map(weight);
    let total: f64 = weights.iter().sum();
    weights.map(|w| w / total)
}

#[test]
fn states_of_discrete_parameters_are_as_frequent_as_their_posterior_says() {
    // x = (μ + a_k + ½ ε, b_k + ε). With 1,000 data sets the sum over them of 1{k = c} − P(c | x), divided
    // by its standard deviation, is standard normal: beyond 4 once in 5,000 for three states together, if
    // the network is right. What it has not learned may shift a mean by a fiftieth beyond that.
    let probabilities = STATES.map(|s| s.0).to_vec();
    let prior = Prior::new([
        ("k", D::Categorical { probabilities }),
        ("mu", D::normal(0.0, 1.0)),
    ])
    .unwrap();
    let simulator = FunctionSimulator::new("states", 2, [2], |theta, random, x| {
        let [a, b] = STATES[theta[0] as usize].1;
        x[0] = theta[1] + a + 0.5 * random.normal();
        x[1] = b + random.normal();
        Ok(())
    });
    let training = simulations(&prior, &simulator, 10_000, TRAINING);
    let (posterior, _) = npe(&prior, &training, &NpeConfig::default(), Seed(1), &quiet).unwrap();
    let tests = simulations(&prior, &simulator, N_TESTS, TESTS);
    let n_draws = 1000;
    let all = posterior.sample_many(&tests.x, n_draws, Seed(2)).unwrap();
    let (mut sums, mut variances) = ([0.0; 3], [0.0; 3]);
    let (mut distance, mut squares) = (0.0, 0.0);
    for (i, samples) in all.iter().enumerate() {
        let (theta, x) = (tests.theta.row(i), tests.x.row(i));
        let exact = states(x);
        for c in 0..3 {
            let found = samples.draws.column(0);
            let share = found.iter().filter(|k| **k == c as f64).count() as f64 / n_draws as f64;
            sums[c] += f64::from(theta[0] == c as f64) - share;
            variances[c] += exact[c] * (1.0 - exact[c]) + share * (1.0 - share) / n_draws as f64;
            distance += (share - exact[c]).abs() / (2 * N_TESTS) as f64;
        }
        // The truth as a z-score among the draws of μ in its own state: N(0, 1) exactly.
        let own = samples.draws.rows().filter(|draw| draw[0] == theta[0]);
        let own: Vec<f64> = own.map(|draw| draw[1]).collect();
        let a = STATES[theta[0] as usize].1[0];
        let (mean, sd) = (0.8 * (x[0] - a), 0.2_f64.sqrt());
        if own.len() > 50 {
            let found = own.iter().sum::<f64>() / own.len() as f64;
            squares += ((found - mean) / sd).powi(2) / N_TESTS as f64;
        }
    }
    println!(
        "total variation {distance:.4}, error of the mean of μ {:.4} sd",
        squares.sqrt()
    );
    for (c, (sum, variance)) in sums.iter().zip(variances).enumerate() {
        println!("state {c}: {sum:+.1}, sd {:.1}", variance.sqrt());
        assert!(sum.abs() < 4.0 * variance.sqrt() + 0.02 * N_TESTS as f64);
    }
    // The noise of 1,000 draws alone is 0.01.
    assert!(distance < 0.04, "{distance}");
    assert!(squares.sqrt() < 0.2, "{}", squares.sqrt());
}

/// θ ~ N(0, 1) and x = θ + ε three times: given m of them θ ~ N(Σ x / (m + 1), 1 / (m + 1)).
fn linear() -> (Prior, impl Simulator) {
    let prior = Prior::new([("a", D::normal(0.0, 1.0))]).unwrap();
    let simulator = FunctionSimulator::new("three", 1, [3], |theta, random, x| {
        for x in x.iter_mut() {
            *x = theta[0] + random.normal();
        }
        Ok(())
    });
    (prior, simulator)
}

/// Test data of which each datum is missing three times in ten, but never all.
fn with_gaps() -> Simulations {
    let (prior, simulator) = linear();
    let mut tests = simulations(&prior, &simulator, N_TESTS, TESTS);
    let mut random = Seed(3).stream(Stream::Test, 0);
    for row in tests.x.values_mut().chunks_exact_mut(3) {
        let missing = [(); 3].map(|()| random.uniform() < 0.3);
        if missing != [true; 3] {
            for (x, _) in row.iter_mut().zip(missing).filter(|(_, missing)| *missing) {
                *x = f64::NAN;
            }
        }
    }
    tests
}

fn exact(x: &[f64]) -> [f64; 2] {
    let seen: Vec<f64> = x.iter().copied().filter(|v| !v.is_nan()).collect();
    let precision = seen.len() as f64 + 1.0;
    [
        seen.iter().sum::<f64>() / precision,
        precision.recip().sqrt(),
    ]
}

/// Refuses moments of posteriors, one a test, that are off: from the exact ones by more than a fifth of an
/// sd (root mean square) and a tenth in width; and as a whole from the truths, whose z-scores have mean 0
/// and mean square 1 within four standard errors (one false alarm in 8,000) and what was not learned.
fn assert_calibrated(tests: &Simulations, moments: &[[f64; 2]]) {
    let n = tests.len() as f64;
    let (mut off, mut width, mut first, mut second) = (0.0, 0.0, 0.0, 0.0);
    for (i, [mean, sd]) in moments.iter().enumerate() {
        let [exact_mean, exact_sd] = exact(tests.x.row(i));
        off += ((mean - exact_mean) / exact_sd).powi(2) / n;
        width += sd / exact_sd / n;
        let z = (tests.theta.row(i)[0] - mean) / sd;
        first += z / n;
        second += z * z / n;
    }
    println!(
        "off {:.3} sd, width × {width:.3}, z {first:+.3}, z² {second:.3}",
        off.sqrt()
    );
    assert!(off.sqrt() < 0.2, "{}", off.sqrt());
    assert!((width - 1.0).abs() < 0.1, "{width}");
    assert!(first.abs() < 4.0 / n.sqrt() + 0.05, "{first}");
    assert!(
        (second - 1.0).abs() < 4.0 * (2.0 / n).sqrt() + 0.1,
        "{second}"
    );
}

fn moments(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    [mean, variance.sqrt()]
}

#[test]
fn a_posterior_that_is_told_what_is_missing_is_calibrated() {
    let (prior, simulator) = linear();
    let training = simulations(&prior, &simulator, 10_000, TRAINING);
    let config = NpeConfig {
        missing: Missing::Mask,
        ..NpeConfig::default()
    };
    let (posterior, _) = npe(&prior, &training, &config, Seed(1), &quiet).unwrap();
    let tests = with_gaps();
    let all = posterior.sample_many(&tests.x, 2000, Seed(2)).unwrap();
    let found: Vec<[f64; 2]> = all.iter().map(|s| moments(s.draws.values())).collect();
    assert_calibrated(&tests, &found);
}

#[test]
fn a_likelihood_that_integrates_out_what_is_missing_is_calibrated() {
    let (prior, simulator) = linear();
    let training = simulations(&prior, &simulator, 5000, TRAINING);
    let config: NleConfig = serde_json::from_str(r#"{"estimator":{"kind":"mdn"}}"#).unwrap();
    let (likelihood, _) = nle(&prior, &training, &config, Seed(1), &quiet).unwrap();
    let likelihood = likelihood.marginalizing();
    let tests = with_gaps();
    let grid: Vec<f64> = (0..400).map(|i| -5.0 + 0.025 * f64::from(i)).collect();
    let one = |x: &[f64]| {
        let mut values = vec![0.0; grid.len()];
        likelihood.log_likelihood(&grid, x, &mut values).unwrap();
        let joint = grid.iter().zip(&values).map(|(a, v)| v - 0.5 * a * a);
        let joint: Vec<f64> = joint.collect();
        let top = joint.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = joint.iter().map(|v| (v - top).exp()).collect();
        let total: f64 = weights.iter().sum();
        let average = |of: &dyn Fn(f64) -> f64| {
            let terms = grid.iter().zip(&weights);
            terms.map(|(a, w)| w * of(*a)).sum::<f64>() / total
        };
        let mean = average(&|a| a);
        [mean, average(&|a| (a - mean).powi(2)).sqrt()]
    };
    let found: Vec<[f64; 2]> = tests.x.rows().map(one).collect();
    assert_calibrated(&tests, &found);
}
