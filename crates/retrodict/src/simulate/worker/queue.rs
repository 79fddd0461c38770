//! The rows of a job, handed out in order.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The rows that nobody has taken yet.
pub(crate) struct Queue {
    next: Mutex<usize>,
    closed: AtomicBool,
    n: usize,
    n_drivers: usize,
}

impl Queue {
    pub(crate) fn new(n: usize, n_drivers: usize) -> Self {
        Self {
            next: Mutex::new(0),
            closed: AtomicBool::new(false),
            n,
            n_drivers,
        }
    }

    /// The next rows, at most `size`; fewer near the end, so that all processes end together.
    pub(crate) fn take(&self, size: usize) -> Option<Range<usize>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.n - *next;
        let size = size.min(left.div_ceil(2 * self.n_drivers));
        let range = *next..*next + size;
        *next = range.end;
        (!range.is_empty()).then_some(range)
    }

    /// Ends the work: what is under way is given up.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}
