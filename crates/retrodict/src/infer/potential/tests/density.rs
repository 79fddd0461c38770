//! Densities, gradients, evidences and maxima.

use super::*;
use crate::error::Result;
use crate::infer::potential::density::PotentialDensity;
use crate::infer::potential::space::Space;
use crate::infer::{LogLikelihood, Posterior};
use crate::prior::special::normal_log_density;
use crate::sample::{ImportanceConfig, LogDensity, NutsConfig, SmcConfig};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

#[test]
fn the_density_is_normalised_up_to_its_stated_error() {
    let (prior, likelihood) = normal();
    let posterior = posterior(&prior, likelihood, slice());
    let x = [1.0, 2.5, 0.4];
    let theta = Table::new(["mu"], vec![-1.0, 0.5, 1.2, 4.0]).unwrap();
    let found = posterior.log_prob(&theta, &x).unwrap();
    let error = posterior.log_evidence(&x).unwrap().standard_error;
    let precision = 3.25_f64;
    let (mean, sd) = (x.iter().sum::<f64>() / precision, precision.recip().sqrt());
    for (found, mu) in found.iter().zip(theta.values()) {
        let exact = normal_log_density((mu - mean) / sd) - sd.ln();
        assert!(
            (found - exact).abs() < 5.0 * error,
            "{found} {exact} ± {error}"
        );
    }
    assert!(error < 0.1);
    // Always the same for one observation, whatever was asked before.
    posterior.log_prob(&theta, &[0.0]).unwrap();
    assert_eq!(found, posterior.log_prob(&theta, &x).unwrap());
}

#[test]
fn unnormalised_densities_are_prior_times_likelihood() {
    let prior = Prior::new([("mu", D::uniform(-2.0, 2.0))]).unwrap();
    let (_, likelihood) = normal();
    let posterior = posterior(&prior, likelihood, slice());
    let theta = Table::new(["mu"], vec![0.5, 2.5, f64::NAN]).unwrap();
    let found = posterior.log_unnormalized(&theta, &[1.0]).unwrap();
    assert!((found[0] - (normal_log_density(0.5) - 4.0_f64.ln())).abs() < 1e-12);
    assert_eq!(found[1..], [f64::NEG_INFINITY; 2]);
    let sampled = posterior.sample(&[1.0], 200, Seed(1)).unwrap();
    let again = posterior.log_unnormalized(&sampled.draws, &[1.0]).unwrap();
    for (statistic, again) in sampled.statistics["log_density"].iter().zip(again) {
        assert!((statistic - again).abs() < 1e-9);
    }
}

#[test]
fn gradients_are_those_of_the_density() {
    let beta = D::Beta {
        alpha: 0.7.into(),
        beta: 3.0.into(),
    };
    let conditional = D::normal("a", 2.0);
    let dirichlet = D::Dirichlet {
        concentration: vec![1.5, 2.0, 0.8],
    };
    let covariance = vec![vec![1.0, 0.6], vec![0.6, 2.0]];
    let multivariate = D::MultivariateNormal {
        mean: vec![1.0, -1.0],
        covariance,
    };
    let mixed = Prior::new([
        ("a", beta),
        ("b", conditional),
        ("c", D::log_normal(0.0, 1.0)),
        ("d", dirichlet),
        ("e", multivariate),
    ]);
    for prior in [mixed.unwrap(), custom()] {
        // A function that mixes all parameters: f = −½ Σ (θⱼ − x)² + Πⱼ cos θⱼ.
        let likelihood = FunctionLikelihood::with_gradient(1, |theta, x, gradient| {
            let product: f64 = theta.iter().map(|t| t.cos()).product();
            for (g, t) in gradient.iter_mut().zip(theta) {
                *g = x[0] - t - product * t.tan();
            }
            product - 0.5 * theta.iter().map(|t| (t - x[0]).powi(2)).sum::<f64>()
        });
        let likelihood = likelihood.unwrap();
        let space = Space::new(&prior).unwrap();
        let density = PotentialDensity::new(&space, &likelihood, &[0.3]);
        let m = space.n_coordinates();
        let mut random = Seed(1).stream(Stream::Test, 0);
        for _ in 0..20 {
            let z: Vec<f64> = (0..m).map(|_| random.normal()).collect();
            let (mut value, mut gradient) = ([0.0], vec![0.0; m]);
            assert!(density.with_gradient(&z, &mut value, &mut gradient));
            for j in 0..m {
                let at = |shift: f64| {
                    let mut moved = z.clone();
                    moved[j] += shift;
                    let mut value = [0.0];
                    density.log_density(&moved, &mut value);
                    value[0]
                };
                let h = 1e-4;
                // Five points: an error of h⁴.
                let slope = (8.0 * (at(h) - at(-h)) - at(2.0 * h) + at(-2.0 * h)) / (12.0 * h);
                let allowed = 1e-6 * (1.0 + slope.abs());
                assert!(
                    (gradient[j] - slope).abs() < allowed,
                    "{j}: {} {slope}",
                    gradient[j]
                );
            }
        }
    }
}

#[test]
fn the_density_integrates_to_the_evidence() {
    // In one dimension by the trapezoidal rule over z, against θ's own closed form: U(−2, 2) and
    // x = 1.9 ± 1, so p(x) = (Φ(0.1) − Φ(−3.9)) / 4.
    let prior = Prior::new([("mu", D::uniform(-2.0, 2.0))]).unwrap();
    let (_, likelihood) = normal();
    let space = Space::new(&prior).unwrap();
    let density = PotentialDensity::new(&space, &likelihood, &[1.9]);
    let step = 0.01;
    let points: Vec<f64> = (-900..=900).map(|i| step * f64::from(i)).collect();
    let mut values = vec![0.0; points.len()];
    density.log_density(&points, &mut values);
    let integral: f64 = values.iter().map(|v| step * v.exp()).sum();
    let cdf = crate::prior::special::normal_cdf;
    let exact = (cdf(0.1) - cdf(-3.9)) / 4.0;
    assert!((integral / exact - 1.0).abs() < 1e-9, "{integral} {exact}");
    let posterior = posterior(&prior, likelihood, slice());
    let evidence = posterior.log_evidence(&[1.9]).unwrap();
    let off = (evidence.log_evidence - exact.ln()) / evidence.standard_error;
    assert!(off.abs() < 5.0, "{off}");
}

#[test]
fn the_maximum_may_lie_inside_or_at_a_bound() {
    let prior = Prior::new([("mu", D::uniform(-2.0, 2.0))]).unwrap();
    let (_, likelihood) = normal();
    let posterior = posterior(&prior, likelihood, slice());
    let map = |x: f64| posterior.map(&[x], Seed(1)).unwrap()[0];
    assert!((map(0.7) - 0.7).abs() < 1e-5, "{}", map(0.7));
    assert!(map(3.0) < 2.0 && map(3.0) > 2.0 - 1e-9, "{}", map(3.0));
}

#[test]
fn a_proposal_takes_the_place_of_the_prior() {
    let x = [1.0, 2.5, 0.4];
    let precision = 3.25_f64;
    let (mean, sd) = (x.iter().sum::<f64>() / precision, precision.recip().sqrt());
    for sampler in [
        slice(),
        SamplerConfig::Importance(ImportanceConfig::default()),
        SamplerConfig::Smc(SmcConfig::default()),
    ] {
        let kind = sampler.kind();
        let (prior, likelihood) = normal();
        let target = posterior(&prior, likelihood, sampler);
        let proposal = Shifted(target.prior().parameters().to_vec());
        let sampled = target.sample_from(&proposal, &x, 2000, Seed(1)).unwrap();
        let found = &sampled.samples.summary()[0];
        let own = sampled.diagnostics[0];
        assert!(
            (found.mean - mean).abs() < 5.0 * own.mcse_mean,
            "{kind}: {found:?}"
        );
        assert!(
            (found.sd - sd).abs() < 5.0 * own.mcse_sd,
            "{kind}: {found:?}"
        );
        if let Some(evidence) = sampled.report.evidence {
            // x ~ N(0, I + 4 · 11ᵀ).
            let squares: f64 = x.iter().map(|x| x * x).sum();
            let sum: f64 = x.iter().sum();
            let exact = -1.5 * (2.0 * std::f64::consts::PI).ln()
                - 0.5 * 13.0_f64.ln()
                - 0.5 * (squares - 4.0 / 13.0 * sum * sum);
            let off = (evidence.log_evidence - exact) / evidence.standard_error;
            assert!(off.abs() < 5.0, "{kind}: {evidence:?} {exact}");
        }
    }
    let (_, likelihood) = normal();
    let other = Prior::new([("other", D::normal(0.0, 2.0))]).unwrap();
    let target = posterior(&other, likelihood, slice());
    let proposal = Shifted(vec![crate::prior::Parameter::named("mu")]);
    let outcome = target.sample_from(&proposal, &x, 10, Seed(1));
    assert!(
        outcome
            .unwrap_err()
            .to_string()
            .contains("proposal's parameters")
    );
}

/// N(0.8, 1), whatever the data.
struct Shifted(Vec<crate::prior::Parameter>);

impl Posterior for Shifted {
    fn parameters(&self) -> &[crate::prior::Parameter] {
        &self.0
    }

    fn sample(&self, _: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let mut random = seed.stream(Stream::Test, 0);
        let draws = (0..n).map(|_| 0.8 + random.normal()).collect();
        Samples::from_rows(["mu"], draws)
    }

    fn log_prob(&self, theta: &Table, _: &[f64]) -> Result<Vec<f64>> {
        let values = theta.values().iter();
        Ok(values.map(|mu| normal_log_density(mu - 0.8)).collect())
    }

    fn map(&self, _: &[f64], _: Seed) -> Result<Vec<f64>> {
        Ok(vec![0.8])
    }
}

#[test]
fn a_likelihood_without_gradients_gets_differences_that_nuts_follows() {
    let prior = Prior::new([("a", D::uniform(0.0, 2.0)), ("b", D::normal(0.0, 1.0))]).unwrap();
    let value = |theta: &[f64], x: &[f64]| -2.0 * (x[0] - theta[0] - theta[1]).powi(2);
    let plain = FunctionLikelihood::new(1, value).unwrap();
    let exact = FunctionLikelihood::with_gradient(1, move |theta, x, gradient| {
        gradient.fill(4.0 * (x[0] - theta[0] - theta[1]));
        value(theta, x)
    });
    let exact = exact.unwrap();
    let space = Space::new(&prior).unwrap();
    let points = [0.3, -0.2, 1.5, 0.9, -2.0, 0.1];
    let slopes = |likelihood: &dyn LogLikelihood| {
        let density = PotentialDensity::new(&space, likelihood, &[0.7]);
        let (mut values, mut gradients) = ([0.0; 3], [0.0; 6]);
        assert!(density.with_gradient(&points, &mut values, &mut gradients));
        (values, gradients)
    };
    let (found, expected) = (slopes(&plain), slopes(&exact));
    assert_eq!(found.0, expected.0);
    for (found, expected) in found.1.iter().zip(expected.1) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    let nuts = SamplerConfig::Nuts(NutsConfig {
        warmup: 200,
        ..NutsConfig::default()
    });
    let summary = |likelihood, sampler| {
        let posterior = posterior(&prior, likelihood, sampler);
        posterior.sample(&[0.7], 2000, Seed(1)).unwrap().summary()
    };
    for (nuts, slice) in summary(plain, nuts).iter().zip(summary(exact, slice())) {
        // Some 800 of each are independent.
        assert!(
            (nuts.mean - slice.mean).abs() < 0.25 * slice.sd,
            "{}",
            nuts.name
        );
        assert!((nuts.sd / slice.sd - 1.0).abs() < 0.15, "{}", nuts.name);
    }
}

#[test]
fn at_an_edge_of_the_density_the_side_that_has_one_gives_the_difference() {
    let prior = Prior::new([("a", D::normal(0.0, 1.0))]).unwrap();
    let likelihood = FunctionLikelihood::new(1, |theta, _| {
        if theta[0] > 0.0 {
            f64::NEG_INFINITY
        } else {
            3.0 * theta[0]
        }
    });
    let likelihood = likelihood.unwrap();
    let space = Space::new(&prior).unwrap();
    let density = PotentialDensity::new(&space, &likelihood, &[0.0]);
    let (mut values, mut gradients) = ([0.0; 2], [f64::NAN; 2]);
    assert!(density.with_gradient(&[0.0, 1.0], &mut values, &mut gradients));
    assert!((gradients[0] - 3.0).abs() < 1e-3, "{gradients:?}");
    assert_eq!(gradients[1], 0.0);
}
