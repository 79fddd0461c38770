//! Observations from a file.

use std::path::Path;

use crate::error::{Error, Result};
use crate::simulate::files::rows::{extension, read_array, read_csv};
use crate::table::Table;

/// Reads observations, one a row of the result: CSV (with or without a header), `.npy` or `.npz`.
///
/// `length` is how many values one observation has, if that is known. A file with that many values
/// in a single column, or an array with one axis, is one observation; otherwise every row of a CSV
/// file, and every entry along the first axis of an array, is an observation. An array of exactly
/// the shape of the simulator's data is one observation.
///
/// # Errors
/// If the file cannot be read or is damaged, holds no observation, a value that is not finite, or
/// observations of another length.
pub fn read_observations(path: impl AsRef<Path>, length: Option<usize>) -> Result<Table> {
    read(path.as_ref(), length, |value| value.is_finite())
}

/// The same where NaN stands for a number that is missing.
///
/// # Errors
/// As [`read_observations`], but not for NaN.
pub fn read_observations_with_gaps(path: impl AsRef<Path>, length: Option<usize>) -> Result<Table> {
    read(path.as_ref(), length, |value| {
        value.is_finite() || value.is_nan()
    })
}

fn read(path: &Path, length: Option<usize>, allowed: fn(&f64) -> bool) -> Result<Table> {
    let (rows, values) = match extension(path).as_str() {
        "npy" | "npz" => {
            let array = read_array(path)?;
            let n = if array.shape.len() < 2 {
                1
            } else {
                array.shape[0]
            };
            (n, array.values)
        }
        _ => {
            let table = read_csv(path)?;
            (table.n_rows(), table.values().to_vec())
        }
    };
    if values.is_empty() {
        let advice = "Give one row of numbers for each observation.";
        return Err(Error::file(path, "holds no observation", advice));
    }
    let given = values.len() / rows;
    // One observation may stand in a column, or keep the shape of the data.
    let rows = if length == Some(values.len()) {
        1
    } else {
        rows
    };
    let n_columns = values.len() / rows;
    if let Some(length) = length.filter(|&length| length != n_columns) {
        let problem = format!(
            "holds {rows} {} of {given} values, expected {length} values: as many as a simulation \
             gives",
            if rows == 1 { "observation" } else { "rows" }
        );
        let advice = "Give the observation in the form of the simulator's data.";
        return Err(Error::file(path, problem, advice));
    }
    if let Some(at) = values.iter().position(|value| !allowed(value)) {
        let (row, column) = (at / n_columns + 1, at % n_columns + 1);
        let problem = format!(
            "observation {row}, value {column} is {}, expected a finite number",
            values[at]
        );
        let advice = "Leave missing values out of the data, in the simulator and in the \
                      observation, or say with `inference.missing` what they mean.";
        return Err(Error::file(path, problem, advice));
    }
    Table::numbered("x", n_columns, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npy;

    fn shape(name: &str, content: &[u8], length: Option<usize>) -> Result<[usize; 2]> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        read_observations(&path, length).map(|t| [t.n_rows(), t.n_columns()])
    }

    fn array(shape: &[usize]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        npy::write(&path, shape, &vec![1.0; shape.iter().product()]).unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn one_and_several_observations_are_told_apart() {
        for (text, length, expected) in [
            ("1,2\n", None, [1, 2]),
            ("1,2\n3,4\n", None, [2, 2]),
            ("1,2\n3,4\n", Some(2), [2, 2]),
            ("x\n1\n2\n3\n", Some(3), [1, 3]),
            ("x\n1\n2\n3\n", Some(1), [3, 1]),
        ] {
            let shape = shape("x.csv", text.as_bytes(), length).unwrap();
            assert_eq!(shape, expected, "{text:?} {length:?}");
        }
        for (axes, length, expected) in [
            (vec![4], None, [1, 4]),
            (vec![1, 4], Some(4), [1, 4]),
            (vec![3, 4], Some(4), [3, 4]),
            (vec![3, 4], Some(12), [1, 12]),
            (vec![2, 3, 4], Some(12), [2, 12]),
        ] {
            let shape = shape("x.npy", &array(&axes), length).unwrap();
            assert_eq!(shape, expected, "{axes:?} {length:?}");
        }
    }

    #[test]
    fn wrong_observations_are_refused_with_what_is_wrong() {
        for (text, length, part) in [
            ("a,b\n", None, "holds no observation"),
            ("1,2\n3,nan\n", None, "observation 2, value 2 is NaN"),
            ("1,2,3\n", Some(2), "1 observation of 3 values, expected 2"),
            ("1,2,3\n4,5,6\n", Some(2), "2 rows of 3 values, expected 2"),
        ] {
            let message = shape("x.csv", text.as_bytes(), length)
                .unwrap_err()
                .to_string();
            assert!(message.contains(part), "{text:?}: {message}");
        }
        let message = read_observations("no-such.csv", None).unwrap_err();
        assert!(message.to_string().contains("no-such.csv: cannot read"));
    }
}
