//! Numbers of `ArviZ` (`tests/golden/diagnostics.py` made `tests/golden/diagnostics.json`).

use serde::Deserialize;

use crate::sample::{Diagnostics, smooth_weights};

#[derive(Deserialize)]
struct Golden {
    chains: Vec<Quantity>,
    weights: Vec<Tail>,
}

#[derive(Deserialize)]
struct Quantity {
    name: String,
    n_chains: usize,
    values: Vec<f64>,
    /// `ArviZ` has none of a single chain.
    r_hat: Option<f64>,
    ess_bulk: f64,
    ess_tail: f64,
    mcse_mean: f64,
    mcse_sd: f64,
}

#[derive(Deserialize)]
struct Tail {
    name: String,
    log_weights: Vec<f64>,
    smoothed: Vec<f64>,
    k_hat: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/diagnostics.json")).unwrap()
}

fn assert_close(found: f64, expected: f64, what: &str) {
    let allowed = 1e-9 * (1.0 + expected.abs());
    assert!(
        (found - expected).abs() < allowed,
        "{what}: {found}, ArviZ {expected}"
    );
}

#[test]
fn diagnostics_are_those_of_arviz() {
    for case in golden().chains {
        let found = Diagnostics::of(&case.values, case.n_chains);
        if let Some(r_hat) = case.r_hat {
            assert_close(found.r_hat, r_hat, &format!("{}, R̂", case.name));
        }
        assert_close(
            found.ess_bulk,
            case.ess_bulk,
            &format!("{}, bulk", case.name),
        );
        assert_close(
            found.ess_tail,
            case.ess_tail,
            &format!("{}, tail", case.name),
        );
        assert_close(
            found.mcse_mean,
            case.mcse_mean,
            &format!("{}, mean", case.name),
        );
        assert_close(found.mcse_sd, case.mcse_sd, &format!("{}, sd", case.name));
    }
}

#[test]
fn smoothed_weights_are_those_of_arviz() {
    for case in golden().weights {
        let found = smooth_weights(&case.log_weights);
        assert_close(found.k_hat, case.k_hat, &format!("{}, k̂", case.name));
        for (found, expected) in found.log_weights.iter().zip(case.smoothed) {
            assert_close(*found, expected, &case.name);
        }
    }
}

#[test]
fn weights_without_a_tail_need_no_smoothing() {
    let equal = smooth_weights(&[-3.0; 1000]);
    assert_eq!(equal.k_hat, f64::NEG_INFINITY);
    assert!(
        equal
            .log_weights
            .iter()
            .all(|w| (w + 1000.0_f64.ln()).abs() < 1e-12)
    );
    let mut few = vec![f64::NEG_INFINITY; 1000];
    few[3] = 0.0;
    few[4] = -1.0;
    assert_eq!(smooth_weights(&few).k_hat, f64::INFINITY);
}

#[test]
fn too_few_or_broken_draws_say_nothing() {
    for values in [vec![1.0, 2.0, 3.0], vec![1.0, 2.0, f64::NAN, 3.0, 4.0]] {
        assert!(Diagnostics::of(&values, 1).r_hat.is_nan());
    }
}
