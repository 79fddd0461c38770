//! Posterior predictive checks of sets: independent trials, whose order means nothing, all together.

use serde::{Deserialize, Serialize};

use super::predictive::sd;
use super::{Check, Predictive, PredictiveKind};
use crate::error::Result;
use crate::samples::quantiles;
use crate::table::Table;

/// Fewer replicates say little.
const FEWEST_REPLICATES: usize = 20;
/// Of so many features the distributions are kept.
const MOST_FEATURES: usize = 6;
/// Of so many features the correlations are discrepancies, too.
const MOST_CORRELATED: usize = 4;
/// Where a distribution is looked at.
const POINTS: usize = 61;
const LEVELS: [f64; 5] = [0.025, 0.16, 0.5, 0.84, 0.975];

/// One feature of a set: how it is distributed over the trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictedDistribution {
    /// The column's name.
    pub name: String,
    /// Values, evenly spaced.
    pub points: Vec<f64>,
    /// The share of the observed trials at or below each of them.
    pub observed: Vec<f64>,
    /// The 2.5, 16, 50, 84 and 97.5 % quantiles of that share over the replicates.
    pub quantiles: Vec<[f64; 5]>,
}

/// A set of independent trials beside replicates: as many trials, all simulated at one draw from their posterior.
///
/// Discrepancies T are the mean, the logarithm of the standard deviation, the smallest and the largest value of each feature over the
/// trials, and the correlation of each pair of the first four; p-values are those of [`Predictive`], T of the observation
/// among T of the replicates.
///
/// # Reference
/// Gelman, Meng and Stern 1996, "Posterior predictive assessment of model fitness via realized discrepancies",
/// Statistica Sinica 6, 733–807.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictedSet {
    /// How many trials.
    pub n_trials: usize,
    /// How many replicates.
    pub n_replicates: usize,
    /// The distribution of each of the first features.
    pub distributions: Vec<PredictedDistribution>,
    /// The discrepancies, as features.
    pub discrepancies: Predictive,
}

impl PredictedSet {
    /// Compares trials with replicates of them; nothing if there are fewer than 20 of these, or one trial.
    ///
    /// # Errors
    /// If a trial is not finite, or has another number of features than `names`.
    pub fn of(
        names: &[String],
        replicates: &[Vec<&[f64]>],
        observed: &[&[f64]],
    ) -> Result<Option<Self>> {
        if replicates.len() < FEWEST_REPLICATES || observed.len() < 2 {
            return Ok(None);
        }
        let (labels, own) = discrepancies(names, observed).into_iter().unzip();
        let (labels, own): (Vec<String>, Vec<f64>) = (labels, own);
        let of = |set: &Vec<&[f64]>| discrepancies(names, set).into_iter().map(|(_, t)| t);
        let values = replicates.iter().flat_map(of).collect();
        let table = Table::new(labels, values)?;
        let distributions = names.iter().enumerate().take(MOST_FEATURES);
        let distributions =
            distributions.map(|(j, name)| distribution(name, j, replicates, observed));
        Ok(Some(Self {
            n_trials: observed.len(),
            n_replicates: replicates.len(),
            distributions: distributions.collect(),
            discrepancies: Predictive::of(PredictiveKind::Posterior, &table, &own)?,
        }))
    }

    /// One check of the discrepancies one by one.
    pub fn checks(&self) -> Vec<Check> {
        let mut checks = self.discrepancies.checks();
        // Four statistics of the same numbers: their common distance says nothing beyond them.
        checks.truncate(1);
        for check in &mut checks {
            check.name = "posterior predictive check: all trials together".into();
        }
        checks
    }
}

/// Each T with its name.
fn discrepancies(names: &[String], set: &[&[f64]]) -> Vec<(String, f64)> {
    let column = |j: usize| -> Vec<f64> { set.iter().map(|trial| trial[j]).collect() };
    let of = |(j, name): (usize, &String)| {
        let values = column(j);
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        [
            (format!("mean of {name}"), mean(&values)),
            (
                format!("log sd of {name}"),
                sd(&values).max(f64::MIN_POSITIVE).ln(),
            ),
            (format!("smallest {name}"), low),
            (format!("largest {name}"), high),
        ]
    };
    let mut found: Vec<(String, f64)> = names.iter().enumerate().flat_map(of).collect();
    let correlated = names.len().min(MOST_CORRELATED);
    for k in 0..correlated {
        for j in 0..k {
            let name = format!("correlation {}, {}", names[j], names[k]);
            found.push((name, correlation(&column(j), &column(k))));
        }
    }
    found
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Zero where one of the two does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b, scale) = (mean(a), mean(b), sd(a) * sd(b));
    let products = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b));
    let covariance = products.sum::<f64>() / (a.len() as f64 - 1.0);
    if scale > 0.0 { covariance / scale } else { 0.0 }
}

fn distribution(
    name: &str,
    j: usize,
    replicates: &[Vec<&[f64]>],
    observed: &[&[f64]],
) -> PredictedDistribution {
    let column = |set: &[&[f64]]| -> Vec<f64> {
        let mut values: Vec<f64> = set.iter().map(|trial| trial[j]).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (own, simulated) = (column(observed), replicates.iter().map(|set| column(set)));
    let simulated: Vec<Vec<f64>> = simulated.collect();
    let points = points(&own, &simulated);
    let below =
        |set: &[f64], point: f64| set.partition_point(|v| *v <= point) as f64 / set.len() as f64;
    let weights = vec![1.0 / simulated.len() as f64; simulated.len()];
    let at = |point: &f64| {
        let shares: Vec<f64> = simulated.iter().map(|set| below(set, *point)).collect();
        quantiles(&shares, &weights, LEVELS)
    };
    PredictedDistribution {
        name: name.into(),
        observed: points.iter().map(|point| below(&own, *point)).collect(),
        quantiles: points.iter().map(at).collect(),
        points,
    }
}

/// Over all that was observed and nearly all that was simulated.
fn points(own: &[f64], simulated: &[Vec<f64>]) -> Vec<f64> {
    let all: Vec<f64> = simulated.iter().flatten().copied().collect();
    let weights = vec![1.0 / all.len() as f64; all.len()];
    let [low, high] = quantiles(&all, &weights, [0.002, 0.998]);
    let (low, high) = (low.min(own[0]), high.max(own[own.len() - 1]));
    let step = (high - low) / (POINTS - 1) as f64;
    (0..POINTS).map(|k| low + step * k as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CheckStatus;
    use crate::seed::{Random, Seed, Stream};

    const TRIALS: usize = 10;

    fn set(spread: f64, random: &mut Random) -> Vec<f64> {
        let pair = |_| {
            let (a, b) = (random.normal(), random.normal());
            [spread * a, a + b]
        };
        (0..TRIALS).flat_map(pair).collect()
    }

    fn predicted(spread: f64, seed: u64) -> PredictedSet {
        let mut random = Seed(seed).stream(Stream::Test, 61);
        let sets: Vec<Vec<f64>> = (0..400).map(|_| set(1.0, &mut random)).collect();
        let replicates: Vec<Vec<&[f64]>> = sets.iter().map(|s| s.chunks(2).collect()).collect();
        let own = set(spread, &mut random);
        let own: Vec<&[f64]> = own.chunks(2).collect();
        let names = ["a", "b"].map(String::from);
        PredictedSet::of(&names, &replicates, &own)
            .unwrap()
            .unwrap()
    }

    #[test]
    fn a_set_like_its_replicates_passes_and_one_that_is_too_uniform_does_not() {
        let passed = |spread: f64, seed: u64| {
            predicted(spread, seed).checks()[0].status == CheckStatus::Passed
        };
        // Each at one false alarm in a thousand or so.
        assert!((0..20).all(|seed| passed(1.0, seed)));
        // The trials lie much closer together than simulated ones, though none is unusual by itself.
        // Where the fitted tail of the replicates is heavy by chance, even that is not significant.
        let seen = (0..20).filter(|seed| !passed(0.02, *seed)).count();
        assert!(seen >= 17, "{seen}");
    }

    #[test]
    fn discrepancies_are_what_they_are_called() {
        let set = [[1.0, 2.0], [3.0, 2.5], [2.0, 6.0]];
        let set: Vec<&[f64]> = set.iter().map(<[f64; 2]>::as_slice).collect();
        let found = discrepancies(&["a".into(), "b".into()], &set);
        let of = |name: &str| found.iter().find(|(n, _)| n == name).unwrap().1;
        assert!((of("mean of a") - 2.0).abs() < 1e-12);
        assert!(of("log sd of a").abs() < 1e-12);
        assert!((of("smallest b") - 2.0).abs() < 1e-12 && (of("largest b") - 6.0).abs() < 1e-12);
        // Σ (a − 2)(b − 3.5) / 2 = ((−1)(−1.5) + (1)(−1)) / 2 = ¼; sd of b: √4.75.
        let expected = 0.25 / 4.75_f64.sqrt();
        assert!((of("correlation a, b") - expected).abs() < 1e-12);
    }

    #[test]
    fn distributions_rise_to_one_and_hold_what_was_observed() {
        let found = predicted(1.0, 3);
        assert_eq!((found.n_trials, found.n_replicates), (TRIALS, 400));
        for distribution in &found.distributions {
            let last = distribution.observed.last().unwrap();
            assert!((last - 1.0).abs() < 1e-12);
            assert!(distribution.quantiles.iter().all(|q| q.is_sorted()));
            let inside = distribution.observed.iter().zip(&distribution.quantiles);
            let inside = inside.filter(|(o, q)| (q[0]..=q[4]).contains(o)).count();
            assert!(inside > POINTS / 2, "{inside}");
        }
    }

    #[test]
    fn too_few_replicates_say_nothing() {
        let row = [0.5];
        let sets = vec![vec![&row[..], &row]; 19];
        let found = PredictedSet::of(&["a".into()], &sets, &[&row, &row]);
        assert!(found.unwrap().is_none());
    }
}
