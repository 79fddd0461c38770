//! Simulations on disk: shards that are written once, and a campaign that survives being killed.
//!
//! A folder holds `manifest.json` and, for every shard, `shard-000000.theta.npy` (rows ×
//! parameters), `.x.npy` (rows × data) and `.status.npy` (rows). Each file is written to a temporary
//! name, synced and renamed; the status comes last, so a shard with a status is whole. While a shard
//! is under way, finished simulations go to `shard-000000.partial`, so that not even those are run
//! again.

mod campaign;
mod cleaning;
mod folder;
mod journal;
mod manifest;
mod shard;
mod under_way;

pub use campaign::{Campaign, MAX_FAILED, Role, ThetaSource, run_campaign};
pub use folder::Store;
pub(crate) use journal::{Journal, Record};
pub use manifest::Manifest;
pub(crate) use shard::ShardFiles;

use crate::error::{Error, Result};
use crate::simulate::{Failures, Status};

/// Whether few enough simulations failed: at most the share `max_failed` of `total`.
///
/// # Errors
/// [`Error::TooManyFailures`] with the counts by kind and what to do about the commonest.
pub fn check_failures(failures: &Failures, total: usize, max_failed: f64) -> Result<()> {
    let failed: usize = failures.values().sum();
    if failed as f64 <= max_failed * total as f64 {
        return Ok(());
    }
    Err(too_many(failures, total, max_failed))
}

/// The error itself, for `total` simulations that were run.
fn too_many(failures: &Failures, total: usize, max_failed: f64) -> Error {
    let kinds: Vec<String> = failures
        .iter()
        .map(|(status, n)| format!("{n} {}", status.words()))
        .collect();
    let commonest = failures.iter().max_by_key(|(_, n)| **n).map(|(s, _)| *s);
    let advice = match commonest {
        Some(Status::TimedOut) => "Raise the simulator's `timeout`, or narrow the prior.",
        Some(Status::Crashed) => "Look at the simulator's messages in the log; run it by hand.",
        Some(Status::Malformed) => "See the quoted lines in the log: print only answers.",
        _ => {
            "Narrow the prior to parameters that can be simulated, let the simulator describe \
             such cases as data, or raise `max_failed`: the posterior then holds only where \
             simulations succeed."
        }
    };
    Error::TooManyFailures {
        failed: failures.values().sum(),
        total,
        limit: format!("{} %", 100.0 * max_failed),
        kinds: kinds.join(", "),
        advice: advice.into(),
    }
}
