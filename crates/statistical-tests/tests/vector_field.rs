//! Flow matching and diffusion with default settings against exact posteriors.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::ops::ControlFlow;

use retrodict::check::CalibrationChecks;
use retrodict::infer::{
    CompositionConfig, FactorizedComposition, FieldConfig, FieldPosterior, FieldSamplerConfig,
    FieldTrials, Posterior, SdeConfig, fmpe, npse,
};
use retrodict::prior::{DistributionConfig as D, Prior, SupportKind};
use retrodict::simulate::builtin::Builtin;
use retrodict::simulate::{Noise, Simulations, Status, builtin, simulate};
use retrodict::{Seed, Stream, Table};

const PATHS: [&str; 4] = [
    "flow_matching",
    "variance_exploding",
    "variance_preserving",
    "sub_variance_preserving",
];

fn simulations(problem: &Builtin, n: usize, streams: [Stream; 2]) -> Simulations {
    let theta = problem.prior.sample_table(n, Seed(1), streams[0]);
    let noise = Noise {
        seed: Seed(1),
        purpose: streams[1],
        first: 0,
    };
    simulate(&*problem.simulator, theta, noise, &()).unwrap()
}

fn one_network(config: &mut FieldConfig) {
    config.train.ensemble_size = 1;
}

fn fit(
    problem: &Builtin,
    path: &str,
    n: usize,
    change: &dyn Fn(&mut FieldConfig),
) -> FieldPosterior {
    let json = format!(r#"{{"estimator":{{"path":{{"kind":"{path}"}}}}}}"#);
    let mut config: FieldConfig = serde_json::from_str(&json).unwrap();
    change(&mut config);
    let training = simulations(problem, n, [Stream::Parameters, Stream::Simulator]);
    let run = if path == PATHS[0] { fmpe } else { npse };
    let quiet = |_: &_| ControlFlow::Continue(());
    run(&problem.prior, &training, &config, Seed(1), &quiet)
        .unwrap()
        .0
}

#[test]
fn every_path_is_calibrated_on_two_moons_by_flow_and_by_diffusion() {
    // 200 test simulations: a rank's bias has a standard error of 0.071, its spread one of about 0.05.
    // Five of them, for each of 36 numbers: a false alarm in about 10⁵ runs; and a tenth for what was
    // not learned. Diffusion takes long, and one path shows it.
    let problem = builtin::by_name("two_moons").unwrap();
    let test = simulations(
        &problem,
        200,
        [Stream::TestParameters, Stream::TestSimulator],
    );
    let sde = FieldSamplerConfig::Sde(SdeConfig::default());
    for path in PATHS {
        let flow = fit(&problem, path, 3000, &one_network);
        let mut found = vec![CalibrationChecks::run(&flow, &test, 100, Seed(1)).unwrap()];
        if path == "variance_exploding" {
            let diffusion = flow.with_sampler(sde.clone()).unwrap();
            found.push(CalibrationChecks::run(&diffusion, &test, 100, Seed(1)).unwrap());
        }
        for calibration in found {
            for ranks in &calibration.ranks.quantities {
                let (bias, spread) = (ranks.bias, ranks.spread);
                println!(
                    "{path}, {}: bias {bias:+.3}, spread {spread:.3}",
                    ranks.name
                );
                assert!(bias.abs() < 0.1 + 0.36, "{path}, {}: {bias}", ranks.name);
                assert!(
                    (spread - 1.0).abs() < 0.1 + 0.25,
                    "{path}, {}: {spread}",
                    ranks.name
                );
            }
        }
    }
}

#[test]
fn five_trials_of_a_correlated_linear_gaussian_give_the_exact_posterior() {
    // Prior N(0, I), noise covariance 0.25 [[1, 0.8], [0.8, 1]]: along (1, ±1)/√2 the noise has the
    // variances 0.45 and 0.05. 2,000 draws give means to 0.02 sd and sds to 1.6 %; what is left are
    // errors of training, which five trials share.
    let problem = builtin::by_name("linear_gaussian").unwrap();
    let trials = [[0.6, -0.2], [0.5, 0.1], [0.9, 0.2], [0.1, -0.6], [0.7, 0.0]];
    let x = trials.concat();
    let compositions = [
        (CompositionConfig::default(), 0.15),
        // Langevin steps of finite length widen.
        (
            CompositionConfig::Factorized(FactorizedComposition::default()),
            0.3,
        ),
    ];
    for path in &PATHS[..3] {
        for (composition, tolerance) in &compositions {
            let probit = |config: &mut FieldConfig| {
                one_network(config);
                config.support = SupportKind::Probit;
            };
            let one = fit(&problem, path, 5000, &probit);
            let posterior = FieldTrials::new(one, &problem.prior, composition.clone()).unwrap();
            let samples = posterior.sample(&x, 2000, Seed(2)).unwrap();
            for (sign, noise) in [(1.0, 0.45), (-1.0, 0.05)] {
                let along = |row: &[f64]| (row[0] + sign * row[1]) / 2.0_f64.sqrt();
                let total: f64 = trials.iter().map(|x| along(x)).sum();
                let precision = 1.0 + 5.0 / noise;
                let (exact, width) = (total / noise / precision, precision.sqrt().recip());
                let values: Vec<f64> = samples.draws.rows().map(along).collect();
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
                let (off, ratio) = ((mean - exact) / width, sd / width);
                println!("{path}, {composition:?}, {sign:+}: off {off:+.3} sd, sd × {ratio:.3}");
                assert!(off.abs() < *tolerance, "{path}: {off}");
                assert!((ratio - 1.0).abs() < *tolerance, "{path}: {ratio}");
            }
        }
    }
}

/// Without the guess there is everything to learn.
#[test]
fn five_trials_of_fields_without_a_guess_give_nearly_the_exact_posterior() {
    let prior = Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(1.0, 2.0))]).unwrap();
    let n = 40_000;
    let theta = prior.sample_table(n, Seed(1), Stream::Parameters);
    let mut random = Seed(1).stream(Stream::Simulator, 0);
    let x = theta.values().iter().map(|v| v + random.normal());
    let training = Simulations {
        x: Table::numbered("x", 2, x.collect()).unwrap(),
        status: vec![Status::Ok; n],
        theta,
    };
    let x = [0.9, 0.4, 1.4, -0.1, 0.3, 1.6, 1.1, 0.8, 0.7, 1.0];
    for path in &PATHS[..3] {
        let json = format!(
            r#"{{"estimator":{{"path":{{"kind":"{path}"}}}},"support":"probit","linear_guess":false}}"#
        );
        let config: FieldConfig = serde_json::from_str(&json).unwrap();
        let run = if *path == PATHS[0] { fmpe } else { npse };
        let quiet = |_: &_| ControlFlow::Continue(());
        let factorized = CompositionConfig::Factorized(FactorizedComposition::default());
        for (composition, [far, wide]) in [
            (CompositionConfig::default(), [0.25, 0.1]),
            (factorized, [0.6, 0.25]),
        ] {
            let (field, _) = run(&prior, &training, &config, Seed(2), &quiet).unwrap();
            let trials = FieldTrials::new(field, &prior, composition.clone()).unwrap();
            let samples = trials.sample(&x, 1000, Seed(3)).unwrap();
            let priors = [(0.0, 1.0), (1.0, 2.0)];
            for (j, (summary, (mean, sd))) in samples.summary().iter().zip(priors).enumerate() {
                let total: f64 = x.iter().skip(j).step_by(2).sum();
                let precision = 1.0_f64 / (sd * sd) + 5.0;
                let exact = (mean / (sd * sd) + total) / precision;
                let width = precision.sqrt().recip();
                let (off, ratio) = ((summary.mean - exact) / width, summary.sd / width);
                println!("{path}, {composition:?}, {j}: off {off:+.3} sd, sd × {ratio:.3}");
                assert!(off.abs() < far, "{path}: {off}");
                assert!((ratio - 1.0).abs() < wide, "{path}: {ratio}");
            }
        }
    }
}
