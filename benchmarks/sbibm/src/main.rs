//! The SBI benchmark (Lueckmann et al. 2021, arXiv:2101.04653) run on Retrodict.

mod arguments;
mod check;
mod data;
mod density;
mod invariance;
mod machine;
mod method;
mod results;
mod run;
mod sequential;
mod table;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, C2stOptions, Command};
use retrodict::{Result, Seed};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Command::Run(options) => run::run(&arguments, options),
        Command::Density(options) => density::run(&arguments, options),
        Command::Table(options) => table::run(options),
        Command::CheckSimulators(options) => check::run(&arguments, options),
        Command::C2st(options) => compare(&arguments, options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn compare(arguments: &Arguments, options: &C2stOptions) -> Result<ExitCode> {
    arguments.set_threads()?;
    let reference = data::read_table(&options.reference)?;
    let samples = data::read_table(&options.samples)?;
    println!(
        "{}",
        retrodict::check::c2st(&reference, &samples, Seed(options.seed))?
    );
    Ok(ExitCode::SUCCESS)
}
