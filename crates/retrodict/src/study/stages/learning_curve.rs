//! Enough simulations? Trains on parts of them too, and compares.

use super::check::MORE_TESTS;
use super::trained::Trained;
use crate::check::{Check, LearningCurve};
use crate::error::{Error, Result};
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::study::Run;
use crate::train::EpochRecord;

/// The parts that are trained on, as one over how many.
const PARTS: [usize; 4] = [8, 4, 2, 1];
/// A part with fewer simulations than this teaches nothing about larger ones.
const FEWEST: usize = 100;

impl Run<'_> {
    /// The learning curve of the study's method, if the study asks for it.
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
        let scores = self.scores(&sizes, &all, &tests)?;
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

    /// The scores of the test simulations after training on the first simulations, so many of them; all of them
    /// have been trained on already.
    fn scores(
        &self,
        sizes: &[usize],
        all: &Simulations,
        tests: &Simulations,
    ) -> Result<Vec<Vec<f64>>> {
        let config = self.study().config();
        let found = self.search_result()?;
        let base = config.inference.npe();
        let npe = found.map_or(base.clone(), |found| found.best.settings.applied_to(&base));
        let watch = |_: &EpochRecord| self.stop().flow();
        let mut scores = Vec::new();
        for (k, &n) in sizes[..sizes.len() - 1].iter().enumerate() {
            let part = all.select(&(0..n).collect::<Vec<_>>());
            let seed = Seed(config.study.seed).derive(Stream::LearningCurve, k as u64);
            let (trained, _) = self.train_networks(&part, &npe, seed, &watch)?;
            scores.push(trained.scores(tests)?);
        }
        let (folder, prior) = (self.folder().model(), self.study().prior());
        let whole = Trained::load(config.inference.method, &folder, prior)?;
        scores.push(whole.scores(tests)?);
        Ok(scores)
    }
}

/// The test simulations whose scores are finite after every training.
fn finite_in_all(scores: &[Vec<f64>]) -> Vec<usize> {
    let finite = |i: &usize| scores.iter().all(|scores| scores[*i].is_finite());
    (0..scores[0].len()).filter(finite).collect()
}
