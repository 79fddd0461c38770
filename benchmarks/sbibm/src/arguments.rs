//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use retrodict::simulate::builtin::BENCHMARK;
use retrodict::{Error, Result};

use crate::data::Data;

const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/results.jsonl");

/// Runs the SBI benchmark: run download.sh first.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// The folder with one folder a task
    #[arg(long, global = true, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sbibm/tasks"))]
    data: PathBuf,
    /// The number of threads; all cores if left out
    #[arg(long, global = true)]
    threads: Option<usize>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train posterior estimators and measure them
    Run(RunOptions),
    /// Train them and print the mean log-density of the true parameters of fresh simulations
    Density(DensityOptions),
    /// Print the results as a Markdown table beside the published figures
    Table(TableOptions),
    /// Compare the built-in simulators' posteriors with the reference samples
    CheckSimulators(CheckOptions),
    /// Print the classifier two-sample accuracy of two CSV files with a header
    C2st(C2stOptions),
}

/// What is trained, and how.
#[derive(Debug, Args)]
pub(crate) struct SettingsOptions {
    /// The method
    #[arg(long, value_enum, default_value_t = MethodName::Npe)]
    pub(crate) method: MethodName,
    /// A TOML file with the method's settings, or, for rounds and auto, those of a study's
    /// `[inference]`; defaults if left out
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
}

/// A method of posterior estimation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodName {
    /// Neural posterior estimation
    Npe,
    /// Flow matching posterior estimation
    Fmpe,
    /// Neural posterior score estimation
    Npse,
    /// Neural likelihood estimation
    Nle,
    /// Neural ratio estimation
    Nre,
    /// What suits each observation, in rounds
    Auto,
    /// Approximate Bayesian computation by sequential Monte Carlo
    AbcSmc,
}

impl MethodName {
    /// Whether one fit serves all observations, if it has one round.
    pub(crate) fn is_amortised(self) -> bool {
        !matches!(self, Self::Auto | Self::AbcSmc)
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Numbers of simulations, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "10000")]
    pub(crate) simulations: Vec<usize>,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
    /// The number of rounds: one if left out, or what auto settles; with more than one, or with auto
    /// and abc-smc, each observation has a fit of its own
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
    /// The seed of simulations, training, draws and folds
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The file of results, one JSON object a line; what it holds already is not done again
    #[arg(long, default_value = RESULTS)]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DensityOptions {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Numbers of simulations, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "10000")]
    pub(crate) simulations: Vec<usize>,
    #[command(flatten)]
    pub(crate) settings: SettingsOptions,
    /// Seeds of simulations and training, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "1")]
    pub(crate) seeds: Vec<u64>,
    /// How many fresh simulations
    #[arg(long, default_value_t = 20_000)]
    pub(crate) fresh: usize,
}

#[derive(Debug, Args)]
pub(crate) struct TableOptions {
    /// The file of results
    #[arg(long, default_value = RESULTS)]
    pub(crate) results: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct C2stOptions {
    /// The reference samples, by which both are standardised
    pub(crate) reference: PathBuf,
    /// The samples to compare
    pub(crate) samples: PathBuf,
    /// The seed of folds and networks
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// Which tasks and observations.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Tasks, separated by commas; all ten if left out
    #[arg(long, value_delimiter = ',')]
    tasks: Vec<String>,
    /// Observations: a number, a list or a range such as 1-5
    #[arg(long, default_value = "1-5")]
    observations: String,
    /// Allow observations 6 to 10, which are kept for the final figures
    #[arg(long = "final")]
    last: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Reference samples that are moved
    #[arg(long, default_value_t = 10_000)]
    pub(crate) samples: usize,
    /// Metropolis steps for each
    #[arg(long, default_value_t = 40)]
    pub(crate) steps: usize,
    /// The seed
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Arguments {
    pub(crate) fn data(&self) -> Data {
        Data(self.data.clone())
    }

    pub(crate) fn set_threads(&self) -> Result<()> {
        let Some(n) = self.threads else {
            return Ok(());
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n);
        pool.build_global().map_err(|e| {
            Error::invalid(
                "--threads",
                n,
                "a number of threads that can be started",
                e.to_string(),
            )
        })
    }
}

impl Selection {
    pub(crate) fn tasks(&self) -> Result<Vec<&str>> {
        if self.tasks.is_empty() {
            return Ok(BENCHMARK.to_vec());
        }
        for task in &self.tasks {
            if !BENCHMARK.contains(&task.as_str()) {
                let expected = format!("some of {}", BENCHMARK.join(", "));
                return Err(Error::invalid(
                    "--tasks",
                    task,
                    expected,
                    "Check the spelling.",
                ));
            }
        }
        Ok(self.tasks.iter().map(String::as_str).collect())
    }

    pub(crate) fn observations(&self) -> Result<Vec<usize>> {
        let given = &self.observations;
        let wrong = || {
            Error::invalid(
                "--observations",
                given,
                "numbers from 1 to 10, such as `3`, `1,4` or `1-5`",
                "Separate numbers with commas.",
            )
        };
        let mut numbers = Vec::new();
        for part in given.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let parse = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
            numbers.extend(parse(from)?..=parse(to)?);
        }
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.is_empty() || numbers[0] < 1 || numbers[numbers.len() - 1] > 10 {
            return Err(wrong());
        }
        if numbers.iter().any(|n| *n > 5) && !self.last {
            return Err(Error::invalid(
                "--observations",
                given,
                "observations 1 to 5, on which settings are chosen",
                "Observations 6 to 10 are kept for the final figures: add --final to use them.",
            ));
        }
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(observations: &str, last: bool) -> Result<Vec<usize>> {
        let selection = Selection {
            tasks: vec![],
            observations: observations.into(),
            last,
        };
        selection.observations()
    }

    #[test]
    fn ranges_and_lists_are_understood_and_the_last_five_are_guarded() {
        assert_eq!(selection("1-3,5,2", false).unwrap(), [1, 2, 3, 5]);
        assert_eq!(selection("6-10", true).unwrap(), [6, 7, 8, 9, 10]);
        assert!(
            selection("6", false)
                .unwrap_err()
                .to_string()
                .contains("--final")
        );
        for wrong in ["0", "11", "a", "5-1", ""] {
            assert!(selection(wrong, true).is_err(), "{wrong}");
        }
    }
}
