//! Missing data, against linear Gaussian problems with fewer data.

use super::testing::silent;
use super::*;
use crate::prior::{DistributionConfig as D, Prior};
use crate::sample::SamplerConfig;
use crate::seed::{Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;

/// θ ~ N(0, 1), x₁ = θ + e₁, x₂ = 0.5 θ + 0.8 e₁ + 0.6 e₂ + 2, x₃ = 30 e₂; all noise standard normal.
fn prior() -> Prior {
    Prior::new([("a", D::normal(0.0, 1.0))]).unwrap()
}

/// Coefficient of θ, mean, and noise as multiples of e₁ and e₂, of each datum.
const DATA: [(f64, f64, [f64; 2]); 3] = [
    (1.0, 0.0, [1.0, 0.0]),
    (0.5, 2.0, [0.8, 0.6]),
    (0.0, 0.0, [0.0, 30.0]),
];

fn simulate(n: usize, seed: Seed) -> Simulations {
    let theta = prior().sample_table(n, seed, Stream::Parameters);
    let mut random = seed.stream(Stream::Simulator, 0);
    let mut x = Vec::new();
    for theta in theta.values() {
        let e = [random.normal(), random.normal(), random.normal()];
        for (j, (slope, mean, noise)) in DATA.iter().enumerate() {
            // A little noise of its own keeps every pair of data apart.
            let own = if j == 2 { 10.0 * e[2] } else { 0.0 };
            x.push(slope * theta + mean + noise[0] * e[0] + noise[1] * e[1] + own);
        }
    }
    Simulations {
        x: Table::numbered("x", 3, x).unwrap(),
        theta,
        status: vec![Status::Ok; n],
    }
}

/// Mean and covariance of the observed data given θ.
fn moments(theta: f64, observed: &[usize]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mean = observed.iter().map(|&j| DATA[j].0 * theta + DATA[j].1);
    let covariance = observed.iter().map(|&i| {
        let row = observed.iter().map(move |&j| {
            let own = if i == 2 && j == 2 { 100.0 } else { 0.0 };
            DATA[i].2[0] * DATA[j].2[0] + DATA[i].2[1] * DATA[j].2[1] + own
        });
        row.collect()
    });
    (mean.collect(), covariance.collect())
}

/// log N of one or two data.
fn exact(theta: f64, x: &[f64]) -> f64 {
    let observed: Vec<usize> = (0..3).filter(|&j| !x[j].is_nan()).collect();
    let (mean, c) = moments(theta, &observed);
    let r: Vec<f64> = observed.iter().zip(&mean).map(|(&j, m)| x[j] - m).collect();
    let tau = std::f64::consts::TAU.ln();
    match r.len() {
        1 => -0.5 * (r[0] * r[0] / c[0][0] + c[0][0].ln() + tau),
        2 => {
            let det = c[0][0] * c[1][1] - c[0][1] * c[1][0];
            let square =
                c[1][1] * r[0] * r[0] - 2.0 * c[0][1] * r[0] * r[1] + c[0][0] * r[1] * r[1];
            -0.5 * (square / det + det.ln()) - tau
        }
        _ => panic!("one or two data"),
    }
}

const NAN: f64 = f64::NAN;

#[test]
fn a_mixture_density_network_integrates_missing_data_out() {
    let config: NleConfig = serde_json::from_str(
        r#"{"estimator":{"kind":"mdn","components":3,"network":{"hidden":[12],"residual":false}},
            "train":{"max_epochs":15,"ensemble_size":2,"learning_rate":0.005,"min_improvement":0.0}}"#,
    )
    .unwrap();
    for linear_guess in [true, false] {
        let config = NleConfig {
            linear_guess,
            ..config.clone()
        };
        let simulations = simulate(4000, Seed(1));
        let (learned, _) = nle(&prior(), &simulations, &config, Seed(2), &silent).unwrap();
        let refused = learned.log_likelihood(&[0.1], &[0.3, NAN, 1.0], &mut [0.0]);
        assert!(refused.is_err());
        let learned = learned.marginalizing();
        // A model that is shared takes what its owner does.
        let learned = std::sync::Arc::new(learned);
        assert!(learned.takes_missing());
        for x in [
            [0.7, NAN, NAN],
            [NAN, 2.4, 11.0],
            [NAN, NAN, -20.0],
            [0.4, 1.5, NAN],
        ] {
            let theta: Vec<f64> = (-5..6).map(|i| 0.2 * f64::from(i)).collect();
            let mut values = vec![0.0; theta.len()];
            learned.log_likelihood(&theta, &x, &mut values).unwrap();
            for (theta, value) in theta.iter().zip(values) {
                let truth = exact(*theta, &x);
                assert!(
                    (value - truth).abs() < 0.25,
                    "{x:?} at {theta}: {value} {truth}"
                );
            }
        }
        // What was integrated out is the integral of what was learned.
        let n = 1500;
        let theta = Table::new(["a"], vec![0.3; n]).unwrap();
        let cells = (0..n).map(|i| -10.0 + 0.016 * (i as f64 + 0.5));
        let x = cells.flat_map(|x| [0.4, x, 7.0]).collect();
        let whole = learned
            .log_prob_many(&theta, &Table::numbered("x", 3, x).unwrap())
            .unwrap();
        let sum: f64 = whole.iter().map(|v| v.exp() * 0.016).sum();
        let mut value = [0.0];
        learned
            .log_likelihood(&[0.3], &[0.4, NAN, 7.0], &mut value)
            .unwrap();
        assert!(
            (value[0] - sum.ln()).abs() < 1e-3,
            "{} {}",
            value[0],
            sum.ln()
        );
        // Trials, some of them whole, add up.
        let trials = [0.7, NAN, NAN, 0.1, 2.0, 3.0, NAN, 2.4, 11.0];
        let sum: f64 = trials
            .chunks(3)
            .map(|x| {
                let mut value = [0.0];
                learned.log_likelihood(&[0.3], x, &mut value).unwrap();
                value[0]
            })
            .sum();
        let mut together = [0.0];
        learned
            .log_likelihood(&[0.3], &trials, &mut together)
            .unwrap();
        assert!((together[0] - sum).abs() < 1e-6);
        // An observation without anything is worth nothing.
        let mut value = [f64::NAN];
        learned
            .log_likelihood(&[0.3], &[NAN; 3], &mut value)
            .unwrap();
        assert!(value[0].abs() < 1e-12, "{value:?}");
        let boxed: Box<dyn LogLikelihood> = Box::new(learned);
        let posterior = PotentialPosterior::new(&prior(), boxed, SamplerConfig::default()).unwrap();
        let draws = posterior
            .sample(&[1.0, NAN, NAN], 4000, Seed(3))
            .unwrap()
            .draws;
        let mean = draws.values().iter().sum::<f64>() / 4000.0;
        assert!((mean - 0.5).abs() < 0.1, "{mean}");
    }
}

#[test]
fn other_densities_leave_out_what_they_can_and_say_what_they_cannot() {
    let mut simulations = simulate(1500, Seed(1));
    // The last datum becomes its sign.
    for row in simulations.x.values_mut().chunks_mut(3) {
        row[2] = f64::from(u8::from(row[2] > 0.0));
    }
    let config: NleConfig = serde_json::from_str(
        r#"{"estimator":{"kind":"maf","transforms":2,"network":{"hidden":[12]}},
            "train":{"max_epochs":8,"ensemble_size":1,"learning_rate":0.01}}"#,
    )
    .unwrap();
    let (learned, _) = nle(&prior(), &simulations, &config, Seed(2), &silent).unwrap();
    let learned = learned.marginalizing();
    let value = |x: &[f64]| {
        let mut value = [0.0];
        learned
            .log_likelihood(&[0.3], x, &mut value)
            .map(|()| value[0])
    };
    let sum = [0.0, 1.0].map(|sign| value(&[0.2, 2.1, sign]).unwrap().exp());
    let without = value(&[0.2, 2.1, NAN]).unwrap();
    assert!((without - (sum[0] + sum[1]).ln()).abs() < 1e-5);
    let alone = [0.0, 1.0].map(|sign| value(&[NAN, NAN, sign]).unwrap().exp());
    assert!((alone[0] + alone[1] - 1.0).abs() < 1e-5);
    assert!((alone[0] - 0.5).abs() < 0.1);
    let message = value(&[NAN, 2.1, 1.0]).unwrap_err().to_string();
    assert!(message.contains("mdn"), "{message}");
}

#[test]
fn a_network_trained_for_missing_data_gives_the_posterior_of_what_is_there() {
    let config: NpeConfig = serde_json::from_str(
        r#"{"missing":"mask","estimator":{"kind":"maf","transforms":3,"network":{"hidden":[30,30]}},
            "train":{"max_epochs":40,"ensemble_size":2,"learning_rate":0.005}}"#,
    )
    .unwrap();
    let (posterior, _) = npe(
        &prior(),
        &simulate(6000, Seed(1)),
        &config,
        Seed(2),
        &silent,
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    posterior.save(folder.path()).unwrap();
    let posterior = NeuralPosterior::load(folder.path(), &prior()).unwrap();
    for x in [
        [1.0, NAN, NAN],
        [NAN, 2.8, NAN],
        [0.5, 2.9, NAN],
        [NAN, NAN, 12.0],
    ] {
        // The posterior on a grid.
        let grid: Vec<f64> = (-400..401).map(|i| 0.01 * f64::from(i)).collect();
        let weights: Vec<f64> = grid
            .iter()
            .map(|t| (exact(*t, &x) - 0.5 * t * t).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        let moment = |f: &dyn Fn(f64) -> f64| {
            grid.iter()
                .zip(&weights)
                .map(|(t, w)| w * f(*t))
                .sum::<f64>()
                / total
        };
        let mean = moment(&|t| t);
        let sd = moment(&|t| (t - mean).powi(2)).sqrt();
        let draws = posterior.sample(&x, 4000, Seed(3)).unwrap().draws;
        let found = draws.values().iter().sum::<f64>() / 4000.0;
        let spread = draws
            .values()
            .iter()
            .map(|t| (t - found).powi(2))
            .sum::<f64>()
            / 4000.0;
        assert!((found - mean).abs() < 0.12, "{x:?}: {found} {mean}");
        assert!(
            (spread.sqrt() / sd - 1.0).abs() < 0.12,
            "{x:?}: {} {sd}",
            spread.sqrt()
        );
    }
    let plain = NpeConfig {
        missing: Missing::Refuse,
        ..config.clone()
    };
    let (plain, _) = npe(&prior(), &simulate(100, Seed(1)), &plain, Seed(2), &silent).unwrap();
    let message = plain.sample(&[NAN; 3], 1, Seed(1)).unwrap_err().to_string();
    assert!(message.contains("mask"), "{message}");
    let other = NpeConfig {
        missing: Missing::Marginalize,
        ..config
    };
    assert!(npe(&prior(), &simulate(100, Seed(1)), &other, Seed(2), &silent).is_err());
}
