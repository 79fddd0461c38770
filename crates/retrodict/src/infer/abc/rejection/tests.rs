//! Rejection against posteriors known by quadrature.

use super::super::distance::NormConfig;
use super::super::testing::*;
use super::super::{FunctionDistance, ScaleMethod};
use super::*;
use crate::infer::abc::candidates::AbcProblem;
use crate::seed::Seed;

fn unscaled(json: &str) -> AbcRejectionConfig {
    let config: AbcRejectionConfig = serde_json::from_str(json).unwrap();
    let norm = NormConfig {
        p: 2.0,
        scale: ScaleMethod::None,
    };
    AbcRejectionConfig {
        distance: DistanceConfig::Norm(norm),
        ..config
    }
}

#[test]
fn a_wide_tolerance_gives_the_widened_posterior() {
    let simulations = simulations(&simulator(), 40_000, 1);
    for (observed, tolerance) in [(0.1, 0.3), (0.5, 0.05)] {
        let config = unscaled(&format!(r#"{{"tolerance":{tolerance}}}"#));
        let result = abc_rejection(&prior(), &simulations, &[observed], &config, None).unwrap();
        agree(
            &result,
            moments(|t| within(t, observed, tolerance)),
            5.0,
            "rejection",
        );
        let distances = &result.samples.statistics["distance"];
        let far =
            |(x, d): (&[f64], &f64)| ((x[0] - observed).abs() - d).abs() > 1e-12 || *d > tolerance;
        assert!(!result.data.rows().zip(distances).any(far));
    }
}

#[test]
fn a_quantile_takes_the_nearest_and_reports_their_tolerance() {
    let simulations = simulations(&simulator(), 20_000, 2);
    let config = unscaled(r#"{"quantile":0.1}"#);
    let result = abc_rejection(&prior(), &simulations, &[0.2], &config, None).unwrap();
    assert_eq!(result.samples.draws.n_rows(), 2000);
    let within_it = simulations
        .x
        .values()
        .iter()
        .filter(|x| (*x - 0.2).abs() <= result.tolerance);
    assert_eq!(within_it.count(), 2000);
    agree(
        &result,
        moments(|t| within(t, 0.2, result.tolerance)),
        5.0,
        "rejection",
    );
}

#[test]
fn the_adjusted_posterior_is_narrower_and_inside_the_prior() {
    let simulations = simulations(&simulator(), 40_000, 3);
    let exact_moments = moments(|t| exact(t, 0.5));
    let run = |adjustment: &str| {
        let json = format!(r#"{{"quantile":0.5,"adjustment":"{adjustment}"}}"#);
        abc_rejection(&prior(), &simulations, &[0.5], &unscaled(&json), None).unwrap()
    };
    let sd = |result: &AbcResult| result.samples.summary()[0].sd;
    let plain = sd(&run("none"));
    for adjustment in ["local_linear", "heteroscedastic"] {
        let adjusted = run(adjustment);
        assert!(
            adjusted
                .samples
                .draws
                .rows()
                .all(|theta| prior().contains(theta))
        );
        // With half of all simulations accepted the plain draws are 14 % too wide.
        let excess = (sd(&adjusted) / exact_moments[1] - 1.0).abs();
        println!(
            "{adjustment}: sd {:.4}, plain {plain:.4}, exact {:.4}",
            sd(&adjusted),
            exact_moments[1]
        );
        assert!(
            excess < 0.5 * (plain / exact_moments[1] - 1.0),
            "{adjustment}: {excess}"
        );
    }
}

#[test]
fn measurement_noise_gives_the_exact_posterior() {
    // The simulator leaves out its noise; the acceptance puts it in.
    let silent = crate::simulate::FunctionSimulator::new("silent", 1, [1], |theta, _, x| {
        x[0] = theta[0];
        Ok(())
    });
    let simulations = simulations(&silent, 20_000, 4);
    let json = r#"{"acceptance":{"kind":"gaussian_noise","sd":[0.2]}}"#;
    let config: AbcRejectionConfig = serde_json::from_str(json).unwrap();
    let result = abc_rejection(&prior(), &simulations, &[0.1], &config, None).unwrap();
    agree(&result, moments(|t| exact(t, 0.1)), 5.0, "rejection");
}

#[test]
fn simulating_until_enough_are_accepted_is_the_same_for_any_threads() {
    let prior = prior();
    let (simulator, observation) = (failing(), [0.1]);
    let problem = AbcProblem::new(&prior, &simulator, &observation);
    let config = unscaled(r#"{"tolerance":0.1}"#);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| abc_rejection_until(&problem, &config, 3000, 100_000, Seed(5)).unwrap())
    };
    let one = run(1);
    assert_eq!(one.samples.draws.n_rows(), 3000);
    assert_eq!(one.stopped, Stop::Tolerance);
    agree(&one, moments(|t| within(t, 0.1, 0.1)), 5.0, "rejection");
    let two = run(3);
    assert_eq!(one.samples, two.samples);
    assert_eq!(one.generations, two.generations);
    // A tenth fails: five standard errors.
    let n = one.n_simulations as f64;
    let failed = one.failures[&crate::simulate::Status::Failed] as f64;
    assert!(
        (failed / n - 0.1).abs() < 5.0 * (0.09 / n).sqrt(),
        "{failed} of {n}"
    );
    assert!(one.notes[0].contains("gave no data"), "{:?}", one.notes);
}

#[test]
fn a_budget_that_is_spent_is_reported() {
    let prior = prior();
    let (simulator, observation) = (simulator(), [0.1]);
    let problem = AbcProblem::new(&prior, &simulator, &observation);
    let config = unscaled(r#"{"tolerance":0.01}"#);
    let result = abc_rejection_until(&problem, &config, 1000, 2000, Seed(6)).unwrap();
    assert_eq!((result.stopped, result.n_simulations), (Stop::Budget, 2000));
    assert!((5..80).contains(&result.samples.draws.n_rows()));
    let config = unscaled(r#"{"tolerance":0.0}"#);
    let message = abc_rejection_until(&problem, &config, 10, 2000, Seed(6)).unwrap_err();
    assert!(message.to_string().contains("tolerance"), "{message}");
    let config = unscaled(r#"{"quantile":0.05}"#);
    let result = abc_rejection_until(&problem, &config, 10, 2000, Seed(6)).unwrap();
    assert_eq!(result.samples.draws.n_rows(), 100);
}

#[test]
fn a_distance_of_ones_own_counts_and_its_nan_reject() {
    let simulations = simulations(&failing(), 2000, 7);
    let own = FunctionDistance::new(|x: &[f64], observed: &[f64]| {
        if x[0] < observed[0] {
            f64::NAN
        } else {
            x[0] - observed[0]
        }
    });
    let config = unscaled(r#"{"tolerance":0.1}"#);
    let result = abc_rejection(&prior(), &simulations, &[0.3], &config, Some(&own)).unwrap();
    assert!(result.data.values().iter().all(|x| (0.3..=0.4).contains(x)));
    let generation = result.generations[0];
    let below = simulations.x.values().iter().filter(|x| **x < 0.3).count();
    assert_eq!(generation.n_undefined, below);
    assert_eq!(
        generation.n_failed,
        simulations.failures().values().sum::<usize>()
    );
}

#[test]
fn wrong_options_and_data_are_refused_by_name() {
    let simulations = simulations(&simulator(), 100, 8);
    for (json, named) in [
        (r#"{"quantile":0.0}"#, "`quantile`"),
        (r#"{"quantile":1.5}"#, "`quantile`"),
        (r#"{"tolerance":-1.0}"#, "`tolerance`"),
        (r#"{"tolerance":1.0,"quantile":0.1}"#, "only one of"),
        (
            r#"{"acceptance":{"kind":"gaussian_noise","sd":[0.0]}}"#,
            "`sd`",
        ),
        (
            r#"{"acceptance":{"kind":"gaussian_noise","sd":[1.0]},"adjustment":"local_linear"}"#,
            "`adjustment`",
        ),
        (
            r#"{"quantile":0.02,"adjustment":"local_linear"}"#,
            "regression adjustment",
        ),
        (r#"{"tolerance":1e-12}"#, "smallest distance"),
    ] {
        let config: AbcRejectionConfig = serde_json::from_str(json).unwrap();
        let message = abc_rejection(&prior(), &simulations, &[0.3], &config, None).unwrap_err();
        assert!(message.to_string().contains(named), "{json}: {message}");
    }
    let config = AbcRejectionConfig::default();
    for x in [vec![], vec![0.1, 0.2], vec![f64::NAN]] {
        let message = abc_rejection(&prior(), &simulations, &x, &config, None).unwrap_err();
        assert!(message.to_string().contains("observation"), "{message}");
    }
    let mut outside = simulations.clone();
    outside.theta.values_mut()[7] = 3.0;
    let message = abc_rejection(&prior(), &outside, &[0.3], &config, None).unwrap_err();
    assert!(message.to_string().contains("row 8"), "{message}");
    let mut failed = simulations;
    failed.status.fill(crate::simulate::Status::Crashed);
    let message = abc_rejection(&prior(), &failed, &[0.3], &config, None).unwrap_err();
    assert!(message.to_string().contains("0 with data"), "{message}");
}
