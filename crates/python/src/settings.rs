//! Dictionaries of Python as the TOML of a study.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
use toml::{Table, Value};

/// A dictionary as a table; entries that are `None` are left out.
pub(crate) fn table(name: &str, dictionary: &Bound<'_, PyDict>) -> PyResult<Table> {
    let mut table = Table::new();
    for (key, value) in dictionary.iter() {
        let Ok(key) = key.cast::<PyString>() else {
            return Err(wrong(name, "a key that is no text", &key));
        };
        if value.is_none() {
            continue;
        }
        let key = key.to_string();
        let place = if name.is_empty() {
            key.clone()
        } else {
            format!("{name}.{key}")
        };
        table.insert(key, to_value(&place, &value)?);
    }
    Ok(table)
}

fn to_value(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(dictionary) = value.cast::<PyDict>() {
        return table(name, dictionary).map(Value::Table);
    }
    if value.is_instance_of::<PyString>() {
        return value.extract().map(Value::String);
    }
    if value.is_instance_of::<PyBool>() {
        return value.extract().map(Value::Boolean);
    }
    if value.is_instance_of::<PyInt>() {
        let number = value.extract();
        return number
            .map(Value::Integer)
            .map_err(|_| wrong(name, "a whole number that is too large", value));
    }
    if value.is_instance_of::<PyFloat>() {
        return value.extract().map(Value::Float);
    }
    // Arrays and numbers of numpy know themselves as Python's.
    if let Ok(plain) = value.call_method0("tolist") {
        return to_value(name, &plain);
    }
    // A text would be a list of letters, but that was asked before.
    if let Ok(items) = value.try_iter() {
        let items = items.map(|item| to_value(name, &item?));
        return items.collect::<PyResult<Vec<_>>>().map(Value::Array);
    }
    Err(wrong(name, "something else", value))
}

fn wrong(name: &str, given: &str, value: &Bound<'_, PyAny>) -> PyErr {
    let kind = value
        .get_type()
        .name()
        .map_or_else(|_| String::new(), |kind| format!(" ({kind})"));
    PyValueError::new_err(format!(
        "{name}: given {given}{kind}, expected a number, text, a list or a dictionary. Give plain values."
    ))
}
