//! Discrete parameters, whose posteriors are known by summing over their values.

use super::{posterior, slice};
use crate::infer::{FunctionLikelihood, Posterior, PotentialPosterior};
use crate::prior::{DistributionConfig as D, Prior};
use crate::sample::{ImportanceConfig, NutsConfig, SamplerConfig, SmcConfig};
use crate::seed::Seed;
use crate::table::Table;

fn log_normal(x: f64, mean: f64, sd: f64) -> f64 {
    let z = (x - mean) / sd;
    -0.5 * z * z - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
}

#[test]
fn where_every_parameter_is_discrete_all_is_exact() {
    let prior = Prior::new([
        (
            "k",
            D::Categorical {
                probabilities: vec![0.2, 0.5, 0.3],
            },
        ),
        (
            "b",
            D::Bernoulli {
                probability: 0.4.into(),
            },
        ),
    ])
    .unwrap();
    let likelihood = FunctionLikelihood::new(1, |theta, x| {
        log_normal(x[0], theta[0] + 0.5 * theta[1], 1.0)
    });
    let posterior = posterior(&prior, likelihood.unwrap(), SamplerConfig::default());
    let x = [1.3, 0.2];
    let states: Vec<f64> = (0..6)
        .flat_map(|i| [f64::from(i / 2), f64::from(i % 2)])
        .collect();
    let theta = Table::new(["k", "b"], states).unwrap();
    let joint = |t: &[f64]| {
        let mean = t[0] + 0.5 * t[1];
        prior.log_prob(t) + log_normal(x[0], mean, 1.0) + log_normal(x[1], mean, 1.0)
    };
    let evidence: f64 = theta.rows().map(|t| joint(t).exp()).sum();
    let found = posterior.log_evidence(&x).unwrap();
    assert!((found.log_evidence - evidence.ln()).abs() < 1e-12);
    assert_eq!(found.standard_error, 0.0);
    let values = posterior.log_prob(&theta, &x).unwrap();
    let n = 20_000;
    let sampled = posterior.sample_with_report(&x, n, Seed(1)).unwrap();
    assert_eq!(sampled.report.sampler, "enumeration");
    for (t, value) in theta.rows().zip(values) {
        let exact = joint(t) - evidence.ln();
        assert!((value - exact).abs() < 1e-12);
        let rows = || {
            sampled
                .samples
                .draws
                .rows()
                .enumerate()
                .filter(|(_, row)| *row == t)
        };
        let share = rows().count() as f64 / n as f64;
        let p = exact.exp();
        // Five standard errors: a false alarm in 10⁶.
        assert!(
            (share - p).abs() < 5.0 * (p * (1.0 - p) / n as f64).sqrt(),
            "{t:?}"
        );
        for (i, _) in rows().take(3) {
            let statistic = sampled.samples.statistics["log_density"][i];
            assert!((statistic - joint(t)).abs() < 1e-12);
        }
    }
    let map = posterior.map(&x, Seed(1)).unwrap();
    let best = theta.rows().max_by(|a, b| joint(a).total_cmp(&joint(b)));
    assert_eq!(map, best.unwrap());
}

/// share ~ U(0.1, 0.9), s ~ Bernoulli(share), mu ~ N(s, 1), x ~ N(mu + s, 0.5²).
fn mixed(sampler: SamplerConfig) -> (Prior, PotentialPosterior) {
    let prior = Prior::new([
        ("share", D::uniform(0.1, 0.9)),
        (
            "s",
            D::Bernoulli {
                probability: "share".into(),
            },
        ),
        ("mu", D::normal("s", 1.0)),
    ])
    .unwrap();
    let likelihood = FunctionLikelihood::with_gradient(1, |theta, x, gradient| {
        let residual = x[0] - theta[2] - theta[1];
        gradient.copy_from_slice(&[0.0, 0.0, residual / 0.25]);
        log_normal(residual, 0.0, 0.5)
    });
    let posterior = posterior(&prior, likelihood.unwrap(), sampler);
    (prior, posterior)
}

#[test]
fn mixed_parameters_have_the_exact_posterior_whatever_the_sampler() {
    let samplers = [
        slice(),
        SamplerConfig::Nuts(NutsConfig::default()),
        SamplerConfig::Smc(SmcConfig::default()),
        SamplerConfig::Importance(ImportanceConfig {
            resample: true,
            ..ImportanceConfig::default()
        }),
    ];
    let x = [1.4];
    // p(s) = ½ after the share, x | s ~ N(2 s, 1.25); mu | s, x is conjugate.
    let [zero, one] = [0.0, 2.0].map(|mean| 0.5 * log_normal(x[0], mean, 1.25_f64.sqrt()).exp());
    let p = one / (zero + one);
    let mean_of = |s: f64| s + 0.8 * (x[0] - 2.0 * s);
    let mean = (1.0 - p) * mean_of(0.0) + p * mean_of(1.0);
    for sampler in samplers {
        let (prior, posterior) = mixed(sampler.clone());
        let sampled = posterior.sample_with_report(&x, 4000, Seed(3)).unwrap();
        let draws = &sampled.samples.draws;
        assert!(draws.rows().all(|theta| prior.contains(theta)));
        let average = |j: usize| draws.column(j).iter().sum::<f64>() / 4000.0;
        // Of 4000 draws worth at least 700, a share of about ½ has an error below 0.02.
        assert!(
            (average(1) - p).abs() < 0.08,
            "{sampler:?}: {} {p}",
            average(1)
        );
        assert!(
            (average(2) - mean).abs() < 0.1,
            "{sampler:?}: {} {mean}",
            average(2)
        );
        // E(share | s) = ½ + (s − ½) · 2 · var(share) / ½, var(share) = 0.8² / 12.
        let share = 0.5 + (p - 0.5) * 4.0 * 0.64 / 12.0;
        assert!(
            (average(0) - share).abs() < 0.05,
            "{sampler:?}: {} {share}",
            average(0)
        );
        for i in [5, 2000] {
            let theta = draws.row(i);
            let joint = prior.log_prob(theta) + log_normal(x[0], theta[2] + theta[1], 0.5);
            let statistic = sampled.samples.statistics["log_density"][i];
            assert!(
                (statistic - joint).abs() < 1e-6,
                "{sampler:?}: {statistic} {joint}"
            );
        }
    }
    let (_, posterior) = mixed(slice());
    let evidence = posterior.log_evidence(&x).unwrap();
    let exact = (zero + one).ln();
    assert!(
        (evidence.log_evidence - exact).abs() < 6.0 * evidence.standard_error,
        "{evidence:?} {exact}"
    );
}

#[test]
fn the_gradient_of_the_sum_is_the_difference_quotient() {
    use crate::infer::potential::density::PotentialDensity;
    use crate::sample::LogDensity;
    let (_, posterior) = mixed(slice());
    let density = PotentialDensity::new(&posterior.space, posterior.likelihood(), &[0.9]);
    let points = [0.3, -0.8, -1.2, 0.4, 2.0, 1.5];
    let (mut values, mut gradients) = ([0.0; 3], [f64::NAN; 6]);
    assert!(density.with_gradient(&points, &mut values, &mut gradients));
    let value = |points: &[f64]| {
        let mut values = [0.0; 3];
        density.log_density(points, &mut values);
        values
    };
    assert_eq!(value(&points), values);
    for j in 0..6 {
        let mut moved = points;
        moved[j] += 1e-5;
        let above = value(&moved)[j / 2];
        moved[j] -= 2e-5;
        let quotient = (above - value(&moved)[j / 2]) / 2e-5;
        assert!(
            (quotient - gradients[j]).abs() < 1e-5,
            "{quotient} {}",
            gradients[j]
        );
    }
}
