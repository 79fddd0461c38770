//! A prior in Python, as the library sees it.
//!
//! Its functions are asked row by row, from whichever thread needs a number: they are functions of their
//! arguments, so that it does not matter which. What they raise is kept for the caller, and ends its work.

use std::sync::Arc;

use numpy::{PyReadonlyArray1, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use retrodict::Random;
use retrodict::prior::{PriorFunction, PriorFunctions};

use crate::caller::Callers;

/// log p(θ) of one θ, and one draw of a seed.
struct InPython {
    log_prob: Py<PyAny>,
    sample: Py<PyAny>,
    callers: Callers,
}

impl InPython {
    /// What Python answers; after an exception, `None`.
    fn ask<R>(&self, ask: impl FnOnce(Python<'_>) -> PyResult<R>) -> Option<R> {
        if self.callers.has_raised() {
            return None;
        }
        match Python::try_attach(ask)? {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.callers.raise(error);
                None
            }
        }
    }
}

impl PriorFunction for InPython {
    fn log_prob(&self, theta: &[f64]) -> f64 {
        let answer = self.ask(|py| {
            self.log_prob
                .bind(py)
                .call1((theta.to_pyarray(py),))?
                .extract()
        });
        answer.unwrap_or(f64::NEG_INFINITY)
    }

    fn sample(&self, random: &mut Random, theta: &mut [f64]) {
        let seed = random.next_u64();
        let drawn = self.ask(|py| {
            let drawn = self.sample.bind(py).call1((seed,))?;
            let drawn: PyReadonlyArray1<'_, f64> = drawn.extract()?;
            Ok(drawn.as_array().to_vec())
        });
        match drawn {
            Some(drawn) if drawn.len() == theta.len() => theta.copy_from_slice(&drawn),
            _ => theta.fill(f64::NAN),
        }
    }
}

/// The functions of a prior by their names: pairs of log-density and sampler.
pub(crate) fn functions(
    given: Option<&Bound<'_, PyDict>>,
    callers: &Callers,
) -> PyResult<PriorFunctions> {
    let mut functions = PriorFunctions::default();
    for (name, pair) in given.iter().flat_map(|given| given.iter()) {
        let (log_prob, sample): (Py<PyAny>, Py<PyAny>) = pair.extract()?;
        let callers = callers.clone();
        let function = InPython {
            log_prob,
            sample,
            callers,
        };
        functions.insert(name.extract::<String>()?, Arc::new(function));
    }
    Ok(functions)
}
