//! Calibration of a method that simulates for one observation: it infers from test simulations, one after the
//! other, as if each was the observation.

use std::sync::Arc;

use rayon::prelude::*;

use super::watcher::Watcher;
use crate::check::Check;
use crate::error::Result;
use crate::infer::abc::{AbcProblem, abc_smc};
use crate::infer::{AbcPopulation, AbcPopulations, SyntheticLikelihood};
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::study::stages::check::not_calibrated;
use crate::study::{Method, Run};

const HOW: &str = "Set `check.repeated_inferences` to 100 or so if that is affordable, or compare it with a method \
                   that learns for all observations at once, such as `npe`.";

impl Run<'_> {
    /// Calibration on as many test simulations as the study can afford to infer from.
    pub(in crate::study::stages) fn calibrate_by_repetition(&self) -> Result<Vec<Check>> {
        let config = self.study().config();
        if config.check.repeated_inferences == 0 {
            let method = config.inference.method.name();
            let why = format!(
                "`{method}` simulates for each observation by itself, so every test costs as much as the study"
            );
            return Ok(vec![not_calibrated(&why, HOW)]);
        }
        let tests = self.test_simulations()?;
        let mut rows = tests.valid_rows();
        rows.truncate(config.check.repeated_inferences);
        let tests = tests.select(&rows);
        if config.inference.method == Method::AbcSmc {
            return self.calibrate_with(&self.repeated_populations(&tests)?, &tests);
        }
        let posterior = self.sampled(Box::new(self.unrecorded_likelihood()?))?;
        self.calibrate_with(&*posterior, &tests)
    }

    /// The populations of test simulations, each with a budget like that of the observation.
    fn repeated_populations(&self, tests: &Simulations) -> Result<AbcPopulations> {
        let given = self.all_simulations(&*self.training_simulations()?)?;
        let config = self.abc_smc_config(&given);
        let simulator = Arc::clone(self.simulator()?);
        let watcher = Watcher::new(self);
        let (stop, prior) = (self.stop().clone(), self.study().prior());
        let seed = Seed(self.study().config().study.seed);
        let populate = |row: usize| -> Result<AbcPopulation> {
            stop.check()?;
            let x = tests.x.row(row);
            let problem = AbcProblem {
                observer: &watcher,
                ..AbcProblem::new(prior, &*simulator, x)
            };
            let seed = seed.derive(Stream::RepeatedInference, row as u64);
            let result = abc_smc(&problem, &config, Some(&given), seed)?;
            Ok(AbcPopulation::new(result, x))
        };
        let populations: Result<Vec<_>> = (0..tests.len()).into_par_iter().map(populate).collect();
        let populations = populations?;
        let own: usize = populations
            .iter()
            .map(|p| p.n_simulations() - given.len())
            .sum();
        self.note(format!(
            "calibration inferred from {} test simulations, with {own} more simulations",
            tests.len()
        ));
        Ok(AbcPopulations::new(prior.clone(), populations))
    }

    /// The study's synthetic likelihood, whose values are not written down: each test asks for its own.
    fn unrecorded_likelihood(&self) -> Result<SyntheticLikelihood> {
        let seed = Seed(self.study().config().study.seed);
        self.synthetic(seed.derive(Stream::RepeatedInference, 0))
    }
}
