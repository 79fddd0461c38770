//! Numbers of `SciPy` 1.17 (`tests/golden/prior.py` made `tests/golden/prior.json`).

use serde::Deserialize;

use super::one;
use crate::prior::conditional::Values;
use crate::prior::{DistributionConfig, Law, Tail};

#[derive(Deserialize)]
struct Golden {
    univariate: Vec<Univariate>,
    joint: Vec<Joint>,
}

#[derive(Deserialize)]
struct Univariate {
    config: DistributionConfig,
    x: Vec<f64>,
    log_density: Vec<f64>,
    cdf: Vec<f64>,
    survival: Vec<f64>,
    lower: Vec<[f64; 2]>,
    upper: Vec<[f64; 2]>,
    mean: Option<f64>,
    sd: Option<f64>,
}

#[derive(Deserialize)]
struct Joint {
    config: DistributionConfig,
    x: Vec<Vec<f64>>,
    log_density: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/prior.json")).unwrap()
}

fn assert_close(found: f64, expected: f64, relative: f64, what: &str) {
    let allowed = relative * expected.abs().max(f64::MIN_POSITIVE);
    assert!(
        (found - expected).abs() <= allowed,
        "{what}: {found}, SciPy {expected}"
    );
}

#[test]
fn densities_and_tails_are_those_of_scipy() {
    for case in golden().univariate {
        let law = Values::NONE.build(&case.config).unwrap();
        for (i, x) in case.x.iter().enumerate() {
            let what = format!("{:?} at {x}", case.config);
            let (log_density, tails) = (law.log_density(*x), law.tails(*x));
            assert!(
                (log_density - case.log_density[i]).abs() <= 1e-10 * (1.0 + log_density.abs()),
                "{what}: {log_density} {}",
                case.log_density[i]
            );
            assert_close(tails.lower, case.cdf[i], 1e-11, &what);
            assert_close(tails.upper, case.survival[i], 1e-11, &what);
        }
    }
}

#[test]
fn quantiles_and_moments_are_those_of_scipy() {
    for case in golden().univariate {
        let law = Values::NONE.build(&case.config).unwrap();
        let lower = case.lower.iter().map(|[p, x]| (Tail::Lower(*p), *x));
        let upper = case.upper.iter().map(|[p, x]| (Tail::Upper(*p), *x));
        for (tail, x) in lower.chain(upper) {
            let what = format!("{:?} at {tail:?}", case.config);
            let found = law.quantile(tail);
            assert!(
                (found - x).abs() <= 1e-11 * x.abs().max(1e-6 * case.sd.unwrap_or(1.0)),
                "{what}: {found} {x}"
            );
        }
        for (found, expected) in [(law.moments().mean, case.mean), (law.moments().sd, case.sd)] {
            assert_eq!(found.is_some(), expected.is_some(), "{:?}", case.config);
            if let Some((found, expected)) = found.zip(expected) {
                assert!(
                    (found - expected).abs() < 1e-8 * (1.0 + expected.abs()),
                    "{:?}",
                    case.config
                );
            }
        }
    }
}

#[test]
fn joint_densities_are_those_of_scipy() {
    for case in golden().joint {
        let prior = one(&case.config);
        for (x, expected) in case.x.iter().zip(case.log_density) {
            assert!((prior.log_prob(x) - expected).abs() < 1e-10 * (1.0 + expected.abs()));
        }
    }
}
