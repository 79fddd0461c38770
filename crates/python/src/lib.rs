//! The extension module `retrodict._native`: what the Python package `retrodict` is made of.
//!
//! It is thin: arrays and plain values in, arrays and plain values out. What a Python user meets is in
//! `python/retrodict`, and everything that computes is in the library. Long work goes on in a thread of its
//! own without Python's lock, while the caller's thread watches for Ctrl-C and runs what has to be Python
//! ([`caller`]).

#![expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 hands arguments over by value"
)]

mod arrays;
mod caller;
mod error;
mod figure;
mod function_prior;
mod posterior;
mod prior;
mod session;
mod settings;
mod simulations;
mod simulator;

/// The module as Python sees it.
#[pyo3::pymodule(name = "_native")]
mod native {
    use std::ffi::OsString;

    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::error::Error;
    #[pymodule_export]
    use crate::figure::{corner, png};
    #[pymodule_export]
    use crate::posterior::Posterior;
    #[pymodule_export]
    use crate::prior::Prior;
    #[pymodule_export]
    use crate::session::Session;
    #[pymodule_export]
    use crate::simulations::{in_study_form, simulations_hash};
    #[pymodule_export]
    use crate::simulator::Simulator;

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    /// The command line; returns its exit code.
    #[pyfunction]
    fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
        py.detach(|| retrodict_cli::main(arguments))
    }
}
