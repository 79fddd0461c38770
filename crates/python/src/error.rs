//! The library's errors as Python's.

use pyo3::create_exception;
use pyo3::exceptions::{
    PyFileNotFoundError, PyKeyboardInterrupt, PyOSError, PyRuntimeError, PyValueError,
};
use pyo3::prelude::*;
use retrodict::Error as LibraryError;

create_exception!(
    retrodict,
    Error,
    PyRuntimeError,
    "What Retrodict cannot do, though its arguments are right."
);

/// A place in the text of a study, which a Python user has not written.
const LINE: &str = "line ";

/// Wrong values become `ValueError`, files `OSError`, everything else `retrodict.Error`; the message stays.
pub(crate) fn to_python(error: &LibraryError) -> PyErr {
    match error {
        LibraryError::Interrupted => PyKeyboardInterrupt::new_err(error.to_string()),
        LibraryError::File { path, .. } if path.as_os_str() == crate::posterior::OBSERVATION => {
            PyValueError::new_err(error.to_string())
        }
        LibraryError::Invalid { .. } => PyValueError::new_err(error.to_string()),
        LibraryError::Study {
            field,
            problem,
            advice,
            ..
        } => PyValueError::new_err(format!("{field}: {}. {advice}", without_line(problem))),
        LibraryError::File { path, .. } if !path.exists() => {
            PyFileNotFoundError::new_err(error.to_string())
        }
        LibraryError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            PyFileNotFoundError::new_err(error.to_string())
        }
        LibraryError::File { .. } | LibraryError::Io { .. } => {
            PyOSError::new_err(error.to_string())
        }
        _ => Error::new_err(error.to_string()),
    }
}

/// The same for a study that the user has written as a file: the path and the line stay.
pub(crate) fn of_file(error: &LibraryError) -> PyErr {
    match error {
        LibraryError::Study { .. } => PyValueError::new_err(error.to_string()),
        other => to_python(other),
    }
}

/// `line 3, column 1: given …` → `given …`.
fn without_line(problem: &str) -> &str {
    let rest = problem
        .strip_prefix(LINE)
        .and_then(|rest| rest.split_once(": "));
    rest.map_or(problem, |(_, rest)| rest)
}
