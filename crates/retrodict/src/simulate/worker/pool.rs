//! A pool of worker processes that acts as one simulator.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::seed::Random;
use crate::simulate::rows::{Observer, RowSink, Rows};
use crate::simulate::worker::driver::Driver;
use crate::simulate::worker::hello::Hello;
use crate::simulate::worker::loss::Loss;
use crate::simulate::worker::messages::Messages;
use crate::simulate::worker::process::Process;
use crate::simulate::worker::protocol::{Answer, Job};
use crate::simulate::worker::queue::Queue;
use crate::simulate::worker::starter::{FLUSH, Starter};
use crate::simulate::worker::{Protocol, WorkerConfig};
use crate::simulate::{SimulationFailure, Simulator, Status, no_log_likelihood};

/// Worker processes behind the [`Simulator`] trait.
///
/// Results do not depend on how many processes there are, nor on when one dies: a batch whose
/// process is lost is run again row by row, so that only a simulation that ends its process by
/// itself is counted as failed. The processes end when the pool is dropped.
///
/// # Example
/// ```no_run
/// use retrodict::simulate::{Noise, Protocol, WorkerConfig, WorkerPool, simulate};
/// use retrodict::{Seed, Stream, Table};
/// let config = WorkerConfig::new(["python3", "simulator.py"], Protocol::Binary);
/// let pool = WorkerPool::start(config, ".", 2)?;
/// let theta = Table::new(["mass", "spin"], vec![1.4, 0.3, 1.5, 0.1])?;
/// let noise = Noise { seed: Seed(1), purpose: Stream::Simulator, first: 0 };
/// let simulations = simulate(&pool, theta, noise, &())?;
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Debug)]
pub struct WorkerPool {
    pub(crate) config: WorkerConfig,
    folder: PathBuf,
    hello: Hello,
    slots: Vec<Mutex<Option<Process>>>,
    messages: Arc<Messages>,
    lost_in_a_row: AtomicUsize,
    has_answered: AtomicBool,
}

impl WorkerPool {
    /// Starts the first process in `folder` and reads its hello; the others follow when there is
    /// work for them.
    ///
    /// # Errors
    /// If the configuration cannot be used, the program cannot be started, dies or says nothing in
    /// time, its hello is none, or it does not take `n_parameters` parameters.
    pub fn start(
        config: WorkerConfig,
        folder: impl AsRef<Path>,
        n_parameters: usize,
    ) -> Result<Self> {
        config.validate()?;
        let folder = folder.as_ref().to_path_buf();
        let messages = Arc::new(Messages::default());
        let starter = Starter {
            config: &config,
            folder: &folder,
            messages: &messages,
        };
        let (process, hello) = starter.start(&|| false)?;
        if hello.parameters != n_parameters {
            let problem = format!(
                "it takes {} parameters (its hello line), but the study has {n_parameters}",
                hello.parameters
            );
            return Err(starter.error(
                &problem,
                "Give one prior for each parameter of the simulator, in its order.",
            ));
        }
        let slots: Vec<_> = (0..config.n_workers()).map(|_| Mutex::new(None)).collect();
        *lock(&slots[0]) = Some(process);
        Ok(Self {
            config,
            folder,
            hello,
            slots,
            messages,
            lost_in_a_row: AtomicUsize::new(0),
            has_answered: AtomicBool::new(false),
        })
    }

    fn starter(&self) -> Starter<'_> {
        Starter {
            config: &self.config,
            folder: &self.folder,
            messages: &self.messages,
        }
    }

    /// Another process, which has to say the same hello as the first.
    pub(crate) fn start_process(&self, interrupted: &dyn Fn() -> bool) -> Result<Process> {
        let (process, hello) = self.starter().start(interrupted)?;
        if hello == self.hello {
            return Ok(process);
        }
        let problem = format!(
            "a process said that it takes {} parameters and gives data of shape {:?}, another {} \
             and {:?}",
            self.hello.parameters, self.hello.data, hello.parameters, hello.data
        );
        Err(self
            .starter()
            .error(&problem, "The hello line must not change between starts."))
    }

    /// Runs all rows of a job on all processes.
    fn run(&self, job: &Job<'_>, sink: &dyn RowSink) -> Result<()> {
        let n = job.len();
        let n_drivers = self.slots.len().min(n);
        let queue = Queue::new(n, n_drivers);
        let drive = |slot: &Mutex<Option<Process>>| {
            let mut process = lock(slot);
            let mut driver = Driver {
                pool: self,
                job,
                sink,
                queue: &queue,
                process: &mut process,
                answer: Answer::default(),
                row_time: None,
                size: 1,
            };
            let result = driver.run();
            if result.is_err() {
                // What this process still says belongs to rows that nobody waits for.
                *driver.process = None;
                queue.close();
            }
            result
        };
        let results: Vec<Result<()>> = std::thread::scope(|scope| {
            let drivers: Vec<_> = self.slots[..n_drivers]
                .iter()
                .map(|slot| scope.spawn(|| drive(slot)))
                .collect();
            drivers
                .into_iter()
                .map(|driver| driver.join().expect("a driver does not panic"))
                .collect()
        });
        self.log(sink);
        // An error closes the queue, which interrupts the other drivers: the cause comes first.
        let (stopped, caused): (Vec<_>, Vec<_>) = results
            .into_iter()
            .partition(|result| matches!(result, Err(Error::Interrupted)));
        caused.into_iter().chain(stopped).collect()
    }

    /// Counts a lost process; too many in a row mean that the simulator does not work.
    pub(crate) fn lost(&self, loss: &Loss, last_lines: &str) -> Result<()> {
        let in_a_row = self.lost_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        let has_answered = self.has_answered.load(Ordering::Relaxed);
        if in_a_row < loss.most_in_a_row(has_answered) {
            return Ok(());
        }
        let history = if has_answered {
            "with no answer between"
        } else {
            "and never answered"
        };
        let problem = format!(
            "its process was lost {in_a_row} times in a row, {history}; the last one {}, and \
             {last_lines}",
            loss.words()
        );
        Err(self.starter().error(&problem, self.advice(loss)))
    }

    pub(crate) fn answered(&self) {
        self.lost_in_a_row.store(0, Ordering::Relaxed);
        self.has_answered.store(true, Ordering::Relaxed);
    }

    fn advice(&self, loss: &Loss) -> &'static str {
        match (loss, self.config.protocol) {
            (Loss::TimedOut(_), _) => FLUSH,
            (Loss::Malformed(_), Protocol::Binary) => {
                "Does it speak the binary protocol (`protocol = \"text\"` if it writes lines), and \
                 print nothing else on its standard output?"
            }
            (Loss::Malformed(_), Protocol::Text) => {
                "Write one line of numbers for each line read, or `failed REASON`, and print \
                 everything else on standard error."
            }
            _ => "Run it by hand with a few simulations as input.",
        }
    }

    pub(crate) fn writes_too_much(&self, text: &str) -> Error {
        self.starter().error(
            &format!("it wrote more than it was asked for: `{text}`"),
            "Only answers belong on the standard output: print everything else on standard error.",
        )
    }

    /// Passes on what the processes wrote to their standard error.
    pub(crate) fn log(&self, sink: &dyn RowSink) {
        self.messages.drain(|line| sink.log(line));
    }
}

impl Simulator for WorkerPool {
    fn name(&self) -> String {
        self.config.command_line()
    }

    fn n_parameters(&self) -> usize {
        self.hello.parameters
    }

    fn data_shape(&self) -> Vec<usize> {
        self.hello.data.clone()
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let row = OneRow(Mutex::new((Status::Crashed, Vec::new(), String::new())));
        let job = Job {
            theta,
            seeds: &[self.config.protocol.seed(random)],
            n_parameters: self.hello.parameters,
            length: x.len(),
            observed: None,
        };
        let outcome = self.run(&job, &row);
        let (status, values, reason) = row.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let reason = outcome.map_or_else(|error| error.to_string(), |()| reason);
        if status != Status::Ok {
            return Err(SimulationFailure { status, reason });
        }
        x.copy_from_slice(&values);
        Ok(())
    }

    fn simulate_rows(&self, rows: &Rows<'_>, sink: &dyn RowSink) -> Result<()> {
        let seeds: Vec<u64> = (0..rows.len())
            .map(|i| self.config.protocol.seed(&mut rows.random(i)))
            .collect();
        let job = Job {
            theta: rows.all_theta(),
            seeds: &seeds,
            n_parameters: self.hello.parameters,
            length: self.hello.data.iter().product(),
            observed: None,
        };
        self.run(&job, sink)
    }

    fn has_log_likelihood(&self) -> bool {
        self.hello.log_likelihood
    }

    fn log_likelihood(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        observer: &dyn Observer,
    ) -> Result<()> {
        if !self.hello.log_likelihood {
            return Err(no_log_likelihood(self.name()));
        }
        let job = Job {
            theta,
            seeds: &[],
            n_parameters: self.hello.parameters,
            length: 1,
            observed: Some(x),
        };
        let found = Likelihoods {
            values: Mutex::new(values),
            observer,
        };
        self.run(&job, &found)
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        // All are asked to exit before the first is waited for.
        for slot in &self.slots {
            if let Some(process) = lock(slot).as_mut() {
                process.close_input();
            }
        }
    }
}

/// Log-likelihoods, each at its place; NaN for those that failed.
struct Likelihoods<'a> {
    values: Mutex<&'a mut [f64]>,
    observer: &'a dyn Observer,
}

impl RowSink for Likelihoods<'_> {
    fn finished(&self, first: usize, _: &[Status], x: &[f64]) -> Result<()> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values[first..][..x.len()].copy_from_slice(x);
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.observer.interrupted()
    }

    fn log(&self, line: &str) {
        self.observer.log(line);
    }
}

struct OneRow(Mutex<(Status, Vec<f64>, String)>);

impl RowSink for OneRow {
    fn finished(&self, _first: usize, status: &[Status], x: &[f64]) -> Result<()> {
        let mut row = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        row.0 = status[0];
        row.1 = x.to_vec();
        Ok(())
    }

    fn log(&self, line: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).2 = line.to_string();
    }
}

/// A driver that panicked has left at worst a process that the next one replaces.
fn lock(slot: &Mutex<Option<Process>>) -> std::sync::MutexGuard<'_, Option<Process>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
