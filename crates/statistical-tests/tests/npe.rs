//! Neural posterior estimation with default settings against exact posteriors.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::ops::ControlFlow;

use retrodict::check::{CalibrationChecks, Verdict, Word, training};
use retrodict::infer::{NeuralPosterior, NpeConfig, Posterior, npe};
use retrodict::prior::{DistributionConfig, Prior};
use retrodict::samples::Samples;
use retrodict::simulate::{FunctionSimulator, Noise, Simulations, Simulator, builtin, simulate};
use retrodict::train::TrainLog;
use retrodict::{Seed, Stream};

fn simulations(
    prior: &Prior,
    simulator: &dyn Simulator,
    n: usize,
    seed: Seed,
    [parameters, purpose]: [Stream; 2],
) -> Simulations {
    let theta = prior.sample_table(n, seed, parameters);
    let noise = Noise {
        seed,
        purpose,
        first: 0,
    };
    simulate(simulator, theta, noise, &()).unwrap()
}

fn fit(
    prior: &Prior,
    simulator: &dyn Simulator,
    n: usize,
    seed: Seed,
) -> (NeuralPosterior, TrainLog) {
    let streams = [Stream::Parameters, Stream::Simulator];
    let training = simulations(prior, simulator, n, seed, streams);
    let quiet = |_: &_| ControlFlow::Continue(());
    npe(prior, &training, &NpeConfig::default(), seed, &quiet).unwrap()
}

/// The correlation of two columns.
fn correlation(samples: &Samples, i: usize, j: usize) -> f64 {
    let (a, b) = (samples.draws.column(i), samples.draws.column(j));
    let n = a.len() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let (ma, mb) = (mean(&a), mean(&b));
    let cross = |a: &[f64], ma: f64, b: &[f64], mb: f64| {
        a.iter()
            .zip(b)
            .map(|(x, y)| (x - ma) * (y - mb))
            .sum::<f64>()
    };
    cross(&a, ma, &b, mb) / (cross(&a, ma, &a, ma) * cross(&b, mb, &b, mb)).sqrt()
}

#[test]
fn the_gaussian_toy_agrees_with_its_exact_posterior_for_five_seeds() {
    // Inside the uniform prior on (−2, 2) the posterior is N(x − 1, 0.1²) for each parameter: the
    // edges are 10 sd away or more. 20,000 draws give means to 0.007 sd and sds to 0.5 %.
    let toy = builtin::by_name("gaussian_toy").unwrap();
    for seed in 1..=5 {
        let (posterior, _) = fit(&toy.prior, &*toy.simulator, 10_000, Seed(seed));
        let samples = posterior
            .sample(&toy.observation, 20_000, Seed(seed))
            .unwrap();
        for (summary, x) in samples.summary().iter().zip(&toy.observation) {
            let (bias, ratio) = ((summary.mean - (x - 1.0)) / 0.1, summary.sd / 0.1);
            println!(
                "seed {seed}, {}: bias {bias:+.3} sd, sd × {ratio:.3}",
                summary.name
            );
            assert!(bias.abs() < 0.05, "seed {seed}, {}: {bias}", summary.name);
            assert!(
                (ratio - 1.0).abs() < 0.05,
                "seed {seed}, {}: {ratio}",
                summary.name
            );
        }
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            let correlation = correlation(&samples, i, j);
            assert!(correlation.abs() < 0.05, "seed {seed}: {correlation}");
        }
    }
}

#[test]
fn a_thousand_simulations_of_the_front_page_example_are_enough_for_48_of_50_seeds() {
    // θ ~ N(0, I), x = θ + ε, x_o = (1, 1): the posterior is N(½, ½) for each parameter.
    let normal = || DistributionConfig::normal(0.0, 1.0);
    let prior = Prior::new([("theta_1", normal()), ("theta_2", normal())]).unwrap();
    let simulator = FunctionSimulator::new("noise added", 2, [2], |theta, random, x| {
        x[0] = theta[0] + random.normal();
        x[1] = theta[1] + random.normal();
        Ok(())
    });
    let right = (1..=50).filter(|&seed| {
        let (posterior, _) = fit(&prior, &simulator, 1000, Seed(seed));
        let samples = posterior.sample(&[1.0, 1.0], 10_000, Seed(seed)).unwrap();
        let summary = samples.summary();
        let right = summary
            .iter()
            .all(|s| (s.mean - 0.5).abs() < 0.1 && (s.sd / 0.5_f64.sqrt() - 1.0).abs() < 0.1);
        if !right {
            let numbers: Vec<[f64; 2]> = summary.iter().map(|s| [s.mean, s.sd]).collect();
            println!("seed {seed}: means and sds {numbers:.3?}");
        }
        right
    });
    let n_right = right.count();
    assert!(n_right >= 48, "{n_right} of 50");
}

#[test]
fn npe_on_a_correlated_linear_gaussian_is_calibrated() {
    let problem = builtin::by_name("linear_gaussian").unwrap();
    let (posterior, log) = fit(&problem.prior, &*problem.simulator, 5000, Seed(1));
    let streams = [Stream::TestParameters, Stream::TestSimulator];
    let test = simulations(&problem.prior, &*problem.simulator, 1000, Seed(1), streams);
    let calibration = CalibrationChecks::run(&posterior, &test, 500, Seed(1)).unwrap();
    for ranks in &calibration.ranks.quantities {
        println!(
            "{}: bias {:+.3}, spread {:.3}",
            ranks.name, ranks.bias, ranks.spread
        );
        // Five standard errors of 1,000 test simulations, and a tenth for what was not learned.
        assert!(
            ranks.bias.abs() < 0.1 + 0.16,
            "{}: {}",
            ranks.name,
            ranks.bias
        );
        assert!(
            (ranks.spread - 1.0).abs() < 0.1 + 0.11,
            "{}: {}",
            ranks.name,
            ranks.spread
        );
    }
    let mut checks = calibration.checks();
    checks.push(training(&log));
    let verdict = Verdict::from_checks(checks);
    assert_eq!(verdict.verdict, Word::Trusted, "{:#?}", verdict.reasons);
}
