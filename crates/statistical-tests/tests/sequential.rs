//! Sequential inference with default settings against exact posteriors, and its calibration inside the
//! last truncated prior.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::ops::ControlFlow;

use retrodict::check::{CalibrationChecks, Verdict, Word};
use retrodict::estimator::{EstimatorConfig, MixtureConfig};
use retrodict::infer::sequential::{
    InMemory, ProposalKind, RoundModel, SequentialConfig, SequentialFit, SequentialMethod,
    SequentialTask, TruncatedPosterior, sequential,
};
use retrodict::infer::{NleConfig, NpeConfig, NreConfig, TmnreConfig};
use retrodict::prior::SupportKind;
use retrodict::sample::SamplerConfig;
use retrodict::simulate::builtin::{self, Builtin};
use retrodict::simulate::{Noise, simulate};
use retrodict::{Seed, Stream};

fn task<'a>(
    toy: &'a Builtin,
    method: &'a SequentialMethod,
    config: &'a SequentialConfig,
    seed: u64,
) -> SequentialTask<'a> {
    SequentialTask {
        prior: &toy.prior,
        x: &toy.observation,
        method,
        config,
        simulations: 2000,
        rounds: 4,
        seed: Seed(seed),
    }
}

fn fit(toy: &Builtin, task: &SequentialTask<'_>) -> SequentialFit {
    let mut keeper = InMemory::new(&*toy.simulator, task.seed);
    sequential(task, &mut keeper, &|_: &retrodict::train::EpochRecord| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

#[test]
fn the_gaussian_toy_agrees_with_its_exact_posterior_by_every_method() {
    // Inside the uniform prior on (−2, 2) the posterior is N(x − 1, 0.1²) for each parameter. With 2,000
    // simulations a network's own error is a tenth of a sd or so; 5,000 draws add 0.014 to it.
    let toy = builtin::by_name("gaussian_toy").unwrap();
    let config = SequentialConfig::default();
    let sampler = SamplerConfig::default();
    for method in [
        SequentialMethod::Npe(NpeConfig::default()),
        SequentialMethod::Nle(NleConfig::default(), sampler.clone()),
        SequentialMethod::Nre(NreConfig::default(), sampler),
        SequentialMethod::Tmnre(TmnreConfig::default()),
    ] {
        let seed = 1;
        let task = task(&toy, &method, &config, seed);
        let fit = fit(&toy, &task);
        let model = fit.models.last().unwrap();
        let posterior = method.posterior(model, &toy.prior).unwrap();
        let samples = posterior
            .sample(&toy.observation, 5_000, Seed(seed))
            .unwrap();
        for (summary, x) in samples.summary().iter().zip(&toy.observation) {
            let (bias, ratio) = ((summary.mean - (x - 1.0)) / 0.1, summary.sd / 0.1);
            let what = format!(
                "{}, seed {seed}, {}: bias {bias:+.3} sd, sd × {ratio:.3}",
                method.name(),
                summary.name
            );
            println!("{what}");
            assert!(bias.abs() < 0.2 && (ratio - 1.0).abs() < 0.2, "{what}");
        }
    }
}

#[test]
fn the_gaussian_toy_agrees_with_its_exact_posterior_by_every_proposal() {
    // The bounds are those of every method, and three times as wide with importance weights, of which the
    // effective number is a tenth of the simulations or less.
    let toy = builtin::by_name("gaussian_toy").unwrap();
    let mixture = NpeConfig {
        estimator: EstimatorConfig::Mdn(MixtureConfig {
            components: 3,
            ..MixtureConfig::default()
        }),
        support: SupportKind::Probit,
        ..NpeConfig::default()
    };
    for (proposal, npe, bound) in [
        (ProposalKind::Atomic, NpeConfig::default(), 0.2),
        (ProposalKind::Mixture, mixture, 0.2),
        (ProposalKind::ImportanceWeighted, NpeConfig::default(), 0.6),
    ] {
        let config = SequentialConfig {
            proposal,
            ..SequentialConfig::default()
        };
        let method = SequentialMethod::Npe(npe);
        let task = task(&toy, &method, &config, 1);
        let fit = fit(&toy, &task);
        let model = fit.models.last().unwrap();
        let posterior = method.posterior(model, &toy.prior).unwrap();
        let samples = posterior.sample(&toy.observation, 5_000, Seed(1)).unwrap();
        for (summary, x) in samples.summary().iter().zip(&toy.observation) {
            let (bias, ratio) = ((summary.mean - (x - 1.0)) / 0.1, summary.sd / 0.1);
            let what = format!(
                "{}, {}: bias {bias:+.3} sd, sd × {ratio:.3}, effective {:?}",
                proposal.name(),
                summary.name,
                fit.reports[3].effective
            );
            println!("{what}");
            assert!(bias.abs() < bound && (ratio - 1.0).abs() < bound, "{what}");
        }
    }
}

#[test]
fn inside_the_last_truncated_prior_the_posterior_is_calibrated() {
    // The verdict's checks have a false alarm in a thousand runs or so.
    let toy = builtin::by_name("gaussian_toy").unwrap();
    let config = SequentialConfig::default();
    let method = SequentialMethod::Npe(NpeConfig::default());
    let task = task(&toy, &method, &config, 5);
    let fit = fit(&toy, &task);
    let [.., before, last] = &fit.models[..] else {
        unreachable!("there are four rounds");
    };
    let region = task
        .region(3, Some(before), &fit.reports[..3])
        .unwrap()
        .unwrap();
    let theta = region.sample(300, Seed(6)).unwrap().theta;
    let noise = Noise {
        seed: Seed(6),
        purpose: Stream::TestSimulator,
        first: 0,
    };
    let tests = simulate(&*toy.simulator, theta, noise, &()).unwrap();
    let RoundModel::Posterior(posterior) = last else {
        unreachable!("the method learns a posterior");
    };
    let posterior = TruncatedPosterior::new(&**posterior, &region);
    let found = CalibrationChecks::run(&posterior, &tests, 1000, Seed(7)).unwrap();
    let verdict = Verdict::from_checks(found.checks());
    println!("{:?}", verdict.reasons);
    assert!(verdict.verdict < Word::Failed, "{:?}", verdict.reasons);
}

#[test]
fn within_the_last_bounds_marginals_are_calibrated() {
    // The verdict's checks have a false alarm in a thousand runs or so.
    let toy = builtin::by_name("gaussian_toy").unwrap();
    let config = SequentialConfig::default();
    let method = SequentialMethod::Tmnre(TmnreConfig::default());
    let fit = fit(&toy, &task(&toy, &method, &config, 5));
    let Some(RoundModel::Marginals(marginals)) = fit.models.last() else {
        unreachable!("the method learns marginals");
    };
    // Twelve sd of 0.1 or less, of a prior four wide, each.
    assert!(
        marginals.volume() < 0.3_f64.powi(3),
        "{:?}",
        marginals.bounds()
    );
    let noise = Noise {
        seed: Seed(6),
        purpose: Stream::TestSimulator,
        first: 0,
    };
    let theta = marginals.sample_prior(300, Seed(6));
    let tests = simulate(&*toy.simulator, theta, noise, &()).unwrap();
    let found = CalibrationChecks::run(&**marginals, &tests, 1000, Seed(7)).unwrap();
    let verdict = Verdict::from_checks(found.checks_of_marginals());
    println!("{:?}", verdict.reasons);
    assert!(verdict.verdict < Word::Failed, "{:?}", verdict.reasons);
    for levels in marginals.coverage(&tests).unwrap() {
        let inside = levels.iter().filter(|level| **level < 0.9).count() as f64 / 300.0;
        // Five standard errors of 0.017.
        assert!((inside - 0.9).abs() < 0.087, "{inside}");
    }
}
