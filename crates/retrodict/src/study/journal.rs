//! `log.jsonl`: what happened in a run, one JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::json;

use super::clock;
use crate::error::{Error, Result};

/// A simulator that writes without end must not fill the disk.
const MOST_LINES: usize = 20_000;
/// The longest line of a simulator's that is kept.
const LONGEST: usize = 2_000;

/// Writes lines to a run's log; the log is a help, so a disk that is full does not stop the run
/// here (it will where results are written).
#[derive(Debug)]
pub(super) struct Journal(Mutex<(File, usize)>);

impl Journal {
    /// Opens the log to append to it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(Error::io(path, "write"))?;
        Ok(Self(Mutex::new((file, 0))))
    }

    /// Notes something that can be written as JSON.
    pub(super) fn note(&self, what: &impl Serialize) {
        let Ok(mut value) = serde_json::to_value(what) else {
            return;
        };
        if let Some(object) = value.as_object_mut() {
            object.insert("time".into(), json!(clock::now()));
        }
        self.write(&value.to_string());
    }

    /// Notes a line that a simulator wrote, or why a simulation failed.
    pub(super) fn simulator(&self, line: &str) {
        let line: String = line.chars().take(LONGEST).collect();
        self.note(&json!({ "event": "simulator", "message": line }));
    }

    fn write(&self, line: &str) {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, lines) = &mut *guard;
        *lines += 1;
        if *lines < MOST_LINES {
            let _ = writeln!(file, "{line}");
        } else if *lines == MOST_LINES {
            let end =
                json!({ "event": "note", "message": "the log is full; later lines are left out" });
            let _ = writeln!(file, "{end}");
        }
    }
}
