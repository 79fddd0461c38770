//! Where the truth stands among the draws of its posterior, for simulations never trained on.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::reference_points::reference_rows;
use super::thresholds as limit;
use super::{Check, CheckStatus};
use crate::error::{Error, Result};
use crate::infer::Posterior;
use crate::samples::Samples;
use crate::seed::{Random, Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;

/// What kind of number is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityKind {
    /// One parameter.
    Parameter,
    /// The sum or the difference of two parameters, each in units of its posterior's sd.
    Pair,
    /// The log-density of the posterior, among the first 250 draws; its ranks give highest-density
    /// coverage.
    LogProb,
    /// The distance from the parameters of a simulation with similar data, in units of the posterior's sds;
    /// its ranks give TARP coverage.
    Distance,
}

/// A number that depends on θ, and where the truth's value stands among the draws' values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// Its name: a parameter's name, `a + b`, `a − b`, `log_prob` or `distance`.
    pub name: String,
    /// Its kind.
    pub kind: QuantityKind,
    /// For each test simulation, how many of the draws lie below the truth, 0 to `n_draws`; where
    /// fewer draws were looked at, in proportion.
    pub ranks: Vec<usize>,
    /// The same on (0, 1), with ties and the width of one rank broken at random: if the posterior
    /// is right, these are independent and exactly uniform.
    pub positions: Vec<f64>,
}

/// Ranks of the truth among posterior draws: the raw material of calibration and coverage.
///
/// If θ* is drawn from the prior, x from the simulator at θ*, and L draws from the posterior given x,
/// then θ* and the draws are exchangeable, and the rank of f(θ*) among the draws' f(θ) is uniform on
/// {0, …, L} for every f. A weighted draw counts with its weight.
///
/// # Reference
/// Talts et al. 2018, "Validating Bayesian inference algorithms with simulation-based calibration",
/// arXiv:1804.06788; for functions of θ and x, Modrák et al. 2023, arXiv:2211.02383; for distances from
/// points that depend on the data alone, Lemos et al. 2023, arXiv:2302.03026.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The number of draws a test simulation.
    pub n_draws: usize,
    /// Which rows of the test simulations were used: those with data and a posterior.
    pub rows: Vec<usize>,
    /// The rows that have data but for which there were no valid draws, with the reason.
    pub failures: Vec<(usize, String)>,
    /// The parameters, then pairs of them, then the log-density, then the distance from the
    /// reference point.
    pub quantities: Vec<Quantity>,
    /// The mean of the posterior draws, row after row, one value a parameter.
    pub posterior_means: Vec<f64>,
    /// Their standard deviation, in the same order.
    pub posterior_sds: Vec<f64>,
}

/// Of so many draws the log-density is looked at: it costs as much as several draws, and the place of
/// the truth among more is no more precise than the number of test simulations lets see.
const DENSITY_DRAWS: usize = 250;

/// Of more pairs of parameters than this, as many are chosen at random: each costs a test, and the
/// log-density looks at all parameters together anyway.
const MOST_PAIRS: usize = 10;
/// Below this the positions are mostly their random part.
const FEWEST_DRAWS: usize = 50;

impl Calibration {
    /// Draws from the posterior of every valid test simulation and ranks the truth among the draws.
    ///
    /// The rows are done in parallel; row `i` uses `seed.derive(Stream::Check, i)` alone. A row for
    /// which the posterior returns an error or numbers that are not finite is counted in
    /// `failures`.
    ///
    /// # Errors
    /// If there are fewer than 50 draws, the columns do not match the posterior's parameters, or no
    /// row has a posterior.
    pub fn measure(
        posterior: &dyn Posterior,
        test: &Simulations,
        n_draws: usize,
        seed: Seed,
    ) -> Result<Self> {
        check_input(posterior, test, n_draws)?;
        let names = test.theta.names();
        let pairs = pairs(names.len(), seed);
        let rows = test.valid_rows();
        let points = reference_rows(test, &rows);
        let ranked: Vec<(usize, Result<Row, String>)> = rows
            .par_iter()
            .zip(points)
            .map(|(&i, point)| {
                let truth = Truth {
                    theta: test.theta.row(i),
                    x: test.x.row(i),
                    point: test.theta.row(point),
                };
                let seed = seed.derive(Stream::Check, i as u64);
                (i, Row::rank(posterior, truth, &pairs, n_draws, seed))
            })
            .collect();
        Self::collect(names, &pairs, n_draws, ranked)
    }

    /// The parameters' names.
    pub fn parameter_names(&self) -> Vec<&str> {
        self.quantities
            .iter()
            .filter(|q| q.kind == QuantityKind::Parameter)
            .map(|q| q.name.as_str())
            .collect()
    }

    /// Checks that the posterior answers for every test simulation.
    pub fn check_answers(&self) -> Check {
        let n = self.rows.len() + self.failures.len();
        let share = self.failures.len() as f64 / n as f64;
        let (status, explanation) = match self.failures.first() {
            None => (
                CheckStatus::Passed,
                format!("The posterior gave draws for all {n} test simulations."),
            ),
            Some((row, reason)) => (
                if share > limit::FAILED_UNANSWERED {
                    CheckStatus::Failed
                } else {
                    CheckStatus::Caution
                },
                format!(
                    "The posterior gave no usable draws for {} of {n} test simulations; the first, \
                     row {row}: {reason} Look at these simulations: their data may be extreme.",
                    self.failures.len()
                ),
            ),
        };
        Check {
            name: "a posterior for every test simulation".into(),
            statistic: share,
            interval: None,
            p_value: None,
            threshold: Some(0.0),
            status,
            explanation,
        }
    }

    fn collect(
        names: &[String],
        pairs: &[(usize, usize)],
        n_draws: usize,
        ranked: Vec<(usize, Result<Row, String>)>,
    ) -> Result<Self> {
        let mut calibration = Self {
            n_draws,
            rows: Vec::new(),
            failures: Vec::new(),
            quantities: quantities(names, pairs),
            posterior_means: Vec::new(),
            posterior_sds: Vec::new(),
        };
        for (i, row) in ranked {
            match row {
                Ok(row) => calibration.add(i, row),
                Err(reason) => calibration.failures.push((i, reason)),
            }
        }
        if calibration.rows.is_empty() {
            let first = calibration.failures.first();
            return Err(Error::invalid(
                "test simulations",
                first.map_or("no row with data".into(), |f| {
                    format!("row {}: {}", f.0, f.1)
                }),
                "at least one row for which the posterior gives draws",
                "Look at the reason; it is the same kind of thing for every row.",
            ));
        }
        Ok(calibration)
    }

    fn add(&mut self, i: usize, row: Row) {
        self.rows.push(i);
        self.posterior_means.extend(row.means);
        self.posterior_sds.extend(row.sds);
        for (quantity, position) in self.quantities.iter_mut().zip(row.positions) {
            let rank = (position * (self.n_draws + 1) as f64) as usize;
            quantity.ranks.push(rank.min(self.n_draws));
            quantity.positions.push(position);
        }
    }
}

fn check_input(posterior: &dyn Posterior, test: &Simulations, n_draws: usize) -> Result<()> {
    if n_draws < FEWEST_DRAWS {
        return Err(Error::invalid(
            "posterior_draws",
            n_draws,
            format!("at least {FEWEST_DRAWS}"),
            "1000 is the default.",
        ));
    }
    let expected: Vec<&str> = posterior
        .parameters()
        .iter()
        .map(|p| p.name.as_str())
        .collect();
    if test.theta.names() != expected {
        return Err(Error::invalid(
            "test simulations",
            format!("columns {:?}", test.theta.names()),
            format!("the posterior's parameters {expected:?}"),
            "Simulate the test set from the same prior.",
        ));
    }
    Ok(())
}

/// All pairs of parameters, or ten of them chosen at random.
fn pairs(n_parameters: usize, seed: Seed) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = (0..n_parameters)
        .flat_map(|i| (i + 1..n_parameters).map(move |j| (i, j)))
        .collect();
    if all.len() > MOST_PAIRS {
        // The last index: no test simulation has it.
        seed.stream(Stream::Check, u64::MAX).shuffle(&mut all);
        all.truncate(MOST_PAIRS);
        all.sort_unstable();
    }
    all
}

/// In the order of [`Row::positions`].
fn quantities(names: &[String], pairs: &[(usize, usize)]) -> Vec<Quantity> {
    let empty = |name: String, kind| Quantity {
        name,
        kind,
        ranks: Vec::new(),
        positions: Vec::new(),
    };
    let parameters = names
        .iter()
        .map(|n| empty(n.clone(), QuantityKind::Parameter));
    let pairs = pairs.iter().flat_map(|&(i, j)| {
        ["+", "−"].map(|sign| {
            let name = format!("{} {sign} {}", names[i], names[j]);
            empty(name, QuantityKind::Pair)
        })
    });
    let log_prob = empty("log_prob".into(), QuantityKind::LogProb);
    let distance = empty("distance".into(), QuantityKind::Distance);
    parameters
        .chain(pairs)
        .chain([log_prob, distance])
        .collect()
}

/// A test simulation, and a point that was chosen without looking at its θ.
#[derive(Clone, Copy)]
struct Truth<'a> {
    theta: &'a [f64],
    x: &'a [f64],
    point: &'a [f64],
}

/// One test simulation.
struct Row {
    positions: Vec<f64>,
    means: Vec<f64>,
    sds: Vec<f64>,
}

impl Row {
    fn rank(
        posterior: &dyn Posterior,
        truth: Truth<'_>,
        pairs: &[(usize, usize)],
        n_draws: usize,
        seed: Seed,
    ) -> Result<Self, String> {
        let Truth { theta, x, point } = truth;
        let samples = posterior
            .sample(x, n_draws, seed)
            .map_err(|e| e.to_string())?;
        let weights = samples.weights();
        let density = DensityRank::of(posterior, &samples, theta, x)?;
        let draws = samples.draws;
        let (means, sds) = moments(&draws, &weights);
        if means.iter().chain(&sds).any(|v| !v.is_finite()) {
            return Err("the posterior gave draws that are not finite".into());
        }
        let scaled = |row: &[f64], j: usize| (row[j] - means[j]) / sds[j].max(f64::MIN_POSITIVE);
        let mut random = seed.stream(Stream::Check, 0);
        let mut position = |value: &dyn Fn(&[f64]) -> f64| {
            let values: Vec<f64> = draws.rows().map(value).collect();
            position(&values, &weights, value(theta), &mut random)
        };
        let mut positions: Vec<f64> = (0..means.len()).map(|j| position(&|row| row[j])).collect();
        for &(i, j) in pairs {
            positions.push(position(&|row| scaled(row, i) + scaled(row, j)));
            positions.push(position(&|row| scaled(row, i) - scaled(row, j)));
        }
        positions.push(density.position(&weights, &mut random));
        let distances: Vec<f64> = draws.rows().map(|row| distance(row, point, &sds)).collect();
        let own = distance(theta, point, &sds);
        positions.push(self::position(&distances, &weights, own, &mut random));
        Ok(Self {
            positions,
            means,
            sds,
        })
    }
}

/// The log-densities of draws, and of the truth.
struct DensityRank {
    drawn: Vec<f64>,
    truth: f64,
}

impl DensityRank {
    fn of(
        posterior: &dyn Posterior,
        samples: &Samples,
        theta: &[f64],
        x: &[f64],
    ) -> Result<Self, String> {
        // Weighted draws are worth less than their number, and count all.
        let n = match samples.log_weights {
            Some(_) => samples.draws.n_rows(),
            None => samples.draws.n_rows().min(DENSITY_DRAWS),
        };
        let mut points = samples.draws.select(&(0..n).collect::<Vec<_>>());
        points.push(theta);
        // Ranks are all that is taken from them.
        let log_probs = posterior.log_unnormalized(&points, x);
        let log_probs = log_probs.map_err(|e| e.to_string())?;
        if log_probs.iter().any(|v| v.is_nan()) {
            return Err("the posterior's log-density is NaN".into());
        }
        let (truth, drawn) = log_probs.split_last().expect("the truth is the last");
        Ok(Self {
            drawn: drawn.to_vec(),
            truth: *truth,
        })
    }

    /// Where the truth stands, given the weights of all draws.
    fn position(&self, weights: &[f64], random: &mut Random) -> f64 {
        let weights = &weights[..self.drawn.len()];
        let total: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|w| w / total).collect();
        position(&self.drawn, &shares, self.truth, random)
    }
}

/// Where the truth stands among weighted values, on (0, 1).
///
/// For L equal weights it is (r + U·(1 + t)) / (L + 1), with r values below the truth, t equal to
/// it, and U uniform: exactly uniform if truth and values are exchangeable.
fn position(values: &[f64], weights: &[f64], truth: f64, random: &mut Random) -> f64 {
    let mut below = 0.0;
    let mut equal = 0.0;
    let mut own = 0.0;
    for (&value, &weight) in values.iter().zip(weights) {
        below += if value < truth { weight } else { 0.0 };
        equal += if value == truth { weight } else { 0.0 };
        own += weight * weight;
    }
    (below + random.uniform_open() * (equal + own)) / (1.0 + own)
}

/// √ Σⱼ ((aⱼ − bⱼ) / sⱼ)².
fn distance(a: &[f64], b: &[f64], scales: &[f64]) -> f64 {
    let terms = a.iter().zip(b).zip(scales);
    let square = |((a, b), s): ((&f64, &f64), &f64)| ((a - b) / s.max(f64::MIN_POSITIVE)).powi(2);
    terms.map(square).sum::<f64>().sqrt()
}

fn moments(draws: &Table, weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
    (0..draws.n_columns())
        .map(|j| {
            let column = || draws.rows().map(|row| row[j]).zip(weights);
            let mean: f64 = column().map(|(v, w)| v * w).sum();
            let variance: f64 = column().map(|(v, w)| w * (v - mean).powi(2)).sum();
            (mean, variance.sqrt())
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::Parameter;
    use crate::simulate::Status;

    /// θ ~ N(0, 1) and x = θ + N(0, 1), so θ | x ~ N(x/2, 1/2): with a knob for its width, and an
    /// error for x above a limit.
    struct Exact {
        parameters: Vec<Parameter>,
        width: f64,
        limit: f64,
    }

    impl Posterior for Exact {
        fn parameters(&self) -> &[Parameter] {
            &self.parameters
        }

        fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
            if x[0] > self.limit {
                return Err(Error::invalid("x", x[0], "less", "Try another."));
            }
            let mut random = seed.stream(Stream::Posterior, 0);
            let sd = self.width * 0.5_f64.sqrt();
            let draws = (0..n).map(|_| 0.5 * x[0] + sd * random.normal()).collect();
            Samples::from_rows(["mu"], draws)
        }

        fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
            let variance = self.width.powi(2) * 0.5;
            let log_prob = |row: &[f64]| -0.5 * (row[0] - 0.5 * x[0]).powi(2) / variance;
            Ok(theta.rows().map(log_prob).collect())
        }

        fn map(&self, x: &[f64], _: Seed) -> Result<Vec<f64>> {
            Ok(vec![0.5 * x[0]])
        }
    }

    fn exact(width: f64, limit: f64) -> Exact {
        Exact {
            parameters: vec![Parameter::named("mu")],
            width,
            limit,
        }
    }

    fn test_simulations(n: usize) -> Simulations {
        let mut random = Seed(3).stream(Stream::Test, 0);
        let theta: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let x = theta.iter().map(|t| t + random.normal()).collect();
        Simulations {
            theta: Table::new(["mu"], theta).unwrap(),
            x: Table::numbered("x", 1, x).unwrap(),
            status: vec![Status::Ok; n],
        }
    }

    fn measure(posterior: &Exact, test: &Simulations) -> Calibration {
        Calibration::measure(posterior, test, 200, Seed(1)).unwrap()
    }

    #[test]
    fn the_ranks_of_an_exact_posterior_have_uniform_moments() {
        // 2,000 positions: mean ½ ± 0.032 and variance 1/12 ± 0.0083 are 5 standard errors.
        let calibration = measure(&exact(1.0, f64::INFINITY), &test_simulations(2000));
        for quantity in &calibration.quantities {
            let u = &quantity.positions;
            let mean = u.iter().sum::<f64>() / 2000.0;
            let variance = u.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / 2000.0;
            assert!((mean - 0.5).abs() < 0.032, "{}: {mean}", quantity.name);
            assert!(
                (variance - 1.0 / 12.0).abs() < 0.0083,
                "{}: {variance}",
                quantity.name
            );
            assert!(quantity.ranks.iter().all(|&r| r <= 200));
        }
        assert_eq!(calibration.parameter_names(), ["mu"]);
    }

    #[test]
    fn the_spread_is_the_factor_by_which_errors_are_larger_than_claimed() {
        use crate::check::RankUniformity;
        for width in [0.8, 1.0, 1.5] {
            let calibration = measure(&exact(width, f64::INFINITY), &test_simulations(2000));
            let spread = RankUniformity::of(&calibration).quantities[0].spread;
            // 5 standard errors, and what 200 draws cannot resolve in the tails.
            assert!((spread * width - 1.0).abs() < 0.08, "{width}: {spread}");
        }
    }

    #[test]
    fn rows_without_a_posterior_are_counted_and_change_no_other_row() {
        let test = test_simulations(100);
        let all = measure(&exact(1.0, f64::INFINITY), &test);
        let some = measure(&exact(1.0, 1.0), &test);
        assert_eq!(some.rows.len() + some.failures.len(), 100);
        assert!(!some.failures.is_empty() && some.failures[0].1.contains("less"));
        assert_eq!(some.check_answers().status, CheckStatus::Failed);
        assert_eq!(all.check_answers().status, CheckStatus::Passed);
        for (&row, position) in some.rows.iter().zip(&some.quantities[0].positions) {
            assert_eq!(*position, all.quantities[0].positions[row]);
        }
        let none = Calibration::measure(&exact(1.0, -100.0), &test, 200, Seed(1));
        assert!(none.unwrap_err().to_string().contains("row 0"));
    }

    #[test]
    fn too_few_draws_and_other_parameters_are_refused() {
        let test = test_simulations(20);
        assert!(Calibration::measure(&exact(1.0, 9.0), &test, 10, Seed(1)).is_err());
        let mut other = exact(1.0, 9.0);
        other.parameters = vec![Parameter::named("sigma")];
        let error = Calibration::measure(&other, &test, 200, Seed(1)).unwrap_err();
        assert!(error.to_string().contains("sigma"));
    }

    #[test]
    fn ties_and_weights_are_placed_exactly() {
        let mut random = Seed(1).stream(Stream::Test, 5);
        // All draws equal the truth: the position is uniform on all of (0, 1).
        let mean = (0..4000)
            .map(|_| position(&[1.0; 9], &[1.0 / 9.0; 9], 1.0, &mut random))
            .sum::<f64>()
            / 4000.0;
        assert!((mean - 0.5).abs() < 0.023);
        // Of ten draws three are below: rank 3 of 0 … 10.
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        let u = position(&values, &[0.1; 10], 2.5, &mut random);
        assert!(u > 3.0 / 11.0 && u < 4.0 / 11.0);
        // A draw of weight zero is as good as none.
        let weights = [0.25, 0.25, 0.0, 0.25, 0.25];
        let u = position(&[0.0, 1.0, 2.0, 3.0, 4.0], &weights, 2.5, &mut random);
        assert!(u > 2.0 / 5.0 && u < 3.0 / 5.0);
    }

    #[test]
    fn many_parameters_have_ten_pairs() {
        assert_eq!(pairs(3, Seed(1)), [(0, 1), (0, 2), (1, 2)]);
        assert_eq!(pairs(40, Seed(1)).len(), 10);
        assert!(pairs(1, Seed(1)).is_empty());
    }

    /// `tarp.json` is made by the package of the method's authors. It counts a share f of draws closer to
    /// the point than the truth into bins between the least and the largest f.
    #[test]
    fn balls_about_points_cover_as_the_reference_implementation_says() {
        let golden = include_str!("../../tests/golden/tarp.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let read =
            |name: &str| -> Vec<Vec<f64>> { serde_json::from_value(golden[name].clone()).unwrap() };
        let draws: Vec<Vec<Vec<f64>>> = serde_json::from_value(golden["draws"].clone()).unwrap();
        let scales = [1.0; 2];
        let mut shares: Vec<f64> = draws
            .iter()
            .zip(read("truths").iter().zip(&read("points")))
            .map(|(draws, (truth, point))| {
                let own = distance(truth, point, &scales);
                let closer = draws.iter().filter(|d| distance(d, point, &scales) < own);
                closer.count() as f64 / draws.len() as f64
            })
            .collect();
        shares.sort_by(f64::total_cmp);
        let numbers =
            |name: &str| -> Vec<f64> { serde_json::from_value(golden[name].clone()).unwrap() };
        let (levels, coverage) = (numbers("levels"), numbers("coverage"));
        assert_eq!(levels.len(), 11);
        // The inner edges, on none of which a share lies.
        for (level, expected) in levels.iter().zip(&coverage).skip(1).take(9) {
            let below = shares.iter().filter(|f| **f < level - 1e-9).count();
            let found = below as f64 / shares.len() as f64;
            assert!(
                (found - expected).abs() < 1e-9,
                "{level}: {found} {expected}"
            );
        }
    }

    /// The prior in place of the posterior is right on average over the data, so that no rank of a
    /// parameter or of the density shows it; balls about points that move with the data do.
    #[test]
    fn a_posterior_that_ignores_the_data_leaves_balls_uncovered() {
        use crate::check::RankUniformity;
        struct Ignorant(Exact);
        impl Posterior for Ignorant {
            fn parameters(&self) -> &[Parameter] {
                &self.0.parameters
            }
            fn sample(&self, _: &[f64], n: usize, seed: Seed) -> Result<Samples> {
                self.0.sample(&[0.0], n, seed)
            }
            fn log_prob(&self, theta: &Table, _: &[f64]) -> Result<Vec<f64>> {
                self.0.log_prob(theta, &[0.0])
            }
            fn map(&self, _: &[f64], seed: Seed) -> Result<Vec<f64>> {
                self.0.map(&[0.0], seed)
            }
        }
        // N(0, 1), the prior.
        let ignorant = Ignorant(exact(2.0_f64.sqrt(), f64::INFINITY));
        let found = Calibration::measure(&ignorant, &test_simulations(500), 200, Seed(1)).unwrap();
        for ranks in RankUniformity::of(&found).quantities {
            let seen = ranks.adjusted_p_value < 1e-6;
            assert_eq!(seen, ranks.kind == QuantityKind::Distance, "{ranks:?}");
        }
    }
}
