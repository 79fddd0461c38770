//! A whole verdict, as a run makes it, without training.

use retrodict::check::{
    Calibration, CalibrationChecks, Check, LocalTest, Misspecification, Predictive, PredictiveKind,
    Verdict, simulation_failures,
};
use retrodict::infer::Posterior;
use retrodict::prior::{DistributionConfig, Prior};
use retrodict::simulate::Simulations;
use retrodict::{Random, Seed, Stream, Table};

/// A prior and a simulator.
pub trait Study {
    /// One θ from the prior.
    fn prior_draw(&self, random: &mut Random) -> Vec<f64>;

    /// One x for this θ.
    fn simulate(&self, theta: &[f64], random: &mut Random) -> Vec<f64>;

    /// Pairs of both; row i depends on (seed, stream, i) alone.
    fn simulations(&self, n: usize, seed: Seed, stream: Stream) -> Simulations;
}

/// How many simulations and draws a verdict rests on: those of a real run, but fewer draws, because
/// a position among draws is exactly uniform for any number of them.
const N_SIMULATIONS: usize = 1000;
const N_DRAWS: usize = 200;
/// Test simulations of a run with default settings.
const N_TEST: usize = 300;

/// Checks a posterior with `n_test` test simulations and an observation that the simulator made, but for
/// the local test.
pub fn verdict(study: &dyn Study, posterior: &dyn Posterior, n_test: usize, seed: Seed) -> Verdict {
    let observed = study.simulations(1, seed, Stream::Test).x;
    let test = study.simulations(n_test, seed, Stream::TestSimulator);
    Verdict::from_checks(checks(study, posterior, &test, (observed.row(0), seed)).0)
}

/// The whole verdict of a run with default settings about the posterior of one observation.
pub fn whole_verdict(
    study: &dyn Study,
    posterior: &dyn Posterior,
    observed: &[f64],
    seed: Seed,
) -> Verdict {
    let test = study.simulations(N_TEST, seed, Stream::TestSimulator);
    let (mut checks, calibration) = checks(study, posterior, &test, (observed, seed));
    let local = LocalTest::train(&calibration, &test, seed).expect("a network of this size");
    let samples = posterior.sample(observed, 1000, seed).expect("draws");
    checks.push(local.at(observed, &samples).check());
    Verdict::from_checks(checks)
}

fn checks(
    study: &dyn Study,
    posterior: &dyn Posterior,
    test: &Simulations,
    (observed, seed): (&[f64], Seed),
) -> (Vec<Check>, Calibration) {
    let simulations = study.simulations(N_SIMULATIONS, seed, Stream::Simulator);
    let found = CalibrationChecks::run(posterior, test, N_DRAWS, seed)
        .expect("the problem has a posterior");
    let mut checks = found.checks();
    let failures = simulations.failures();
    checks.push(simulation_failures(
        &failures,
        simulations.len(),
        &simulations,
    ));
    let replicated = replicate(study, posterior, observed, seed);
    for (kind, x) in [
        (PredictiveKind::Prior, &simulations.x),
        (PredictiveKind::Posterior, &replicated),
    ] {
        let predictive = Predictive::of(kind, x, observed).expect("finite data");
        checks.extend(predictive.checks());
    }
    // Of the prior, the support alone counts here.
    let of = |name: &String| (name.clone(), DistributionConfig::normal(0.0, 1.0));
    let prior = Prior::new(simulations.theta.names().iter().map(of)).expect("names");
    let typical = Misspecification::of(&prior, &simulations, observed).expect("finite data");
    checks.extend(typical.check());
    (checks, found.calibration)
}

/// Simulations at posterior draws.
fn replicate(study: &dyn Study, posterior: &dyn Posterior, x: &[f64], seed: Seed) -> Table {
    let draws = posterior
        .sample(x, N_DRAWS, seed)
        .expect("the problem has a posterior")
        .draws;
    let mut random = seed.stream(Stream::Predictive, 0);
    let rows = draws
        .rows()
        .flat_map(|theta| study.simulate(theta, &mut random))
        .collect();
    Table::numbered("x", x.len(), rows).expect("whole rows")
}
