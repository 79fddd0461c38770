//! Tests of a result, and the verdict.

use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Nothing speaks against the result.
    Passed,
    /// Something to look at before relying on the result.
    Caution,
    /// The result is wrong in a way that matters.
    Failed,
}

/// One check of a result: the same fields for every diagnostic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What is checked, for example `simulation-based calibration: mu_1`.
    pub name: String,
    /// The number that was measured.
    pub statistic: f64,
    /// The range in which the statistic lies if the result is right, or its uncertainty.
    pub interval: Option<[f64; 2]>,
    /// The probability of a statistic at least as extreme if the result is right.
    pub p_value: Option<f64>,
    /// The value beyond which the check does not pass.
    pub threshold: Option<f64>,
    /// How it ended.
    pub status: CheckStatus,
    /// What it means, and what to do if it did not pass, in words.
    pub explanation: String,
}

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
