//! Arrays of Python as tables, and back. The façade has made them f64 with two axes already.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use retrodict::Table;
use retrodict::simulate::{Simulations, Status};

use crate::error::to_python;

/// An array with these columns.
pub(crate) fn table(names: Vec<String>, array: &PyReadonlyArray2<'_, f64>) -> PyResult<Table> {
    let view = array.as_array();
    if view.ncols() != names.len() {
        return Err(PyValueError::new_err(format!(
            "{} columns, expected {}: {}",
            view.ncols(),
            names.len(),
            names.join(", ")
        )));
    }
    Table::new(names, view.iter().copied().collect()).map_err(|error| to_python(&error))
}

/// An array with columns that are only counted.
pub(crate) fn numbered(prefix: &str, array: &PyReadonlyArray2<'_, f64>) -> PyResult<Table> {
    let view = array.as_array();
    Table::numbered(prefix, view.ncols(), view.iter().copied().collect())
        .map_err(|error| to_python(&error))
}

/// Rows × columns.
pub(crate) fn array<'py>(py: Python<'py>, table: &Table) -> Bound<'py, PyArray2<f64>> {
    matrix(py, table.values(), table.n_columns())
}

/// Values, row after row, as rows × columns.
pub(crate) fn matrix<'py>(
    py: Python<'py>,
    values: &[f64],
    columns: usize,
) -> Bound<'py, PyArray2<f64>> {
    let flat: Bound<'py, PyArray1<f64>> = values.to_pyarray(py);
    let rows = values.len() / columns.max(1);
    flat.reshape([rows, columns])
        .expect("whole rows have as many values")
}

/// θ, x and a status a row.
pub(crate) fn simulations(
    names: Vec<String>,
    theta: &PyReadonlyArray2<'_, f64>,
    x: &PyReadonlyArray2<'_, f64>,
    status: &PyReadonlyArray1<'_, u8>,
) -> PyResult<Simulations> {
    let status = status.as_array();
    let rows = [theta.as_array().nrows(), x.as_array().nrows(), status.len()];
    if rows.iter().any(|n| *n != rows[0]) {
        return Err(PyValueError::new_err(format!(
            "{} rows of parameters, {} of data and {} statuses; expected as many of each",
            rows[0], rows[1], rows[2]
        )));
    }
    let theta = self::table(names, theta)?;
    let mut x = numbered("x", x)?;
    let n = x.n_columns();
    let mut statuses = Vec::with_capacity(status.len());
    for (row, code) in x.values_mut().chunks_exact_mut(n).zip(status) {
        let mut status = Status::from_code(*code).unwrap_or(Status::Malformed);
        if status == Status::Ok && !row.iter().all(|v| v.is_finite()) {
            status = Status::NotFinite;
        }
        if status != Status::Ok {
            row.fill(f64::NAN);
        }
        statuses.push(status);
    }
    Ok(Simulations {
        theta,
        x,
        status: statuses,
    })
}
