//! The command line as a whole; each command's own arguments stand in its file.

use clap::{Parser, Subcommand};

use crate::commands::{demo, init, run, sample, stage};

/// From what is seen back to what made it: simulation-based inference.
#[derive(Debug, Parser)]
#[command(
    name = "retrodict",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0    done, and the verdict is not `failed`
  2    the command, the study or a file is wrong
  3    the verdict is `failed`
  4    too many simulations failed
  130  interrupted; the same command again goes on from there

Start with `retrodict demo`, then `retrodict init my-study`.";

/// Options of every command.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Global {
    /// Print nothing but errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print one JSON object on standard output, for errors too.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How many threads to use; the results do not depend on it. [default: one a core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the Gaussian toy from beginning to end, in seconds.
    Demo(demo::Demo),
    /// Write a study that runs as it is.
    Init(init::Init),
    /// Run every stage of a study; what is there already is not done again.
    Run(run::Run),
    /// Only simulate: the simulations to learn from and those to test with.
    Simulate(stage::StageArguments),
    /// Only train, on the simulations in the run folder.
    Fit(stage::StageArguments),
    /// Only draw from the posterior, or draw for another observation with --x.
    Sample(sample::Sample),
    /// Only check the result and give the verdict.
    Check(stage::StageArguments),
    /// Only make the figures and the report.
    Report(stage::StageArguments),
    /// List the built-in simulators.
    Tasks,
    /// Print the JSON schema of a study file.
    Schema,
    /// Print versions.
    Version,
}

impl Command {
    /// The command's name, for messages to programs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Demo(_) => "demo",
            Self::Init(_) => "init",
            Self::Run(_) => "run",
            Self::Simulate(_) => "simulate",
            Self::Fit(_) => "fit",
            Self::Sample(_) => "sample",
            Self::Check(_) => "check",
            Self::Report(_) => "report",
            Self::Tasks => "tasks",
            Self::Schema => "schema",
            Self::Version => "version",
        }
    }
}
