//! Where the truth stands among the draws of its posterior, for simulations never trained on.

mod row;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub(super) use self::row::moments;
use self::row::{Row, Truth};
use super::reference_points::reference_rows;
use super::thresholds as limit;
use super::{Check, CheckStatus};
use crate::error::{Error, Result};
use crate::infer::Posterior;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;

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
    /// One draw from each posterior, in the same order.
    #[serde(default)]
    pub posterior_draws: Vec<f64>,
}

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
            posterior_draws: Vec::new(),
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
        self.posterior_draws.extend(row.draw);
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
