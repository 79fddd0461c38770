//! The prior.

use numpy::{PyArray1, PyArray2, PyReadonlyArray2, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use retrodict::Seed;
use retrodict::prior::{ParametersConfig, Prior as LibraryPrior, PriorFunctions, SupportKind};
use retrodict::simulate::Role;
use retrodict::study::{Source, parse};

use crate::arrays;
use crate::caller::Callers;
use crate::error::to_python;
use crate::function_prior;
use crate::settings;

/// A distribution over named parameters.
#[pyclass(frozen, module = "retrodict._native")]
pub(crate) struct Prior {
    pub(crate) joint: LibraryPrior,
    /// What it is beside names and numbers.
    pub(crate) functions: PriorFunctions,
    /// Who hears of what its functions raise.
    pub(crate) callers: Callers,
}

/// θ, and a seed a row.
type Drawn<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<u64>>);

impl Prior {
    /// The callers of what works with this prior: its own if it has functions, which may raise.
    pub(crate) fn shared_callers(&self) -> Callers {
        if self.functions.is_empty() {
            return Callers::default();
        }
        self.callers.clone()
    }
}

#[pymethods]
impl Prior {
    /// From the `[parameters]` table of a study, and the functions that it names: each a log-density of one θ,
    /// and a sampler of one seed.
    #[new]
    #[pyo3(signature = (parameters, functions=None))]
    fn new(
        parameters: &Bound<'_, PyDict>,
        functions: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let callers = Callers::default();
        let functions = function_prior::functions(functions, &callers)?;
        let config = config(parameters, &functions)?;
        let joint = LibraryPrior::from_config_with(&config, &functions);
        let joint = joint.map_err(|error| to_python(&error))?;
        callers.or_raised(Self {
            joint,
            functions,
            callers: callers.clone(),
        })
    }

    #[getter]
    fn names(&self) -> Vec<String> {
        self.joint.names()
    }

    /// Name, label and unit of each column.
    #[getter]
    fn parameters(&self) -> Vec<(String, Option<String>, Option<String>)> {
        let parameters = self.joint.parameters().iter();
        parameters
            .map(|p| (p.name.clone(), p.label.clone(), p.unit.clone()))
            .collect()
    }

    /// The least and the largest value of each column.
    #[getter]
    fn limits(&self) -> Vec<(f64, f64)> {
        let columns = 0..self.joint.n_parameters();
        columns
            .map(|j| self.joint.support(j))
            .map(|support| (support.low, support.high))
            .collect()
    }

    #[getter]
    fn discrete(&self) -> Vec<String> {
        let names = self.joint.discrete_parameters().into_iter();
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
    ) -> PyResult<Drawn<'py>> {
        let role = if test { Role::Test } else { Role::Training };
        let (theta, seeds) = py.detach(|| {
            let p = self.joint.n_parameters();
            let mut theta = vec![0.0; n * p];
            let mut seeds = Vec::with_capacity(n);
            for (i, row) in (first..).zip(theta.chunks_exact_mut(p)) {
                self.joint
                    .sample(&mut Seed(seed).stream(role.parameters(), i), row);
                seeds.push(Seed(seed).stream(role.noise(), i).next_u64());
            }
            (theta, seeds)
        });
        let theta = arrays::matrix(py, &theta, self.joint.n_parameters());
        self.callers.or_raised((theta, seeds.to_pyarray(py)))
    }

    /// θ of each row of numbers: standard normal ones become draws.
    fn theta_of_normal<'py>(
        &self,
        py: Python<'py>,
        z: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let z = arrays::numbered("z", &z)?;
        let map = self.joint.support_map(SupportKind::Probit);
        let map = map.map_err(|error| to_python(&error))?;
        let (n, p) = (z.n_rows(), self.joint.n_parameters());
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
        let theta = arrays::table(self.joint.names(), &theta)?;
        let values: Vec<f64> =
            py.detach(|| theta.rows().map(|row| self.joint.log_prob(row)).collect());
        self.callers.or_raised(values.to_pyarray(py))
    }
}

/// The table as a study has it, so that mistakes are said as in a study.
fn config(
    parameters: &Bound<'_, PyDict>,
    functions: &PriorFunctions,
) -> PyResult<ParametersConfig> {
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
    let source = Source::new("prior", text).with_functions(functions.clone());
    let config = parse(&source).map_err(|error| to_python(&error))?;
    Ok(config.parameters)
}
