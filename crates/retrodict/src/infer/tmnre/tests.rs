//! Ten parameters of a linear Gaussian problem, whose marginals are known.

use super::*;
use crate::infer::testing::silent;
use crate::simulate::Status;

const D10: usize = 10;
const NOISE: f64 = 0.05;

/// θⱼ uniform on (−1, 1), xⱼ ~ N(θⱼ + 0.5 θⱼ₊₁, 0.05²), the last without a neighbour.
fn problem() -> Prior {
    Prior::new((0..D10).map(|j| (format!("t{j}"), D::uniform(-1.0, 1.0)))).unwrap()
}

fn simulate(theta: &Table, seed: Seed) -> Result<Simulations> {
    let mut random = seed.stream(Stream::Simulator, 0);
    let x = theta.rows().flat_map(|t| {
        let next = |j: usize| t.get(j + 1).map_or(0.0, |v| 0.5 * v);
        let row = (0..D10).map(|j| t[j] + next(j) + NOISE * random.normal());
        row.collect::<Vec<_>>()
    });
    let x: Vec<f64> = x.collect();
    Ok(Simulations {
        x: Table::numbered("x", D10, x)?,
        theta: theta.clone(),
        status: vec![Status::Ok; theta.n_rows()],
    })
}

/// Mean and sd of each θⱼ: the map from θ to the means is triangular, and the posterior far from the
/// prior's bounds.
fn exact(x: &[f64]) -> Vec<[f64; 2]> {
    let mut out = vec![[0.0; 2]; D10];
    let (mut mean, mut variance) = (0.0, 0.0);
    for j in (0..D10).rev() {
        mean = x[j] - 0.5 * mean;
        variance = NOISE * NOISE + 0.25 * variance;
        out[j] = [mean, f64::sqrt(variance)];
    }
    out
}

#[test]
fn the_marginals_of_ten_parameters_are_found_within_shrinking_bounds() {
    let prior = problem();
    let x = [0.3, -0.1, 0.4, 0.0, -0.5, 0.2, 0.1, -0.3, 0.25, 0.15];
    let config: TmnreConfig = serde_json::from_str(
        r#"{"simulations":1000,"max_rounds":3,"pairs":[["t8","t9"]],
            "ratio":{"estimator":{"network":{"hidden":[24,24]}},
                     "train":{"max_epochs":20,"ensemble_size":1,"learning_rate":0.005}}}"#,
    )
    .unwrap();
    let found = tmnre(&prior, &x, &simulate, &config, Seed(1), &silent).unwrap();
    let rounds = found.rounds();
    assert!(rounds.len() >= 2, "{rounds:?}");
    assert!(rounds.windows(2).all(|r| r[1].volume < r[0].volume));
    assert!(rounds[rounds.len() - 1].volume < 1e-3, "{rounds:?}");
    for (j, [mean, sd]) in exact(&x).into_iter().enumerate() {
        let [low, high] = found.bounds()[j];
        assert!(
            low < mean - 2.5 * sd && mean + 2.5 * sd < high,
            "{j}: {low} {high} {mean} {sd}"
        );
        let draws = found.sample(j, &x, 2000, Seed(2)).unwrap().draws;
        let values = draws.values();
        let average = values.iter().sum::<f64>() / 2000.0;
        let spread = values.iter().map(|v| (v - average).powi(2)).sum::<f64>() / 2000.0;
        assert!(
            (average - mean).abs() < 0.8 * sd,
            "{j}: {average} {mean} {sd}"
        );
        assert!(
            (0.6..1.8).contains(&(spread.sqrt() / sd)),
            "{j}: {} {sd}",
            spread.sqrt()
        );
        let (grid, density) = found.density(j, &x).unwrap();
        let total: f64 = density.iter().sum::<f64>() * (grid[1] - grid[0]);
        assert!((total - 1.0).abs() < 1e-6, "{total}");
    }
    let pair = found.sample(D10, &x, 500, Seed(3)).unwrap().draws;
    assert_eq!(pair.names(), ["t8", "t9"]);
    let tests = simulate(&found.sample_prior(200, Seed(4)), Seed(5)).unwrap();
    for levels in found.coverage(&tests).unwrap() {
        let inside = levels.iter().filter(|level| **level < 0.68).count() as f64 / 200.0;
        // Five standard errors of 0.033, and the networks' own.
        assert!((inside - 0.68).abs() < 0.2, "{inside}");
    }
}

#[test]
fn options_and_priors_that_make_no_sense_are_refused() {
    let run = |prior: &Prior, json: &str| {
        let config: TmnreConfig = serde_json::from_str(json).unwrap();
        let made = tmnre(prior, &[0.0; D10], &simulate, &config, Seed(1), &silent);
        made.unwrap_err().to_string()
    };
    for (json, words) in [
        (r#"{"epsilon":0.0}"#, "epsilon"),
        (r#"{"simulations":0}"#, "simulations"),
        (r#"{"pairs":[["t0","u"]]}"#, "`u`"),
    ] {
        let message = run(&problem(), json);
        assert!(message.contains(words), "{message}");
    }
    let nested = Prior::new([("a", D::uniform(0.0, 1.0)), ("b", D::uniform(0.0, "a"))]).unwrap();
    assert!(run(&nested, "{}").contains("parameters.b"));
}
