//! A network that learned from data with errors, against the exact posterior with errors.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::f64::consts::{PI, TAU};
use std::ops::ControlFlow;

use retrodict::infer::{ErrorModel, NpeConfig, Posterior, RobustConfig, npe};
use retrodict::prior::{DistributionConfig as D, Prior};
use retrodict::simulate::{Simulations, Status};
use retrodict::{Seed, Stream, Table};

const DATA: usize = 4;
const NOISE: f64 = 0.5;

/// θ ~ N(0, 1), four data of θ with noise.
fn simulations(prior: &Prior, n: usize) -> Simulations {
    let theta = prior.sample_table(n, Seed(5), Stream::Parameters);
    let mut random = Seed(5).stream(Stream::Simulator, 0);
    let x = theta.values().iter();
    let x = x.flat_map(|theta| [0; DATA].map(|_| theta + NOISE * random.normal()));
    Simulations {
        x: Table::numbered("x", DATA, x.collect()).unwrap(),
        status: vec![Status::Ok; n],
        theta,
    }
}

/// p(y | θ) of one datum: noise N(0, ½²), and an error N(0, (spike s)²) or Cauchy(0, slab s).
fn likelihood(config: &RobustConfig, scale: f64, away: f64) -> f64 {
    let normal = |v: f64, sd: f64| (-0.5 * (v / sd).powi(2)).exp() / (sd * TAU.sqrt());
    let narrow = normal(away, NOISE.hypot(config.spike * scale));
    let gamma = config.slab * scale;
    let step = 0.01;
    // The convolution of the Cauchy density with the noise, out to eight sds of it.
    let wide = (-400..=400).map(|k| step * f64::from(k)).map(|noise| {
        let error = (away - noise) / gamma;
        step * normal(noise, NOISE) / (PI * gamma * (1.0 + error * error))
    });
    let share = config.slab_probability;
    (1.0 - share) * narrow + share * wide.sum::<f64>()
}

/// Mean and sd of the posterior with errors, on a grid.
fn exact(model: &ErrorModel, y: &[f64]) -> [f64; 2] {
    let grid = (-500..=500).map(|k| 0.01 * f64::from(k));
    let density = |theta: f64| {
        let each = y.iter().zip(&model.scales);
        let each = each.map(|(y, scale)| likelihood(&model.config, *scale, y - theta));
        (-0.5 * theta * theta).exp() * each.product::<f64>()
    };
    let [mut total, mut first, mut second] = [0.0; 3];
    for theta in grid {
        let p = density(theta);
        total += p;
        first += p * theta;
        second += p * theta * theta;
    }
    let mean = first / total;
    [mean, (second / total - mean * mean).sqrt()]
}

#[test]
fn a_network_that_learned_from_data_with_errors_leaves_an_outlier_aside() {
    let prior = Prior::new([("a", D::normal(0.0, 1.0))]).unwrap();
    let mut simulations = simulations(&prior, 100_000);
    let model = ErrorModel::of(&RobustConfig::default(), &simulations.x);
    simulations.x = model.with_errors(&simulations.x, Seed(6));
    let mut config = NpeConfig::default();
    config.train.ensemble_size = 1;
    let quiet = |_: &_| ControlFlow::Continue(());
    let (posterior, _) = npe(&prior, &simulations, &config, Seed(1), &quiet).unwrap();
    let y = [1.2, 0.7, 0.9, -6.0];
    let [mean, sd] = exact(&model, &y);
    let found = &posterior.sample(&y, 4000, Seed(2)).unwrap().summary()[0];
    let (off, ratio) = ((found.mean - mean) / sd, found.sd / sd);
    println!("exact {mean:.4} ± {sd:.4}; off {off:+.3} sd, sd × {ratio:.3}");
    assert!(off.abs() < 0.5, "{off}");
    assert!((ratio - 1.0).abs() < 0.35, "{ratio}");
}
