//! A prior without the region where simulations fail.

use std::sync::Arc;

use super::SuccessClassifier;
use crate::error::{Error, Result};
use crate::prior::{CustomPrior, Prior};
use crate::seed::{Random, Seed, Stream};
use crate::table::Table;

/// p(θ) where the classifier gives a simulation at θ a probability of success above a threshold, zero
/// elsewhere.
///
/// What is left out fails nearly always, so the posterior given that a simulation succeeds loses no more
/// than the stated share. A posterior learned from simulations at draws from here is that of this prior:
/// wrap it in a [`super::RestrictedPosterior`], which holds it within.
#[derive(Debug, Clone)]
pub struct RestrictedPrior {
    pub(super) prior: Prior,
    pub(super) classifier: Arc<SuccessClassifier>,
    pub(super) threshold: f64,
    /// Of successful simulations held out: how many fall outside, of how many.
    pub(super) false_negatives: [usize; 2],
    /// The share of the prior that is left.
    pub(super) acceptance: f64,
}

/// Draws from which the share that is left is estimated: its relative error is below 1 % where a tenth
/// is left.
const N_DRAWS: usize = 100_000;
/// Candidates that are judged together.
const BLOCK: usize = 4096;
/// Candidates for each draw before giving up.
const BUDGET: usize = 10_000;

impl RestrictedPrior {
    pub(super) fn new(
        prior: &Prior,
        classifier: SuccessClassifier,
        (threshold, false_negatives): (f64, [usize; 2]),
        seed: Seed,
    ) -> Result<Self> {
        let mut restricted = Self {
            prior: prior.clone(),
            classifier: Arc::new(classifier),
            threshold,
            false_negatives,
            acceptance: 1.0,
        };
        let own = seed.derive(Stream::Restriction, 1);
        let draws = prior.sample_table(N_DRAWS, own, Stream::Restriction);
        let inside = restricted.inside(&draws);
        let kept = inside.iter().filter(|inside| **inside).count();
        if kept == 0 {
            return Err(Error::invalid(
                "restricted prior",
                format!("none of {N_DRAWS} draws from the prior above the threshold"),
                "some",
                "Allow a larger `false_negative_rate`, or look at how the simulator fails.",
            ));
        }
        restricted.acceptance = kept as f64 / N_DRAWS as f64;
        Ok(restricted)
    }

    /// The prior that is restricted.
    pub fn prior(&self) -> &Prior {
        &self.prior
    }

    /// The classifier.
    pub fn classifier(&self) -> &SuccessClassifier {
        &self.classifier
    }

    /// The smallest probability of success that is kept.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Of the successful simulations held out to choose the threshold, how many fall outside, and how
    /// many there were.
    pub fn false_negatives(&self) -> [usize; 2] {
        self.false_negatives
    }

    /// The share of the prior that is left.
    pub fn acceptance(&self) -> f64 {
        self.acceptance
    }

    /// Which rows lie inside.
    pub fn inside(&self, theta: &Table) -> Vec<bool> {
        let probabilities = self.classifier.probability(theta);
        let rows = theta.rows().zip(probabilities);
        rows.map(|(theta, p)| p >= self.threshold && self.prior.contains(theta))
            .collect()
    }

    /// log p of each row, normalised with the share that is left: −∞ outside.
    pub fn log_prob(&self, theta: &Table) -> Vec<f64> {
        let inside = self.inside(theta);
        let rows = theta.rows().zip(inside);
        rows.map(|(theta, inside)| {
            if inside {
                self.prior.log_prob(theta) - self.acceptance.ln()
            } else {
                f64::NEG_INFINITY
            }
        })
        .collect()
    }

    /// `n` draws: the first candidates from the prior that lie inside, in the order of their index, so that
    /// threads change nothing.
    ///
    /// # Errors
    /// If a draw takes more than 10,000 candidates on average.
    pub fn sample_table(&self, n: usize, seed: Seed) -> Result<Table> {
        let mut kept = Table::new(self.prior.names(), Vec::new())?;
        let mut block = 0;
        while kept.n_rows() < n {
            if block * BLOCK > BUDGET * n + BLOCK {
                return Err(Error::invalid(
                    "restricted prior",
                    format!("{} draws from {} candidates", kept.n_rows(), block * BLOCK),
                    format!("{n} draws"),
                    "Too little of the prior is left: narrow the prior itself.",
                ));
            }
            let own = seed.derive(Stream::Restriction, 2 + block as u64);
            let candidates = self.prior.sample_table(BLOCK, own, Stream::Restriction);
            let inside = self.inside(&candidates);
            let rows = candidates.rows().zip(inside);
            for (theta, _) in rows.filter(|(_, inside)| *inside).take(n - kept.n_rows()) {
                kept.push(theta);
            }
            block += 1;
        }
        Ok(kept)
    }

    /// The same as a [`Prior`] given as functions, for methods and campaigns that take one.
    ///
    /// # Errors
    /// As [`CustomPrior::new`].
    pub fn to_prior(&self) -> Result<Prior> {
        let supports = (0..self.prior.n_parameters()).map(|j| self.prior.support(j));
        let (density, sampler) = (self.clone(), self.clone());
        let table = |names: Vec<String>, theta: &[f64]| {
            Table::new(names, theta.to_vec()).expect("a prior's names differ")
        };
        let custom = CustomPrior::new(
            self.prior.parameters().to_vec(),
            supports.collect(),
            move |theta| density.log_prob(&table(density.prior.names(), theta))[0],
            move |random: &mut Random, theta: &mut [f64]| {
                for _ in 0..BUDGET {
                    sampler.prior.sample(random, theta);
                    if sampler.inside(&table(sampler.prior.names(), theta))[0] {
                        return;
                    }
                }
            },
        )?;
        Prior::custom(custom)
    }
}
