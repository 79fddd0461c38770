//! The command line of Retrodict: `retrodict --help` says what it does.
//!
//! It is a library so that the Python package carries the same command.

mod arguments;
mod commands;
mod console;
mod exit;
mod interrupt;
mod posterior_table;
mod progress;
mod templates;

use std::ffi::OsString;

use clap::Parser;
use retrodict::{Error, Result};
use retrodict_kernels::Kernels;

use crate::arguments::{Arguments, Command};
use crate::console::Console;
use crate::exit::ExitCode;

/// Runs the command that `arguments` name, the program's own name first, and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let given: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&given) {
        Ok(arguments) => arguments,
        Err(error) => return console::usage(&error, &given),
    };
    let console = Console::new(&arguments.global);
    let command = arguments.command.name();
    let code = execute(&arguments, console).unwrap_or_else(|error| {
        let code = ExitCode::of(&error);
        console.error(command, &error.to_string(), exit::kind(&error), code);
        code
    });
    code as u8
}

fn execute(arguments: &Arguments, console: Console) -> Result<ExitCode> {
    check_tier()?;
    use_threads(arguments.global.threads)?;
    match &arguments.command {
        Command::Demo(command) => command.run(console),
        Command::Init(command) => command.run(console),
        Command::Run(command) => command.run(console),
        Command::Simulate(command) => command.run(console, commands::stage::Which::Simulate),
        Command::Fit(command) => command.run(console, commands::stage::Which::Fit),
        Command::Sample(command) => command.run(console),
        Command::Check(command) => command.run(console, commands::stage::Which::Check),
        Command::Report(command) => command.run(console, commands::stage::Which::Report),
        Command::Tasks => commands::tasks::run(console),
        Command::Schema => Ok(commands::schema::run(console)),
        Command::Version => Ok(commands::version::run(console)),
    }
}

/// Refuses an instruction set that the machine does not have, before anything is computed with it.
fn check_tier() -> Result<()> {
    let advice = "Set it to one of them, or unset it for the fastest.";
    match Kernels::chosen() {
        Ok(_) => Ok(()),
        Err(unknown) => Err(Error::invalid(
            "the environment variable RETRODICT_TIER",
            unknown.given,
            unknown.available,
            advice,
        )),
    }
}

fn use_threads(threads: Option<u16>) -> Result<()> {
    let Some(n) = threads else { return Ok(()) };
    rayon::ThreadPoolBuilder::new()
        .num_threads(usize::from(n))
        .build_global()
        .map_err(|error| {
            Error::invalid(
                "--threads",
                n,
                "threads that can be started",
                format!("{error}."),
            )
        })
}
