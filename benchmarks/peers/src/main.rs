//! Retrodict's side of the comparison with its peers: one sub-command a measurement.
//!
//! Each does what it measures once for every line on its standard input and answers with one line of
//! JSON, so that the driver can let it and its peers take turns. See README.md.

mod abc_smc;
mod arguments;
mod calibration;
mod conversation;
mod data;
mod estimators;
mod mcmc;
mod posterior;
mod rows;
mod training_step;
mod two_moons;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use retrodict::{Error, Result};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads);
    let pool = pool.build().map_err(|e| {
        Error::invalid(
            "--threads",
            arguments.threads,
            "a number of threads that can be started",
            e.to_string(),
        )
    })?;
    // Inside the pool from the start: entering it anew for every step would be part of its time.
    pool.install(|| match &arguments.command {
        Command::TrainingStep(options) => training_step::run(options),
        Command::Sample(options) => posterior::sample(options),
        Command::LogProb(options) => posterior::log_prob(options),
        Command::Mcmc(options) => mcmc::run(options),
        Command::AbcSmc(options) => abc_smc::run(options),
        Command::Calibration(options) => calibration::run(options),
        Command::TwoMoonsData(options) => two_moons::simulate(options),
        Command::TwoMoons(options) => two_moons::run(options),
        Command::Rows(options) => rows::run(options),
        Command::Worker => worker::run(),
    })
}
