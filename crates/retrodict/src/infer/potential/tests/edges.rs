//! Bounds, bad input, and what is counted.

use super::*;
use crate::error::{Error, Result};
use crate::infer::{LogLikelihood, Posterior};
use crate::prior::special::normal_cdf;
use crate::seed::Seed;
use crate::table::Table;

#[test]
fn a_posterior_that_leans_on_a_bound_stays_inside() {
    let prior = Prior::new([("mu", D::uniform(-2.0, 2.0))]).unwrap();
    let likelihood =
        FunctionLikelihood::new(1, |theta, x| -0.5 * ((x[0] - theta[0]) / 0.25).powi(2));
    let posterior = posterior(&prior, likelihood.unwrap(), slice());
    let sampled = posterior.sample_with_report(&[1.9], 4000, Seed(1)).unwrap();
    let mut draws = sampled.samples.draws.column(0);
    assert!(draws.iter().all(|mu| -2.0 < *mu && *mu < 2.0));
    // Kolmogorov's distance from the truncated normal: above 1.95 / √n once in 1,000.
    draws.sort_by(f64::total_cmp);
    let lower = |mu: f64| normal_cdf((mu - 1.9) / 0.25);
    let total = lower(2.0);
    let n = draws.len() as f64;
    let distances = draws
        .iter()
        .enumerate()
        .map(|(i, mu)| ((i as f64 + 0.5) / n - lower(*mu) / total).abs());
    let largest = distances.fold(0.0, f64::max);
    let effective = sampled.diagnostics[0].ess_bulk.min(n);
    assert!(largest < 1.95 / effective.sqrt(), "{largest} {effective}");
}

#[test]
fn as_many_draws_as_were_asked_for() {
    let (prior, likelihood) = normal();
    let posterior = posterior(&prior, likelihood, SamplerConfig::default());
    for (n, chains) in [(1000, 20), (997, 1), (0, 1)] {
        let samples = posterior.sample(&[1.0], n, Seed(1)).unwrap();
        assert_eq!((samples.draws.n_rows(), samples.n_chains), (n, chains));
        assert_eq!(samples.statistics["log_density"].len(), n);
    }
}

#[test]
fn observations_and_parameters_of_the_wrong_shape_are_refused() {
    let (prior, _) = normal();
    let likelihood = FunctionLikelihood::new(2, |_, _| 0.0).unwrap();
    let posterior = posterior(&prior, likelihood, SamplerConfig::default());
    for x in [vec![], vec![1.0; 3], vec![1.0, f64::NAN]] {
        let message = posterior.sample(&x, 10, Seed(1)).unwrap_err().to_string();
        assert!(message.contains("observation"), "{message}");
        assert!(posterior.map(&x, Seed(1)).is_err());
    }
    let theta = Table::numbered("t", 2, vec![0.0; 2]).unwrap();
    let message = posterior
        .log_prob(&theta, &[0.0; 2])
        .unwrap_err()
        .to_string();
    assert!(message.contains("2 columns"), "{message}");
}

#[test]
fn too_many_discrete_values_and_data_without_length_are_refused() {
    let discrete = D::UniformInteger {
        low: 0.0.into(),
        high: 600.0.into(),
    };
    let prior = Prior::new([("k", discrete)]).unwrap();
    let (_, likelihood) = normal();
    let made = PotentialPosterior::new(&prior, Box::new(likelihood), SamplerConfig::default());
    let message = made.unwrap_err().to_string();
    assert!(
        message.contains("parameters.k") && message.contains("npe"),
        "{message}"
    );
    assert!(FunctionLikelihood::new(0, |_, _| 0.0).is_err());
}

#[test]
fn log_likelihoods_that_are_no_numbers_are_counted() {
    let prior = Prior::new([("mu", D::uniform(-2.0, 2.0))]).unwrap();
    let likelihood = FunctionLikelihood::new(1, |theta, x| {
        if theta[0] > 0.0 {
            f64::NAN
        } else {
            -0.5 * (x[0] - theta[0]).powi(2)
        }
    });
    let posterior = posterior(&prior, likelihood.unwrap(), SamplerConfig::default());
    let sampled = posterior.sample_with_report(&[0.0], 1000, Seed(1)).unwrap();
    assert!(sampled.report.invalid > 1000, "{}", sampled.report.invalid);
    let provenance = &sampled.samples.provenance;
    assert_eq!(
        provenance["invalid_log_likelihoods"],
        sampled.report.invalid.to_string()
    );
    assert!(provenance["notes"].contains("NaN"), "{provenance:?}");
    assert!(sampled.samples.draws.column(0).iter().all(|mu| *mu <= 0.0));
}

#[test]
fn an_impossible_observation_is_an_error() {
    let (prior, _) = normal();
    let likelihood = FunctionLikelihood::new(1, |_, _| f64::NEG_INFINITY).unwrap();
    let posterior = posterior(&prior, likelihood, SamplerConfig::default());
    let message = posterior
        .sample(&[0.0], 10, Seed(1))
        .unwrap_err()
        .to_string();
    assert!(message.contains("Check that the observation"), "{message}");
}

#[test]
fn an_error_of_the_likelihood_comes_through() {
    #[derive(Debug)]
    struct Broken;
    impl LogLikelihood for Broken {
        fn n_data(&self) -> usize {
            1
        }
        fn log_likelihood(&self, _: &[f64], _: &[f64], _: &mut [f64]) -> Result<()> {
            Err(Error::invalid("network", "no weights", "some", "Train it."))
        }
    }
    let (prior, _) = normal();
    let posterior =
        PotentialPosterior::new(&prior, Box::new(Broken), SamplerConfig::default()).unwrap();
    let message = posterior
        .sample(&[0.0], 10, Seed(1))
        .unwrap_err()
        .to_string();
    assert!(message.contains("no weights"), "{message}");
    assert!(posterior.log_evidence(&[0.0]).is_err());
}

#[test]
fn a_likelihood_is_only_asked_inside_the_support() {
    let half_normal = D::HalfNormal { scale: 1.0.into() };
    let prior = Prior::new([("tau", half_normal), ("delay", D::uniform(0.0, "tau"))]).unwrap();
    let inside = prior.clone();
    let likelihood = FunctionLikelihood::new(1, move |theta, x| {
        assert!(inside.contains(theta), "{theta:?}");
        -0.5 * ((x[0] - theta[1]) / 0.01).powi(2)
    });
    let posterior = posterior(&prior, likelihood.unwrap(), SamplerConfig::default());
    posterior.sample(&[1.0], 200, Seed(1)).unwrap();
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let (prior, likelihood) = normal();
        let posterior = posterior(&prior, likelihood, SamplerConfig::default());
        let draw = || posterior.sample_with_report(&[1.0], 200, Seed(5)).unwrap();
        pool.build().unwrap().install(draw)
    };
    assert_eq!(run(1), run(3));
}
