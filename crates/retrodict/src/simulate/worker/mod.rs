//! Simulators in any language: long-lived processes that talk over their standard streams.
//!
//! On start a worker prints one line of JSON, `{"retrodict": 1, "parameters": 2, "data": [100]}`.
//! Then, in the [`Protocol::Binary`] protocol (little endian), it reads `u32 n`, `n × u64` seeds and
//! `n × parameters × f64`, and writes `n × u8` status (0 ok, 1 failed) and `n × prod(data) × f64`;
//! in the [`Protocol::Text`] protocol it reads lines `seed θ1 θ2 …` and answers each with one line,
//! `x1 x2 …` or `failed REASON`. The end of its input means: exit. Standard error goes to the log.
//!
//! A worker with `"log_likelihood": true` in its first line also computes log p(x | θ). In the binary
//! protocol it is asked by `u32 0`, `u32 n`, one row of data and n rows of parameters as `f64`, and
//! writes `n × u8` status and `n × f64`; in the text protocol by `log_likelihood θ1 θ2 … x1 x2 …`, and
//! writes one number, −∞ as `-inf`.
//!
//! The seed of simulation *i* is made of the first bits of its stream: 53 in the binary protocol, so
//! that a double holds it exactly, and 31 in the text protocol, because the `srand` of some awks
//! gives the same numbers for all larger seeds, and the integers of R and of Fortran end there.

mod driver;
mod hello;
mod loss;
mod messages;
mod pool;
mod process;
mod protocol;
mod queue;
mod starter;

pub(crate) use loss::Loss;
pub(crate) use messages::{LastLines, Messages};
pub use pool::WorkerPool;
pub(crate) use process::{cannot_start, has_exited, kill_group, own_group, program};
pub(crate) use protocol::number;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::seed::Random;

/// How numbers travel to a worker and back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Little-endian numbers, many simulations at a time.
    #[default]
    Binary,
    /// One line a simulation.
    Text,
}

impl Protocol {
    /// The seed that a simulation is sent.
    pub(crate) fn seed(self, random: &mut Random) -> u64 {
        let bits = match self {
            Self::Binary => 53,
            Self::Text => 31,
        };
        random.next_u64() >> (64 - bits)
    }
}

/// A simulator that is a program: `worker = { command = ["python3", "simulator.py"] }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerConfig {
    /// The program and its arguments. Relative paths are meant from the study file's folder.
    pub command: Vec<String>,
    /// How numbers travel.
    #[serde(default)]
    pub protocol: Protocol,
    /// The longest that one simulation may take, in seconds; then its process is killed.
    #[serde(default = "default_timeout")]
    pub timeout: f64,
    /// The longest that a process may take to say hello, in seconds.
    #[serde(default = "default_timeout")]
    pub startup_timeout: f64,
    /// How many processes run at the same time; one a thread if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<usize>,
    /// The most simulations that are sent at once. The number sent grows up to it until a batch
    /// takes about a twentieth of a second.
    #[serde(default = "default_batch")]
    pub batch: usize,
}

const fn default_timeout() -> f64 {
    60.0
}

const fn default_batch() -> usize {
    1000
}

impl WorkerConfig {
    /// A worker with this command and protocol, and defaults for everything else.
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>, protocol: Protocol) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            protocol,
            timeout: default_timeout(),
            startup_timeout: default_timeout(),
            workers: None,
            batch: default_batch(),
        }
    }

    /// The command as one would type it.
    pub fn command_line(&self) -> String {
        self.command.join(" ")
    }

    /// How many processes run at the same time.
    pub fn n_workers(&self) -> usize {
        self.workers.unwrap_or_else(rayon::current_num_threads)
    }

    /// Whether every field can be used.
    ///
    /// # Errors
    /// Names the first field that cannot.
    pub fn validate(&self) -> Result<()> {
        let program = self.command.first().map_or("", |p| p.trim());
        if program.is_empty() {
            return Err(Error::invalid(
                "worker.command",
                format!("{:?}", self.command),
                "a program and its arguments",
                "Write for example `command = [\"python3\", \"simulator.py\"]`.",
            ));
        }
        for (name, seconds) in [
            ("worker.timeout", self.timeout),
            ("worker.startup_timeout", self.startup_timeout),
        ] {
            check_seconds(name, seconds)?;
        }
        for (name, count) in [
            ("worker.workers", self.workers.unwrap_or(1)),
            ("worker.batch", self.batch),
        ] {
            if count == 0 {
                return Err(Error::invalid(
                    name,
                    count,
                    "1 or more",
                    "Leave it out for the default.",
                ));
            }
        }
        Ok(())
    }
}

/// A time limit must be positive, and short enough to add to a clock.
pub(crate) fn check_seconds(name: &str, seconds: f64) -> Result<()> {
    const LONGEST: f64 = 1e8;
    if seconds > 0.0 && seconds <= LONGEST {
        return Ok(());
    }
    Err(Error::invalid(
        name,
        seconds,
        "a positive number of seconds, at most 1e8",
        "Leave it out for 60 seconds.",
    ))
}
