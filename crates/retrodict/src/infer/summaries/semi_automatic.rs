//! Summaries by linear regression.

use serde::{Deserialize, Serialize};

use super::examples::Examples;
use super::powers::Powers;
use super::{DEGREES, SummariesConfig};
use crate::error::{Error, Result};
use crate::infer::least_squares::LinearFit;
use crate::prior::Prior;
use crate::simulate::Simulations;
use crate::table::Table;

/// A higher degree has to lower the error by this factor: it has a price, and rounding may decide a tie.
const LEAST_GAIN: f64 = 0.99;

/// Semi-automatic summaries: one for each parameter, its linear regression on powers of the data.
///
/// The posterior mean is the summary with the smallest quadratic loss; the regression of θ on
/// (x, x², …, x^k) estimates it. Bounded parameters are regressed as they are, half-bounded ones by
/// their logarithm. Regressors that repeat each other do no harm.
///
/// # Reference
/// Fearnhead and Prangle (2012), arXiv:1004.1112.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SemiAutomatic {
    powers: Powers,
    fit: LinearFit,
    n_summaries: usize,
}

impl SemiAutomatic {
    /// Learns the summaries from the simulations that gave data.
    ///
    /// # Errors
    /// If `degree` makes no sense, or there are too few simulations for the regressors.
    pub fn fit(prior: &Prior, simulations: &Simulations, degree: usize) -> Result<Self> {
        let (powers, examples) = Examples::new(prior, simulations, degree)?;
        Ok(Self {
            powers,
            fit: LinearFit::new(examples.rows()),
            n_summaries: examples.n_targets,
        })
    }

    /// The same, and for each simulation that gave data the summaries that the others alone would have given: its own
    /// are nearer to its parameters than those of data that were not learned from.
    ///
    /// # Errors
    /// As [`SemiAutomatic::fit`].
    pub fn with_left_out(
        prior: &Prior,
        simulations: &Simulations,
        degree: usize,
    ) -> Result<(Self, Table)> {
        let (powers, examples) = Examples::new(prior, simulations, degree)?;
        let (fit, left_out) = LinearFit::with_left_out(examples.rows());
        let n_summaries = examples.n_targets;
        let own = Self {
            powers,
            fit,
            n_summaries,
        };
        Ok((own, Table::numbered("s", n_summaries, left_out)?))
    }

    /// Which of these degrees gives summaries that are nearest to the parameters of simulations that they were not learned from:
    /// the one with the smallest Σ over parameters of mean squared error / variance. The first, if there are too few simulations
    /// for any.
    ///
    /// # Errors
    /// If a degree makes no sense.
    pub(crate) fn best_degree(
        prior: &Prior,
        simulations: &Simulations,
        degrees: [usize; 2],
    ) -> Result<usize> {
        let n_data = simulations.x.n_columns();
        let usable = simulations.valid_rows().len();
        let enough = |degree: &usize| {
            let config = SummariesConfig::SemiAutomatic { degree: *degree };
            usable >= config.fewest_simulations(n_data)
        };
        let mut best = (f64::INFINITY, degrees[0]);
        for degree in degrees.into_iter().filter(enough) {
            let (_, examples) = Examples::new(prior, simulations, degree)?;
            let error = examples.left_out_error();
            if error < LEAST_GAIN * best.0 {
                best = (error, degree);
            }
        }
        Ok(best.1)
    }

    /// How many summaries there are.
    pub fn n_summaries(&self) -> usize {
        self.n_summaries
    }

    /// Of how many numbers they are the summaries.
    pub fn n_data(&self) -> usize {
        self.powers.middle.len()
    }

    /// What they were asked for with.
    pub fn config(&self) -> SummariesConfig {
        SummariesConfig::SemiAutomatic {
            degree: self.powers.degree,
        }
    }

    /// How many numbers are learned for each of them.
    pub(crate) fn n_regressors(&self) -> usize {
        self.powers.degree * self.n_data()
    }

    /// Says what is wrong with summaries from a file.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        let n = self.n_data();
        let positive = |scale: &f64| *scale > 0.0 && scale.is_finite();
        let powers = DEGREES.contains(&self.powers.degree)
            && self.powers.scale.len() == n
            && self.powers.scale.iter().all(positive)
            && self.powers.middle.iter().all(|v| v.is_finite());
        if n > 0 && powers && self.fit.fits(self.n_regressors(), self.n_summaries) {
            return Ok(());
        }
        Err("summaries whose parts do not fit together, or are not finite".into())
    }

    /// The summaries of rows of data, one row after the other.
    ///
    /// # Errors
    /// If there is no whole number of rows, or a number is not finite.
    pub fn of_rows(&self, x: &[f64]) -> Result<Vec<f64>> {
        let n = self.n_data();
        if x.is_empty() || !x.len().is_multiple_of(n) {
            return Err(Error::invalid(
                "x",
                format!("{} numbers", x.len()),
                format!("{n} in each row"),
                "Give data of the simulator whose summaries were learned.",
            ));
        }
        if let Some(at) = x.iter().position(|v| !v.is_finite()) {
            return Err(Error::invalid(
                format!("x, row {}, value {}", at / n + 1, at % n + 1),
                x[at],
                "a finite number",
                "Learned summaries need all of the data.",
            ));
        }
        Ok(x.chunks_exact(n).flat_map(|x| self.apply(x)).collect())
    }

    /// The same as a table.
    ///
    /// # Errors
    /// As [`SemiAutomatic::of_rows`].
    pub fn of_table(&self, x: &Table) -> Result<Table> {
        Table::numbered("s", self.n_summaries, self.of_rows(x.values())?)
    }

    /// The summaries of one row of data.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        self.fit.predict(&self.powers.of(x))
    }
}
