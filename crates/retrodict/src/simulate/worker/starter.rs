//! Starting worker processes, and hearing their hello.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::simulate::worker::WorkerConfig;
use crate::simulate::worker::hello::{Hello, LONGEST_HELLO};
use crate::simulate::worker::loss::Loss;
use crate::simulate::worker::messages::Messages;
use crate::simulate::worker::process::Process;

/// How often a process that ends before its hello is started: by itself, or killed from outside.
const MOST_STARTS: usize = 3;
const MOST_KILLED_STARTS: usize = 10;

/// What to do about a process that says nothing.
pub(crate) const FLUSH: &str = "Does it flush its standard output after each answer (Python: \
    `print(..., flush=True)` or `sys.stdout.flush()`; C: `fflush(stdout)`; awk: `fflush()`, and \
    `mawk -W interactive`), and read exactly what it is sent? If it is only slow, raise the time \
    limit.";

/// Starts processes and reads their hello.
pub(crate) struct Starter<'a> {
    pub(crate) config: &'a WorkerConfig,
    pub(crate) folder: &'a Path,
    pub(crate) messages: &'a Arc<Messages>,
}

impl Starter<'_> {
    pub(crate) fn start(&self, interrupted: &dyn Fn() -> bool) -> Result<(Process, Hello)> {
        let mut starts = 1;
        loop {
            let mut process = Process::start(&self.config.command, self.folder, self.messages)?;
            let deadline = Instant::now() + Duration::from_secs_f64(self.config.startup_timeout);
            let said = process
                .take_line(LONGEST_HELLO, deadline, interrupted)
                .map(<[u8]>::to_vec);
            match said {
                Ok(line) => return Ok((process, self.hello(&line)?)),
                Err(Loss::Interrupted) => return Err(Error::Interrupted),
                Err(Loss::Died(_)) if starts < MOST_STARTS => starts += 1,
                Err(Loss::Killed(_)) if starts < MOST_KILLED_STARTS => starts += 1,
                Err(loss) => {
                    process.kill();
                    return Err(self.no_hello(&loss, &process.last_lines()));
                }
            }
        }
    }

    fn hello(&self, line: &[u8]) -> Result<Hello> {
        Hello::parse(line).map_err(|problem| {
            self.error(
                &problem,
                "Print that line first and nothing before it, and everything that is no answer on \
                 standard error.",
            )
        })
    }

    fn no_hello(&self, loss: &Loss, last_lines: &str) -> Error {
        let problem = format!(
            "its process {} before it had said hello, and {last_lines}",
            loss.words()
        );
        let problem = problem.replace("did not answer in time before", "ran out of time before");
        let advice = if matches!(loss, Loss::TimedOut(_)) {
            FLUSH
        } else {
            "Run the command in a shell, in the study's folder: it must print its hello line and \
             wait for input."
        };
        self.error(&problem, advice)
    }

    pub(crate) fn error(&self, problem: &str, advice: &str) -> Error {
        Error::Simulator {
            simulator: self.config.command_line(),
            problem: problem.trim_end().to_string(),
            advice: advice.into(),
        }
    }
}
