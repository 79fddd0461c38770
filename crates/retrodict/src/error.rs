//! What can go wrong, once for the whole library.

use std::path::{Path, PathBuf};

/// The result of everything that a user's input can make fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
///
/// Every message names the thing that is wrong, what was given, what was expected and what to do.
/// Mistakes that only Retrodict itself can make are assertions; what belongs to the mathematics (a
/// density of zero, a failed simulation) is a counted value, not an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value given to a function or in a configuration is not acceptable.
    #[error("{what}: given {given}, expected {expected}. {advice}")]
    Invalid {
        /// The parameter, option or field.
        what: String,
        /// What was given.
        given: String,
        /// What would have been accepted.
        expected: String,
        /// What to do about it.
        advice: String,
    },
    /// A study file says something that cannot be understood or cannot be done.
    #[error("{}: {field}: {problem}. {advice}", path.display())]
    Study {
        /// The study file.
        path: PathBuf,
        /// The dotted key, for example `parameters.mu_1.low`.
        field: String,
        /// What is wrong with it: what was given and what was expected.
        problem: String,
        /// What to do about it.
        advice: String,
    },
    /// A file exists but its content is not what it has to be.
    #[error("{}: {problem}. {advice}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it: what was found and what was expected.
        problem: String,
        /// What to do about it.
        advice: String,
    },
    /// The operating system refused to read, write or run something.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file, folder or program.
        path: PathBuf,
        /// What was tried, as a verb: `read`, `write`, `create the folder`.
        action: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// A simulator cannot be started, or does not keep to its protocol.
    #[error("simulator `{simulator}`: {problem}. {advice}")]
    Simulator {
        /// The simulator's name or command.
        simulator: String,
        /// What happened.
        problem: String,
        /// What to do about it.
        advice: String,
    },
    /// So many simulations failed that an answer would mislead.
    #[error(
        "{failed} of {total} simulations failed ({kinds}), more than the limit of {limit}. {advice}"
    )]
    TooManyFailures {
        /// How many failed.
        failed: usize,
        /// How many were run.
        total: usize,
        /// The largest share that is accepted, as words: `50 %`.
        limit: String,
        /// The failures by kind, as words: `12 crashed, 3 timed out`.
        kinds: String,
        /// What to do about it.
        advice: String,
    },
    /// A folder holds results of another study; nothing in it is overwritten.
    #[error("{}: holds results that do not match this study: {difference}. {advice}", path.display())]
    Mismatch {
        /// The folder or file.
        path: PathBuf,
        /// What differs: the old value and the new one.
        difference: String,
        /// What to do about it.
        advice: String,
    },
    /// Training cannot go on.
    #[error("training: {problem}. {advice}")]
    Training {
        /// What happened.
        problem: String,
        /// What to do about it.
        advice: String,
    },
    /// A sampler cannot go on.
    #[error("sampling: {problem}. {advice}")]
    Sampling {
        /// What happened, and how far the sampler had come.
        problem: String,
        /// What to do about it.
        advice: String,
    },
    /// The user asked to stop; what was finished is kept.
    #[error(
        "interrupted: what was finished is kept, and running the same command again goes on from there"
    )]
    Interrupted,
}

impl Error {
    /// An [`Error::Invalid`] from its four parts.
    pub fn invalid(
        what: impl Into<String>,
        given: impl std::fmt::Display,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::Invalid {
            what: what.into(),
            given: given.to_string(),
            expected: expected.into(),
            advice: advice.into(),
        }
    }

    /// An [`Error::Invalid`] for an option that has a default: `kind` is what it is an option of.
    pub(crate) fn invalid_option(
        kind: &str,
        option: &str,
        given: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        let advice = "Change it, or leave it out to take the default.";
        Self::invalid(format!("{kind} option `{option}`"), given, expected, advice)
    }

    /// An [`Error::File`] from its three parts.
    pub fn file(
        path: impl AsRef<Path>,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::File {
            path: path.as_ref().to_path_buf(),
            problem: problem.into(),
            advice: advice.into(),
        }
    }

    /// Turns an operating system's error into an [`Error::Io`]: `fs::read(p).map_err(Error::io(p, "read"))`.
    pub fn io(path: impl AsRef<Path>, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }
}
