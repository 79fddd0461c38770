//! Synthetic likelihoods of models whose likelihood is known.

use super::super::testing::{posterior, prior, simulator};
use super::super::weigh_prior_draws;
use super::*;
use crate::simulate::builtin::LinearGaussian;
use crate::simulate::{FunctionSimulator, SimulationFailure};

fn config(json: &str) -> SyntheticLikelihoodConfig {
    serde_json::from_str(json).unwrap()
}

fn likelihood(simulator: impl Simulator + 'static, json: &str, seed: u64) -> SyntheticLikelihood {
    SyntheticLikelihood::new(Arc::new(simulator), config(json), None, Seed(seed)).unwrap()
}

/// Three correlated data of two parameters.
fn linear() -> LinearGaussian {
    let noise = [1.0, 0.6, 0.0, 0.6, 2.0, -0.5, 0.0, -0.5, 0.5];
    LinearGaussian::new(
        &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0],
        &[1.0, 0.0, 0.0, 1.0],
        &noise,
    )
    .unwrap()
}

#[test]
fn a_normal_model_has_its_own_likelihood() {
    let model = linear();
    let theta = [0.3, -0.2, 1.0, 0.5, -1.0, 0.8];
    let x = [0.5, 0.1, 0.9, -0.3, 0.4, 0.2];
    for (json, allowed) in [
        (r#"{"simulations":20000}"#, 0.1),
        (
            r#"{"simulations":20000,"shrinkage":{"kind":"ledoit_wolf"}}"#,
            0.1,
        ),
        (
            r#"{"simulations":20000,"shrinkage":{"kind":"warton","keep":1.0}}"#,
            0.1,
        ),
        // Kernels widen each margin by h² = (0.9 n^(−1/5))² = 1.5 %.
        (
            r#"{"simulations":20000,"estimator":"semi_parametric"}"#,
            0.25,
        ),
    ] {
        let synthetic = likelihood(model.clone(), json, 1);
        let mut values = [0.0; 3];
        synthetic.log_likelihood(&theta, &x, &mut values).unwrap();
        for (theta, value) in theta.chunks(2).zip(values) {
            let exact: f64 = x.chunks(3).map(|x| model.log_likelihood(theta, x)).sum();
            println!("{json}: {value:.3}, exactly {exact:.3}");
            assert!((value - exact).abs() < allowed, "{json}: {value} {exact}");
        }
    }
}

#[test]
fn the_unbiased_estimate_is_unbiased_and_the_plain_one_is_not() {
    // The mean over 20,000 estimates from 10 simulations each.
    let model = linear();
    let (theta, x) = ([0.3, -0.2], [1.5, 0.1, 0.4]);
    let exact = model.log_likelihood(&theta, &x).exp();
    let mean = |json: &str| {
        let estimates: Vec<f64> = (0..20_000)
            .into_par_iter()
            .map(|seed| {
                let mut value = [0.0];
                likelihood(model.clone(), json, seed)
                    .log_likelihood(&theta, &x, &mut value)
                    .unwrap();
                value[0].exp()
            })
            .collect();
        let mean = estimates.iter().sum::<f64>() / 2e4;
        let square = estimates.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / 2e4;
        (mean, (square / 2e4).sqrt())
    };
    let (unbiased, error) = mean(r#"{"simulations":10,"estimator":"unbiased"}"#);
    let (plain, plain_error) = mean(r#"{"simulations":10}"#);
    println!("{unbiased:.5} ± {error:.5}, plain {plain:.5} ± {plain_error:.5}, exactly {exact:.5}");
    assert!(
        (unbiased - exact).abs() < 5.0 * error,
        "{unbiased} ± {error}, {exact}"
    );
    assert!(
        (plain - exact).abs() > 5.0 * plain_error,
        "{plain} ± {plain_error}, {exact}"
    );
}

#[test]
fn the_posterior_of_a_normal_model_is_exact_within_its_noise() {
    let json = r#"{"simulations":100}"#;
    for x in [vec![0.3], vec![0.3, 0.5, 0.4]] {
        let synthetic = likelihood(simulator(1), json, 2);
        let samples = weigh_prior_draws(&synthetic, &prior(), &x, 3000, Seed(3)).unwrap();
        let (exact, summary) = (posterior(&x), &samples.summary()[0]);
        let ess = 1.0 / samples.weights().iter().map(|w| w * w).sum::<f64>();
        println!(
            "{:.4} ± {:.4}, exactly {exact:.4?}, ESS {ess:.0}",
            summary.mean, summary.sd
        );
        // Means of 100 simulations widen the likelihood by 1 % a trial.
        let allowed = (5.0 / ess.sqrt() + 0.02) * exact[1];
        assert!((summary.mean - exact[0]).abs() < allowed, "{x:?}");
        assert!((summary.sd - exact[1]).abs() < allowed, "{x:?}");
        assert_eq!(synthetic.counts().n_simulations, 300_000);
    }
}

#[test]
fn a_margin_that_is_not_normal_needs_the_semi_parametric_estimate() {
    // x = θ + exponential: the density at x is exp(−(x − θ)) above θ.
    let model = || {
        FunctionSimulator::new("exponential", 1, [1], |theta, random, x| {
            x[0] = theta[0] + random.exponential();
            Ok(())
        })
    };
    let error = |json: &str| {
        let synthetic = likelihood(model(), json, 4);
        let theta = [-0.5, -1.0, -1.5, -2.5, -3.5];
        let mut values = [0.0; 5];
        synthetic
            .log_likelihood(&theta, &[0.0], &mut values)
            .unwrap();
        theta
            .iter()
            .zip(values)
            .map(|(t, v)| (v - t).abs())
            .fold(0.0, f64::max)
    };
    let normal = error(r#"{"simulations":5000}"#);
    let semi = error(r#"{"simulations":5000,"estimator":"semi_parametric"}"#);
    println!("largest error of the log-likelihood: normal {normal:.2}, semi-parametric {semi:.2}");
    assert!(semi < 0.3 && normal > 2.0 * semi, "{normal} {semi}");
}

#[test]
fn numbers_depend_on_theta_alone_and_common_ones_are_smooth() {
    for (json, smooth) in [
        (r#"{"simulations":20}"#, false),
        (r#"{"simulations":20,"random_numbers":"common"}"#, true),
    ] {
        let run = |threads: usize, theta: &[f64]| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let synthetic = likelihood(simulator(1), json, 5);
            let mut values = vec![0.0; theta.len()];
            let evaluate = || synthetic.log_likelihood(theta, &[0.4], &mut values);
            pool.install(evaluate).unwrap();
            values
        };
        let theta: Vec<f64> = (0..50).map(|i| 0.3 + 1e-4 * f64::from(i)).collect();
        let one = run(1, &theta);
        assert_eq!(one, run(3, &theta));
        let backwards: Vec<f64> = theta.iter().rev().copied().collect();
        let mut again = run(2, &backwards);
        again.reverse();
        assert_eq!(one, again);
        let largest = one
            .windows(2)
            .map(|w| (w[1] - w[0]).abs())
            .fold(0.0, f64::max);
        assert_eq!(largest < 0.01, smooth, "{json}: {largest}");
    }
}

#[test]
fn failed_simulations_count_against_theta() {
    // Half of the simulations fail where θ is above ½, all where it is above 0.9.
    let model = FunctionSimulator::new("failing", 1, [1], |theta, random, x| {
        x[0] = random.normal();
        let fails = theta[0] > 0.9 || (theta[0] > 0.5 && random.below(2) == 0);
        let failure = SimulationFailure {
            status: Status::Failed,
            reason: "as planned".into(),
        };
        if fails { Err(failure) } else { Ok(()) }
    });
    let synthetic = likelihood(model, r#"{"simulations":4000}"#, 6);
    let mut values = [0.0; 3];
    synthetic
        .log_likelihood(&[0.2, 0.7, 0.95], &[0.0], &mut values)
        .unwrap();
    assert!(
        (values[0] - values[1] - 2_f64.ln()).abs() < 0.15,
        "{values:?}"
    );
    assert_eq!(values[2], f64::NEG_INFINITY);
    let counts = synthetic.counts();
    assert_eq!(
        (counts.n_evaluations, counts.n_without, counts.n_simulations),
        (3, 1, 12_000)
    );
    // 4,000 and about 2,000 ± 32.
    assert!((5800..6200).contains(&counts.n_failed), "{counts:?}");
}

#[test]
fn shrinkage_allows_fewer_simulations_than_data() {
    let refused = SyntheticLikelihood::new(
        Arc::new(simulator(30)),
        config(r#"{"simulations":20}"#),
        None,
        Seed(1),
    );
    assert!(refused.unwrap_err().to_string().contains("at least 32"));
    let json = r#"{"simulations":20,"shrinkage":{"kind":"ledoit_wolf"}}"#;
    let synthetic = likelihood(simulator(30), json, 7);
    let mut values = [0.0; 2];
    synthetic
        .log_likelihood(&[0.3, 0.9], &[0.3; 30], &mut values)
        .unwrap();
    assert!(values[0] > values[1] + 50.0, "{values:?}");
}

#[test]
fn options_that_make_no_sense_are_refused_by_name() {
    for (json, field) in [
        (r#"{"simulations":2}"#, "`simulations`"),
        (
            r#"{"simulations":5,"estimator":"unbiased"}"#,
            "`simulations`",
        ),
        (r#"{"shrinkage":{"kind":"warton","keep":2.0}}"#, "`keep`"),
        (
            r#"{"estimator":"unbiased","shrinkage":{"kind":"ledoit_wolf"}}"#,
            "`shrinkage`",
        ),
    ] {
        let message = config(json).validate(1).unwrap_err().to_string();
        assert!(message.contains(field), "{json}: {message}");
    }
    let unbiased = likelihood(simulator(1), r#"{"estimator":"unbiased"}"#, 8);
    assert!(
        unbiased
            .log_likelihood(&[0.1], &[0.1, 0.2], &mut [0.0])
            .is_err()
    );
    assert!(
        unbiased
            .log_likelihood(&[0.1, 0.2], &[0.1], &mut [0.0])
            .is_err()
    );
}
