//! Rounds in which `auto` has to end in what is known to be right.

use std::sync::Arc;

use super::tests::plain;
use super::*;
use crate::infer::sequential::{
    InMemory, RoundModel, SequentialConfig, SequentialMethod, SequentialTask, sequential,
};
use crate::infer::testing::silent;
use crate::infer::{LogLikelihood, NleConfig, NpeConfig, NreConfig};
use crate::prior::{DistributionConfig as D, Prior};
use crate::sample::SamplerConfig;
use crate::seed::Seed;
use crate::simulate::{FunctionSimulator, SimulationFailure, Simulator, Status};
use crate::table::Table;

fn config<C: serde::de::DeserializeOwned>() -> C {
    let text = r#"{"estimator":{"kind":"nsf","transforms":2,"network":{"hidden":[24]}},"train":{"max_epochs":40,"ensemble_size":1}}"#;
    serde_json::from_str(text).unwrap()
}

/// The last round's model.
fn fitted(prior: &Prior, simulator: &dyn Simulator, x: &[f64]) -> (AutoModel, SequentialMethod) {
    let (models, method) = rounds(prior, simulator, (x, 3000));
    (
        models.last().expect("three rounds").as_ref().clone(),
        method,
    )
}

pub(super) fn rounds(
    prior: &Prior,
    simulator: &dyn Simulator,
    (x, simulations): (&[f64], usize),
) -> (Vec<Arc<AutoModel>>, SequentialMethod) {
    let situation = Situation {
        n_parameters: prior.n_parameters(),
        n_data: x.len(),
        simulations,
        rounds: Some(3),
        ..plain()
    };
    let method = SequentialMethod::Auto(Box::new(AutoConfig {
        choice: situation.choice(),
        npe: config::<NpeConfig>(),
        nle: config::<NleConfig>(),
        nre: NreConfig::default(),
        sampler: SamplerConfig::default(),
    }));
    let task = SequentialTask {
        prior,
        x,
        method: &method,
        config: &SequentialConfig {
            threshold_draws: 20_000,
            ..situation.sequential()
        },
        simulations,
        rounds: 3,
        seed: Seed(3),
    };
    let fit = sequential(&task, &mut InMemory::new(simulator, Seed(3)), &silent).unwrap();
    let each = fit.models.into_iter().map(|model| match model {
        RoundModel::Auto(model) => model,
        other => panic!("auto leaves a model of its own, not {other:?}"),
    });
    (each.collect(), method)
}

/// x = θ² + noise: a likelihood that a linear guess and one parabola describe, and two or four modes.
#[test]
fn several_modes_of_a_simple_likelihood_want_the_likelihood() {
    let prior = Prior::new(["a", "b", "c"].map(|n| (n, D::uniform(-2.0, 2.0)))).unwrap();
    let simulator = FunctionSimulator::new("squares", 3, [3], |theta, random, x| {
        for (x, theta) in x.iter_mut().zip(theta) {
            *x = theta * theta + 0.05 * random.normal();
        }
        Ok(())
    });
    let (model, _) = fitted(&prior, &simulator, &[1.0, 1.0, 1.0]);
    println!("{:#?}", model.choice);
    assert!(model.likelihood.is_some(), "{:?}", model.choice.reasons);
    assert!(model.choice.share > 0.4, "{:?}", model.choice.reasons);
    assert!(model.choice.reasons.len() >= 2);
}

/// x = θ + noise: the guess is exact for both.
#[test]
fn a_linear_problem_keeps_the_posterior_alone() {
    let prior = Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(1.0, 2.0))]).unwrap();
    let simulator = FunctionSimulator::new("shift", 2, [2], |theta, random, x| {
        for (x, theta) in x.iter_mut().zip(theta) {
            *x = theta + 0.5 * random.normal();
        }
        Ok(())
    });
    let (model, method) = fitted(&prior, &simulator, &[0.3, 1.5]);
    assert_eq!(model.choice.method, ChosenMethod::Npe, "{:?}", model.choice);
    assert!(model.likelihood.is_none() && model.choice.amortised);
    assert_eq!(method.name(), "auto");
}

/// What is written gives the same density when it is read.
pub(super) fn read_again(model: &AutoModel, prior: &Prior, x: &[f64]) {
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let read = AutoModel::load(folder.path(), prior).unwrap();
    let theta = Table::new(prior.names(), vec![0.1, -0.5, 0.4, -0.7]).unwrap();
    let density = |model: &AutoModel| {
        let posterior = model.posterior(prior, &SamplerConfig::default()).unwrap();
        posterior.log_unnormalized(&theta, x).unwrap()
    };
    assert_eq!(density(&read), density(model));
}

/// x = θ² + noise in few simulations.
#[test]
fn rounds_of_few_simulations_have_a_ratio_in_the_likelihood() {
    let prior = Prior::new(["a", "b"].map(|n| (n, D::uniform(-2.0, 2.0)))).unwrap();
    let simulator = FunctionSimulator::new("squares", 2, [2], |theta, random, x| {
        for (x, theta) in x.iter_mut().zip(theta) {
            *x = theta * theta + 0.2 * random.normal();
        }
        Ok(())
    });
    let x = [1.0, 1.0];
    let (models, _) = rounds(&prior, &simulator, (&x, 900));
    let shares = |model: &AutoModel| {
        let ratio = model.likelihood.as_ref().unwrap().ratio.as_ref();
        ratio.map(|(_, share)| *share)
    };
    assert_eq!([shares(&models[0]), shares(&models[1])], [None, Some(0.0)]);
    for model in &models {
        read_again(model, &prior, &x);
        let pooled = model
            .likelihood
            .as_ref()
            .is_some_and(|own| own.ratio.is_some());
        assert_eq!(pooled, model.choice.fitted_ratio().is_some());
    }
    let reasons = models[2].choice.reasons.join(" ");
    assert!(reasons.contains("ratio"), "{reasons}");
    is_the_weighted_mean(models[1].likelihood.as_ref().unwrap(), &x);
}

/// A pool's value and gradient are those of its parts, which have tests against central differences of their own.
fn is_the_weighted_mean(learned: &LearnedLikelihood, x: &[f64]) {
    let (likelihood, (ratio, _)) = (&learned.density, learned.ratio.as_ref().expect("a pool"));
    let pool = LearnedLikelihood {
        density: Arc::clone(likelihood),
        ratio: Some((Arc::clone(ratio), 0.3)),
    };
    let value = |learned: &dyn LogLikelihood, theta: [f64; 2]| {
        let mut value = [0.0];
        learned.log_likelihood(&theta, x, &mut value).unwrap();
        value[0]
    };
    let theta = [0.9, -1.1];
    let expected = 0.7 * value(likelihood, theta) + 0.3 * value(ratio, theta);
    let (mut own, mut slopes) = ([0.0], [0.0; 2]);
    let has = pool.with_gradient(&theta, x, &mut own, &mut slopes);
    assert!(has.unwrap());
    assert!((own[0] - expected).abs() < 1e-9 && (value(&pool, theta) - expected).abs() < 1e-9);
    let pairs = [&theta[..], &theta].concat();
    let both = Table::new(["a", "b"], pairs).unwrap();
    let data = Table::new(["x", "y"], [x, x].concat()).unwrap();
    let paired = pool.log_likelihood_many(&both, &data).unwrap();
    assert!(paired.iter().all(|v| (v - expected).abs() < 1e-9));
    let gradient = |learned: &dyn LogLikelihood| {
        let mut slopes = [0.0; 2];
        let has = learned.with_gradient(&theta, x, &mut [0.0], &mut slopes);
        assert!(has.unwrap());
        slopes
    };
    let (of_likelihood, of_ratio) = (gradient(likelihood), gradient(ratio));
    for j in 0..2 {
        let expected = 0.7 * of_likelihood[j] + 0.3 * of_ratio[j];
        assert!((slopes[j] - expected).abs() < 1e-9, "{slopes:?} {expected}");
    }
}

/// Simulations fail where the observation says θ is: the posterior of those that do not aims there all the same.
#[test]
fn a_posterior_that_aims_where_simulations_fail_goes() {
    let prior = Prior::new([("a", D::uniform(-2.0, 2.0)), ("b", D::uniform(-2.0, 2.0))]).unwrap();
    let simulator = FunctionSimulator::new("half", 2, [2], |theta, random, x| {
        if theta[0] > 0.5 {
            return Err(SimulationFailure {
                status: Status::Failed,
                reason: "no equilibrium".into(),
            });
        }
        for (x, theta) in x.iter_mut().zip(theta) {
            *x = theta * theta.abs() + 0.05 * random.normal();
        }
        Ok(())
    });
    let (model, _) = fitted(&prior, &simulator, &[2.25, 0.3]);
    let reasons = model.choice.reasons.join(" ");
    assert!(reasons.contains("simulations fail"), "{reasons}");
    assert!(model.posterior.is_none() && model.likelihood.is_some());
}
