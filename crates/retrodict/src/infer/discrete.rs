//! Columns of θ or of the data that take few values.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::prior::{Prior, SupportMap};
use crate::table::Table;

/// More values than this are not told apart one by one.
const MAX_LEVELS: usize = 500;
/// Whole numbers with more values than this are not taken for discrete unless the user says so.
const MAX_DETECTED: usize = 20;
/// Nor with fewer rows for each value than this, on average.
const MIN_ROWS: usize = 10;

/// A discrete column, and the values it can take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscreteColumn {
    /// Its position.
    pub column: usize,
    /// Its values, in increasing order.
    pub levels: Vec<f64>,
}

impl DiscreteColumn {
    /// The number of the level that a value is, if it is one.
    ///
    /// Of counts, one that no simulation gave but that lies next to those that some gave, within a tenth
    /// of their range, is read as the nearest of them.
    pub(super) fn code(&self, value: f64) -> Option<usize> {
        let at = self.levels.partition_point(|level| *level < value);
        if self.levels.get(at) == Some(&value) {
            return Some(at);
        }
        let whole = |v: &f64| v.fract() == 0.0;
        if !whole(&value) || !self.levels.iter().all(whole) {
            return None;
        }
        let last = self.levels.len() - 1;
        let reach = 1.0 + 0.1 * (self.levels[last] - self.levels[0]);
        let distance = |i: &usize| (self.levels[*i] - value).abs();
        let near = [at.saturating_sub(1), at.min(last)];
        let near = near.into_iter().filter(|i| distance(i) <= reach);
        near.min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// Adds one number for each level: one for the value's, otherwise zero.
    pub(super) fn push_one_hot(&self, code: usize, out: &mut Vec<f32>) {
        out.extend((0..self.levels.len()).map(|k| if k == code { 1.0 } else { 0.0 }));
    }

    /// Says what is wrong with columns from a file, of so many.
    pub(super) fn check(columns: &[Self], n: usize) -> std::result::Result<(), String> {
        let ordered = columns
            .windows(2)
            .all(|pair| pair[0].column < pair[1].column);
        let good = |own: &Self| {
            own.column < n
                && (2..=MAX_LEVELS).contains(&own.levels.len())
                && own.levels.iter().all(|level| level.is_finite())
                && own.levels.windows(2).all(|pair| pair[0] < pair[1])
        };
        if ordered && columns.iter().all(good) {
            return Ok(());
        }
        Err("discrete columns that are not two or more finite values each, in order".into())
    }
}

/// Fills `real` with z of the continuous parameters, then the discrete ones as they are.
pub(super) fn to_real(map: &SupportMap, theta: &[f64], real: &mut [f64]) {
    let (z, rest) = real.split_at_mut(map.n_unconstrained());
    map.forward(theta, z);
    if !rest.is_empty() {
        for (out, column) in rest.iter_mut().zip(map.prior().discrete_columns()) {
            *out = theta[column];
        }
    }
}

/// How many levels each has.
pub(super) fn counts(columns: &[DiscreteColumn]) -> Vec<usize> {
    columns.iter().map(|own| own.levels.len()).collect()
}

/// The values of all columns in one row, one-hot, where each has its code; `None` stands for no level.
pub(super) fn one_hot(columns: &[DiscreteColumn], codes: &[Option<usize>]) -> Vec<f32> {
    let mut hot = Vec::new();
    for (own, code) in columns.iter().zip(codes) {
        own.push_one_hot(code.unwrap_or(0), &mut hot);
    }
    hot
}

/// The codes of a row.
pub(super) fn codes(columns: &[DiscreteColumn], row: &[f64]) -> Vec<Option<usize>> {
    columns
        .iter()
        .map(|own| own.code(row[own.column]))
        .collect()
}

/// The discrete columns of θ. Of a prior without end, the values that probably occur, and those that
/// the simulations have.
///
/// # Errors
/// If one has a single value, or more than 500.
pub(super) fn of_parameters(prior: &Prior, theta: &Table) -> Result<Vec<DiscreteColumn>> {
    let columns = prior.discrete_columns();
    let column = |column: usize| {
        let of_prior = prior.levels(column, MAX_LEVELS);
        let mut levels = of_prior.unwrap_or_default();
        levels.extend(theta.column(column));
        let levels = distinct(levels);
        let name = &theta.names()[column];
        check_count(levels.len(), &format!("parameters.{name}"))?;
        Ok(DiscreteColumn { column, levels })
    };
    columns.into_iter().map(column).collect()
}

fn check_count(n: usize, what: &str) -> Result<()> {
    if (2..=MAX_LEVELS).contains(&n) {
        return Ok(());
    }
    let advice = if n < 2 {
        "Leave it out: a column with one value says nothing."
    } else {
        "With so many values, treat it as a continuous one."
    };
    Err(Error::invalid(
        what,
        format!("a discrete column of {n} values"),
        format!("from 2 to {MAX_LEVELS}"),
        advice,
    ))
}

fn distinct(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    // −0 is 0.
    values.dedup_by(|a, b| a == b);
    values
}

/// The discrete columns of the data, and what is to be said about them: those that are named, or if
/// nothing is said those of few whole numbers.
///
/// # Errors
/// If a name is unknown, or a named column has one value or more than 500.
pub(super) fn of_data(
    x: &Table,
    named: Option<&[String]>,
) -> Result<(Vec<DiscreteColumn>, Vec<String>)> {
    let Some(named) = named else {
        return Ok(detected(x));
    };
    let mut columns = Vec::new();
    for name in named {
        let column = x.position(name).ok_or_else(|| {
            Error::invalid(
                "inference.discrete_data",
                format!("`{name}`"),
                format!("names of data columns: {}", x.names().join(", ")),
                "Correct the name; an empty list says that all data are continuous.",
            )
        })?;
        let levels = distinct(x.column(column));
        check_count(levels.len(), &format!("inference.discrete_data, `{name}`"))?;
        columns.push(DiscreteColumn { column, levels });
    }
    columns.sort_by_key(|own| own.column);
    columns.dedup_by_key(|own| own.column);
    Ok((columns, Vec::new()))
}

fn detected(x: &Table) -> (Vec<DiscreteColumn>, Vec<String>) {
    let (mut columns, mut many) = (Vec::new(), Vec::new());
    for (column, name) in x.names().iter().enumerate() {
        let values = x.column(column);
        if values.iter().any(|v| v.fract() != 0.0) {
            continue;
        }
        let levels = distinct(values);
        let few = levels.len() <= MAX_DETECTED && levels.len() * MIN_ROWS <= x.n_rows();
        if levels.len() >= 2 && few {
            columns.push(DiscreteColumn { column, levels });
        } else if levels.len() > 2 {
            many.push(name.as_str());
        }
    }
    let names: Vec<&str> = columns
        .iter()
        .map(|own| x.names()[own.column].as_str())
        .collect();
    let mut notes = Vec::new();
    if !names.is_empty() {
        notes.push(format!(
            "data columns of few whole numbers are taken as discrete, each value with a probability: {}; name the discrete columns in `discrete_data` if that is wrong",
            names.join(", ")
        ));
    }
    if !many.is_empty() {
        notes.push(format!(
            "data columns of many whole numbers are taken as continuous: {}; if their values are few enough to be told apart, name them in `discrete_data`",
            many.join(", ")
        ));
    }
    (columns, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_codes_and_counts_next_to_known_ones_the_nearest() {
        let own = DiscreteColumn {
            column: 0,
            levels: vec![0.0, 1.0, 2.0, 5.0],
        };
        let of = |values: &[f64]| values.iter().map(|v| own.code(*v)).collect::<Vec<_>>();
        assert_eq!(of(&[0.0, -0.0, 5.0]), [Some(0), Some(0), Some(3)]);
        assert_eq!(of(&[3.0, 6.0, -1.0]), [Some(2), Some(3), Some(0)]);
        assert_eq!(of(&[7.0, 0.5, f64::NAN]), [None; 3]);
        let halves = DiscreteColumn {
            column: 0,
            levels: vec![0.0, 0.5],
        };
        assert_eq!(halves.code(1.0), None);
    }

    #[test]
    fn few_whole_numbers_are_detected_and_names_decide_otherwise() {
        let rows = (0..200).flat_map(|i| {
            let i = f64::from(i);
            [i % 2.0, i * 0.1, i, 7.0]
        });
        let x = Table::new(["choice", "time", "count", "same"], rows.collect()).unwrap();
        let (columns, notes) = of_data(&x, None).unwrap();
        assert_eq!(columns.len(), 1);
        assert_eq!(columns[0].levels, [0.0, 1.0]);
        assert!(notes[0].contains("choice") && notes[1].contains("count"));
        assert!(of_data(&x, Some(&[])).unwrap().0.is_empty());
        let (columns, _) = of_data(&x, Some(&["count".into(), "choice".into()])).unwrap();
        assert_eq!(columns.iter().map(|c| c.column).collect::<Vec<_>>(), [0, 2]);
        for (name, words) in [("chioce", "choice, time"), ("same", "one value")] {
            let message = of_data(&x, Some(&[name.into()])).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}
