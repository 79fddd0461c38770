//! Simulations that Python made, as a study takes them.

use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;

use crate::arrays;

type Arrays<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<u8>>);

/// x and statuses as a run keeps them: rows that are not finite have failed, and those that failed are NaN.
#[pyfunction]
pub(crate) fn in_study_form<'py>(
    py: Python<'py>,
    theta: PyReadonlyArray2<'py, f64>,
    x: PyReadonlyArray2<'py, f64>,
    status: PyReadonlyArray1<'py, u8>,
) -> PyResult<Arrays<'py>> {
    let names = (0..theta.as_array().ncols()).map(|j| j.to_string());
    let found = arrays::simulations(names.collect(), &theta, &x, &status)?;
    let status: Vec<u8> = found.status.iter().map(|status| *status as u8).collect();
    Ok((arrays::array(py, &found.x), status.to_pyarray(py)))
}

/// The hash by which a study knows given simulations.
#[pyfunction]
pub(crate) fn simulations_hash<'py>(
    py: Python<'py>,
    theta: PyReadonlyArray2<'py, f64>,
    x: PyReadonlyArray2<'py, f64>,
    status: PyReadonlyArray1<'py, u8>,
) -> PyResult<String> {
    let names = (0..theta.as_array().ncols()).map(|j| j.to_string());
    let found = arrays::simulations(names.collect(), &theta, &x, &status)?;
    Ok(py.detach(|| found.hash()))
}
