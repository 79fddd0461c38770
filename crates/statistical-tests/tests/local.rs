//! The local two-sample test: how often it is wrong about exact posteriors, and what it sees.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use retrodict::check::{Calibration, LocalTest, LocalTwoSample};
use retrodict::infer::Posterior;
use retrodict::{Seed, Stream};
use retrodict_statistical_tests::{Bimodal, Damage, LinearGaussian, Study};

/// The test at one observation, with as many test simulations as a run has by default.
fn local(study: &dyn Study, posterior: &dyn Posterior, seed: u64) -> LocalTwoSample {
    let seed = Seed(2000 + seed);
    let test = study.simulations(300, seed, Stream::TestSimulator);
    let calibration = Calibration::measure(posterior, &test, 200, seed).unwrap();
    let local = LocalTest::train(&calibration, &test, seed).unwrap();
    let observed = study.simulations(1, seed, Stream::Test).x;
    let samples = posterior.sample(observed.row(0), 1000, seed).unwrap();
    local.at(observed.row(0), &samples)
}

#[test]
fn the_p_value_is_uniform_for_exact_posteriors() {
    let bimodal = Bimodal::new(true);
    let problem = LinearGaussian::chain(2, 0.5);
    let exact = problem.posterior(Damage::None);
    let cases: [(&dyn Study, &dyn Posterior); 2] = [(&bimodal, &bimodal), (&problem, &exact)];
    for (study, posterior) in cases {
        // Of 40, 2 ± 1.4 are below 0.05, and more than 7 with probability below 0.1 %; 20 ± 3.2 below
        // one half, and outside 10 to 30 with the same.
        let found: Vec<f64> = (0..40)
            .map(|i| local(study, posterior, i).p_value)
            .collect();
        let below = |limit: f64| found.iter().filter(|p| **p < limit).count();
        println!("{} below 0.05, {} below 0.5", below(0.05), below(0.5));
        assert!(below(0.05) <= 7 && below(0.002) <= 2, "{found:?}");
        assert!((10..=30).contains(&below(0.5)), "{found:?}");
    }
}

#[test]
fn a_shift_by_one_sd_and_a_parameter_left_at_its_prior_are_seen_at_the_observation() {
    let problem = LinearGaussian::chain(2, 0.5);
    for damage in [Damage::Shift(1.0), Damage::PriorInstead(0)] {
        let posterior = problem.posterior(damage);
        let found: Vec<LocalTwoSample> = (0..20).map(|i| local(&problem, &posterior, i)).collect();
        let seen = found.iter().filter(|one| one.p_value < 0.01).count();
        println!("{damage:?}: seen in {seen} of 20");
        assert!(seen >= 18, "{damage:?}: {seen} of 20");
        assert!(found.iter().all(|one| one.discrepancy > 0.2));
    }
}
