//! Simulators that are started once a simulation.
//!
//! Each run has a temporary folder of its own with the file of parameters (CSV: one line of names,
//! one of values; or a `.npy` array) and the file of data that the program writes. The program runs
//! in the study's folder.

mod run;
mod template;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::seed::Random;
use crate::simulate::rows::{RowSink, Rows};
use crate::simulate::worker::{Protocol, check_seconds};
use crate::simulate::{SimulationFailure, Simulator, Status};
use run::{Ended, Run};
use template::Template;

/// The format of the files of parameters and of data.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Text: numbers separated by commas, blanks or line ends, with or without a header.
    #[default]
    Csv,
    /// NumPy's `.npy`.
    Npy,
}

/// A simulator that is started once a simulation:
/// `command = { template = "./sim --in {parameters} --out {data} --seed {seed}" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandConfig {
    /// The command line. `{parameters}` and `{data}` stand for the names of the two files, `{seed}`
    /// for a number, `{NAME}` for one parameter's value, `{folder}` for an empty folder. Without
    /// `{data}` the data are read from the standard output. No shell is involved.
    pub template: String,
    /// The format of both files.
    #[serde(default)]
    pub format: FileFormat,
    /// The longest that one simulation may take, in seconds; then its process is killed.
    #[serde(default = "default_timeout")]
    pub timeout: f64,
    /// How many processes run at the same time; one a thread if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<usize>,
}

const fn default_timeout() -> f64 {
    60.0
}

/// A program behind the [`Simulator`] trait, started once a simulation.
///
/// An exit code other than zero means that the simulation failed; a program that dies of a signal
/// or takes too long is tried once more (five times if it was killed from outside).
#[derive(Debug)]
pub struct CommandSimulator {
    config: CommandConfig,
    template: Template,
    folder: PathBuf,
    parameters: Vec<String>,
    data_shape: Vec<usize>,
    /// How many simulations in a row gave nothing since the start; none once one succeeded.
    without_success: Mutex<Option<usize>>,
}

/// After so many failures from the first simulation on, the program is taken to be broken.
const MOST_WITHOUT_SUCCESS: usize = 20;

impl CommandSimulator {
    /// A simulator that runs in `folder`, takes these parameters and gives data of this shape.
    ///
    /// # Errors
    /// If the configuration cannot be used.
    pub fn new(
        config: CommandConfig,
        folder: impl AsRef<Path>,
        parameters: &[String],
        data_shape: impl Into<Vec<usize>>,
    ) -> Result<Self> {
        check_seconds("simulator.command.timeout", config.timeout)?;
        if config.workers == Some(0) {
            return Err(Error::invalid(
                "simulator.command.workers",
                0,
                "1 or more",
                "Leave it out for the default.",
            ));
        }
        Ok(Self {
            template: Template::parse(&config.template, parameters)?,
            config,
            folder: folder.as_ref().to_path_buf(),
            parameters: parameters.to_vec(),
            data_shape: data_shape.into(),
            without_success: Mutex::new(Some(0)),
        })
    }

    /// One simulation, tried again after bad luck. The outer error ends everything.
    fn simulate_once(
        &self,
        theta: &[f64],
        random: &mut Random,
        sink: &dyn RowSink,
    ) -> Result<Result<Vec<f64>, SimulationFailure>> {
        let seed = Protocol::Text.seed(random);
        let mut attempts = 0;
        let outcome = loop {
            attempts += 1;
            let run = Run {
                config: &self.config,
                template: &self.template,
                folder: &self.folder,
                parameters: &self.parameters,
                length: self.data_shape.iter().product(),
                theta,
                seed,
            };
            match run.run(sink)? {
                Ended::Data(x) => break Ok(x),
                Ended::Failed(failure) => break Err(failure),
                Ended::Lost(loss) if attempts >= loss.most_attempts() => {
                    break Err(SimulationFailure {
                        status: loss.status(),
                        reason: format!("the program {}", loss.words()),
                    });
                }
                Ended::Lost(_) => {}
            }
        };
        self.count(&outcome)?;
        Ok(outcome)
    }

    fn count(&self, outcome: &Result<Vec<f64>, SimulationFailure>) -> Result<()> {
        let mut count = self
            .without_success
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match (outcome, *count) {
            (Ok(_), _) => *count = None,
            (Err(failure), Some(n)) if n + 1 >= MOST_WITHOUT_SUCCESS => {
                return Err(Error::Simulator {
                    simulator: self.name(),
                    problem: format!(
                        "none of the first {MOST_WITHOUT_SUCCESS} simulations succeeded; in the \
                         last one {}",
                        failure.reason.trim_end()
                    ),
                    advice: "Run it by hand, in the study's folder.".into(),
                });
            }
            (Err(_), n) => *count = n.map(|n| n + 1),
        }
        Ok(())
    }

    /// Runs rows until there are none or `stop` is raised.
    fn work(&self, rows: &Rows<'_>, next: &AtomicUsize, sink: &dyn RowSink) -> Result<()> {
        let length = self.data_shape.iter().product();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= rows.len() {
                return Ok(());
            }
            if sink.interrupted() {
                return Err(Error::Interrupted);
            }
            match self.simulate_once(rows.theta(i), &mut rows.random(i), sink)? {
                Ok(x) => sink.finished(i, &[Status::Ok], &x)?,
                Err(failure) => {
                    sink.log(&format!("{}: {}", self.name(), failure.reason));
                    sink.finished(i, &[failure.status], &vec![f64::NAN; length])?;
                }
            }
        }
    }
}

impl Simulator for CommandSimulator {
    fn name(&self) -> String {
        self.config.template.clone()
    }

    fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    fn data_shape(&self) -> Vec<usize> {
        self.data_shape.clone()
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let outcome = self.simulate_once(theta, random, &Unheard);
        let values = outcome.unwrap_or_else(|error| {
            Err(SimulationFailure {
                status: Status::Crashed,
                reason: error.to_string(),
            })
        })?;
        x.copy_from_slice(&values);
        Ok(())
    }

    fn simulate_rows(&self, rows: &Rows<'_>, sink: &dyn RowSink) -> Result<()> {
        let next = AtomicUsize::new(0);
        let n_threads = self
            .config
            .workers
            .unwrap_or_else(rayon::current_num_threads);
        let work = || {
            let result = self.work(rows, &next, sink);
            if result.is_err() {
                // The others finish the simulation that they are at and take no more.
                next.store(rows.len(), Ordering::Relaxed);
            }
            result
        };
        let results: Vec<Result<()>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads.min(rows.len()))
                .map(|_| scope.spawn(work))
                .collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .expect("a thread that runs programs does not panic")
                })
                .collect()
        });
        results.into_iter().collect()
    }
}

/// Takes no rows: for one simulation by itself.
struct Unheard;

impl RowSink for Unheard {
    fn finished(&self, _first: usize, _status: &[Status], _x: &[f64]) -> Result<()> {
        Ok(())
    }
}
