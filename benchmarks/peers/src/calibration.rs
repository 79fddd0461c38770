//! Simulation-based calibration and coverage over many test simulations.

use std::time::Instant;

use retrodict::check::CalibrationChecks;
use retrodict::{Result, Seed};

use crate::arguments::CalibrationOptions;
use crate::conversation::{converse, hello, took};
use crate::data::{self, TRAINING_ROWS};
use crate::posterior::train;

pub(crate) fn run(options: &CalibrationOptions) -> Result<()> {
    let simulations = data::read(&options.posterior.data)?;
    let posterior = train(&options.posterior, &simulations)?;
    let rows: Vec<usize> = (TRAINING_ROWS..TRAINING_ROWS + options.tests).collect();
    let tests = simulations.select(&rows);
    let mut seed = 0;
    converse(hello(), || {
        seed += 1;
        let start = Instant::now();
        let found = CalibrationChecks::run(&posterior, &tests, options.posterior.n, Seed(seed))?;
        let n_checks = found.checks().len();
        let mut answer = took(start.elapsed().as_secs_f64(), options.tests);
        answer.insert("checks".into(), n_checks.into());
        Ok(answer)
    })
}
