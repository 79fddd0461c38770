//! Compositions against the exact posterior of several trials.

use super::*;
use crate::infer::testing::silent;
use crate::infer::vector_field::{FieldConfig, fmpe};
use crate::prior::DistributionConfig as D;
use crate::simulate::{Simulations, Status};

/// From n simulations of xⱼ = θⱼ + εⱼ.
fn trained(prior: &Prior, n: usize) -> FieldTrials {
    let theta = prior.sample_table(n, Seed(1), Stream::Parameters);
    let mut random = Seed(1).stream(Stream::Simulator, 0);
    let x = theta.values().iter().map(|v| v + random.normal()).collect();
    let simulations = Simulations {
        x: Table::numbered("x", theta.n_columns(), x).unwrap(),
        status: vec![Status::Ok; theta.n_rows()],
        theta,
    };
    let text = r#"{"estimator":{"path":{"kind":"flow_matching"},"network":{"hidden":[32,32]}},"support":"probit",
             "train":{"max_epochs":40,"ensemble_size":1}}"#;
    let config: FieldConfig = serde_json::from_str(text).unwrap();
    let (posterior, _) = fmpe(prior, &simulations, &config, Seed(2), &silent).unwrap();
    FieldTrials::new(posterior, prior, CompositionConfig::default()).unwrap()
}

#[test]
fn a_composed_density_is_the_product_and_its_maximum_is_found() {
    let prior = Prior::new([("a", D::uniform(-3.0, 3.0))]).unwrap();
    let trials = trained(&prior, 10_000);
    let x = [0.5, 1.1, 0.8];
    let n = 400;
    let grid = (0..n).map(|i| -3.0 + 6.0 * (f64::from(i) + 0.5) / f64::from(n));
    let grid = Table::new(["a"], grid.collect()).unwrap();
    let density = trials.log_prob(&grid, &x).unwrap();
    let mass: Vec<f64> = density
        .iter()
        .map(|l| l.exp() * 6.0 / f64::from(n))
        .collect();
    let total: f64 = mass.iter().sum();
    // The evidence is estimated by tempering.
    assert!((total - 1.0).abs() < 0.2, "{total}");
    let mean: f64 = grid
        .column(0)
        .iter()
        .zip(&mass)
        .map(|(a, m)| a * m / total)
        .sum();
    assert!((mean - 0.8).abs() < 0.12, "{mean}");
    let best = trials.map(&x, Seed(4)).unwrap()[0];
    assert!((best - 0.8).abs() < 0.2, "{best}");
    let draws = trials.sample(&x, 2000, Seed(5)).unwrap();
    // 0.3 sd: draws follow the field at small noise, of which the density knows only the flow.
    assert!((draws.summary()[0].mean - mean).abs() < 0.17);
    assert!(draws.draws.rows().all(|theta| prior.contains(theta)));
    // One trial is the posterior itself, and the number of threads changes nothing.
    let one = trials.sample(&x[..1], 100, Seed(6)).unwrap();
    assert_eq!(one, trials.of_one().sample(&x[..1], 100, Seed(6)).unwrap());
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build()
            .unwrap()
            .install(|| trials.sample(&x, 300, Seed(7)).unwrap())
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn what_cannot_be_composed_is_refused_by_name() {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0))]).unwrap();
    let trials = trained(&prior, 200);
    let error = trials.sample(&[0.1, f64::NAN], 10, Seed(1)).unwrap_err();
    assert!(error.to_string().contains("observation"), "{error}");
    for (json, field) in [
        (r#"{"kind":"gaussian","draws":1}"#, "draws"),
        (r#"{"kind":"factorized","step_size":0.0}"#, "step_size"),
    ] {
        let config: CompositionConfig = serde_json::from_str(json).unwrap();
        assert!(config.validate().unwrap_err().to_string().contains(field));
    }
}
