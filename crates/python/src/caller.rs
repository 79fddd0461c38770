//! Long work beside Python: in a thread of its own, while the caller's thread waits for it.
//!
//! The waiting thread gives up Python's lock, looks for Ctrl-C twenty times a second, and runs what has to be
//! Python: simulators and progress. So Python code always runs in the thread that called, and an exception in
//! it, Ctrl-C included, ends the call as it would end any other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use retrodict::study::StopFlag;

use crate::error::{Error, to_python};

/// How long a Ctrl-C may wait.
const PATIENCE: Duration = Duration::from_millis(50);

type Job = Box<dyn FnOnce(Python<'_>) + Send>;

enum Message {
    Job(Job),
    Done,
}

/// The threads that wait for one object's work, the latest last, and what was raised meanwhile.
#[derive(Clone, Default)]
pub(crate) struct Callers(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Vec<(u64, Sender<Message>)>>,
    raised: Mutex<Option<PyErr>>,
    next: AtomicU64,
}

impl Callers {
    /// Runs `f` in a thread that waits; in this one if there is none. `None` if that thread went away.
    pub(crate) fn call<R: Send + 'static>(
        &self,
        f: impl FnOnce(Python<'_>) -> R + Send + 'static,
    ) -> Option<R> {
        let (reply, answer) = channel();
        self.post(Box::new(move |py| _ = reply.send(f(py))));
        answer.recv().ok()
    }

    /// The same without an answer.
    pub(crate) fn post(&self, job: Job) {
        let mut message = Message::Job(job);
        let mut waiting = lock(&self.0.waiting);
        while let Some((_, sender)) = waiting.last() {
            match sender.send(message) {
                Ok(()) => return,
                Err(unsent) => message = unsent.0,
            }
            waiting.pop();
        }
        drop(waiting);
        if let Message::Job(job) = message {
            Python::try_attach(job);
        }
    }

    /// Keeps an exception for the caller; the first one counts.
    pub(crate) fn raise(&self, error: PyErr) {
        lock(&self.0.raised).get_or_insert(error);
    }

    /// Whether an exception waits for the caller.
    pub(crate) fn has_raised(&self) -> bool {
        lock(&self.0.raised).is_some()
    }

    /// What was raised, or the value.
    pub(crate) fn or_raised<T>(&self, value: T) -> PyResult<T> {
        lock(&self.0.raised).take().map_or(Ok(value), Err)
    }

    /// Does `work` and waits for it. Ctrl-C sets `stop` and waits for the work's next step; where there is
    /// nothing to set, and at the second Ctrl-C, the work is left to itself.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        py: Python<'_>,
        stop: Option<&StopFlag>,
        work: impl FnOnce() -> retrodict::Result<T> + Send + 'static,
    ) -> PyResult<T> {
        let (sender, receiver) = channel();
        let receiver = Mutex::new(receiver);
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.0.waiting).push((id, sender.clone()));
        let worker = thread::Builder::new()
            .name("retrodict".into())
            .spawn(move || {
                let result = work();
                // Nobody may be waiting any more.
                _ = sender.send(Message::Done);
                result
            });
        let ended = worker
            .map_err(|error| Error::new_err(format!("no thread can be started: {error}")))
            .and_then(|worker| {
                self.serve(py, &receiver, id, stop)?;
                py.detach(|| worker.join())
                    .map_err(|_| Error::new_err(PANIC))
            });
        lock(&self.0.waiting).retain(|(other, _)| *other != id);
        let raised = lock(&self.0.raised).take();
        match raised {
            Some(error) => Err(error),
            None => ended?.map_err(|error| to_python(&error)),
        }
    }

    fn serve(
        &self,
        py: Python<'_>,
        receiver: &Mutex<Receiver<Message>>,
        id: u64,
        stop: Option<&StopFlag>,
    ) -> PyResult<()> {
        let mut interrupted = None;
        loop {
            let message = py.detach(|| lock(receiver).recv_timeout(PATIENCE));
            match message {
                Ok(Message::Job(job)) => job(py),
                Ok(Message::Done) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            let Err(signal) = py.check_signals() else {
                continue;
            };
            match stop {
                Some(stop) if !stop.is_set() => {
                    stop.stop();
                    interrupted = Some(signal);
                }
                _ => return Err(signal),
            }
        }
        // Another caller's work may have sent something here.
        lock(&self.0.waiting).retain(|(other, _)| *other != id);
        while let Ok(Message::Job(job)) = lock(receiver).try_recv() {
            job(py);
        }
        interrupted.map_or(Ok(()), Err)
    }
}

const PANIC: &str =
    "a mistake inside Retrodict; the lines above say where. Please report it with them.";

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
