//! Distances against `SciPy` 1.17 (`tests/golden/distances.py` made `tests/golden/distances.json`).

use serde::Deserialize;

use super::*;
use crate::seed::{Seed, Stream};

#[derive(Deserialize)]
struct Golden {
    simulated: Vec<f64>,
    x: Vec<f64>,
    observed: Vec<f64>,
    norms: Vec<NormCase>,
    mahalanobis: f64,
    a: Vec<f64>,
    b: Vec<f64>,
    wasserstein: f64,
    wasserstein_2: f64,
    energy: f64,
    mmd: f64,
    c: Vec<f64>,
    d: Vec<f64>,
    mmd_3: f64,
    energy_3: f64,
}

#[derive(Deserialize)]
struct NormCase {
    p: f64,
    scale: ScaleMethod,
    value: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/distances.json")).unwrap()
}

fn close(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() < 1e-11 * expected,
        "{what}: {found}, SciPy {expected}"
    );
}

fn config(json: &str) -> DistanceConfig {
    serde_json::from_str(json).unwrap()
}

#[test]
fn norms_are_those_of_scipy() {
    let golden = golden();
    let simulated = Table::numbered("x", 4, golden.simulated).unwrap();
    for NormCase { p, scale, value } in golden.norms {
        let distance = NormConfig { p, scale }
            .fit(&simulated, &golden.observed)
            .unwrap();
        close(distance(&golden.x), value, &format!("p = {p}, {scale:?}"));
    }
    let largest = NormConfig {
        p: f64::INFINITY,
        scale: ScaleMethod::None,
    };
    let largest = largest.fit(&simulated, &[0.0; 4]).unwrap();
    assert_eq!(largest(&[1.0, -3.0, 2.0, 0.0]), 3.0);
    assert!(largest(&[1.0, f64::NAN, 2.0, 0.0]).is_nan());
}

#[test]
fn mahalanobis_is_that_of_scipy_but_for_the_shrinkage() {
    let golden = golden();
    // With the rows repeated the rule of Ledoit and Wolf sees many rows, and shrinks little.
    let many: Vec<f64> = golden.simulated.repeat(2000);
    let many = Table::numbered("x", 4, many).unwrap();
    let distance = MahalanobisConfig {}.fit(&many, &golden.observed).unwrap();
    // Repeating changes the divisor n − 1 of the covariance to n.
    let expected = golden.mahalanobis * (50.0_f64 / 49.0).sqrt();
    let found = distance(&golden.x);
    assert!((found / expected - 1.0).abs() < 2e-3, "{found} {expected}");
}

#[test]
fn distances_of_samples_are_those_of_scipy() {
    let golden = golden();
    let of = |json: &str, simulated: &[f64], observed: &[f64]| {
        let pilot = Table::numbered("x", observed.len(), simulated.repeat(2)).unwrap();
        config(json).fit(&pilot, observed).unwrap()(simulated)
    };
    let (a, b) = (&golden.a, &golden.b);
    close(
        of(r#"{"kind":"wasserstein","scale":"none"}"#, a, b),
        golden.wasserstein,
        "W1",
    );
    let w2 = of(r#"{"kind":"wasserstein","p":2.0,"scale":"none"}"#, a, b);
    close(w2, golden.wasserstein_2, "W2");
    close(
        of(r#"{"kind":"energy","scale":"none"}"#, a, b),
        golden.energy,
        "energy",
    );
    close(
        of(r#"{"kind":"mmd","scale":"none"}"#, a, b),
        golden.mmd,
        "MMD",
    );
    let (c, d) = (&golden.c, &golden.d);
    let mmd = of(
        r#"{"kind":"mmd","columns":3,"bandwidth":0.7,"scale":"none"}"#,
        c,
        d,
    );
    close(mmd, golden.mmd_3, "MMD in three dimensions");
    let energy = of(r#"{"kind":"energy","columns":3,"scale":"none"}"#, c, d);
    close(energy, golden.energy_3, "energy in three dimensions");
}

#[test]
fn a_moved_sample_is_as_far_as_it_was_moved() {
    // Along direction u a sample moved by v is moved by |u·v|; its mean is 2|v|/π in the plane and
    // |v|/2 in space.
    let mut random = Seed(1).stream(Stream::Test, 0);
    for (columns, n, share, allowed) in [
        (2, 50, 2.0 / std::f64::consts::PI, 1e-3),
        // Five standard errors: |cos| has variance 1/12.
        (3, 10_000, 0.5, 5.0 * (1.0_f64 / 12.0 / 1e4).sqrt()),
    ] {
        let sample: Vec<f64> = (0..columns * 10).map(|_| random.normal()).collect();
        let moved: Vec<f64> = sample
            .iter()
            .enumerate()
            .map(|(k, v)| v + if k % columns == 0 { 5.0 } else { 0.0 })
            .collect();
        let config = WassersteinConfig {
            columns,
            p: 1.0,
            directions: n,
            scale: ScaleMethod::None,
        };
        let pilot = Table::numbered("x", sample.len(), sample.clone()).unwrap();
        let distance = config.fit(&pilot, &sample).unwrap();
        assert!(
            (distance(&moved) / 5.0 - share).abs() < allowed,
            "{columns}: {}",
            distance(&moved)
        );
        assert_eq!(distance(&sample), 0.0);
    }
}

#[test]
fn units_do_not_matter_with_scales() {
    let mut random = Seed(2).stream(Stream::Test, 0);
    let rows: Vec<f64> = (0..400).map(|_| random.normal()).collect();
    let other: Vec<f64> = rows
        .iter()
        .enumerate()
        .map(|(k, v)| v * [1.0, 1e6][k % 2])
        .collect();
    for json in [
        r#"{"kind":"norm"}"#,
        r#"{"kind":"mahalanobis"}"#,
        r#"{"kind":"wasserstein","columns":2}"#,
        r#"{"kind":"mmd","columns":2}"#,
        r#"{"kind":"energy","columns":2}"#,
    ] {
        let [first, second] = [&rows, &other].map(|rows| {
            let table = Table::numbered("x", 4, rows.clone()).unwrap();
            config(json).fit(&table, table.row(0)).unwrap()(table.row(1))
        });
        assert!(
            (first / second - 1.0).abs() < 1e-9,
            "{json}: {first} {second}"
        );
    }
}

#[test]
fn a_column_that_never_changes_is_left_out() {
    let rows = vec![1.0, 5.0, 2.0, 5.0, 4.0, 5.0, 8.0, 5.0];
    let table = Table::numbered("x", 2, rows).unwrap();
    for json in [r#"{"kind":"norm"}"#, r#"{"kind":"mahalanobis"}"#] {
        let distance = config(json).fit(&table, &[1.0, 77.0]).unwrap();
        assert_eq!(distance(&[1.0, 5.0]), 0.0, "{json}");
    }
}

#[test]
fn options_that_make_no_sense_are_refused_by_name() {
    let table = Table::numbered("x", 4, vec![1.0; 8]).unwrap();
    for (json, field) in [
        (r#"{"kind":"norm","p":0.5}"#, "`p`"),
        (r#"{"kind":"wasserstein","columns":3}"#, "`columns`"),
        (r#"{"kind":"wasserstein","columns":0}"#, "`columns`"),
        (r#"{"kind":"wasserstein","directions":0}"#, "`directions`"),
        (r#"{"kind":"mmd","bandwidth":-1.0}"#, "`bandwidth`"),
        (r#"{"kind":"mmd"}"#, "`bandwidth`"),
    ] {
        let Err(error) = config(json).fit(&table, &[1.0; 4]) else {
            panic!("{json} was accepted");
        };
        assert!(error.to_string().contains(field), "{error}");
    }
    assert!(serde_json::from_str::<DistanceConfig>(r#"{"kind":"norm","q":1.0}"#).is_err());
}
