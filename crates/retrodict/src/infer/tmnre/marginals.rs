//! Marginal posteriors within bounds.

use super::bounds::Bounds;
use crate::error::{Error, Result};
use crate::infer::LogLikelihood;
use crate::infer::nre::NeuralRatio;
use crate::prior::Law;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::TrainLog;

/// The ratio of one or two parameters.
#[derive(Debug)]
pub struct MarginalRatio {
    /// Which parameters, by position.
    pub columns: Vec<usize>,
    /// log p(θ | x) / p(θ) of their levels: the values of their prior's distribution functions.
    pub ratio: NeuralRatio,
    /// How it was trained.
    pub log: TrainLog,
}

/// A round of truncation.
#[derive(Debug, Clone, PartialEq)]
pub struct TruncationRound {
    /// The bounds in which simulations were made.
    pub bounds: Vec<[f64; 2]>,
    /// The share of the prior within them.
    pub volume: f64,
    /// How many simulations were learned from.
    pub n_simulations: usize,
}

/// The marginal posteriors that [`super::tmnre`] finds, good for every observation of parameters within
/// the bounds of the last round.
#[derive(Debug)]
pub struct TruncatedMarginals {
    bounds: Bounds,
    /// One a parameter, then one a pair.
    marginals: Vec<MarginalRatio>,
    rounds: Vec<TruncationRound>,
}

/// Points of a marginal density.
const GRID: usize = 1000;
/// Candidates for each draw.
const OVERSAMPLING: usize = 30;

impl TruncatedMarginals {
    pub(super) fn new(
        bounds: Bounds,
        marginals: Vec<MarginalRatio>,
        rounds: Vec<TruncationRound>,
    ) -> Self {
        Self {
            bounds,
            marginals,
            rounds,
        }
    }

    /// The marginals: one a parameter, then the pairs in the order they were asked for.
    pub fn marginals(&self) -> &[MarginalRatio] {
        &self.marginals
    }

    /// What happened, round by round.
    pub fn rounds(&self) -> &[TruncationRound] {
        &self.rounds
    }

    /// The values between which each parameter lies: those of the last round.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        self.bounds.values()
    }

    /// `n` draws from the prior truncated to the bounds, to simulate tests from.
    pub fn sample_prior(&self, n: usize, seed: Seed) -> Table {
        self.bounds.sample(n, seed)
    }

    /// Values of parameter `j` and its posterior density there, which integrates to one over the bounds.
    ///
    /// # Errors
    /// If there is no such parameter, or the observation does not suit.
    pub fn density(&self, j: usize, x: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        let (levels, masses) = self.masses(j, x)?;
        let width = levels[1] - levels[0];
        let law = self.bounds.prior().marginal(j);
        let values: Vec<f64> = levels.iter().map(|u| self.bounds.value(j, *u)).collect();
        // From the density of the level to that of the value.
        let slope = |value: &f64| {
            law.as_ref()
                .map_or(0.0, |law| law.log_density(*value).exp())
        };
        let densities = values
            .iter()
            .zip(&masses)
            .map(|(v, m)| m / width * slope(v));
        let densities = densities.collect();
        Ok((values, densities))
    }

    /// The levels of a grid, and the share of the posterior at each.
    fn masses(&self, j: usize, x: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        let n = self.bounds.prior().n_parameters();
        if j >= n {
            return Err(Error::invalid(
                "marginal",
                j,
                format!("the position of one of {n} parameters"),
                "Positions begin at 0.",
            ));
        }
        let levels = self.bounds.grid(j, GRID);
        let mut values = vec![0.0; GRID];
        self.marginals[j]
            .ratio
            .log_likelihood(&levels, x, &mut values)?;
        let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = values.iter().map(|v| (v - largest).exp()).collect();
        let total: f64 = weights.iter().sum();
        Ok((levels, weights.iter().map(|w| w / total).collect()))
    }

    /// `n` draws from marginal `m`, by the weights of thirty times as many draws from the truncated
    /// prior.
    ///
    /// # Errors
    /// If there is no such marginal, or the observation does not suit.
    pub fn sample(&self, m: usize, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let Some(marginal) = self.marginals.get(m) else {
            return Err(Error::invalid(
                "marginal",
                m,
                format!("the number of one of {}", self.marginals.len()),
                "The parameters come first, then the pairs.",
            ));
        };
        let count = OVERSAMPLING * n;
        let mut levels = Vec::with_capacity(count * marginal.columns.len());
        for i in 0..count {
            let mut random = seed.stream(Stream::Truncation, i as u64);
            for &j in &marginal.columns {
                let [low, high] = self.bounds.levels()[j];
                let level = low + (high - low) * random.uniform_open();
                levels.push(level.clamp(low.next_up(), high.next_down()));
            }
        }
        let mut values = vec![0.0; count];
        marginal.ratio.log_likelihood(&levels, x, &mut values)?;
        let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        let sums: Vec<f64> = values
            .iter()
            .map(|v| {
                sum += (v - largest).exp();
                sum
            })
            .collect();
        // Systematic: the draws are spread evenly over the weights.
        let mut random = seed.stream(Stream::Truncation, u64::MAX);
        let shift = random.uniform();
        let width = marginal.columns.len();
        let mut rows: Vec<usize> = (0..n)
            .map(|i| {
                let level = (i as f64 + shift) / n as f64 * sum;
                sums.partition_point(|s| *s <= level).min(count - 1)
            })
            .collect();
        random.shuffle(&mut rows);
        let names = self.bounds.prior().names();
        let names = marginal.columns.iter().map(|&j| names[j].clone());
        let of = |row: &usize| {
            let own = &levels[row * width..(row + 1) * width];
            let pairs = marginal.columns.iter().zip(own);
            pairs
                .map(|(&j, level)| self.bounds.value(j, *level))
                .collect::<Vec<_>>()
        };
        Samples::from_rows(names, rows.iter().flat_map(of).collect())
    }

    /// For each parameter and each test simulation with data, the share of the marginal posterior that
    /// has a higher density than the truth: uniform on (0, 1) if the marginals are right. The tests' θ
    /// come from [`TruncatedMarginals::sample_prior`].
    ///
    /// # Errors
    /// If the tests have other parameters or data.
    pub fn coverage(&self, tests: &Simulations) -> Result<Vec<Vec<f64>>> {
        let rows = tests.valid_rows();
        let of = |j: usize| {
            let one = |&row: &usize| {
                let (levels, masses) = self.masses(j, tests.x.row(row))?;
                let truth = self.bounds.level(j, tests.theta.row(row)[j]);
                let at = levels.partition_point(|level| *level < truth);
                let own = masses[at.min(GRID - 1)];
                let higher: f64 = masses.iter().filter(|m| **m > own).sum();
                Ok(higher)
            };
            rows.iter().map(one).collect::<Result<Vec<f64>>>()
        };
        (0..self.bounds.prior().n_parameters()).map(of).collect()
    }
}
