//! A fitted posterior.

use std::collections::BTreeMap;
use std::sync::Arc;

use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;
use retrodict::infer::Posterior as LibraryPosterior;
use retrodict::{Samples, Seed, Stream};

use crate::arrays;
use crate::caller::Callers;

/// What an observation is called in errors.
pub(crate) const OBSERVATION: &str = "x_o";

/// A distribution over the parameters, for any observation.
#[pyclass(frozen, module = "retrodict._native")]
pub(crate) struct Posterior {
    posterior: Arc<dyn LibraryPosterior>,
    callers: Callers,
}

impl Posterior {
    pub(crate) fn new(posterior: Box<dyn LibraryPosterior>, callers: Callers) -> Self {
        Self {
            posterior: Arc::from(posterior),
            callers,
        }
    }

    fn names(&self) -> Vec<String> {
        let parameters = self.posterior.parameters().iter();
        parameters.map(|p| p.name.clone()).collect()
    }
}

type Drawn<'py> = (
    Bound<'py, PyArray2<f64>>,
    Option<Bound<'py, PyArray1<f64>>>,
    BTreeMap<String, Bound<'py, PyArray1<f64>>>,
    BTreeMap<String, String>,
    usize,
);

fn drawn<'py>(py: Python<'py>, samples: &Samples) -> Drawn<'py> {
    let statistics = samples.statistics.iter();
    (
        arrays::array(py, &samples.draws),
        samples.log_weights.as_ref().map(|w| w.to_pyarray(py)),
        statistics
            .map(|(name, values)| (name.clone(), values.to_pyarray(py)))
            .collect(),
        samples.provenance.clone(),
        samples.n_chains,
    )
}

#[pymethods]
impl Posterior {
    /// Draws for the numbers of one observation, or of all its trials: the `index`th of a run with this seed.
    fn sample<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray1<'py, f64>,
        n: usize,
        seed: u64,
        index: u64,
    ) -> PyResult<Drawn<'py>> {
        let x: Vec<f64> = x.as_array().iter().copied().collect();
        let seed = Seed(seed).derive(Stream::Posterior, index);
        let posterior = Arc::clone(&self.posterior);
        let samples = self
            .callers
            .wait(py, None, move || posterior.sample(&x, n, seed))?;
        Ok(drawn(py, &samples))
    }

    /// Draws for many observations, one a row.
    fn sample_many<'py>(
        &self,
        py: Python<'py>,
        xs: PyReadonlyArray2<'py, f64>,
        n: usize,
        seed: u64,
    ) -> PyResult<Vec<Drawn<'py>>> {
        let xs = arrays::numbered("x", &xs)?;
        let posterior = Arc::clone(&self.posterior);
        let all = self
            .callers
            .wait(py, None, move || posterior.sample_many(&xs, n, Seed(seed)))?;
        Ok(all.iter().map(|samples| drawn(py, samples)).collect())
    }

    /// log p(θ | x) of each row; up to a constant unless `normalized`.
    fn log_prob<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray2<'py, f64>,
        x: PyReadonlyArray1<'py, f64>,
        normalized: bool,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let theta = arrays::table(self.names(), &theta)?;
        let x: Vec<f64> = x.as_array().iter().copied().collect();
        let posterior = Arc::clone(&self.posterior);
        let values = self.callers.wait(py, None, move || {
            if normalized {
                posterior.log_prob(&theta, &x)
            } else {
                posterior.log_unnormalized(&theta, &x)
            }
        })?;
        Ok(values.to_pyarray(py))
    }

    /// The θ with the largest density.
    fn map<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray1<'py, f64>,
        seed: u64,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let x: Vec<f64> = x.as_array().iter().copied().collect();
        let posterior = Arc::clone(&self.posterior);
        let theta = self
            .callers
            .wait(py, None, move || posterior.map(&x, Seed(seed)))?;
        Ok(theta.to_pyarray(py))
    }
}
