//! What a simulator that runs on any thread asks: whether to stop, and where its lines go.

use std::sync::Arc;

use crate::simulate::Observer;
use crate::study::journal::Journal;
use crate::study::{Run, StopFlag};

pub(super) struct Watcher {
    stop: StopFlag,
    journal: Arc<Journal>,
}

impl Watcher {
    pub(super) fn new(run: &Run<'_>) -> Self {
        Self {
            stop: run.stop().clone(),
            journal: Arc::clone(run.journal()),
        }
    }
}

impl Observer for Watcher {
    fn interrupted(&self) -> bool {
        self.stop.is_set()
    }

    fn log(&self, line: &str) {
        self.journal.simulator(line);
    }
}
