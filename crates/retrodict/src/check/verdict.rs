//! One word about a run.

use serde::{Deserialize, Serialize};

use super::Check;

/// One word about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Every check passed.
    Trusted,
    /// Read the reasons before relying on the result.
    Caution,
    /// Do not use the result.
    Failed,
}

/// The verdict of a run: `verdict.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The one word.
    pub verdict: Word,
    /// Why, in words a scientist understands; each says what to do next.
    pub reasons: Vec<String>,
    /// The checks it rests on.
    pub checks: Vec<Check>,
}
