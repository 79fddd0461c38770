//! Ensembles, conditionals, sensitivities, corrections and restrictions, against what is known.

use std::sync::Arc;

use super::testing::silent;
use super::*;
use crate::prior::{DistributionConfig as D, Parameter, Prior};
use crate::sample::{SamplerConfig, SliceConfig};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;

fn log_normal(x: f64, mean: f64, sd: f64) -> f64 {
    let z = (x - mean) / sd;
    -0.5 * z * z - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
}

/// A normal distribution in two dimensions, whatever the observation: mean, sds and correlation.
struct Gaussian {
    parameters: Vec<Parameter>,
    mean: [f64; 2],
    sd: [f64; 2],
    correlation: f64,
}

impl Gaussian {
    fn new(mean: [f64; 2], sd: [f64; 2], correlation: f64) -> Self {
        Self {
            parameters: ["a", "b"].map(Parameter::named).to_vec(),
            mean,
            sd,
            correlation,
        }
    }
}

impl Posterior for Gaussian {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn sample(&self, _: &[f64], n: usize, seed: Seed) -> crate::Result<Samples> {
        let mut random = seed.stream(Stream::Test, 0);
        let draws = (0..n).flat_map(|_| {
            let (u, v) = (random.normal(), random.normal());
            let w = self.correlation * u + (1.0 - self.correlation.powi(2)).sqrt() * v;
            [self.mean[0] + self.sd[0] * u, self.mean[1] + self.sd[1] * w]
        });
        Samples::from_rows(["a", "b"], draws.collect())
    }

    fn log_prob(&self, theta: &Table, _: &[f64]) -> crate::Result<Vec<f64>> {
        let rest = (1.0 - self.correlation.powi(2)).sqrt();
        let one = |theta: &[f64]| {
            let z = (theta[0] - self.mean[0]) / self.sd[0];
            let mean = self.mean[1] + self.correlation * self.sd[1] * z;
            log_normal(theta[0], self.mean[0], self.sd[0])
                + log_normal(theta[1], mean, self.sd[1] * rest)
        };
        Ok(theta.rows().map(one).collect())
    }

    fn map(&self, _: &[f64], _: Seed) -> crate::Result<Vec<f64>> {
        Ok(self.mean.to_vec())
    }
}

fn wide() -> Prior {
    Prior::new([("a", D::normal(0.0, 3.0)), ("b", D::normal(0.0, 3.0))]).unwrap()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn an_ensemble_is_the_mixture_of_its_members() {
    let members = || -> Vec<Box<dyn Posterior>> {
        vec![
            Box::new(Gaussian::new([-2.0, 0.0], [0.5, 1.0], 0.0)),
            Box::new(Gaussian::new([2.0, 1.0], [0.5, 1.0], 0.5)),
        ]
    };
    let ensemble = EnsemblePosterior::new(members(), Some(&[3.0, 1.0])).unwrap();
    assert_eq!(ensemble.weights(), [0.75, 0.25]);
    let theta = Table::new(["a", "b"], vec![-2.0, 0.3, 2.0, 1.0, 0.0, 0.0]).unwrap();
    let values = ensemble.log_prob(&theta, &[]).unwrap();
    let each = members();
    let [first, second] = [0, 1].map(|k: usize| each[k].log_prob(&theta, &[]).unwrap());
    for i in 0..3 {
        let exact = (0.75 * first[i].exp() + 0.25 * second[i].exp()).ln();
        assert!((values[i] - exact).abs() < 1e-12);
    }
    let n = 10_000;
    let draws = ensemble.sample(&[], n, Seed(1)).unwrap().draws;
    let share = draws.column(0).iter().filter(|a| **a < 0.0).count() as f64 / n as f64;
    // Five standard errors of a share.
    assert!(
        (share - 0.75).abs() < 5.0 * (0.75_f64 * 0.25 / n as f64).sqrt(),
        "{share}"
    );
    assert_eq!(ensemble.map(&[], Seed(1)).unwrap(), [-2.0, 0.0]);
    assert!(EnsemblePosterior::new(members(), Some(&[1.0])).is_err());
    assert!(EnsemblePosterior::new(members(), Some(&[0.0, 0.0])).is_err());
    assert!(EnsemblePosterior::new(Vec::new(), None).is_err());
}

#[test]
fn a_conditional_of_a_correlated_posterior_is_the_known_normal() {
    let posterior = Arc::new(Gaussian::new([1.0, -1.0], [2.0, 0.5], 0.8));
    let sampler = SamplerConfig::Slice(SliceConfig {
        thin: 3,
        ..SliceConfig::default()
    });
    let x = [0.0, 0.0, 0.0];
    let made = conditional(
        posterior.clone(),
        &wide(),
        &x,
        &[("a", 3.0)],
        sampler.clone(),
    )
    .unwrap();
    let draws = made.sample(&x, 4000, Seed(1)).unwrap().draws;
    assert_eq!(draws.names(), ["b"]);
    // b | a = 3: mean −1 + 0.8 · 0.5 · 1, sd 0.5 · 0.6.
    let found = mean(draws.values());
    let spread = mean(
        &draws
            .values()
            .iter()
            .map(|b| (b + 0.6).powi(2))
            .collect::<Vec<_>>(),
    );
    assert!((found + 0.6).abs() < 0.03, "{found}");
    assert!((spread.sqrt() / 0.3 - 1.0).abs() < 0.1, "{}", spread.sqrt());
    let theta = Table::new(["b"], vec![-0.6, 0.0]).unwrap();
    let values = made.log_prob(&theta, &x).unwrap();
    let exact = [-0.6, 0.0].map(|b| log_normal(b, -0.6, 0.3));
    for (value, exact) in values.iter().zip(exact) {
        assert!((value - exact).abs() < 0.1, "{value} {exact}");
    }
    for (fixed, words) in [
        (&[("c", 1.0)][..], "one of the parameters: a, b"),
        (&[("a", f64::NAN)], "inside its prior"),
        (&[("a", 0.0), ("b", 0.0)], "at least one"),
    ] {
        let made = conditional(posterior.clone(), &wide(), &x, fixed, sampler.clone());
        let message = made.unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn names_of_fixed_parameters_become_their_values() {
    let prior = Prior::new([
        ("low", D::uniform(0.0, 1.0)),
        ("x", D::uniform("low", 2.0)),
        ("y", D::normal("x", "low")),
    ])
    .unwrap();
    let free = prior.without(&[("low", 0.5)]).unwrap();
    assert_eq!(free.names(), ["x", "y"]);
    let exact = -(1.5_f64.ln()) + log_normal(1.2, 1.0, 0.5);
    assert!((free.log_prob(&[1.0, 1.2]) - exact).abs() < 1e-12);
    assert!(!free.contains(&[0.4, 1.0]));
}

#[test]
fn the_directions_that_data_decide_are_those_of_the_precision() {
    // Of a normal distribution M is the precision matrix.
    let posterior = Gaussian::new([0.0, 0.0], [1.0, 1.0], 0.9);
    let found = ActiveSubspace::of(&posterior, &wide(), &[], 4000, Seed(1)).unwrap();
    // In units of the prior's sd, 3: eigenvalues 9 / (1 − 0.9) and 9 / (1 + 0.9).
    for (value, exact) in found.eigenvalues.iter().zip([90.0, 9.0 / 1.9]) {
        assert!((value / exact - 1.0).abs() < 0.15, "{found:?}");
    }
    let across = found.directions[0][0] * found.directions[0][1];
    assert!((across + 0.5).abs() < 0.02, "{found:?}");
    assert_eq!(found.n_draws, 4000);
}

#[test]
fn importance_weights_make_a_wrong_posterior_right_and_give_the_evidence() {
    let likelihood = || {
        FunctionLikelihood::new(1, |t, x| {
            log_normal(x[0], t[0], 1.0) + log_normal(0.0, t[1], 2.0)
        })
    };
    let x = [2.0];
    // Exactly: a ~ N(1.8, 0.9), b ~ N(0, 36 / 13).
    let off = Gaussian::new([1.2, 0.5], [1.4, 2.2], 0.2);
    let boxed: Box<dyn LogLikelihood> = Box::new(likelihood().unwrap());
    let sampled = corrected(&off, &wide(), boxed, &x, 20_000, Seed(1)).unwrap();
    assert!(
        sampled.report.k_hat.unwrap() < 0.7,
        "{:?}",
        sampled.report.k_hat
    );
    let weights = sampled.samples.weights();
    let average = |j: usize| {
        let column = sampled.samples.draws.column(j);
        column.iter().zip(&weights).map(|(v, w)| v * w).sum::<f64>()
    };
    assert!((average(0) - 1.8).abs() < 0.05 && average(1).abs() < 0.08);
    let evidence = sampled.report.evidence.unwrap();
    let exact = log_normal(2.0, 0.0, 10.0_f64.sqrt()) + log_normal(0.0, 0.0, 13.0_f64.sqrt());
    assert!(
        (evidence.log_evidence - exact).abs() < 0.05,
        "{evidence:?} {exact}"
    );
    // A proposal that misses the posterior is told by k̂.
    let narrow = Gaussian::new([-1.0, 0.0], [0.3, 0.3], 0.0);
    let boxed: Box<dyn LogLikelihood> = Box::new(likelihood().unwrap());
    let sampled = corrected(&narrow, &wide(), boxed, &x, 5000, Seed(1)).unwrap();
    assert!(
        sampled.report.k_hat.unwrap() > 0.7,
        "{:?}",
        sampled.report.k_hat
    );
}

/// Simulations at θ fail where a + b > 1, and otherwise one time in ten.
fn failing(n: usize) -> (Prior, Simulations) {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0)), ("b", D::uniform(-1.0, 1.0))]).unwrap();
    let theta = prior.sample_table(n, Seed(1), Stream::Parameters);
    let mut random = Seed(1).stream(Stream::Simulator, 0);
    let status = theta.rows().map(|t| {
        let fails = t[0] + t[1] > 1.0 || random.uniform() < 0.1;
        if fails { Status::Failed } else { Status::Ok }
    });
    let status: Vec<Status> = status.collect();
    let x = theta.rows().map(|t| t[0] + 0.3 * random.normal()).collect();
    let simulations = Simulations {
        x: Table::numbered("x", 1, x).unwrap(),
        theta,
        status,
    };
    (prior, simulations)
}

#[test]
fn a_restricted_prior_leaves_out_where_simulations_fail_and_a_posterior_stays_within() {
    let (prior, simulations) = failing(4000);
    let config: RestrictionConfig = serde_json::from_str(
        r#"{"false_negative_rate":0.01,"train":{"max_epochs":25,"ensemble_size":1,"learning_rate":0.005}}"#,
    )
    .unwrap();
    let (restricted, _) =
        SuccessClassifier::restrict(&prior, &simulations, &config, Seed(2), &silent).unwrap();
    let [missed, of] = restricted.false_negatives();
    assert!(
        missed as f64 <= 0.01 * of as f64 && of > 400,
        "{missed} of {of}"
    );
    // An eighth of the prior fails always: most of that is left out, and little else.
    assert!(
        (0.84..0.93).contains(&restricted.acceptance()),
        "{}",
        restricted.acceptance()
    );
    let draws = restricted.sample_table(4000, Seed(3)).unwrap();
    let beyond = draws.rows().filter(|t| t[0] + t[1] > 1.0).count() as f64 / 4000.0;
    assert!(beyond < 0.05, "{beyond}");
    assert!(restricted.inside(&draws).iter().all(|inside| *inside));
    assert_eq!(
        restricted.sample_table(100, Seed(3)).unwrap().values(),
        &draws.values()[..200]
    );
    // It integrates to one over the square.
    let side: Vec<f64> = (0..100).map(|i| -0.99 + 0.02 * f64::from(i)).collect();
    let grid = side
        .iter()
        .flat_map(|a| side.iter().flat_map(move |b| [*a, *b]));
    let grid = Table::new(["a", "b"], grid.collect()).unwrap();
    let total: f64 = restricted
        .log_prob(&grid)
        .iter()
        .map(|l| l.exp() * 4e-4)
        .sum();
    assert!((total - 1.0).abs() < 0.02, "{total}");
    let as_prior = restricted.to_prior().unwrap();
    let theta = draws.row(0);
    let alone = Table::new(["a", "b"], theta.to_vec()).unwrap();
    assert_eq!(as_prior.log_prob(theta), restricted.log_prob(&alone)[0]);
    assert!(!as_prior.contains(&[0.95, 0.95]));
    // A posterior that reaches beyond is held within, and normalised.
    let boxed: Box<dyn Posterior> = Box::new(Gaussian::new([0.5, 0.5], [0.4, 0.4], 0.0));
    let within = RestrictedPosterior::new(boxed, restricted.clone()).unwrap();
    let draws = within.sample(&[0.0], 2000, Seed(4)).unwrap().draws;
    assert_eq!(draws.n_rows(), 2000);
    assert!(restricted.inside(&draws).iter().all(|inside| *inside));
    let values = within.log_prob(&grid, &[0.0]).unwrap();
    let total: f64 = values.iter().map(|l| l.exp() * 4e-4).sum();
    assert!((total - 1.0).abs() < 0.05, "{total}");
    // A likelihood times the probability of success, for each trial.
    let flat = || FunctionLikelihood::new(1, |_, _| 0.0).unwrap();
    let success = RestrictedLikelihood::new(Box::new(flat()), restricted.clone());
    let mut values = [0.0; 2];
    for (x, n) in [(&[0.0][..], 1.0), (&[0.0, 0.0], 2.0)] {
        let theta = [-0.5, 0.0, 0.95, 0.95];
        success.log_likelihood(&theta, x, &mut values).unwrap();
        assert!(
            (values[0] - n * 0.9_f64.ln()).abs() < 0.05 * n,
            "{values:?}"
        );
        assert_eq!(values[1], f64::NEG_INFINITY);
    }
    // What is written is read again, for the same prior only.
    let folder = tempfile::tempdir().unwrap();
    restricted.save(folder.path()).unwrap();
    let read = RestrictedPrior::load(folder.path(), &prior).unwrap();
    assert_eq!(read.log_prob(&grid), restricted.log_prob(&grid));
    assert_eq!(read.false_negatives(), restricted.false_negatives());
    let other = Prior::new([("c", D::normal(0.0, 1.0))]).unwrap();
    let message = RestrictedPrior::load(folder.path(), &other).unwrap_err();
    assert!(message.to_string().contains("parameters"), "{message}");
}

#[test]
fn a_restriction_needs_failures_and_sensible_options() {
    let (prior, mut simulations) = failing(200);
    let run = |simulations: &Simulations, json: &str| {
        let config: RestrictionConfig = serde_json::from_str(json).unwrap();
        let made = SuccessClassifier::restrict(&prior, simulations, &config, Seed(1), &silent);
        made.unwrap_err().to_string()
    };
    let message = run(&simulations, r#"{"false_negative_rate":0.9}"#);
    assert!(message.contains("false_negative_rate"), "{message}");
    simulations.status.fill(Status::Ok);
    let message = run(&simulations, "{}");
    assert!(message.contains("0 that failed"), "{message}");
}

#[test]
fn slices_of_a_correlated_posterior_are_its_conditionals() {
    let posterior = Gaussian::new([1.0, -1.0], [2.0, 0.5], 0.9);
    let draws = posterior.sample(&[], 1000, Seed(1)).unwrap().draws;
    let slices = ConditionalSlices::of(&posterior, &wide(), &[], &draws, &[3.0, -1.0]).unwrap();
    assert_eq!(slices.at, [("a".to_string(), 3.0), ("b".to_string(), -1.0)]);
    // a | b = −1: mean 1, sd 2 √0.19; b | a = 3: mean −1 + 0.9 · 0.5, sd 0.5 √0.19.
    let rest = 0.19_f64.sqrt();
    for (slice, exact) in slices
        .singles
        .iter()
        .zip([[1.0, 2.0 * rest], [-0.55, 0.5 * rest]])
    {
        let [mean, sd] = slice.moments(0);
        assert!(
            (mean - exact[0]).abs() < 0.01 * exact[1],
            "{mean} {exact:?}"
        );
        assert!((sd / exact[1] - 1.0).abs() < 0.01, "{sd} {exact:?}");
    }
    // Nothing else is held, so the pair is the posterior itself.
    let pair = slices.pair(0, 1);
    assert!(
        (slices.correlation[1][0] - 0.9).abs() < 0.01,
        "{:?}",
        slices.correlation
    );
    assert!((pair.moments(0)[1] / 2.0 - 1.0).abs() < 0.01);
    let inside = |mass: f64| {
        let level = pair.level(mass);
        pair.shares.iter().filter(|s| **s >= level).sum::<f64>()
    };
    for mass in [0.68, 0.95] {
        assert!((inside(mass) - mass).abs() < 0.02, "{}", inside(mass));
    }
}

#[test]
fn slices_find_what_is_much_narrower_or_wider_than_the_draws() {
    let posterior = Gaussian::new([0.0, 0.0], [1.0, 1.0], 0.99);
    // Draws that miss the posterior by far on one side, and are too wide on the other.
    let values = (0..200).flat_map(|i| [5.0 + 0.001 * f64::from(i), 0.1 * f64::from(i) - 10.0]);
    let draws = Table::new(["a", "b"], values.collect()).unwrap();
    let slices = ConditionalSlices::of(&posterior, &wide(), &[], &draws, &[0.5, 0.5]).unwrap();
    let exact = (1.0 - 0.99_f64.powi(2)).sqrt();
    for slice in &slices.singles {
        let [mean, sd] = slice.moments(0);
        assert!((mean - 0.495).abs() < 0.02 * exact, "{mean}");
        assert!((sd / exact - 1.0).abs() < 0.02, "{sd} {exact}");
    }
    assert!(
        (slices.correlation[0][1] - 0.99).abs() < 0.003,
        "{:?}",
        slices.correlation
    );
}

#[test]
fn slices_end_at_the_bounds_and_refuse_points_without_density() {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0)), ("b", D::uniform(-1.0, 1.0))]).unwrap();
    // Nearly flat within the square.
    let likelihood = FunctionLikelihood::new(1, |t, _| 0.1 * t[0]).unwrap();
    let sampler = SamplerConfig::default();
    let flat = PotentialPosterior::new(&prior, Box::new(likelihood), sampler).unwrap();
    let draws = prior.sample_table(50, Seed(1), Stream::Test);
    let cut = |at: &[f64]| ConditionalSlices::of(&flat, &prior, &[0.0], &draws, at);
    let slices = cut(&[0.2, 0.0]).unwrap();
    for slice in slices.singles.iter().chain(&slices.pairs) {
        for ends in &slice.ends {
            assert_eq!(*ends, [-1.0, 1.0]);
        }
    }
    let [mean, sd] = slices.singles[1].moments(0);
    assert!(
        mean.abs() < 1e-3 && (sd - 3.0_f64.sqrt().recip()).abs() < 1e-3,
        "{mean} {sd}"
    );
    let message = cut(&[2.0, 0.0]).unwrap_err().to_string();
    assert!(message.contains("density is zero"), "{message}");
    let message = cut(&[0.0]).unwrap_err().to_string();
    assert!(message.contains("2 finite numbers"), "{message}");
}

#[test]
fn a_corrected_posterior_is_the_exact_one_for_any_observation() {
    // Exactly, with the prior N(0, 9) of each: a | x ~ N(0.9 x, 0.9), b as its prior.
    let likelihood = || -> crate::Result<Box<dyn LogLikelihood>> {
        Ok(Box::new(FunctionLikelihood::new(1, |t, x| {
            log_normal(x[0], t[0], 1.0)
        })?))
    };
    let off = Box::new(Gaussian::new([1.0, 0.5], [1.6, 3.6], 0.2));
    let config = CorrectionConfig::default();
    let corrected =
        CorrectedPosterior::new(off, &wide(), likelihood, &config, "npe, corrected").unwrap();
    for x in [1.0, 2.0] {
        let samples = corrected.sample(&[x], 10_000, Seed(1)).unwrap();
        let summary = samples.summary();
        // Five standard errors of 10,000 draws, of which some repeat.
        assert!((summary[0].mean - 0.9 * x).abs() < 0.06, "{:?}", summary[0]);
        assert!(
            (summary[0].sd / 0.9_f64.sqrt() - 1.0).abs() < 0.04,
            "{:?}",
            summary[0]
        );
        assert!(summary[1].mean.abs() < 0.2, "{:?}", summary[1]);
        let effective: f64 = samples.provenance["effective_size"].parse().unwrap();
        assert!((4_000.0..40_000.0).contains(&effective), "{effective}");
        assert!(samples.provenance.contains_key("k_hat"));
        let map = corrected.map(&[x], Seed(1)).unwrap();
        assert!(
            (map[0] - 0.9 * x).abs() < 1e-3 && map[1].abs() < 1e-3,
            "{map:?}"
        );
        let theta = Table::new(["a", "b"], vec![0.9 * x, 0.0]).unwrap();
        let exact = log_normal(0.0, 0.0, 0.9_f64.sqrt()) + log_normal(0.0, 0.0, 3.0);
        let value = corrected.log_prob(&theta, &[x]).unwrap()[0];
        assert!((value - exact).abs() < 0.05, "{value} {exact}");
    }
    for json in [r#"{"oversampling":0}"#, r#"{"max_evaluations":0}"#] {
        let config: CorrectionConfig = serde_json::from_str(json).unwrap();
        let message = config.validate().unwrap_err().to_string();
        assert!(
            message.contains(json.split('"').nth(1).unwrap()),
            "{message}"
        );
    }
}
