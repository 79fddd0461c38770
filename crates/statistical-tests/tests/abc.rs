//! Likelihood-free inference without networks against exact posteriors.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::sync::Arc;

use retrodict::check::CalibrationChecks;
use retrodict::infer::LogLikelihood;
use retrodict::infer::abc::{
    AbcPosterior, AbcProblem, AbcRejectionConfig, AbcSmcConfig, AdjustmentConfig, DistanceConfig,
    MahalanobisConfig, SmcAlgorithm, Stop, abc_smc,
};
use retrodict::infer::classical::{
    KernelDensity, KernelDensityConfig, SyntheticLikelihood, SyntheticLikelihoodConfig,
    weigh_prior_draws,
};
use retrodict::simulate::builtin::{self, LinearGaussian, LinearGaussianConfig};
use retrodict::simulate::{Noise, Simulations, simulate};
use retrodict::{Samples, Seed, Stream};

fn simulations(task: &builtin::Builtin, n: usize, [theta, noise]: [Stream; 2]) -> Simulations {
    let theta = task.prior.sample_table(n, Seed(1), theta);
    let noise = Noise {
        seed: Seed(1),
        purpose: noise,
        first: 0,
    };
    simulate(&*task.simulator, theta, noise, &()).unwrap()
}

const TRAIN: [Stream; 2] = [Stream::Parameters, Stream::Simulator];
const TEST: [Stream; 2] = [Stream::TestParameters, Stream::TestSimulator];

#[test]
fn adjusted_rejection_is_calibrated() {
    // Ranks of 300 test parameters among 200 draws: bias and spread have standard errors of 0.058
    // and 0.041; the adjusted posterior of a linear Gaussian model is exact but for 1,000 draws.
    let task = builtin::by_name("linear_gaussian").unwrap();
    let config = AbcRejectionConfig {
        quantile: Some(0.05),
        adjustment: AdjustmentConfig::LocalLinear,
        ..AbcRejectionConfig::default()
    };
    let posterior = AbcPosterior::new(
        task.prior.clone(),
        simulations(&task, 20_000, TRAIN),
        config,
    );
    let test = simulations(&task, 300, TEST);
    let checks = CalibrationChecks::run(&posterior.unwrap(), &test, 200, Seed(1)).unwrap();
    for ranks in &checks.ranks.quantities {
        println!(
            "{}: bias {:+.3}, spread {:.3}",
            ranks.name, ranks.bias, ranks.spread
        );
        assert!(
            ranks.bias.abs() < 0.05 + 5.0 * 0.058,
            "{}: {}",
            ranks.name,
            ranks.bias
        );
        let off = (ranks.spread - 1.0).abs();
        assert!(off < 0.05 + 5.0 * 0.041, "{}: {}", ranks.name, ranks.spread);
    }
}

#[test]
fn sequential_monte_carlo_reaches_the_exact_posterior_of_four_parameters() {
    // What is left of the tolerance widens the posterior by a few per cent; adjusted, less.
    let model = LinearGaussian::from_config(LinearGaussianConfig {
        n_parameters: 4,
        n_data: 4,
        ..LinearGaussianConfig::default()
    })
    .unwrap();
    let observation = vec![0.8, -0.4, 0.3, 0.0];
    let exact = model.posterior(&observation).unwrap();
    let task = model.into_builtin(observation.clone()).unwrap();
    let problem = AbcProblem::new(&task.prior, &*task.simulator, &observation);
    for algorithm in [SmcAlgorithm::PopulationMonteCarlo, SmcAlgorithm::DelMoral] {
        let config = AbcSmcConfig {
            algorithm,
            population: Some(2000),
            max_simulations: 400_000,
            min_acceptance_rate: 0.02,
            adjustment: Some(AdjustmentConfig::LocalLinear),
            distance: DistanceConfig::Mahalanobis(MahalanobisConfig {}),
            ..AbcSmcConfig::default()
        };
        let result = abc_smc(&problem, &config, None, Seed(1)).unwrap();
        assert_eq!(result.stopped, Stop::AcceptanceRate, "{algorithm:?}");
        let ess = result.effective_sample_size;
        println!(
            "{algorithm:?}: {} simulations, ESS {ess:.0}",
            result.n_simulations
        );
        // Draws that were copies once are correlated still.
        let errors = if algorithm == SmcAlgorithm::DelMoral {
            10.0
        } else {
            5.0
        };
        for (j, summary) in result.samples.summary().iter().enumerate() {
            let sd = exact.covariance[j * 5].sqrt();
            let (bias, ratio) = ((summary.mean - exact.mean[j]) / sd, summary.sd / sd);
            println!("  {}: bias {bias:+.3} sd, sd × {ratio:.3}", summary.name);
            assert!(
                bias.abs() < 0.05 + errors / ess.sqrt(),
                "{algorithm:?}, {}: {bias}",
                summary.name
            );
            assert!(
                (ratio - 1.0).abs() < 0.05 + errors / (2.0 * ess).sqrt(),
                "{algorithm:?}: {ratio}"
            );
        }
    }
}

/// What share of the weighted draws of each parameter lies below the true one.
fn below(samples: &Samples, truth: &[f64]) -> Vec<f64> {
    let weights = samples.weights();
    let share = |(j, truth): (usize, &f64)| {
        let rows = samples.draws.rows().zip(&weights);
        rows.filter(|(theta, _)| theta[j] < *truth)
            .map(|(_, w)| w)
            .sum::<f64>()
    };
    truth.iter().enumerate().map(share).collect()
}

/// Shares below the truth are uniform: mean ½ and sd 0.289, each from 400 numbers of pairs that are
/// correlated: standard errors below 0.02 and 0.01, of which the limits are five.
fn assert_calibrated(name: &str, shares: &[f64]) {
    let n = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / n;
    let sd = (shares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n).sqrt();
    println!("{name}: mean {mean:.3}, sd {sd:.3}");
    assert!((mean - 0.5).abs() < 0.1, "{name}: {mean}");
    assert!(
        (sd / (1.0_f64 / 12.0).sqrt() - 1.0).abs() < 0.15,
        "{name}: {sd}"
    );
}

#[test]
fn posteriors_of_classical_likelihoods_are_calibrated() {
    // 400 draws from the prior are about 60 from the posterior, which adds a per cent; kernels widen it
    // by a few.
    let task = builtin::by_name("linear_gaussian").unwrap();
    let test = simulations(&task, 200, TEST);
    let kernels = KernelDensity::fit(
        &task.prior,
        &simulations(&task, 5000, TRAIN),
        &KernelDensityConfig::default(),
    );
    let synthetic = SyntheticLikelihood::new(
        Arc::from(builtin::by_name("linear_gaussian").unwrap().simulator),
        SyntheticLikelihoodConfig::default(),
        None,
        Seed(1),
    );
    let likelihoods: [(&str, &dyn LogLikelihood); 2] = [
        ("kernels", &kernels.unwrap()),
        ("synthetic", &synthetic.unwrap()),
    ];
    for (name, likelihood) in likelihoods {
        let one = |i: usize| {
            let x = test.x.row(i);
            let draws = weigh_prior_draws(likelihood, &task.prior, x, 400, Seed(i as u64));
            below(&draws.unwrap(), test.theta.row(i))
        };
        let shares: Vec<f64> = (0..test.len()).flat_map(one).collect();
        assert_calibrated(name, &shares);
    }
}

#[test]
fn sequential_monte_carlo_is_calibrated() {
    // 300 draws of which some 250 count; the adjustment takes away what the tolerance adds.
    let task = builtin::by_name("linear_gaussian").unwrap();
    let test = simulations(&task, 200, TEST);
    let config = AbcSmcConfig {
        population: Some(300),
        max_simulations: 10_000,
        adjustment: Some(AdjustmentConfig::LocalLinear),
        ..AbcSmcConfig::default()
    };
    let one = |i: usize| {
        let problem = AbcProblem::new(&task.prior, &*task.simulator, test.x.row(i));
        let result = abc_smc(&problem, &config, None, Seed(i as u64)).unwrap();
        below(&result.samples, test.theta.row(i))
    };
    let shares: Vec<f64> = (0..test.len()).flat_map(one).collect();
    assert_calibrated("sequential Monte Carlo", &shares);
}
