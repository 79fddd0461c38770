//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures Retrodict once for every line read; started by `benchmarks/peers/driver.py`.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// The number of threads
    #[arg(long, global = true, default_value_t = 1)]
    pub(crate) threads: usize,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Forward, backward, clipping and Adam
    TrainingStep(TrainingStepOptions),
    /// Draws from one posterior
    Sample(PosteriorOptions),
    /// Log-probabilities under one posterior
    LogProb(PosteriorOptions),
    /// Draws from a posterior by Markov chains on a learned likelihood
    Mcmc(PosteriorOptions),
    /// Approximate Bayesian computation to a tolerance, with a simulator in Python
    AbcSmc(AbcSmcOptions),
    /// Simulation-based calibration and coverage
    Calibration(CalibrationOptions),
    /// Write simulations of the two moons to theta.npy and x.npy
    TwoMoonsData(TwoMoonsDataOptions),
    /// Train on them with default settings, and draw for observations
    TwoMoons(TwoMoonsOptions),
    /// Rows of a simulator that costs nothing
    Rows(RowsOptions),
    /// Be a worker: answer simulations on the standard streams
    Worker,
}

#[derive(Debug, Args)]
pub(crate) struct TrainingStepOptions {
    /// A folder with theta.npy and x.npy
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Which network
    #[arg(long, value_enum)]
    pub(crate) network: Network,
    /// Rows a step
    #[arg(long, default_value_t = 200)]
    pub(crate) batch: usize,
    /// Steps a repeat
    #[arg(long, default_value_t = 200)]
    pub(crate) steps: usize,
    /// Steps before the first repeat
    #[arg(long, default_value_t = 500)]
    pub(crate) warm_up: usize,
}

#[derive(Debug, Args)]
pub(crate) struct PosteriorOptions {
    /// A folder with theta.npy and x.npy
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Which network; its default settings if left out
    #[arg(long, value_enum)]
    pub(crate) network: Option<Network>,
    /// How many draws, or log-probabilities
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) n: usize,
}

#[derive(Debug, Args)]
pub(crate) struct CalibrationOptions {
    #[command(flatten)]
    pub(crate) posterior: PosteriorOptions,
    /// How many test simulations; `n` is the number of draws for each
    #[arg(long, default_value_t = 1000)]
    pub(crate) tests: usize,
}

#[derive(Debug, Args)]
pub(crate) struct TwoMoonsDataOptions {
    /// The folder to write to
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// How many simulations
    #[arg(long, default_value_t = 10_000)]
    pub(crate) n: usize,
}

#[derive(Debug, Args)]
pub(crate) struct TwoMoonsOptions {
    /// A folder with theta.npy and x.npy
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// A CSV file with a header and one observation a row
    #[arg(long)]
    pub(crate) observations: PathBuf,
    /// The folder to which draws-1.csv, draws-2.csv, … are written
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Draws an observation
    #[arg(long, default_value_t = 10_000)]
    pub(crate) n: usize,
}

#[derive(Debug, Args)]
pub(crate) struct AbcSmcOptions {
    /// The last tolerance
    #[arg(long)]
    pub(crate) tolerance: f64,
    /// Draws a generation
    #[arg(long, default_value_t = 1000)]
    pub(crate) population: usize,
    /// The observed data
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    pub(crate) observation: Vec<f64>,
    /// The program that simulates, and its arguments
    #[arg(long, num_args = 1..)]
    pub(crate) worker: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RowsOptions {
    /// Where the simulator runs
    #[arg(long, value_enum)]
    pub(crate) place: Place,
    /// How many rows
    #[arg(long, default_value_t = 100_000)]
    pub(crate) n: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Network {
    Maf,
    #[value(name = "maf_rqs")]
    MafRqs,
    Nsf,
    Mdn,
    /// The classifier of a ratio
    Ratio,
    /// The vector field of flow matching
    Field,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Place {
    InProcess,
    Worker,
}
