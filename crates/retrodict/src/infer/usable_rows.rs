//! Which simulations can be learned from.

use super::discrete;
use crate::embed::{Column, Standardization};
use crate::error::{Error, Result};
use crate::prior::{Prior, SupportMap};
use crate::simulate::Simulations;
use crate::table::Table;

/// With fewer simulations than this nothing can be learned, nor checked.
pub(super) const MIN_ROWS: usize = 20;

pub(super) fn check_names(prior: &Prior, found: &[String]) -> Result<()> {
    let names: Vec<&str> = prior.parameters().iter().map(|p| p.name.as_str()).collect();
    if found == names {
        return Ok(());
    }
    Err(Error::invalid(
        "simulations, columns of θ",
        found.join(", "),
        names.join(", "),
        "Simulate with the parameters of the prior, in its order.",
    ))
}

pub(super) fn check_shapes(prior: &Prior, simulations: &Simulations) -> Result<()> {
    check_names(prior, simulations.theta.names())?;
    let counts = [
        simulations.len(),
        simulations.theta.n_rows(),
        simulations.x.n_rows(),
    ];
    if counts.iter().any(|&n| n != counts[0]) {
        return Err(Error::invalid(
            "simulations",
            format!(
                "{} rows of θ, {} of x, {} of status",
                counts[1], counts[2], counts[0]
            ),
            "as many of each",
            "Give one row of each a simulation.",
        ));
    }
    Ok(())
}

/// The rows that hold data, all of whose numbers are finite.
pub(super) fn usable_rows(simulations: &Simulations) -> Result<Vec<usize>> {
    let rows = simulations.valid_rows();
    check_count(rows.len(), simulations.len())?;
    for (what, table) in [("θ", &simulations.theta), ("x", &simulations.x)] {
        for &row in &rows {
            check_finite(what, table, row, row)?;
        }
    }
    Ok(rows)
}

/// The same where NaN in x is a number that is missing.
pub(super) fn usable_rows_with_gaps(simulations: &Simulations) -> Result<Vec<usize>> {
    let rows = simulations.valid_rows();
    check_count(rows.len(), simulations.len())?;
    for &row in &rows {
        check_finite("θ", &simulations.theta, row, row)?;
        let x = simulations.x.row(row).iter();
        let filled: Vec<f64> = x.map(|v| if v.is_nan() { 0.0 } else { *v }).collect();
        let names = simulations.x.names().iter().cloned();
        check_finite("x", &Table::new(names, filled)?, 0, row)?;
    }
    Ok(rows)
}

pub(super) fn check_count(valid: usize, total: usize) -> Result<()> {
    if valid >= MIN_ROWS {
        return Ok(());
    }
    Err(Error::invalid(
        "simulations",
        format!("{valid} with data, of {total}"),
        format!("at least {MIN_ROWS}"),
        "Simulate more, or find out why simulations fail.",
    ))
}

/// Refuses a row of a table that is not finite; it is simulation `number`, counted from zero.
pub(super) fn check_finite(what: &str, table: &Table, row: usize, number: usize) -> Result<()> {
    let Some(j) = table.row(row).iter().position(|v| !v.is_finite()) else {
        return Ok(());
    };
    Err(Error::invalid(
        format!(
            "simulations, {what}, row {}, `{}`",
            number + 1,
            table.names()[j]
        ),
        table.row(row)[j],
        "a finite number",
        "Mark simulations without data as failed; they are then left out.",
    ))
}

/// θ of these rows through the support's map, discrete parameters behind it as they are.
pub(super) fn real_table(
    map: &SupportMap,
    simulations: &Simulations,
    rows: &[usize],
) -> Result<Table> {
    let n = map.n_unconstrained() + map.prior().discrete_columns().len();
    let mut values = Vec::with_capacity(rows.len() * n);
    let mut real = vec![0.0; n];
    for &row in rows {
        to_real(map, simulations.theta.row(row), row, &mut real)?;
        values.extend_from_slice(&real);
    }
    Table::numbered("z", n, values)
}

/// Fills `real` with θ of simulation `number`, counted from zero, through the support's map.
pub(super) fn to_real(
    map: &SupportMap,
    theta: &[f64],
    number: usize,
    real: &mut [f64],
) -> Result<()> {
    discrete::to_real(map, theta, real);
    if map.prior().contains(theta) {
        return Ok(());
    }
    Err(Error::invalid(
        format!("simulations, θ, row {}", number + 1),
        format!("{theta:?}"),
        "a point inside the prior's support",
        "Give the prior from which the parameters were drawn.",
    ))
}

/// What a reader of the log should know about the data.
/// `consequence` says what failures that depend on the parameters mean.
pub(super) fn notes(
    standard: &Standardization,
    x: &[String],
    (n_failed, consequence): (usize, &str),
) -> Vec<String> {
    let mut notes = Vec::new();
    if n_failed > 0 {
        notes.push(format!(
            "{n_failed} simulations gave no data and were left out; if they fail more often for some parameters than for others, {consequence}"
        ));
    }
    let named = |wanted: fn(&Column) -> bool| {
        let columns = standard.columns().iter().zip(x);
        let names: Vec<&str> = columns
            .filter(|(column, _)| wanted(column))
            .map(|(_, name)| name.as_str())
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = named(|c| matches!(c, Column::Constant { .. })) {
        notes.push(format!(
            "data columns that never change say nothing and are ignored: {names}"
        ));
    }
    let (n, n_seen) = (standard.columns().len(), standard.n_seen());
    if n_seen < n
        && let Some(kept) = named(|c| *c != Column::Unrelated)
    {
        notes.push(format!(
            "{} of {n} numbers of the data are set aside, because they depend neither on the parameters nor on the others; kept \
             are {kept} (with `screening = false` all are)",
            n - n_seen
        ));
    }
    if let Some(names) = named(|c| matches!(c, Column::Asinh { .. })) {
        notes.push(format!(
            "data columns with extreme values are compressed by asinh: {names}"
        ));
    }
    notes
}
