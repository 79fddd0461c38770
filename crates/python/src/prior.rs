//! The prior.

use numpy::{PyArray1, PyArray2, PyReadonlyArray2, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use retrodict::Seed;
use retrodict::prior::{ParametersConfig, Prior as LibraryPrior, SupportKind};
use retrodict::simulate::Role;
use retrodict::study::{Source, parse};

use crate::arrays;
use crate::error::to_python;
use crate::settings;

/// A distribution over named parameters.
#[pyclass(frozen, module = "retrodict._native")]
pub(crate) struct Prior {
    pub(crate) prior: LibraryPrior,
}

#[pymethods]
impl Prior {
    /// From the `[parameters]` table of a study.
    #[new]
    fn new(parameters: &Bound<'_, PyDict>) -> PyResult<Self> {
        let config = config(parameters)?;
        let prior = LibraryPrior::from_config(&config).map_err(|error| to_python(&error))?;
        Ok(Self { prior })
    }

    #[getter]
    fn names(&self) -> Vec<String> {
        self.prior.names()
    }

    /// Name, label and unit of each column.
    #[getter]
    fn parameters(&self) -> Vec<(String, Option<String>, Option<String>)> {
        let parameters = self.prior.parameters().iter();
        parameters
            .map(|p| (p.name.clone(), p.label.clone(), p.unit.clone()))
            .collect()
    }

    /// The least and the largest value of each column.
    #[getter]
    fn limits(&self) -> Vec<(f64, f64)> {
        let columns = 0..self.prior.n_parameters();
        columns
            .map(|j| self.prior.support(j))
            .map(|support| (support.low, support.high))
            .collect()
    }

    #[getter]
    fn discrete(&self) -> Vec<String> {
        let names = self.prior.discrete_parameters().into_iter();
        names.map(String::from).collect()
    }

    /// θ of `n` simulations, and a seed for the noise of each: row *i* depends on (`seed`, `first` + *i*) alone.
    fn simulations<'py>(
        &self,
        py: Python<'py>,
        n: usize,
        seed: u64,
        first: u64,
        test: bool,
    ) -> (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<u64>>) {
        let role = if test { Role::Test } else { Role::Training };
        let (theta, seeds) = py.detach(|| {
            let p = self.prior.n_parameters();
            let mut theta = vec![0.0; n * p];
            let mut seeds = Vec::with_capacity(n);
            for (i, row) in (first..).zip(theta.chunks_exact_mut(p)) {
                self.prior
                    .sample(&mut Seed(seed).stream(role.parameters(), i), row);
                seeds.push(Seed(seed).stream(role.noise(), i).next_u64());
            }
            (theta, seeds)
        });
        let theta = arrays::matrix(py, &theta, self.prior.n_parameters());
        (theta, seeds.to_pyarray(py))
    }

    /// θ of each row of numbers: standard normal ones become draws.
    fn theta_of_normal<'py>(
        &self,
        py: Python<'py>,
        z: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let z = arrays::numbered("z", &z)?;
        let map = self.prior.support_map(SupportKind::Probit);
        let map = map.map_err(|error| to_python(&error))?;
        let (n, p) = (z.n_rows(), self.prior.n_parameters());
        if map.n_unconstrained() != z.n_columns() {
            return Err(PyValueError::new_err(format!(
                "u: given {} columns, expected {}: the parameters have fewer degrees of freedom than columns.",
                z.n_columns(),
                map.n_unconstrained()
            )));
        }
        let mut theta = vec![0.0; n * p];
        for (z, theta) in z.rows().zip(theta.chunks_exact_mut(p)) {
            map.inverse(z, theta);
        }
        Ok(arrays::matrix(py, &theta, p))
    }

    /// log p(θ) of each row.
    fn log_prob<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let theta = arrays::table(self.prior.names(), &theta)?;
        let values: Vec<f64> =
            py.detach(|| theta.rows().map(|row| self.prior.log_prob(row)).collect());
        Ok(values.to_pyarray(py))
    }
}

/// The table as a study has it, so that mistakes are said as in a study.
fn config(parameters: &Bound<'_, PyDict>) -> PyResult<ParametersConfig> {
    let mut study = toml::Table::new();
    study.insert("name".into(), "prior".into());
    let mut simulator = toml::Table::new();
    simulator.insert("builtin".into(), "gaussian_toy".into());
    let mut whole = toml::Table::new();
    whole.insert("study".into(), study.into());
    whole.insert("simulator".into(), simulator.into());
    let table = settings::table("parameters", parameters)?;
    if table.is_empty() {
        return Err(PyValueError::new_err(
            "parameters: given none, expected at least one. Give each parameter a name and a prior.",
        ));
    }
    whole.insert("parameters".into(), table.into());
    let text = toml::to_string(&whole).map_err(|e| PyValueError::new_err(e.to_string()))?;
    let config = parse(&Source::new("prior", text)).map_err(|error| to_python(&error))?;
    Ok(config.parameters)
}
