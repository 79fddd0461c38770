//! A simulator in Python, as the library sees it.

use std::sync::Arc;

use numpy::{PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;
use retrodict::simulate::{
    Observer, RowSink, Rows, SimulationFailure, Simulator as LibrarySimulator, Status,
};
use retrodict::{Error, Random, Result};

use crate::arrays;
use crate::caller::Callers;
use crate::prior::Prior;

/// A simulator in Python: many rows in, many rows out.
#[pyclass(frozen, module = "retrodict._native")]
pub(crate) struct Simulator {
    pub(crate) function: Arc<Function>,
}

/// What the simulator is.
pub(crate) struct Function {
    name: String,
    n_parameters: usize,
    n_data: usize,
    /// How many rows are asked for at once.
    block: usize,
    /// (θ, a seed a row) → (x, a status a row).
    simulate: Py<PyAny>,
    /// (θ, x of one trial) → log p(x | θ) of each row.
    log_likelihood: Option<Py<PyAny>>,
    pub(crate) callers: Callers,
}

#[pymethods]
impl Simulator {
    #[new]
    #[pyo3(signature = (name, prior, n_data, block, simulate, log_likelihood=None))]
    fn new(
        name: String,
        prior: &Prior,
        n_data: usize,
        block: usize,
        simulate: Py<PyAny>,
        log_likelihood: Option<Py<PyAny>>,
    ) -> Self {
        let function = Function {
            name,
            n_parameters: prior.joint.n_parameters(),
            n_data,
            block: block.max(1),
            simulate,
            log_likelihood,
            callers: prior.shared_callers(),
        };
        Self {
            function: Arc::new(function),
        }
    }
}

/// A [`Function`] that can be handed to another thread.
pub(crate) struct Shared(pub(crate) Arc<Function>);

type Block = (Vec<u8>, Vec<f64>);

impl Function {
    fn simulate_block(&self, py: Python<'_>, theta: &[f64], seeds: &[u64]) -> PyResult<Block> {
        let theta = arrays::matrix(py, theta, self.n_parameters);
        let answer = self
            .simulate
            .bind(py)
            .call1((theta, seeds.to_pyarray(py)))?;
        let (x, status): (PyReadonlyArray2<'_, f64>, PyReadonlyArray1<'_, u8>) =
            answer.extract()?;
        let x: Vec<f64> = x.as_array().iter().copied().collect();
        let status: Vec<u8> = status.as_array().iter().copied().collect();
        Ok((status, x))
    }

    fn log_likelihoods(&self, py: Python<'_>, theta: &[f64], x: &[f64]) -> PyResult<Vec<f64>> {
        let function = self.log_likelihood.as_ref();
        let function = function.expect("asked for only if there is one").bind(py);
        let theta = arrays::matrix(py, theta, self.n_parameters);
        let answer = function.call1((theta, x.to_pyarray(py)))?;
        let values: PyReadonlyArray1<'_, f64> = answer.extract()?;
        Ok(values.as_array().iter().copied().collect())
    }
}

impl Shared {
    /// Does something in Python. What is raised there ends the whole call.
    fn ask<R: Send + 'static>(
        &self,
        ask: impl FnOnce(Python<'_>, &Function) -> PyResult<R> + Send + 'static,
    ) -> Result<R> {
        let function = Arc::clone(&self.0);
        let callers = &self.0.callers;
        match callers.call(move |py| ask(py, &function)) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                callers.raise(error);
                Err(Error::Interrupted)
            }
            None => Err(Error::Interrupted),
        }
    }

    fn block(&self, theta: Vec<f64>, seeds: Vec<u64>) -> Result<(Vec<Status>, Vec<f64>)> {
        let (n, n_data) = (seeds.len(), self.0.n_data);
        let (codes, mut x) =
            self.ask(move |py, function| function.simulate_block(py, &theta, &seeds))?;
        if codes.len() != n || x.len() != n * n_data {
            return Err(Error::Simulator {
                simulator: self.0.name.clone(),
                problem: format!(
                    "gave {} statuses and {} numbers for {n} rows of {n_data}",
                    codes.len(),
                    x.len()
                ),
                advice: "Return one row of data for each row of parameters.".into(),
            });
        }
        let mut status = Vec::with_capacity(n);
        for (row, code) in x.chunks_exact_mut(n_data).zip(codes) {
            let mut kind = Status::from_code(code).unwrap_or(Status::Malformed);
            if kind == Status::Ok && !row.iter().all(|v| v.is_finite()) {
                kind = Status::NotFinite;
            }
            if kind != Status::Ok {
                row.fill(f64::NAN);
            }
            status.push(kind);
        }
        Ok((status, x))
    }
}

impl LibrarySimulator for Shared {
    fn name(&self) -> String {
        self.0.name.clone()
    }

    fn n_parameters(&self) -> usize {
        self.0.n_parameters
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![self.0.n_data]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let failed = |status, reason: String| SimulationFailure { status, reason };
        let (status, values) = self
            .block(theta.to_vec(), vec![random.next_u64()])
            .map_err(|error| failed(Status::Crashed, error.to_string()))?;
        x.copy_from_slice(&values);
        match status[0] {
            Status::Ok => Ok(()),
            status => Err(failed(status, status.words().into())),
        }
    }

    fn simulate_rows(&self, rows: &Rows<'_>, sink: &dyn RowSink) -> Result<()> {
        let p = self.0.n_parameters;
        for first in (0..rows.len()).step_by(self.0.block) {
            if sink.interrupted() {
                return Err(Error::Interrupted);
            }
            let last = (first + self.0.block).min(rows.len());
            let seeds = (first..last).map(|i| rows.random(i).next_u64()).collect();
            let theta = rows.all_theta()[first * p..last * p].to_vec();
            let (status, x) = self.block(theta, seeds)?;
            sink.finished(first, &status, &x)?;
        }
        Ok(())
    }

    fn has_log_likelihood(&self) -> bool {
        self.0.log_likelihood.is_some()
    }

    fn log_likelihood(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        observer: &dyn Observer,
    ) -> Result<()> {
        if observer.interrupted() {
            return Err(Error::Interrupted);
        }
        let (theta, x, n) = (theta.to_vec(), x.to_vec(), values.len());
        let found = self.ask(move |py, function| function.log_likelihoods(py, &theta, &x))?;
        if found.len() != n {
            return Err(Error::Simulator {
                simulator: self.0.name.clone(),
                problem: format!("gave {} log-likelihoods for {n} rows", found.len()),
                advice: "Return one number for each row of parameters.".into(),
            });
        }
        values.copy_from_slice(&found);
        Ok(())
    }
}
