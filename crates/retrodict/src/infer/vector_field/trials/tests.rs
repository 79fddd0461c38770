//! Compositions against the exact posterior of several trials.

use super::*;
use crate::infer::testing::silent;
use crate::infer::vector_field::{FieldConfig, fmpe, npse};
use crate::prior::DistributionConfig as D;
use crate::samples::Summary;
use crate::simulate::{Simulations, Status};

/// From n simulations of xⱼ = θⱼ + εⱼ.
fn trained(prior: &Prior, kind: &str, n: usize, guess: bool) -> FieldTrials {
    let theta = prior.sample_table(n, Seed(1), Stream::Parameters);
    let mut random = Seed(1).stream(Stream::Simulator, 0);
    let x = theta.values().iter().map(|v| v + random.normal()).collect();
    let simulations = Simulations {
        x: Table::numbered("x", theta.n_columns(), x).unwrap(),
        status: vec![Status::Ok; theta.n_rows()],
        theta,
    };
    let config: FieldConfig = serde_json::from_str(&format!(
        r#"{{"estimator":{{"path":{{"kind":"{kind}"}},"network":{{"hidden":[32,32]}}}},"support":"probit",
             "linear_guess":{guess},
             "train":{{"max_epochs":40,"ensemble_size":1}}}}"#
    ))
    .unwrap();
    let run = if kind == "flow_matching" { fmpe } else { npse };
    let (posterior, _) = run(prior, &simulations, &config, Seed(2), &silent).unwrap();
    FieldTrials::new(posterior, prior, CompositionConfig::default()).unwrap()
}

fn factorized() -> CompositionConfig {
    CompositionConfig::Factorized(FactorizedComposition::default())
}

/// How far the mean of each parameter is from the exact one, in exact sds, and how much wider the posterior is, from 1,000 draws.
fn errors(trials: &FieldTrials, x: &[f64]) -> Vec<(f64, f64)> {
    let samples = trials.sample(x, 1000, Seed(3)).unwrap();
    let priors = [(0.0, 1.0), (1.0, 2.0)];
    let each = samples.summary().into_iter().zip(priors).enumerate();
    let error = |(j, (summary, (mean, sd))): (usize, (Summary, (f64, f64)))| {
        let total: f64 = x.iter().skip(j).step_by(2).sum();
        let precision = 1.0 / (sd * sd) + 5.0;
        let exact = (mean / (sd * sd) + total) / precision;
        let width = precision.sqrt().recip();
        ((summary.mean - exact).abs() / width, summary.sd / width)
    };
    each.map(error).collect()
}

/// Without the guess there is everything to learn, and five trials add up the errors of a training: single ones were off by up to
/// 0.4 sd, or 1.6 if factorised, so what is looked at is what two parameters of three fields have in common.
#[test]
fn trials_of_a_field_that_learned_a_linear_gaussian_give_nearly_the_exact_posterior() {
    let prior = Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(1.0, 2.0))]).unwrap();
    let x = [0.9, 0.4, 1.4, -0.1, 0.3, 1.6, 1.1, 0.8, 0.7, 1.0];
    let kinds = ["flow_matching", "variance_exploding", "variance_preserving"];
    let mut fields = kinds.map(|kind| trained(&prior, kind, 10_000, false));
    let compositions = [
        (CompositionConfig::default(), [0.2, 0.06]),
        (factorized(), [0.6, 0.15]),
    ];
    for (composition, [far, wide]) in compositions {
        let mut found = Vec::new();
        for field in &mut fields {
            field.composition = composition.clone();
            found.extend(errors(field, &x));
        }
        let mean_ratio = found.iter().map(|(_, ratio)| ratio).sum::<f64>() / 6.0;
        assert!(
            (mean_ratio - 1.0).abs() < wide,
            "{composition:?}: {found:?}"
        );
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(found[3].0 < far, "{composition:?}: {found:?}");
    }
}

#[test]
fn a_composed_density_is_the_product_and_its_maximum_is_found() {
    let prior = Prior::new([("a", D::uniform(-3.0, 3.0))]).unwrap();
    let trials = trained(&prior, "flow_matching", 10_000, true);
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
    let trials = trained(&prior, "flow_matching", 200, true);
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
