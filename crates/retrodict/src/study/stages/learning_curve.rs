//! Enough simulations? Trains on parts of them too, and compares.

use std::ops::ControlFlow;

use super::check::MORE_TESTS;
use crate::check::{Check, LearningCurve};
use crate::error::{Error, Result};
use crate::infer::{LogLikelihood, Posterior, fmpe, nle, npe, npse, nre};
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::study::{Method, Run};
use crate::table::Table;

/// The parts that are trained on, as one over how many.
const PARTS: [usize; 4] = [8, 4, 2, 1];
/// A part with fewer simulations than this teaches nothing about larger ones.
const FEWEST: usize = 100;

impl Run<'_> {
    /// The learning curve of the study's method, if the study asks for it.
    ///
    /// All points are trained anew, the largest too, so that they differ in their simulations alone.
    pub(super) fn learning_curve(&self, tests: &Simulations) -> Result<Option<Check>> {
        let config = self.study().config();
        if !config.check.learning_curve {
            return Ok(None);
        }
        let all = self
            .all_simulations(&*self.training_simulations()?)?
            .valid();
        let tests = tests.valid();
        let sizes: Vec<usize> = PARTS.iter().map(|part| all.len() / part).collect();
        let sizes: Vec<usize> = sizes.into_iter().filter(|n| *n >= FEWEST).collect();
        if sizes.len() < 3 {
            return Err(Error::invalid(
                "check.learning_curve",
                format!("{} simulations with data", all.len()),
                format!(
                    "at least {}, for three parts",
                    FEWEST * PARTS[PARTS.len() - 3]
                ),
                "Give more simulations, or remove the key.",
            ));
        }
        let seed = Seed(config.study.seed);
        let mut scores = Vec::new();
        for (k, &n) in sizes.iter().enumerate() {
            let part = all.select(&(0..n).collect::<Vec<_>>());
            let seed = seed.derive(Stream::LearningCurve, k as u64);
            scores.push(self.scores(&part, &tests, seed)?);
        }
        let finite = finite_in_all(&scores);
        if finite.len() < tests.len() / 2 {
            return Ok(Some(super::check::not_calibrated(
                "most test simulations have no density after training on parts of the simulations",
                MORE_TESTS,
            )));
        }
        let kept = |scores: &Vec<f64>| finite.iter().map(|&i| scores[i]).collect();
        let scores: Vec<Vec<f64>> = scores.iter().map(kept).collect();
        let d = self.study().prior().n_parameters();
        let curve = LearningCurve::of(&sizes, &scores, d, seed);
        self.keep("learning_curve", &curve)?;
        Ok(Some(curve.check()))
    }

    /// The score of each test simulation after training on `part`.
    fn scores(&self, part: &Simulations, tests: &Simulations, seed: Seed) -> Result<Vec<f64>> {
        let inference = &self.study().config().inference;
        let prior = self.study().prior();
        let go_on = |_: &_| {
            if self.stop().is_set() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        match inference.method {
            Method::Nle => {
                let (likelihood, _) = nle(prior, part, &inference.nle(), seed, &go_on)?;
                likelihoods(&likelihood, tests)
            }
            Method::Nre => {
                let (ratio, _) = nre(prior, part, &inference.nre(), seed, &go_on)?;
                likelihoods(&ratio, tests)
            }
            method @ (Method::Fmpe | Method::Npse) => {
                let run = if method == Method::Fmpe { fmpe } else { npse };
                let (posterior, _) = run(prior, part, &inference.field(), seed, &go_on)?;
                densities(&posterior, tests)
            }
            _ => {
                let (posterior, _) = npe(prior, part, &inference.npe(), seed, &go_on)?;
                densities(&posterior, tests)
            }
        }
    }
}

/// log q(θᵢ | xᵢ).
fn densities(posterior: &dyn Posterior, tests: &Simulations) -> Result<Vec<f64>> {
    let names = tests.theta.names().to_vec();
    let density = |i: usize| {
        let theta = Table::new(names.clone(), tests.theta.row(i).to_vec())?;
        Ok(posterior.log_prob(&theta, tests.x.row(i))?[0])
    };
    (0..tests.len()).map(density).collect()
}

/// log p(xᵢ | θᵢ), or its ratio to log p(xᵢ).
fn likelihoods(likelihood: &dyn LogLikelihood, tests: &Simulations) -> Result<Vec<f64>> {
    let one = |i: usize| {
        let mut value = [0.0];
        likelihood.log_likelihood(tests.theta.row(i), tests.x.row(i), &mut value)?;
        Ok(value[0])
    };
    (0..tests.len()).map(one).collect()
}

/// The test simulations whose scores are finite after every training.
fn finite_in_all(scores: &[Vec<f64>]) -> Vec<usize> {
    let finite = |i: &usize| scores.iter().all(|scores| scores[*i].is_finite());
    (0..scores[0].len()).filter(finite).collect()
}
