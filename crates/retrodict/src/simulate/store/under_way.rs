//! A shard while its rows come in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::simulate::store::journal::Journal;
use crate::simulate::store::shard::{Place, Shard};
use crate::simulate::store::too_many;
use crate::simulate::{Observer, Progress, RowSink, Status};

/// A shard while its rows come in.
pub(crate) struct UnderWay<'a> {
    place: Place<'a>,
    pub(crate) theta: Vec<f64>,
    /// Where the rows of the request stand in the shard.
    pub(crate) positions: Vec<usize>,
    kept: Mutex<Kept>,
    progress: &'a Mutex<Progress>,
    observer: &'a dyn Observer,
    max_failed: f64,
}

struct Kept {
    x: Vec<f64>,
    status: Vec<Option<Status>>,
    journal: Journal,
}

impl<'a> UnderWay<'a> {
    /// An unfinished shard with what its journal remembers.
    pub(crate) fn new(
        place: Place<'a>,
        shard: Shard,
        progress: &'a Mutex<Progress>,
        observer: &'a dyn Observer,
        max_failed: f64,
    ) -> Result<Self> {
        let n = shard.theta.len() / place.n_parameters;
        let length = place.length();
        let (journal, records) = Journal::open(&place.path("partial"), length)?;
        let mut kept = Kept {
            x: shard.x,
            status: vec![None; n],
            journal,
        };
        for record in records.into_iter().filter(|r| r.position < n) {
            kept.x[record.position * length..][..length].copy_from_slice(&record.x);
            kept.status[record.position] = Some(record.status);
        }
        let known: Vec<Status> = kept.status.iter().flatten().copied().collect();
        lock(progress).add(&known);
        Ok(Self {
            place,
            theta: shard.theta,
            positions: Vec::new(),
            kept: Mutex::new(kept),
            progress,
            observer,
            max_failed,
        })
    }

    /// Takes the rows of a shard that was finished when the campaign was smaller.
    pub(crate) fn take_found(&mut self, found: &Shard) {
        let length = self.place.length();
        let kept = self.kept.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (i, &status) in found.status.iter().enumerate() {
            if kept.status[i].is_none() {
                lock(self.progress).add(&[status]);
            }
            kept.status[i] = Some(status);
            kept.x[i * length..][..length].copy_from_slice(&found.x[i * length..][..length]);
        }
    }

    pub(crate) fn missing(&self) -> Vec<usize> {
        let kept = lock(&self.kept);
        (0..kept.status.len())
            .filter(|&i| kept.status[i].is_none())
            .collect()
    }

    pub(crate) fn into_shard(self) -> Shard {
        let kept = self
            .kept
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let whole = "a simulator finishes every row or returns an error";
        Shard {
            theta: self.theta,
            x: kept.x,
            status: kept.status.into_iter().map(|s| s.expect(whole)).collect(),
        }
    }
}

impl RowSink for UnderWay<'_> {
    fn finished(&self, first: usize, status: &[Status], x: &[f64]) -> Result<()> {
        let length = self.place.length();
        let positions = &self.positions[first..first + status.len()];
        {
            let mut kept = lock(&self.kept);
            for (i, (&position, &status)) in positions.iter().zip(status).enumerate() {
                kept.x[position * length..][..length].copy_from_slice(&x[i * length..][..length]);
                kept.status[position] = Some(status);
            }
            kept.journal.append(positions, status, x)?;
        }
        let mut progress = lock(self.progress);
        progress.add(status);
        self.observer.progress(&progress);
        // No success to come could bring the share below the limit again.
        let failed: usize = progress.failures.values().sum();
        if failed as f64 > self.max_failed * progress.total as f64 {
            return Err(too_many(&progress.failures, progress.done, self.max_failed));
        }
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.observer.interrupted()
    }

    fn log(&self, line: &str) {
        self.observer.log(line);
    }
}

/// What a poisoned lock holds is whole: it is changed in one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
