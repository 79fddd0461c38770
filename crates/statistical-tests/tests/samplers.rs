//! Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788) of posteriors from a given
//! likelihood, through samplers.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use retrodict::infer::{FunctionLikelihood, Posterior, PotentialPosterior};
use retrodict::prior::{DistributionConfig, Prior};
use retrodict::sample::{EnsembleConfig, RandomWalkConfig, SamplerConfig, SliceConfig, SmcConfig};
use retrodict::{Seed, Stream};

const RUNS: usize = 300;
const DRAWS: usize = 60;
const TRIALS: usize = 3;
const BINS: usize = 10;

/// A location and a scale, both bounded: three data leave the posterior leaning on the bounds as often
/// as not.
fn prior() -> Prior {
    let location = DistributionConfig::uniform(-1.0, 1.0);
    let scale = DistributionConfig::LogUniform {
        low: 0.2.into(),
        high: 3.0.into(),
    };
    Prior::new([("location", location), ("scale", scale)]).unwrap()
}

fn likelihood() -> FunctionLikelihood {
    let function =
        |theta: &[f64], x: &[f64]| -theta[1].ln() - 0.5 * ((x[0] - theta[0]) / theta[1]).powi(2);
    FunctionLikelihood::new(1, function).unwrap()
}

/// Pearson's χ² of the ranks of the true parameters among the draws, one a parameter.
fn rank_chi_squares(sampler: SamplerConfig) -> Vec<f64> {
    let prior = prior();
    let posterior = PotentialPosterior::new(&prior, Box::new(likelihood()), sampler).unwrap();
    let mut counts = [[0.0; BINS]; 2];
    for run in 0..RUNS as u64 {
        let mut random = Seed(1).stream(Stream::Test, run);
        let mut theta = [0.0; 2];
        prior.sample(&mut random, &mut theta);
        let x: Vec<f64> = (0..TRIALS)
            .map(|_| theta[0] + theta[1] * random.normal())
            .collect();
        let samples = posterior.sample(&x, DRAWS, Seed(run)).unwrap();
        for (j, counts) in counts.iter_mut().enumerate() {
            let below = samples
                .draws
                .column(j)
                .iter()
                .filter(|v| **v < theta[j])
                .count();
            let level = (below as f64 + random.uniform()) / (DRAWS as f64 + 1.0);
            counts[(level * BINS as f64) as usize] += 1.0;
        }
    }
    let expected = RUNS as f64 / BINS as f64;
    let chi_square = |counts: &[f64; BINS]| {
        let squares = counts.iter().map(|n| (n - expected).powi(2) / expected);
        squares.sum::<f64>()
    };
    counts.iter().map(chi_square).collect()
}

fn assert_calibrated(sampler: SamplerConfig) {
    let kind = sampler.kind();
    for (j, chi_square) in rank_chi_squares(sampler).into_iter().enumerate() {
        println!("{kind}, parameter {j}: χ²₉ = {chi_square:.1}");
        // Once in 10⁴.
        assert!(chi_square < 33.7, "{kind}, parameter {j}: {chi_square}");
    }
}

#[test]
fn slice_sampling_is_calibrated() {
    assert_calibrated(SamplerConfig::Slice(SliceConfig {
        warmup: 50,
        thin: 10,
        candidates: 1000,
        ..SliceConfig::default()
    }));
}

#[test]
fn the_random_walk_is_calibrated() {
    assert_calibrated(SamplerConfig::RandomWalk(RandomWalkConfig {
        warmup: 500,
        thin: 40,
        candidates: 1000,
        ..RandomWalkConfig::default()
    }));
}

#[test]
fn the_ensemble_is_calibrated() {
    assert_calibrated(SamplerConfig::Ensemble(EnsembleConfig {
        walkers: Some(20),
        warmup: 200,
        thin: 40,
        candidates: 1000,
        ..EnsembleConfig::default()
    }));
}

#[test]
fn tempering_is_calibrated() {
    assert_calibrated(SamplerConfig::Smc(SmcConfig {
        particles: 400,
        ..SmcConfig::default()
    }));
}
