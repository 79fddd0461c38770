//! Corrected rounds against posteriors that are known.

use super::*;
use crate::infer::NpeConfig;
use crate::infer::testing::silent;
use crate::prior::{DistributionConfig as D, Prior};
use crate::seed::Seed;
use crate::simulate::{FunctionSimulator, Simulator};

/// A problem, an observation, and mean and sd of the posterior of each parameter.
struct Known {
    name: &'static str,
    prior: Prior,
    simulator: Box<dyn Simulator>,
    x: Vec<f64>,
    exact: Vec<[f64; 2]>,
}

/// θ ~ N(m, s²) each, x = A θ + noise: a normal posterior, correlated.
fn linear() -> Known {
    let prior = Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(2.0, 3.0))]).unwrap();
    let simulator = FunctionSimulator::new("linear", 2, [2], |theta, random, x| {
        x[0] = theta[0] + 0.2 * theta[1] + 0.15 * random.normal();
        x[1] = theta[1] - theta[0] + 0.45 * random.normal();
        Ok(())
    });
    let x = vec![1.2, 0.6];
    // Λ = S⁻¹ + Aᵀ N⁻¹ A, and Λ m = S⁻¹ m₀ + Aᵀ N⁻¹ x.
    let (u, v) = (1.0 / 0.15_f64.powi(2), 1.0 / 0.45_f64.powi(2));
    let (aa, ab, bb) = (1.0 + u + v, 0.2 * u - v, 1.0 / 9.0 + 0.04 * u + v);
    let (ra, rb) = (u * x[0] - v * x[1], 2.0 / 9.0 + 0.2 * u * x[0] + v * x[1]);
    let det = aa * bb - ab * ab;
    let exact = vec![
        [(bb * ra - ab * rb) / det, (bb / det).sqrt()],
        [(aa * rb - ab * ra) / det, (aa / det).sqrt()],
    ];
    Known {
        name: "linear",
        prior,
        simulator: Box::new(simulator),
        x,
        exact,
    }
}

/// Uniform θ, x ~ N(θ, sd²), a tenth and a fortieth of the prior's range, half a sd below a bound.
fn bounded() -> Known {
    uniform("bounded", 0.9)
}

/// The same with a posterior that the bounds do not cut off.
fn inside() -> Known {
    uniform("inside", 0.2)
}

fn uniform(name: &'static str, mean: f64) -> Known {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0)), ("b", D::uniform(0.0, 4.0))]).unwrap();
    let simulator = FunctionSimulator::new("bounded", 2, [2], |theta, random, x| {
        x[0] = theta[0] + 0.2 * random.normal();
        x[1] = theta[1] + 0.1 * random.normal();
        Ok(())
    });
    let x = vec![mean, 1.0];
    let exact = vec![super::tests::truncated_moments(x[0], 0.2, 1.0), [x[1], 0.1]];
    Known {
        name,
        prior,
        simulator: Box::new(simulator),
        x,
        exact,
    }
}

fn flow() -> NpeConfig {
    let text = r#"{"estimator":{"kind":"nsf","transforms":2,"network":{"hidden":[24]}},"train":{"max_epochs":40,"ensemble_size":2}}"#;
    serde_json::from_str(text).unwrap()
}

fn mixture(components: usize) -> NpeConfig {
    let text = format!(
        r#"{{"estimator":{{"kind":"mdn","components":{components},"network":{{"hidden":[24]}}}},"support":"probit","train":{{"max_epochs":40,"ensemble_size":2}}}}"#
    );
    serde_json::from_str(&text).unwrap()
}

/// The error of each mean, in sds, and of each log-sd; and the effective number of simulations, all unless
/// weighted.
fn errors(known: &Known, npe: NpeConfig, config: &SequentialConfig, seed: u64) -> (Vec<f64>, f64) {
    let method = SequentialMethod::Npe(npe);
    let task = SequentialTask {
        prior: &known.prior,
        x: &known.x,
        method: &method,
        config,
        simulations: 1500,
        rounds: 3,
        seed: Seed(seed),
    };
    let mut keeper = InMemory::new(&*known.simulator, Seed(seed));
    let fit = sequential(&task, &mut keeper, &silent).unwrap();
    let last = fit.models.last().unwrap();
    let posterior = method.posterior(last, &known.prior).unwrap();
    let samples = posterior.sample(&known.x, 4000, Seed(1)).unwrap();
    assert!(samples.draws.rows().all(|row| known.prior.contains(row)));
    let each = samples.summary();
    let each = each.iter().zip(&known.exact);
    let errors =
        each.flat_map(|(found, [mean, sd])| [(found.mean - mean) / sd, (found.sd / sd).ln()]);
    let report = &fit.reports[2];
    (
        errors.collect(),
        report.effective.unwrap_or(report.used as f64),
    )
}

fn proposing(proposal: ProposalKind) -> SequentialConfig {
    SequentialConfig {
        proposal,
        threshold_draws: 20_000,
        ..SequentialConfig::default()
    }
}

fn assert_recovered(known: &Known, npe: &NpeConfig, proposal: ProposalKind, bound: f64) {
    let (errors, _) = errors(known, npe.clone(), &proposing(proposal), 3);
    let good = errors.iter().all(|error| error.abs() < bound);
    assert!(good, "{}: {errors:?}", known.name);
}

#[test]
fn importance_weights_recover_known_posteriors() {
    for known in [linear(), bounded()] {
        let config = proposing(ProposalKind::ImportanceWeighted);
        let (errors, effective) = errors(&known, flow(), &config, 3);
        assert!(effective < 300.0, "{effective}");
        let good = errors
            .iter()
            .all(|error| error.abs() < 4.0 / effective.sqrt());
        assert!(good, "{}: {errors:?} of {effective}", known.name);
    }
}

#[test]
fn atoms_recover_known_posteriors() {
    for known in [linear(), bounded()] {
        assert_recovered(&known, &flow(), ProposalKind::Atomic, 0.2);
    }
}

#[test]
fn mixtures_recover_known_posteriors() {
    // One component is all that a normal posterior needs.
    assert_recovered(&linear(), &mixture(1), ProposalKind::Mixture, 0.15);
    assert_recovered(&linear(), &mixture(3), ProposalKind::Mixture, 0.2);
    assert_recovered(&inside(), &mixture(3), ProposalKind::Mixture, 0.25);
}
