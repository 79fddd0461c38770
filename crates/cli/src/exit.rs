//! How the program ends; scripts rely on these numbers.

use retrodict::Error;

/// The exit codes of DESIGN.md, section 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// Done, and the verdict is not `failed`.
    Done = 0,
    /// The command, the study or a file is wrong.
    Wrong = 2,
    /// The verdict is `failed`.
    VerdictFailed = 3,
    /// Too many simulations failed.
    TooManyFailures = 4,
    /// The user interrupted; a rerun goes on.
    Interrupted = 130,
}

impl ExitCode {
    /// The code for an error.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::TooManyFailures { .. } => Self::TooManyFailures,
            Error::Interrupted => Self::Interrupted,
            _ => Self::Wrong,
        }
    }
}

/// An error's kind as one word, for programs.
pub(crate) fn kind(error: &Error) -> &'static str {
    match error {
        Error::Invalid { .. } => "invalid",
        Error::Study { .. } => "study",
        Error::File { .. } => "file",
        Error::Io { .. } => "io",
        Error::Simulator { .. } => "simulator",
        Error::TooManyFailures { .. } => "too_many_failures",
        Error::Mismatch { .. } => "mismatch",
        Error::Training { .. } => "training",
        Error::Sampling { .. } => "sampling",
        Error::Interrupted => "interrupted",
        _ => "other",
    }
}
