//! What a running study tells whoever watches it, and how it is asked to stop.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::record::Stage;
use crate::error::{Error, Result};

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A stage begins.
    Started {
        /// Which.
        stage: Stage,
        /// How many units of work it has at most: simulations, epochs, draws; zero if unknown.
        total: usize,
    },
    /// Part of a stage is done.
    Progress {
        /// Which.
        stage: Stage,
        /// How many units are done.
        done: usize,
        /// A few words more, such as a loss.
        message: String,
    },
    /// A stage came to its end.
    Finished {
        /// Which.
        stage: Stage,
        /// How long it took.
        seconds: f64,
        /// What came out, in a few words.
        message: String,
    },
    /// A stage was done before and still matches the study.
    Kept {
        /// Which.
        stage: Stage,
    },
    /// Something a reader should know.
    Note {
        /// What.
        message: String,
    },
}

/// Watches a run, from whichever thread it happens on.
pub type Observer<'a> = dyn Fn(&Event) + Sync + 'a;

/// Asks a run to stop; clones ask the same run.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Asks the run to save what is there and stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for parts that watch it.
    pub fn flag(&self) -> &AtomicBool {
        &self.0
    }

    /// The same, for what goes on until it is told to break off.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.is_set() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// # Errors
    /// [`Error::Interrupted`] if the run was asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.is_set() {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }
}
