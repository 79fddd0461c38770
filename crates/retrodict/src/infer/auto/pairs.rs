//! Fresh simulations and draws of a posterior for each, weighted by a likelihood.

use super::LearnedLikelihood;
use crate::error::Result;
use crate::infer::neural::finite_or_zero_density;
use crate::infer::{NeuralPosterior, Posterior};
use crate::prior::Prior;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;

/// Draws of the posterior for each simulation.
const DRAWS: usize = 256;

/// For each simulation the truth, and the draws that count.
pub(super) struct Pairs {
    theta: Table,
    x: Table,
    /// How many pairs each simulation has.
    counts: Vec<usize>,
}

impl Pairs {
    pub(super) fn new(
        posterior: &NeuralPosterior,
        fresh: &Simulations,
        inside: &dyn Fn(&Table) -> Result<Vec<bool>>,
        seed: Seed,
    ) -> Result<Self> {
        let drawn = posterior.sample_many(&fresh.x, DRAWS, seed.derive(Stream::Choice, 0))?;
        let empty = |table: &Table| Table::new(table.names().to_vec(), Vec::new());
        let (mut theta, mut x) = (empty(&fresh.theta)?, empty(&fresh.x)?);
        let mut counts = Vec::with_capacity(fresh.len());
        for (i, samples) in drawn.iter().enumerate() {
            let kept = inside(&samples.draws)?;
            let draws = samples.draws.rows().zip(kept);
            let draws = draws.filter(|(_, kept)| *kept).map(|(row, _)| row);
            let before = theta.n_rows();
            for row in std::iter::once(fresh.theta.row(i)).chain(draws) {
                theta.push(row);
                x.push(fresh.x.row(i));
            }
            counts.push(theta.n_rows() - before);
        }
        Ok(Self { theta, x, counts })
    }

    /// log w of each pair, simulation by simulation.
    pub(super) fn log_weights(
        &self,
        prior: &Prior,
        (posterior, likelihood): (&NeuralPosterior, &LearnedLikelihood),
    ) -> Result<Vec<Vec<f64>>> {
        let likelihoods = likelihood.log_likelihood_many(&self.theta, &self.x)?;
        let densities = posterior.log_prob_many(&self.theta, &self.x)?;
        let rows = self.theta.rows().zip(likelihoods.iter().zip(&densities));
        let weight = |theta: &[f64], l: f64, q: f64| {
            // Where neither gives it any density, it says nothing.
            finite_or_zero_density(l + prior.log_prob(theta) - q)
        };
        let mut all = rows.map(|(theta, (l, q))| weight(theta, *l, *q));
        let each = self.counts.iter();
        Ok(each.map(|n| all.by_ref().take(*n).collect()).collect())
    }
}
