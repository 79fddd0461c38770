//! Keeps one worker process busy, and decides what becomes of rows whose process was lost.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::simulate::rows::RowSink;
use crate::simulate::worker::loss::Loss;
use crate::simulate::worker::pool::WorkerPool;
use crate::simulate::worker::process::Process;
use crate::simulate::worker::protocol::{Answer, Job, Patience, exchange};
use crate::simulate::worker::queue::Queue;

/// What a batch should take: long against the cost of a message, short against a user's patience.
const BATCH_TIME: f64 = 0.05;
/// The most bytes that a batch may have in either direction.
const BATCH_BYTES: usize = 16 << 20;
/// How long to listen for output that nobody asked for after the first answer of a process: a
/// simulator that prints on its standard output is then found out.
const LISTEN_FIRST: Duration = Duration::from_millis(20);
/// The same after the last answer of a job.
const LISTEN_LAST: Duration = Duration::from_millis(2);

/// One process slot of a pool, at work on a job.
pub(crate) struct Driver<'a> {
    pub(crate) pool: &'a WorkerPool,
    pub(crate) job: &'a Job<'a>,
    pub(crate) sink: &'a dyn RowSink,
    pub(crate) queue: &'a Queue,
    pub(crate) process: &'a mut Option<Process>,
    pub(crate) answer: Answer,
    /// What one simulation takes, in seconds, judged from the last batches.
    pub(crate) row_time: Option<f64>,
    /// How many rows the last batch had.
    pub(crate) size: usize,
}

impl Driver<'_> {
    /// Takes batches until there are none.
    pub(crate) fn run(&mut self) -> Result<()> {
        while let Some(range) = self.queue.take(self.next_size()) {
            self.size = range.len();
            self.batch(range)?;
            self.go_on()?;
        }
        // Likelihoods are asked for in thousands of small jobs: the next one listens first.
        match self.job.observed {
            Some(_) => Ok(()),
            None => self.listen(LISTEN_LAST),
        }
    }

    fn go_on(&self) -> Result<()> {
        if self.interrupted() {
            return Err(Error::Interrupted);
        }
        Ok(())
    }

    /// Whether the user asked to stop, or another driver has found an error.
    fn interrupted(&self) -> bool {
        self.sink.interrupted() || self.queue.is_closed()
    }

    /// Grows at most fourfold, up to what takes `BATCH_TIME`.
    fn next_size(&self) -> usize {
        let row_bytes = 8 * self.job.length.max(self.job.n_parameters + 1);
        let most = self.pool.config.batch.min((BATCH_BYTES / row_bytes).max(1));
        let Some(row_time) = self.row_time else {
            return 1;
        };
        let wanted = BATCH_TIME / row_time.max(1e-9);
        (wanted as usize).min(4 * self.size).clamp(1, most)
    }

    fn batch(&mut self, range: Range<usize>) -> Result<()> {
        let n = range.len();
        let Err(loss) = self.attempt(range.clone())? else {
            return self.deliver(range.start);
        };
        let answered = self.answer.status.len();
        if answered > 0 {
            self.pool.answered();
            self.deliver(range.start)?;
        }
        self.note(&loss, range.start + answered..range.end);
        let lost = usize::from(n == 1 || matches!(loss, Loss::TimedOut(_)));
        for row in range.start + answered..range.end {
            self.alone(row, lost)?;
        }
        Ok(())
    }

    /// One row by itself: the row that is to blame shows, and all others are saved.
    fn alone(&mut self, row: usize, mut lost: usize) -> Result<()> {
        loop {
            self.go_on()?;
            let Err(loss) = self.attempt(row..row + 1)? else {
                return self.deliver(row);
            };
            lost += 1;
            self.note(&loss, row..row + 1);
            if lost >= loss.most_attempts() {
                self.answer.clear();
                self.answer.push_failure(loss.status(), self.job.length);
                return self.deliver(row);
            }
        }
    }

    /// Sends rows and reads the answer. The outer error ends everything, the inner one only this
    /// process.
    fn attempt(&mut self, range: Range<usize>) -> Result<Result<(), Loss>> {
        let (sink, queue) = (self.sink, self.queue);
        let interrupted = || sink.interrupted() || queue.is_closed();
        let fresh = self.process.is_none();
        if fresh {
            *self.process = Some(self.pool.start_process(&interrupted)?);
        }
        let process = self.process.as_mut().expect("it was just started");
        if let Some(text) = process.uninvited(Duration::ZERO) {
            return Err(self.pool.writes_too_much(&text));
        }
        let started = Instant::now();
        let extra = 2.0 * self.row_time.unwrap_or(0.0) * range.len() as f64;
        let patience = Patience {
            timeout: Duration::from_secs_f64(self.pool.config.timeout),
            extra: Duration::from_secs_f64(extra),
            interrupted: &interrupted,
        };
        let protocol = self.pool.config.protocol;
        let result = exchange(
            process,
            protocol,
            self.job,
            range.clone(),
            &patience,
            &mut self.answer,
        );
        self.pool.log(self.sink);
        match result {
            Ok(()) => {
                self.learn(started.elapsed(), range.len());
                if fresh {
                    self.listen(LISTEN_FIRST)?;
                }
                self.pool.answered();
                Ok(Ok(()))
            }
            Err(Loss::Interrupted) => {
                self.stop();
                Err(Error::Interrupted)
            }
            Err(loss) => {
                let last_lines = self.stop();
                self.pool.lost(&loss, &last_lines)?;
                Ok(Err(loss))
            }
        }
    }

    fn stop(&mut self) -> String {
        let Some(mut process) = self.process.take() else {
            return String::new();
        };
        process.kill();
        process.last_lines()
    }

    /// Nothing may come that was not asked for: later answers would belong to other rows.
    fn listen(&mut self, wait: Duration) -> Result<()> {
        let text = self.process.as_mut().and_then(|p| p.uninvited(wait));
        text.map_or(Ok(()), |text| Err(self.pool.writes_too_much(&text)))
    }

    fn learn(&mut self, elapsed: Duration, n: usize) {
        let now = elapsed.as_secs_f64() / n as f64;
        self.row_time = Some(self.row_time.map_or(now, |before| 0.5 * (before + now)));
    }

    fn deliver(&mut self, first: usize) -> Result<()> {
        for reason in &self.answer.reasons {
            self.sink.log(&format!("a simulation failed: {reason}"));
        }
        self.sink
            .finished(first, &self.answer.status, &self.answer.x)
    }

    fn note(&self, loss: &Loss, rows: Range<usize>) {
        let which = if rows.len() == 1 {
            format!("parameters {:?}", self.job.theta(rows.start))
        } else {
            format!(
                "one of {} simulations, which are now run one by one",
                rows.len()
            )
        };
        self.sink.log(&format!(
            "the process `{}` {} ({which})",
            self.pool.config.command_line(),
            loss.words()
        ));
    }
}
