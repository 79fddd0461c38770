//! Neural likelihood and ratio estimation with default settings against an exact likelihood.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::ops::ControlFlow;

use retrodict::infer::{LogLikelihood, NleConfig, NreConfig, nle, nre};
use retrodict::prior::{DistributionConfig, Prior};
use retrodict::simulate::{Simulations, Status};
use retrodict::train::EpochRecord;
use retrodict::{Random, Seed, Stream, Table};

const NOISE: f64 = 0.4;

/// A banana: θ ~ N(0, I), x₁ ~ N(θ₁, 0.4²), x₂ ~ N(θ₂ + θ₁², 0.4²).
fn draw(theta: &[f64], random: &mut Random) -> [f64; 2] {
    [theta[0], theta[1] + theta[0].powi(2)].map(|mean| mean + NOISE * random.normal())
}

fn exact(theta: &[f64], x: &[f64]) -> f64 {
    let of = |x: &[f64]| {
        let a = (x[0] - theta[0]) / NOISE;
        let b = (x[1] - theta[1] - theta[0].powi(2)) / NOISE;
        -0.5 * (a * a + b * b)
    };
    x.chunks_exact(2).map(of).sum()
}

fn prior() -> Prior {
    let normal = || DistributionConfig::normal(0.0, 1.0);
    Prior::new([("a", normal()), ("b", normal())]).unwrap()
}

fn simulations(n: usize, seed: Seed) -> Simulations {
    let theta = prior().sample_table(n, seed, Stream::Parameters);
    let mut random = seed.stream(Stream::Simulator, 0);
    let x = theta.rows().flat_map(|theta| draw(theta, &mut random));
    Simulations {
        x: Table::numbered("x", 2, x.collect()).unwrap(),
        theta,
        status: vec![Status::Ok; n],
    }
}

/// Log-weights of the points of a grid, normalised.
fn normalized(mut logs: Vec<f64>) -> Vec<f64> {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|l| (l - largest).exp()).sum();
    for log in &mut logs {
        *log -= largest + total.ln();
    }
    logs
}

/// The mean over observations of KL(exact ‖ learned), summed over a grid.
fn mean_divergence(learned: &dyn LogLikelihood, trials: usize) -> f64 {
    const STEPS: usize = 100;
    let axis = |k: usize| -4.0 + 8.0 * (k as f64 + 0.5) / STEPS as f64;
    let grid: Vec<f64> = (0..STEPS * STEPS)
        .flat_map(|k| [axis(k / STEPS), axis(k % STEPS)])
        .collect();
    let seed = Seed(31);
    let n = if trials == 1 { 20 } else { 4 };
    let truths = prior().sample_table(n, seed, Stream::TestParameters);
    let mut random = seed.stream(Stream::TestSimulator, trials as u64);
    let of = |truth: &[f64]| {
        let x: Vec<f64> = (0..trials).flat_map(|_| draw(truth, &mut random)).collect();
        let mut values = vec![0.0; STEPS * STEPS];
        learned.log_likelihood(&grid, &x, &mut values).unwrap();
        let log_prior = |theta: &[f64]| -0.5 * (theta[0].powi(2) + theta[1].powi(2));
        let rows = || grid.chunks_exact(2);
        let right = normalized(rows().map(|t| exact(t, &x) + log_prior(t)).collect());
        let found = rows().zip(&values).map(|(t, value)| value + log_prior(t));
        let found = normalized(found.collect());
        let term = |(a, b): (&f64, &f64)| if *a > -700.0 { a.exp() * (a - b) } else { 0.0 };
        right.iter().zip(&found).map(term).sum::<f64>()
    };
    truths.rows().map(of).sum::<f64>() / n as f64
}

fn silent(_: &EpochRecord) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The seeds are fixed, and the bounds twice what was measured, which leaves room for other processors.
#[test]
fn a_curved_likelihood_is_learned_with_default_settings() {
    let config = NleConfig::default();
    let (learned, _) = nle(
        &prior(),
        &simulations(4000, Seed(1)),
        &config,
        Seed(1),
        &silent,
    )
    .unwrap();
    let [one, ten] = [1, 10].map(|trials| mean_divergence(&learned, trials));
    // Measured: 0.027 and 0.140 nats.
    assert!(one < 0.055 && ten < 0.28, "{one} {ten}");
}

#[test]
fn a_curved_ratio_is_learned_with_default_settings() {
    let config = NreConfig::default();
    let (learned, _) = nre(
        &prior(),
        &simulations(4000, Seed(1)),
        &config,
        Seed(1),
        &silent,
    )
    .unwrap();
    let [one, ten] = [1, 10].map(|trials| mean_divergence(&learned, trials));
    // Measured: 0.018 and 0.169 nats.
    assert!(one < 0.036 && ten < 0.34, "{one} {ten}");
}
