//! Simulations that exist already.

use std::path::Path;

use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::simulate::files::read_rows;
use crate::simulate::{Simulations, Status};
use crate::table::Table;

/// Reads simulations from a file of parameters and a file of data, one row a simulation each.
///
/// If the parameters have a header with all of the prior's names, the columns are taken by name;
/// otherwise they have to stand in the prior's order. Rows whose data are not finite count as
/// failed.
///
/// # Errors
/// If a file cannot be read, the numbers of rows differ, the parameters have another number of
/// columns than the prior, or a row of parameters is not finite or outside the prior's support.
pub fn read_simulations(
    theta: impl AsRef<Path>,
    x: impl AsRef<Path>,
    prior: &Prior,
) -> Result<Simulations> {
    let (theta_path, x_path) = (theta.as_ref(), x.as_ref());
    let theta = in_order(theta_path, &read_rows(theta_path)?, prior)?;
    check_support(theta_path, &theta, prior)?;
    let x = read_rows(x_path)?;
    if x.n_rows() != theta.n_rows() {
        return Err(Error::file(
            x_path,
            format!(
                "has {} rows, but {} has {}",
                x.n_rows(),
                theta_path.display(),
                theta.n_rows()
            ),
            "Give one row of data for each row of parameters.",
        ));
    }
    Ok(from_rows(theta, &x))
}

/// Counts rows that are not finite as failed and empties them.
fn from_rows(theta: Table, x: &Table) -> Simulations {
    let status: Vec<Status> = x
        .rows()
        .map(|row| {
            if row.iter().all(|v| v.is_finite()) {
                Status::Ok
            } else {
                Status::NotFinite
            }
        })
        .collect();
    let mut values = x.values().to_vec();
    for (row, status) in values.chunks_exact_mut(x.n_columns()).zip(&status) {
        if *status != Status::Ok {
            row.fill(f64::NAN);
        }
    }
    let x = Table::numbered("x", x.n_columns(), values).expect("the values come from a table");
    Simulations { theta, x, status }
}

fn in_order(path: &Path, found: &Table, prior: &Prior) -> Result<Table> {
    let names = prior.names();
    if found.n_columns() != names.len() {
        return Err(Error::file(
            path,
            format!(
                "has {} columns, expected {}: {}",
                found.n_columns(),
                names.len(),
                names.join(", ")
            ),
            "Give one column for each parameter.",
        ));
    }
    let columns: Option<Vec<usize>> = names.iter().map(|name| found.position(name)).collect();
    let named = (1..)
        .zip(found.names())
        .all(|(i, n)| *n != format!("column_{i}"));
    let columns = match columns {
        Some(columns) => columns,
        None if named => {
            return Err(Error::file(
                path,
                format!(
                    "has the columns {}, expected {}",
                    found.names().join(", "),
                    names.join(", ")
                ),
                "Name the columns after the parameters, or leave the header out.",
            ));
        }
        None => (0..names.len()).collect(),
    };
    let values = found.rows().flat_map(|row| columns.iter().map(|&j| row[j]));
    Table::new(names, values.collect())
}

fn check_support(path: &Path, theta: &Table, prior: &Prior) -> Result<()> {
    let outside = |row: &[f64]| row.iter().any(|v| !v.is_finite()) || !prior.contains(row);
    let Some((i, row)) = theta.rows().enumerate().find(|(_, row)| outside(row)) else {
        return Ok(());
    };
    let values: Vec<String> = theta
        .names()
        .iter()
        .zip(row)
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    Err(Error::file(
        path,
        format!("row {} is outside the prior: {}", i + 1, values.join(", ")),
        "State the prior from which these parameters were drawn, or remove the row from both files.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::DistributionConfig;

    fn read(theta: &str, x: &str) -> Result<Simulations> {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["theta.csv", "x.csv"].map(|name| folder.path().join(name));
        std::fs::write(&a, theta).unwrap();
        std::fs::write(&b, x).unwrap();
        let uniform = DistributionConfig::uniform(0.0, 1.0);
        let prior = Prior::new([("a", uniform.clone()), ("b", uniform)]).unwrap();
        read_simulations(&a, &b, &prior)
    }

    #[test]
    fn columns_are_taken_by_name_or_in_order() {
        for theta in ["0.1,0.2\n0.3,0.4\n", "b,a\n0.2,0.1\n0.4,0.3\n"] {
            let simulations = read(theta, "first,second\n1,2\n3,inf\n").unwrap();
            assert_eq!(simulations.theta.names(), ["a", "b"]);
            assert_eq!(simulations.theta.values(), [0.1, 0.2, 0.3, 0.4]);
            assert_eq!(simulations.status, [Status::Ok, Status::NotFinite]);
            assert!(simulations.x.row(1).iter().all(|v| v.is_nan()));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_row() {
        for (theta, x, part) in [
            ("0.1,0.2\n0.3,0.4\n", "1\n", "x.csv: has 1 rows"),
            ("0.1\n0.3\n", "1\n2\n", "has 1 columns, expected 2: a, b"),
            (
                "a,c\n0.1,0.2\n",
                "1\n",
                "has the columns a, c, expected a, b",
            ),
            (
                "0.1,0.2\n0.3,1.4\n",
                "1\n2\n",
                "row 2 is outside the prior: a = 0.3, b = 1.4",
            ),
            ("0.1,NaN\n", "1\n", "row 1 is outside the prior"),
        ] {
            let message = read(theta, x).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
