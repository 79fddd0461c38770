//! Conjugate pairs: mean and standard deviation of the posterior in closed form.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::infer::{EnsemblePosterior, Posterior, RestrictedPosterior, SampledPosterior};
use crate::sample::{
    EnsembleConfig, ImportanceConfig, NutsConfig, RandomWalkConfig, RejectionConfig, SmcConfig,
};
use crate::seed::Seed;
use crate::table::Table;

/// Within five Monte Carlo standard errors, as the run states them: a false alarm in 10⁶ a number.
fn assert_moments(sampled: &SampledPosterior, j: usize, mean: f64, sd: f64, what: &str) {
    let found = &sampled.samples.summary()[j];
    let own = sampled.diagnostics[j];
    assert!(own.r_hat < 1.05 && own.ess_bulk > 200.0, "{what}: {own:?}");
    let off = [
        (found.mean - mean) / own.mcse_mean,
        (found.sd - sd) / own.mcse_sd,
    ];
    assert!(off.iter().all(|off| off.abs() < 5.0), "{what}: {off:?} off");
}

#[test]
fn every_sampler_finds_a_normal_posterior_of_several_trials() {
    let x = [1.0, 2.5, 0.4];
    let precision = 0.25 + 3.0_f64;
    let (mean, sd) = (x.iter().sum::<f64>() / precision, precision.recip().sqrt());
    for sampler in [
        slice(),
        SamplerConfig::RandomWalk(RandomWalkConfig::default()),
        SamplerConfig::Ensemble(EnsembleConfig::default()),
        SamplerConfig::Nuts(NutsConfig::default()),
        SamplerConfig::Smc(SmcConfig::default()),
        SamplerConfig::Importance(ImportanceConfig::default()),
        SamplerConfig::Rejection(RejectionConfig::default()),
    ] {
        let kind = sampler.kind();
        let (prior, likelihood) = normal();
        let posterior = posterior(&prior, likelihood, sampler);
        let sampled = posterior.sample_with_report(&x, 2000, Seed(1)).unwrap();
        assert_eq!(sampled.samples.draws.n_rows(), 2000);
        assert_eq!(sampled.samples.provenance["sampler"], kind);
        assert_moments(&sampled, 0, mean, sd, kind);
    }
}

/// log p(x | θ) of x successes in 20 trials, up to a constant.
fn successes_of_20(theta: &[f64], x: &[f64]) -> f64 {
    x[0] * theta[0].ln() + (20.0 - x[0]) * (-theta[0]).ln_1p()
}

#[test]
fn a_beta_posterior_of_counts() {
    let beta = D::Beta {
        alpha: 2.0.into(),
        beta: 3.0.into(),
    };
    let prior = Prior::new([("p", beta)]).unwrap();
    let likelihood = FunctionLikelihood::new(1, successes_of_20);
    let posterior = posterior(&prior, likelihood.unwrap(), short());
    for k in [0.0, 7.0, 20.0] {
        let sampled = posterior.sample_with_report(&[k], 1600, Seed(2)).unwrap();
        let (a, b) = (2.0 + k, 23.0 - k);
        let (mean, total) = (a / (a + b), a + b);
        let sd = (mean * (1.0 - mean) / (total + 1.0)).sqrt();
        assert_moments(&sampled, 0, mean, sd, &format!("{k} of 20"));
    }
    let map = posterior.map(&[7.0], Seed(3)).unwrap()[0];
    assert!((map - 8.0 / 23.0).abs() < 1e-5, "{map}");
}

#[test]
fn a_maximum_is_searched_from_draws_that_are_there_and_no_sampler_runs() {
    let uniform = D::Uniform {
        low: 0.0.into(),
        high: 1.0.into(),
    };
    let prior = Prior::new([("p", uniform)]).unwrap();
    let evaluated = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&evaluated);
    let likelihood = FunctionLikelihood::new(1, move |theta, x| {
        counted.fetch_add(1, Ordering::Relaxed);
        successes_of_20(theta, x)
    });
    let alone: Arc<dyn Posterior> = Arc::new(posterior(&prior, likelihood.unwrap(), short()));
    let boxed = || Box::new(Arc::clone(&alone)) as Box<dyn Posterior>;
    // One chain after the other: the first thousand are far from the maximum.
    let draws: Vec<f64> = (0..3000).map(|i| 0.8 - 2e-4 * f64::from(i)).collect();
    let draws = Table::new(["p"], draws).unwrap();
    let ensemble = EnsemblePosterior::new(vec![boxed()], None).unwrap();
    let restricted = RestrictedPosterior::in_support(boxed(), &prior).unwrap();
    // An ensemble compares its members' densities, which need their evidences.
    let posteriors: [(Box<dyn Posterior>, usize); 3] = [
        (boxed(), 6000),
        (Box::new(restricted), 6000),
        (Box::new(ensemble), usize::MAX),
    ];
    for (posterior, most) in posteriors {
        evaluated.store(0, Ordering::Relaxed);
        let top = posterior.map_from(&draws, &[7.0], Seed(3)).unwrap()[0];
        assert!((top - 7.0 / 20.0).abs() < 1e-5, "{top}");
        // Every so-manieth draw, and eight searches of some dozens of generations.
        let n = evaluated.load(Ordering::Relaxed);
        assert!((1000..most).contains(&n), "{n}");
        // Of no draws, it makes its own.
        let none = Table::new(["p"], Vec::new()).unwrap();
        let top = posterior.map_from(&none, &[7.0], Seed(3)).unwrap()[0];
        assert!((top - 7.0 / 20.0).abs() < 1e-5, "{top}");
    }
}

#[test]
fn a_gamma_posterior_of_counts_in_several_trials() {
    let gamma = D::Gamma {
        shape: 2.0.into(),
        rate: 0.5.into(),
    };
    let prior = Prior::new([("rate", gamma)]).unwrap();
    let likelihood =
        FunctionLikelihood::new(1, |theta, x| x[0] * theta[0].ln() - theta[0]).unwrap();
    let posterior = posterior(&prior, likelihood, slice());
    let x = [3.0, 0.0, 5.0, 4.0];
    let (shape, rate) = (14.0_f64, 4.5);
    let sampled = posterior.sample_with_report(&x, 4000, Seed(1)).unwrap();
    assert_moments(&sampled, 0, shape / rate, shape.sqrt() / rate, "gamma");
}

#[test]
fn a_posterior_of_shares() {
    let dirichlet = D::Dirichlet {
        concentration: vec![1.0, 2.0, 3.0],
    };
    let prior = Prior::new([("w", dirichlet)]).unwrap();
    let likelihood = FunctionLikelihood::new(3, |theta, x| {
        x.iter().zip(theta).map(|(x, w)| x * w.ln()).sum()
    });
    let posterior = posterior(&prior, likelihood.unwrap(), short());
    let x = [4.0, 0.0, 7.0];
    let sampled = posterior.sample_with_report(&x, 1600, Seed(1)).unwrap();
    let shapes = [5.0, 2.0, 10.0];
    for (j, shape) in shapes.into_iter().enumerate() {
        let mean = shape / 17.0_f64;
        let sd = (mean * (1.0 - mean) / 18.0).sqrt();
        assert_moments(&sampled, j, mean, sd, "shares");
    }
    let sums = sampled.samples.draws.rows().map(|w| w.iter().sum::<f64>());
    assert!(sums.into_iter().all(|sum| (sum - 1.0).abs() < 1e-12));
}

#[test]
fn a_correlated_prior_and_a_datum_of_one_coordinate() {
    // θ ~ N(0, [[1, 0.9], [0.9, 1]]), x = θ₁ + N(0, 0.5²): θ₂ learns through the prior alone.
    let covariance = vec![vec![1.0, 0.9], vec![0.9, 1.0]];
    let mean = vec![0.0, 0.0];
    let prior = Prior::new([("t", D::MultivariateNormal { mean, covariance })]).unwrap();
    let likelihood = FunctionLikelihood::with_gradient(1, |theta, x, gradient| {
        gradient[0] = 4.0 * (x[0] - theta[0]);
        gradient[1] = 0.0;
        -2.0 * (x[0] - theta[0]).powi(2)
    });
    let posterior = posterior(
        &prior,
        likelihood.unwrap(),
        SamplerConfig::Nuts(NutsConfig::default()),
    );
    let sampled = posterior.sample_with_report(&[1.0], 4000, Seed(1)).unwrap();
    assert_moments(&sampled, 0, 0.8, 0.2_f64.sqrt(), "with a datum");
    let sd = (1.0 - 0.81 / 1.25_f64).sqrt();
    assert_moments(&sampled, 1, 0.72, sd, "without");
}

#[test]
fn a_prior_given_as_functions() {
    // Exponential with rate 2, two counts: gamma with shape 1 + 3 and rate 2 + 2.
    for sampler in [slice(), SamplerConfig::Smc(SmcConfig::default())] {
        let likelihood =
            FunctionLikelihood::new(1, |theta, x| x[0] * theta[0].ln() - theta[0]).unwrap();
        let posterior = posterior(&custom(), likelihood, sampler);
        let sampled = posterior
            .sample_with_report(&[2.0, 1.0], 2000, Seed(1))
            .unwrap();
        assert_moments(&sampled, 0, 1.0, 0.5, "functions");
    }
}

#[test]
fn a_flat_likelihood_gives_the_prior_back() {
    let half_normal = D::HalfNormal { scale: 1.0.into() };
    let prior = Prior::new([("tau", half_normal), ("delay", D::uniform(0.0, "tau"))]).unwrap();
    let likelihood = FunctionLikelihood::new(1, |_, _| 0.0).unwrap();
    let posterior = posterior(&prior, likelihood, SamplerConfig::default());
    let sampled = posterior.sample_with_report(&[0.0], 4000, Seed(4)).unwrap();
    let draws = &sampled.samples.draws;
    assert!(draws.rows().all(|theta| prior.contains(theta)));
    let pi = std::f64::consts::PI;
    let mean = (2.0 / pi).sqrt();
    assert_moments(&sampled, 0, mean, (1.0 - 2.0 / pi).sqrt(), "tau");
    // E delay² = E τ² / 3.
    let sd = (1.0 / 3.0 - mean * mean / 4.0).sqrt();
    assert_moments(&sampled, 1, mean / 2.0, sd, "delay");
}
