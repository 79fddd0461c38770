//! Flow matching and diffusion against posteriors that are known.

use std::fs;

use super::*;
use crate::error::Error;
use crate::infer::Posterior;
use crate::infer::testing::silent;
use crate::prior::DistributionConfig as D;
use crate::seed::Stream;
use crate::simulate::Status;
use crate::table::Table;

/// x = θ + ε with ε standard normal.
fn simulate(prior: &Prior, n: usize, seed: Seed) -> Simulations {
    let theta = prior.sample_table(n, seed, Stream::Parameters);
    let mut random = seed.stream(Stream::Simulator, 0);
    let x: Vec<f64> = theta.values().iter().map(|v| v + random.normal()).collect();
    Simulations {
        x: Table::numbered("x", theta.n_columns(), x).unwrap(),
        theta,
        status: vec![Status::Ok; n],
    }
}

fn normals() -> Prior {
    Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(0.0, 1.0))]).unwrap()
}

fn uniforms() -> Prior {
    Prior::new([("a", D::uniform(-1.0, 1.0)), ("b", D::uniform(0.0, 1e-3))]).unwrap()
}

const KINDS: [&str; 4] = [
    "flow_matching",
    "variance_exploding",
    "variance_preserving",
    "sub_variance_preserving",
];

/// A small network, trained for a moment.
fn config(kind: &str, epochs: usize) -> FieldConfig {
    serde_json::from_str(&format!(
        r#"{{"estimator":{{"path":{{"kind":"{kind}"}},"network":{{"hidden":[16,16]}}}},
             "train":{{"max_epochs":{epochs},"batch_size":96,"ensemble_size":2}}}}"#
    ))
    .unwrap()
}

fn fitted(prior: &Prior, n: usize, config: &FieldConfig) -> (FieldPosterior, TrainLog) {
    let simulations = simulate(prior, n, Seed(1));
    let run = match config.estimator.path().method() {
        "fmpe" => fmpe,
        _ => npse,
    };
    run(prior, &simulations, config, Seed(2), &silent).unwrap()
}

fn sde() -> FieldSamplerConfig {
    FieldSamplerConfig::Sde(SdeConfig {
        steps: 60,
        corrector_steps: 1,
        ..SdeConfig::default()
    })
}

#[test]
fn every_path_recovers_a_linear_gaussian_posterior_by_flow_and_by_diffusion() {
    let prior = normals();
    for kind in KINDS {
        let mut config = config(kind, 25);
        // Without the guess there is everything to learn.
        config.linear_guess = false;
        config.train.learning_rate = Some(1e-2);
        // Steps adapt to the rows that are carried together, and units with a kink make their error rough.
        config.sampler = FieldSamplerConfig::Ode(OdeConfig {
            tolerance: 1e-4,
            ..OdeConfig::default()
        });
        let (posterior, log) = fitted(&prior, 1000, &config);
        assert!(log.members.iter().all(|member| member.best_epoch > 0));
        let x = [1.0, -1.0];
        let theta = Table::new(["a", "b"], vec![0.5, -0.5]).unwrap();
        let log_prob = posterior.log_prob(&theta, &x).unwrap()[0];
        let exact = -std::f64::consts::PI.ln();
        assert!((log_prob - exact).abs() < 0.3, "{kind}: {log_prob}");
        let best = posterior.map(&x, Seed(4)).unwrap();
        assert!(
            (best[0] - 0.5).abs() < 0.3 && (best[1] + 0.5).abs() < 0.3,
            "{kind}: {best:?}"
        );
        let best = Table::new(["a", "b"], best).unwrap();
        let gain = posterior.log_prob(&best, &x).unwrap()[0] - log_prob;
        assert!(gain >= -1e-2, "{kind}: {gain}");
        let flow = posterior.sample(&x, 4000, Seed(3)).unwrap();
        let posterior = posterior.with_sampler(sde()).unwrap();
        let diffusion = posterior.sample(&x, 4000, Seed(3)).unwrap();
        assert_eq!(diffusion.provenance["sampler"], "sde");
        for samples in [flow, diffusion] {
            for (summary, mean) in samples.summary().iter().zip([0.5, -0.5]) {
                // With 900 rows the exact regression has a standard error of 0.033.
                assert!((summary.mean - mean).abs() < 0.15, "{kind}: {summary:?}");
                assert!(
                    (summary.sd / 0.5_f64.sqrt() - 1.0).abs() < 0.15,
                    "{kind}: {summary:?}"
                );
            }
        }
    }
}

#[test]
fn a_linear_problem_keeps_the_guess_and_is_exact() {
    let (posterior, log) = fitted(&normals(), 1000, &config(KINDS[0], 5));
    if log.members.iter().all(|member| member.best_epoch == 0) {
        assert!(log.notes[0].contains("linear guess"));
        let samples = posterior.sample(&[1.0, -1.0], 1000, Seed(1)).unwrap();
        // Nothing to carry: three steps, the first of a tenth of the way.
        assert_eq!(samples.provenance["evaluations_a_draw"], "19");
    }
    let summary = posterior
        .sample(&[1.0, -1.0], 20_000, Seed(1))
        .unwrap()
        .summary();
    for (summary, mean) in summary.iter().zip([0.5, -0.5]) {
        assert!((summary.mean - mean).abs() < 0.12, "{summary:?}");
        assert!(
            (summary.sd / 0.5_f64.sqrt() - 1.0).abs() < 0.1,
            "{summary:?}"
        );
    }
}

#[test]
fn no_draw_leaves_the_prior_even_with_wild_weights() {
    let prior = uniforms();
    for (kind, support) in [
        (KINDS[0], SupportKind::Box),
        (KINDS[1], SupportKind::Probit),
    ] {
        let mut config = config(kind, 2);
        config.support = support;
        config.sampler = FieldSamplerConfig::Ode(OdeConfig {
            max_steps: 40,
            ..OdeConfig::default()
        });
        let (mut posterior, _) = fitted(&prior, 200, &config);
        for scale in [1.0, 30.0, 1e6] {
            for weights in &mut posterior.members {
                // Those of a kept guess are zero.
                for w in weights {
                    *w = scale * (*w + 0.01);
                }
            }
            let n = 3000;
            let samples = posterior.sample(&[1e6, -3.0], n, Seed(5)).unwrap();
            assert!(
                samples.draws.rows().all(|theta| prior.contains(theta)),
                "{kind}, {scale}"
            );
            let some = samples.draws.select(&(0..500).collect::<Vec<_>>());
            let log_prob = posterior.log_prob(&some, &[1e6, -3.0]).unwrap();
            assert!(log_prob.iter().all(|l| !l.is_nan() && *l < f64::INFINITY));
            if scale > 1e3 {
                let notes = &samples.provenance["notes"];
                assert!(notes.contains("max_steps"), "{notes}");
            }
        }
    }
}

/// Middles of equal parts of [low, high].
fn middles(low: f64, high: f64, n: usize) -> impl Iterator<Item = f64> + Clone {
    (0..n).map(move |i| low + (high - low) * (i as f64 + 0.5) / n as f64)
}

#[test]
fn the_density_is_zero_outside_the_prior_and_integrates_to_one_inside() {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0))]).unwrap();
    for kind in KINDS {
        let (posterior, _) = fitted(&prior, 300, &config(kind, 5));
        let n = 2000;
        let grid = Table::new(["a"], middles(-1.0, 1.0, n).collect()).unwrap();
        let density = posterior.log_prob(&grid, &[0.3]).unwrap();
        let total: f64 = density.iter().map(|l| l.exp() * 2.0 / n as f64).sum();
        assert!((total - 1.0).abs() < 0.01, "{kind}: {total}");
        let outside = Table::new(["a"], vec![-1.1, 1.0001, f64::NAN, f64::INFINITY]).unwrap();
        let density = posterior.log_prob(&outside, &[0.3]).unwrap();
        assert_eq!(density, [f64::NEG_INFINITY; 4]);
    }
}

#[test]
fn a_density_of_two_parameters_integrates_to_one_and_is_that_of_the_draws() {
    let prior = Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::uniform(-1.0, 1.0))]).unwrap();
    let mut config = config(KINDS[0], 10);
    config.linear_guess = false;
    config.support = SupportKind::Probit;
    let (posterior, _) = fitted(&prior, 500, &config);
    let n = 70;
    let cells: Vec<f64> = middles(-5.0, 5.0, n)
        .flat_map(|a| middles(-1.0, 1.0, n).flat_map(move |b| [a, b]))
        .collect();
    let grid = Table::new(["a", "b"], cells).unwrap();
    let x = [0.3, 0.1];
    let density = posterior.log_prob(&grid, &x).unwrap();
    let mass: Vec<f64> = density
        .iter()
        .map(|l| l.exp() * 20.0 / (n * n) as f64)
        .collect();
    let total: f64 = mass.iter().sum();
    assert!((total - 1.0).abs() < 0.01, "{total}");
    let summary = posterior.sample(&x, 20_000, Seed(3)).unwrap().summary();
    for (j, summary) in summary.iter().enumerate() {
        let moment = |power: i32, center: f64| -> f64 {
            let values = grid.column(j).into_iter().zip(&mass);
            values.map(|(v, m)| m * (v - center).powi(power)).sum()
        };
        let mean = moment(1, 0.0);
        // Five standard errors of 20,000 draws, and the grid.
        assert!(
            (summary.mean - mean).abs() < 0.04 * summary.sd,
            "{summary:?} {mean}"
        );
        assert!(
            (summary.sd / moment(2, mean).sqrt() - 1.0).abs() < 0.04,
            "{summary:?}"
        );
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let prior = uniforms();
    for kind in [KINDS[0], KINDS[2]] {
        let mut config = config(kind, 2);
        // Cut into two blocks.
        config.train.batch_size = Some(200);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(|| {
                let (posterior, log) = fitted(&prior, 400, &config);
                let draws = posterior.sample(&[0.1, 0.2], 500, Seed(6)).unwrap().draws;
                let density = posterior.log_prob(&draws, &[0.1, 0.2]).unwrap();
                let posterior = posterior.with_sampler(sde()).unwrap();
                let others = posterior.sample(&[0.1, 0.2], 300, Seed(6)).unwrap().draws;
                (posterior.members.clone(), log, draws, density, others)
            })
        };
        assert_eq!(run(1), run(2));
    }
}

#[test]
fn many_observations_at_once_give_what_each_gives_alone() {
    let (posterior, _) = fitted(&normals(), 200, &config(KINDS[0], 3));
    let xs = Table::numbered("x", 2, vec![0.0, 1.0, -1.0, 2.0]).unwrap();
    let many = posterior.sample_many(&xs, 50, Seed(7)).unwrap();
    for (i, samples) in many.iter().enumerate() {
        let seed = Seed(7).derive(Stream::Posterior, i as u64);
        assert_eq!(samples, &posterior.sample(xs.row(i), 50, seed).unwrap());
    }
    let theta = Table::new(["a", "b"], vec![0.1, 0.2, 0.3, 0.4]).unwrap();
    let pairs = posterior.log_prob_many(&theta, &xs).unwrap();
    for (i, pair) in pairs.iter().enumerate() {
        let alone = posterior.log_prob(&theta.select(&[i]), xs.row(i)).unwrap();
        // Steps adapt to the rows that are carried together.
        assert!((pair - alone[0]).abs() < 1e-2);
    }
}

#[test]
fn a_saved_model_is_the_same_bits_and_damaged_files_are_refused() {
    let prior = uniforms();
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let (posterior, _) = fitted(&prior, 100, &config(kind, 1));
        posterior.save(folder.path()).unwrap();
        let again = FieldPosterior::load(folder.path(), &prior).unwrap();
        assert_eq!(
            (&again.members, again.model()),
            (&posterior.members, posterior.model())
        );
        let draws = |p: &FieldPosterior| p.sample(&[0.1, 0.0], 20, Seed(1)).unwrap();
        assert_eq!(draws(&again), draws(&posterior));
    }
    let refused = |what: &str| {
        let error = FieldPosterior::load(folder.path(), &prior).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{what}: {error}");
    };
    for name in ["config.json", "weights-1.safetensors"] {
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        for step in 1..20 {
            fs::write(&path, &whole[..whole.len() * step / 20 - 1]).unwrap();
            refused(&format!("{name} cut short"));
        }
        for position in (0..whole.len()).step_by(whole.len() / 200 + 1) {
            let mut damaged = whole.clone();
            damaged[position] ^= 0xFF;
            fs::write(&path, &damaged).unwrap();
            let _ = FieldPosterior::load(folder.path(), &prior);
        }
        fs::write(&path, &whole).unwrap();
    }
    let path = folder.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("\"method\": \"vector_field\"", "\"method\": \"npe\""),
        ("\"networks\": 2", "\"networks\": 0"),
        ("\"passes\": 4", "\"passes\": 0"),
        ("\"tolerance\": 0.001", "\"tolerance\": -1.0"),
        ("\"support\": \"box\"", "\"support\": \"cube\""),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        refused(from);
    }
}

#[test]
fn what_cannot_be_learned_is_refused_by_name() {
    let prior = uniforms();
    let simulations = simulate(&prior, 60, Seed(1));
    let message = |config: &FieldConfig| {
        fmpe(&prior, &simulations, config, Seed(1), &silent)
            .unwrap_err()
            .to_string()
    };
    let text = message(&config(KINDS[1], 1));
    assert!(text.contains("path") && text.contains("fmpe"), "{text}");
    let without = FieldConfig {
        linear_guess: false,
        ..config(KINDS[0], 1)
    };
    let text = message(&without);
    assert!(
        text.contains("support") && text.contains("linear_guess"),
        "{text}"
    );
    let mut sampler = config(KINDS[0], 1);
    sampler.sampler = FieldSamplerConfig::Sde(SdeConfig {
        steps: 1,
        ..SdeConfig::default()
    });
    assert!(message(&sampler).contains("steps"));
    let (posterior, _) = fitted(&prior, 100, &config(KINDS[0], 1));
    let error = posterior.sample(&[0.1], 5, Seed(1)).unwrap_err();
    assert!(error.to_string().contains("observation"));
}
