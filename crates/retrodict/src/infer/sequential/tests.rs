//! Sequential inference against posteriors that are known.

use super::*;
use crate::error::Result;
use crate::infer::testing::silent;
use crate::infer::{NleConfig, NpeConfig, NreConfig, Posterior};
use crate::prior::{DistributionConfig as D, Parameter, Prior};
use crate::sample::SamplerConfig;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::simulate::{FunctionSimulator, SimulationFailure, Simulations, Simulator, Status};
use crate::table::Table;
use crate::train::TrainLog;

/// The sd of the data of `needle`, in units of each parameter's range.
const NOISE: [f64; 2] = [0.02, 0.04];

/// x ~ N(θ, NOISE²) for two uniform parameters: posteriors a hundredth as wide as their prior.
pub(super) fn needle() -> (Prior, impl Simulator) {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0)), ("b", D::uniform(0.0, 4.0))]).unwrap();
    let simulator = FunctionSimulator::new("needle", 2, [2], |theta, random, x| {
        for (x, (theta, sd)) in x.iter_mut().zip(theta.iter().zip(NOISE)) {
            *x = theta + sd * random.normal();
        }
        Ok(())
    });
    (prior, simulator)
}

fn small_train() -> &'static str {
    r#""train":{"max_epochs":30,"ensemble_size":2}"#
}

pub(super) fn methods() -> [SequentialMethod; 3] {
    let flow = format!(
        r#"{{"estimator":{{"kind":"nsf","transforms":2,"network":{{"hidden":[24]}}}},{}}}"#,
        small_train()
    );
    let ratio = format!(
        r#"{{"estimator":{{"network":{{"hidden":[24,24]}}}},{}}}"#,
        small_train()
    );
    let npe: NpeConfig = serde_json::from_str(&flow).unwrap();
    let nle: NleConfig = serde_json::from_str(&flow).unwrap();
    let nre: NreConfig = serde_json::from_str(&ratio).unwrap();
    [
        SequentialMethod::Npe(npe),
        SequentialMethod::Nle(nle, SamplerConfig::default()),
        SequentialMethod::Nre(nre, SamplerConfig::default()),
    ]
}

pub(super) fn task<'a>(
    prior: &'a Prior,
    method: &'a SequentialMethod,
    config: &'a SequentialConfig,
    x: &'a [f64],
) -> SequentialTask<'a> {
    SequentialTask {
        prior,
        x,
        method,
        config,
        simulations: 1500,
        rounds: 3,
        seed: Seed(3),
    }
}

pub(super) fn quick() -> SequentialConfig {
    SequentialConfig {
        threshold_draws: 20_000,
        reach: Some(6.0),
        ..SequentialConfig::default()
    }
}

/// Mean and sd of N(mean, sd²) below `high`, by summing over a grid.
pub(super) fn truncated_moments(mean: f64, sd: f64, high: f64) -> [f64; 2] {
    let grid = (0..20_000).map(|i| mean + sd * (f64::from(i) / 1000.0 - 10.0));
    let weighted: Vec<[f64; 2]> = grid
        .filter(|t| *t < high)
        .map(|t| [t, (-0.5 * ((t - mean) / sd).powi(2)).exp()])
        .collect();
    let total: f64 = weighted.iter().map(|[_, w]| w).sum();
    let first = weighted.iter().map(|[t, w]| t * w).sum::<f64>() / total;
    let second = weighted
        .iter()
        .map(|[t, w]| (t - first).powi(2) * w)
        .sum::<f64>()
        / total;
    [first, second.sqrt()]
}

#[test]
fn every_method_finds_a_narrow_posterior_at_a_bound_in_three_rounds() {
    let (prior, simulator) = needle();
    // Half a sd below the bound of `a`.
    let x = [0.99, 1.0];
    let exact = [truncated_moments(x[0], NOISE[0], 1.0), [1.0, NOISE[1]]];
    let mut wrong = Vec::new();
    let config = quick();
    for method in methods() {
        let task = task(&prior, &method, &config, &x);
        let fit = sequential(&task, &mut InMemory::new(&simulator, Seed(3)), &silent).unwrap();
        let model = fit.models.last().unwrap();
        let posterior = method.posterior(model, &prior).unwrap();
        let samples = posterior.sample(&x, 4000, Seed(1)).unwrap();
        for (summary, [mean, sd]) in samples.summary().iter().zip(exact) {
            let (bias, ratio) = ((summary.mean - mean) / sd, summary.sd / sd);
            let what = format!("{}, {}: {bias:.3}, {ratio:.3}", method.name(), summary.name);
            // A classifier this small learns less from as much.
            let bound = if method.name() == "nre" { 0.5 } else { 0.2 };
            if bias.abs().max((ratio - 1.0).abs()) > bound {
                wrong.push(what);
            }
        }
        assert_eq!(fit.reports.len(), 3);
        let used: Vec<usize> = fit.reports.iter().map(|r| r.used).collect();
        // Of the first round, hardly any lie inside the last region, or within reach.
        let most = match method {
            SequentialMethod::Npe(_) => 1100,
            _ => 1400,
        };
        assert!(used[2] >= 500 && used[2] < most, "{used:?}");
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// N(center, sd²) in each parameter, whatever the observation.
struct Round {
    parameters: Vec<Parameter>,
    center: Vec<f64>,
    sd: f64,
}

impl Posterior for Round {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn sample(&self, _: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let mut random = seed.stream(Stream::Test, 0);
        let draws = (0..n).flat_map(|_| self.center.clone());
        let draws = draws.map(|c| c + self.sd * random.normal()).collect();
        Samples::from_rows(self.parameters.iter().map(|p| p.name.clone()), draws)
    }

    fn log_prob(&self, theta: &Table, _: &[f64]) -> Result<Vec<f64>> {
        let of = |(t, c): (&f64, &f64)| -0.5 * ((t - c) / self.sd).powi(2);
        let rows = theta.rows();
        Ok(rows
            .map(|row| row.iter().zip(&self.center).map(of).sum())
            .collect())
    }

    fn map(&self, _: &[f64], _: Seed) -> Result<Vec<f64>> {
        Ok(self.center.clone())
    }
}

fn round(prior: &Prior, center: &[f64], sd: f64) -> Round {
    Round {
        parameters: prior.parameters().to_vec(),
        center: center.to_vec(),
        sd,
    }
}

#[test]
fn a_truncated_prior_is_the_prior_inside_the_disc_of_highest_density() {
    // One normal and one uniform parameter; the region is a disc of radius r = sd √(−2 log ε).
    let prior = Prior::new([("a", D::normal(0.0, 0.1)), ("b", D::uniform(-1.0, 1.0))]).unwrap();
    let posterior = round(&prior, &[0.1, 0.0], 0.05);
    let config = SequentialConfig {
        epsilon: 0.01,
        ..SequentialConfig::default()
    };
    let region = TruncatedPrior::new(&prior, &posterior, &[], &config, Seed(1)).unwrap();
    let radius = 0.05 * (-2.0 * 0.01_f64.ln()).sqrt();
    assert!((region.threshold().unwrap() - 0.01_f64.ln()).abs() < 0.1);
    let drawn = region.sample(20_000, Seed(2)).unwrap();
    // A grid over the disc, weighted by the prior, gives the exact moments.
    let side = |i: i32| radius * (f64::from(i) + 0.5) / 200.0;
    let cells = (-200..200).flat_map(|i| (-200..200).map(move |j| [side(i), side(j)]));
    let inside: Vec<[f64; 2]> = cells
        .filter(|[a, b]| a * a + b * b < radius * radius)
        .collect();
    let weight = |a: f64| (-0.5 * ((a + 0.1) / 0.1).powi(2)).exp();
    let total: f64 = inside.iter().map(|[a, _]| weight(*a)).sum();
    let mean = inside
        .iter()
        .map(|[a, _]| weight(*a) * (a + 0.1))
        .sum::<f64>()
        / total;
    let square = inside.iter().map(|[a, b]| weight(*a) * b * b).sum::<f64>() / total;
    let (a, b) = (drawn.theta.column(0), drawn.theta.column(1));
    let n = a.len() as f64;
    // Four standard errors, 0.0007 of the mean and 1.5 % of the square, and what the threshold's
    // own noise adds to the radius.
    assert!((a.iter().sum::<f64>() / n - mean).abs() < 0.002);
    let found = b.iter().map(|b| b * b).sum::<f64>() / n;
    assert!((found / square - 1.0).abs() < 0.04, "{found} {square}");
    // The disc takes π/4 of its box, which is wider by a fifth and follows extreme draws.
    assert!(drawn.acceptance.unwrap() > 0.2, "{:?}", drawn.acceptance);
    let farthest = a.iter().zip(&b).map(|(a, b)| (a - 0.1).hypot(*b));
    assert!(farthest.fold(0.0, f64::max) < 1.03 * radius);
}

#[test]
fn a_region_that_holds_most_of_the_prior_is_not_cut() {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0))]).unwrap();
    let config = SequentialConfig {
        epsilon: 0.05,
        ..SequentialConfig::default()
    };
    let region = |sd| {
        let posterior = round(&prior, &[0.0], sd);
        let region = TruncatedPrior::new(&prior, &posterior, &[], &config, Seed(1)).unwrap();
        let region = region.unless_little().unwrap();
        let at = Table::new(["a"], vec![0.0, 0.9]).unwrap();
        let acceptance = region.sample(100, Seed(2)).unwrap().acceptance;
        (
            region.threshold(),
            region.contains(&at).unwrap(),
            acceptance,
        )
    };
    // |a| < 1.96 sd holds 0.69 of the prior, or 0.88.
    let (threshold, inside, acceptance) = region(0.35);
    assert!(threshold.is_some() && acceptance.unwrap() > 0.6);
    assert_eq!(inside, [true, false]);
    let (threshold, inside, acceptance) = region(0.45);
    assert!(threshold.is_none() && acceptance.is_none());
    assert_eq!(inside, [true, true]);
}

#[test]
fn a_region_that_is_not_cut_leaves_a_posterior_as_it_is() {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0))]).unwrap();
    let config = SequentialConfig::default();
    let posterior = round(&prior, &[0.0], 0.45);
    let region = TruncatedPrior::new(&prior, &posterior, &[], &config, Seed(1)).unwrap();
    let region = region.unless_little().unwrap();
    let at = Table::new(["a"], vec![0.0, 0.9, 1.1]).unwrap();
    assert_eq!(region.contains(&at).unwrap(), [true, true, false]);
    let same = TruncatedPosterior::new(&posterior, &region);
    let densities = |q: &dyn Posterior| q.log_prob(&at, &[]).unwrap();
    assert_eq!(densities(&same), densities(&posterior));
    let draws = |q: &dyn Posterior| q.sample(&[], 100, Seed(2)).unwrap().draws;
    assert_eq!(draws(&same), draws(&posterior));
}

#[test]
fn where_candidates_are_too_few_posterior_draws_are_resampled() {
    // In twelve dimensions a ball takes 3·10⁻⁴ of its box.
    let names: Vec<String> = (0..12).map(|i| format!("t{i}")).collect();
    let entries = names
        .iter()
        .map(|name| (name.clone(), D::uniform(-1.0, 1.0)));
    let prior = Prior::new(entries).unwrap();
    let posterior = round(&prior, &[0.2; 12], 0.02);
    let config = SequentialConfig {
        epsilon: 0.01,
        threshold_draws: 10_000,
        candidates: 40_000,
        ..SequentialConfig::default()
    };
    let region = TruncatedPrior::new(&prior, &posterior, &[], &config, Seed(1)).unwrap();
    let drawn = region.sample(300, Seed(2)).unwrap();
    assert!(drawn.acceptance.is_none() && drawn.effective.unwrap() > 50.0);
    assert!(
        region
            .contains(&drawn.theta)
            .unwrap()
            .iter()
            .all(|inside| *inside)
    );
    // The uniform distribution in the ball has a larger radius than the posterior: in units of sd,
    // 5.1 · 12/13 = 4.7 against 3.4. Resampling gets most of the way.
    let length = |row: &[f64]| row.iter().map(|t| (t - 0.2).powi(2)).sum::<f64>().sqrt() / 0.02;
    let mean = drawn.theta.rows().map(length).sum::<f64>() / 300.0;
    assert!(mean > 4.1 && mean < 4.9, "{mean}");
    let mut rows: Vec<Vec<u64>> = drawn
        .theta
        .rows()
        .map(|row| row.iter().map(|t| t.to_bits()).collect())
        .collect();
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), 300);
}

#[test]
fn a_posterior_is_truncated_and_normalised_inside_the_region() {
    let prior = Prior::new([("a", D::uniform(-1.0, 1.0))]).unwrap();
    let config = SequentialConfig {
        epsilon: 0.05,
        ..SequentialConfig::default()
    };
    let outer = round(&prior, &[0.0], 0.1);
    let region = TruncatedPrior::new(&prior, &outer, &[], &config, Seed(1)).unwrap();
    let near = round(&prior, &[0.2], 0.05);
    let posterior = TruncatedPosterior::new(&near, &region);
    let samples = posterior.sample(&[], 2000, Seed(1)).unwrap();
    // The region is |a| < 0.196, which keeps 46.8 % of N(0.2, 0.05²).
    assert!(samples.draws.values().iter().all(|a| a.abs() < 0.21));
    let grid = Table::new(["a"], vec![0.0, 0.1, 0.25]).unwrap();
    let (whole, cut) = (
        round(&prior, &[0.2], 0.05).log_prob(&grid, &[]).unwrap(),
        posterior.log_prob(&grid, &[]).unwrap(),
    );
    assert!((cut[1] - whole[1] + 0.468_f64.ln()).abs() < 0.1);
    assert_eq!(cut[2], f64::NEG_INFINITY);
    let far = round(&prior, &[0.9], 0.01);
    let far = TruncatedPosterior::new(&far, &region);
    let message = far.sample(&[], 10, Seed(1)).unwrap_err().to_string();
    assert!(message.contains("inside the region"), "{message}");
}

/// Remembers what the rounds made, and counts how often it was asked.
#[derive(Default)]
struct Memory {
    proposed: Vec<(Table, RoundReport)>,
    fitted: Vec<(RoundModel, TrainLog, RoundReport)>,
    first: Vec<u64>,
}

struct Remembering<'a>(&'a mut Memory, InMemory<'a>);

impl RoundKeeper for Remembering<'_> {
    fn simulate(&mut self, round: usize, first: u64, theta: &Table) -> Result<Simulations> {
        self.0.first.push(first);
        self.1.simulate(round, first, theta)
    }
    fn proposed(&mut self, round: usize) -> Result<Option<(Table, RoundReport)>> {
        Ok(self.0.proposed.get(round).cloned())
    }
    fn keep_proposed(&mut self, _: usize, theta: &Table, report: &RoundReport) -> Result<()> {
        self.0.proposed.push((theta.clone(), report.clone()));
        Ok(())
    }
    fn fitted(&mut self, round: usize) -> Result<Option<(RoundModel, TrainLog, RoundReport)>> {
        Ok(self.0.fitted.get(round).cloned())
    }
    fn keep_fitted(
        &mut self,
        _: usize,
        model: &RoundModel,
        log: &TrainLog,
        report: &RoundReport,
    ) -> Result<()> {
        let done = (model.clone(), log.clone(), report.clone());
        self.0.fitted.push(done);
        Ok(())
    }
}

#[test]
fn rounds_aimed_where_all_simulations_fail_say_so() {
    let (prior, _) = needle();
    // Data of the observation would come from a = 0.9, where none are made.
    let simulator = FunctionSimulator::new("half a needle", 2, [2], |theta, random, x| {
        if theta[0] > 0.5 {
            return Err(SimulationFailure {
                status: Status::Failed,
                reason: "too far".into(),
            });
        }
        for (x, (theta, sd)) in x.iter_mut().zip(theta.iter().zip(NOISE)) {
            *x = theta + sd * random.normal();
        }
        Ok(())
    });
    let [npe, ..] = methods();
    let config = quick();
    let task = task(&prior, &npe, &config, &[0.9, 1.0]);
    let outcome = sequential(&task, &mut InMemory::new(&simulator, Seed(3)), &silent);
    let message = outcome.unwrap_err().to_string();
    for words in [
        "round 2",
        "with data, of",
        "at least 20",
        "use `auto` or `nle`",
    ] {
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn rounds_that_learn_nothing_stay_with_the_prior() {
    let (prior, _) = needle();
    let simulator = FunctionSimulator::new("noise", 2, [2], |_, random, x| {
        x.fill_with(|| random.normal());
        Ok(())
    });
    let [npe, ..] = methods();
    let config = quick();
    let task = task(&prior, &npe, &config, &[0.2, 1.0]);
    let fit = sequential(&task, &mut InMemory::new(&simulator, Seed(3)), &silent).unwrap();
    assert!(fit.reports.iter().all(RoundReport::is_unaimed));
    let used: Vec<usize> = fit.reports.iter().map(|report| report.used).collect();
    assert_eq!(used, [500, 1000, 1500]);
}

#[test]
fn rounds_that_are_done_are_not_done_again_and_the_rest_is_the_same() {
    let (prior, simulator) = needle();
    let x = [0.2, 1.0];
    for method in methods() {
        let config = quick();
        let task = SequentialTask {
            simulations: 320,
            ..task(&prior, &method, &config, &x)
        };
        let mut memory = Memory::default();
        let mut keeper = Remembering(&mut memory, InMemory::new(&simulator, Seed(3)));
        let whole = sequential(&task, &mut keeper, &silent).unwrap();
        assert_eq!(memory.first, [0, 108, 214]);
        // As if it had been killed in the second round, after its simulations and before its fit.
        memory.proposed.truncate(2);
        memory.fitted.truncate(1);
        let mut keeper = Remembering(&mut memory, InMemory::new(&simulator, Seed(3)));
        let again = sequential(&task, &mut keeper, &silent).unwrap();
        assert_eq!(again.reports, whole.reports);
        assert_eq!(again.log, whole.log);
        assert_eq!((memory.proposed.len(), memory.fitted.len()), (3, 3));
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let (prior, simulator) = needle();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let methods = methods();
            let config = quick();
            let fits = methods.iter().map(|method| {
                let task = SequentialTask {
                    simulations: 200,
                    rounds: 2,
                    ..task(&prior, method, &config, &[0.2, 1.0])
                };
                let mut keeper = InMemory::new(&simulator, Seed(3));
                let fit = sequential(&task, &mut keeper, &silent).unwrap();
                (fit.reports, fit.log)
            });
            fits.collect::<Vec<_>>()
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn numbers_that_make_no_sense_are_refused_by_name() {
    let (prior, simulator) = needle();
    let [method, ..] = methods();
    let x = [0.2, 1.0];
    let run = |config: &SequentialConfig, simulations, rounds| {
        let task = SequentialTask {
            simulations,
            rounds,
            ..task(&prior, &method, config, &x)
        };
        let mut keeper = InMemory::new(&simulator, Seed(3));
        sequential(&task, &mut keeper, &silent)
            .unwrap_err()
            .to_string()
    };
    assert!(run(&quick(), 100, 3).contains("100 in 3 rounds"));
    assert!(run(&quick(), 100, 0).contains("rounds"));
    for json in [
        r#"{"epsilon":0.0}"#,
        r#"{"epsilon":0.5}"#,
        r#"{"threshold_draws":10}"#,
        r#"{"candidates":1}"#,
        r#"{"networks_to_aim":0}"#,
    ] {
        let config: SequentialConfig = serde_json::from_str(json).unwrap();
        let field = json.split('"').nth(1).unwrap();
        let message = run(&config, 1000, 2);
        assert!(message.contains(field), "{message}");
    }
}
