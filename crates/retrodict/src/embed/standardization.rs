//! Columns of very different sizes brought to zero mean and unit spread.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::column::Column;
use super::moments::Moments;
use crate::table::Table;

/// How columns are standardised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StandardizationMethod {
    /// Subtract the mean, divide by the standard deviation.
    Linear,
    /// As `linear`, but a column with tails far beyond a normal distribution's is first compressed
    /// by asinh around its median, so that a few extreme rows neither set the scale nor throw the
    /// network off.
    #[default]
    Robust,
}

/// Standardised values are cut here: beyond it lies only what was never seen in training.
pub(super) const LIMIT: f64 = 1e4;

/// The standardisation of every column of a table, learned from training rows in `f64`.
///
/// # Example
/// ```
/// use retrodict::embed::{Standardization, StandardizationMethod};
/// use retrodict::Table;
/// let x = Table::new(["a"], vec![1e9, 1e9 + 2.0]).unwrap();
/// let standard = Standardization::fit(&x, StandardizationMethod::Linear);
/// let mut out = [0.0];
/// standard.apply(x.row(1), &mut out);
/// assert_eq!(out, [1.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Standardization {
    columns: Vec<Column>,
}

impl Standardization {
    /// Learns from all rows of a table of finite numbers.
    pub fn fit(table: &Table, method: StandardizationMethod) -> Self {
        let columns = (0..table.n_columns())
            .map(|j| Column::fit(&table.column(j), method))
            .collect();
        Self { columns }
    }

    /// Learns from the moments of all rows, and quartiles from a sample of the same rows.
    pub fn from_moments(moments: &Moments, sample: &Table, method: StandardizationMethod) -> Self {
        assert_eq!(moments.n_columns(), sample.n_columns(), "the same columns");
        let columns = (0..sample.n_columns())
            .map(|j| Column::from_spread(&moments.spread(j), &sample.column(j), method))
            .collect();
        Self { columns }
    }

    /// The same without these columns.
    #[must_use]
    pub fn without(mut self, unrelated: &[usize]) -> Self {
        for &j in unrelated {
            self.columns[j] = Column::Unrelated;
        }
        self
    }

    /// From what is to be done to each column.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    /// What is done to each column.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many columns a network sees.
    pub fn n_seen(&self) -> usize {
        self.columns
            .iter()
            .filter(|column| column.is_seen())
            .count()
    }

    /// The positions of the columns that never change.
    pub fn constant_columns(&self) -> Vec<usize> {
        (0..self.columns.len())
            .filter(|&j| matches!(self.columns[j], Column::Constant { .. }))
            .collect()
    }

    /// Standardises one row, of which only the columns that are seen are left: subtracts in `f64`, then casts. Finite numbers
    /// stay finite.
    pub fn apply(&self, row: &[f64], out: &mut [f32]) {
        let mut seen = 0;
        for (column, value) in self.seen(row) {
            out[seen] = column.apply(value).clamp(-LIMIT, LIMIT) as f32;
            seen += 1;
        }
        assert_eq!(seen, out.len(), "one value a column that is seen");
    }

    /// The columns that are seen, with their values.
    pub(crate) fn seen<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = (&'a Column, f64)> {
        assert_eq!(row.len(), self.columns.len(), "one value a column");
        let each = self.columns.iter().zip(row.iter().copied());
        each.filter(|(column, _)| column.is_seen())
    }

    /// As [`Standardization::apply`], in place and in `f64`; returns log |det ∂(standardised)/∂row|.
    pub fn standardize(&self, row: &mut [f64]) -> f64 {
        let log_det = self.log_det(row);
        for (value, column) in row.iter_mut().zip(&self.columns) {
            *value = column.apply(*value).clamp(-LIMIT, LIMIT);
        }
        log_det
    }

    /// The inverse of [`Standardization::standardize`]; returns log |det ∂row/∂(standardised)|.
    pub fn unstandardize(&self, row: &mut [f64]) -> f64 {
        for (value, column) in row.iter_mut().zip(&self.columns) {
            *value = column.invert(*value);
        }
        -self.log_det(row)
    }

    /// The inverse of [`Standardization::apply`].
    pub fn invert(&self, row: &[f32], out: &mut [f64]) {
        assert_eq!(row.len(), self.columns.len(), "one value a column");
        for ((out, &value), column) in out.iter_mut().zip(row).zip(&self.columns) {
            *out = column.invert(f64::from(value));
        }
    }

    /// log |det ∂(standardised)/∂row| over the columns that change.
    pub fn log_det(&self, row: &[f64]) -> f64 {
        row.iter()
            .zip(&self.columns)
            .map(|(&value, column)| column.log_derivative(value))
            .sum()
    }

    /// The logarithm of the derivative of column `j` at a value.
    pub(crate) fn log_derivative(&self, j: usize, value: f64) -> f64 {
        self.columns[j].log_derivative(value)
    }

    /// Whether every number in it is finite and every scale positive, as after [`Self::fit`].
    pub fn is_valid(&self) -> bool {
        self.columns.iter().all(Column::is_valid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    fn standardised(values: &[f64], method: StandardizationMethod) -> (Standardization, Vec<f32>) {
        let table = Table::new(["a"], values.to_vec()).unwrap();
        let standard = Standardization::fit(&table, method);
        let apply = |v: &f64| {
            let mut out = [0.0];
            standard.apply(&[*v], &mut out);
            out[0]
        };
        let out = values.iter().map(apply).collect();
        (standard, out)
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let values: Vec<f64> = (0..5).map(|i| 1e12 + f64::from(i)).collect();
        let (_, out) = standardised(&values, StandardizationMethod::Linear);
        let expected = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|v: f32| v / 2.0_f32.sqrt());
        for (a, b) in out.iter().zip(expected) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn constant_columns_become_zero_and_are_named() {
        for value in [0.0, 3.5, -1e300, 0.1 + 0.2] {
            let (standard, out) = standardised(&[value; 7], StandardizationMethod::Robust);
            assert_eq!(out, [0.0; 7]);
            assert_eq!(standard.constant_columns(), [0]);
        }
    }

    #[test]
    fn unrelated_columns_are_not_seen() {
        let table = Table::new(["a", "b", "c"], vec![0.0, 5.0, 1.0, 2.0, 9.0, 3.0]).unwrap();
        let standard = Standardization::fit(&table, StandardizationMethod::Linear).without(&[1]);
        assert_eq!((standard.n_seen(), standard.columns().len()), (2, 3));
        let mut out = [0.0; 2];
        standard.apply(&[2.0, f64::NAN, 1.0], &mut out);
        assert_eq!(out, [1.0, -1.0]);
        assert_eq!(standard.log_det(&[2.0, 1e9, 1.0]), 0.0);
        assert!(standard.is_valid() && standard.constant_columns().is_empty());
    }

    #[test]
    fn outliers_do_not_set_the_scale() {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let mut values: Vec<f64> = (0..1000).map(|_| random.normal()).collect();
        let (plain, _) = standardised(&values, StandardizationMethod::Robust);
        assert!(matches!(plain.columns()[0], Column::Linear { .. }));
        values[17] = 1e9;
        values[18] = -1e300;
        let (robust, out) = standardised(&values, StandardizationMethod::Robust);
        assert!(matches!(robust.columns()[0], Column::Asinh { .. }));
        let typical = out.iter().filter(|v| v.abs() > 0.01).count();
        assert!(typical > 950, "the bulk keeps its spread: {typical}");
        assert!(out.iter().all(|v| v.is_finite()));
    }

    #[test]
    fn mostly_equal_values_with_a_tail_are_compressed() {
        let mut values = vec![0.0; 900];
        values.extend((1..=100).map(|i| (f64::from(i) / 3.0).exp2()));
        let (standard, _) = standardised(&values, StandardizationMethod::Robust);
        assert!(matches!(standard.columns()[0], Column::Asinh { .. }));
    }

    #[test]
    fn invert_undoes_apply_and_the_log_derivative_is_the_difference_quotient() {
        let columns = [
            Column::Linear { mean: 3.0, sd: 0.2 },
            Column::Asinh {
                center: 1.0,
                scale: 0.5,
                mean: 0.1,
                sd: 2.0,
            },
        ];
        for column in columns {
            for value in [-7.0, 0.3, 1.0, 40.0] {
                assert!((column.invert(column.apply(value)) - value).abs() < 1e-9);
                let h = 1e-5;
                let slope = (column.apply(value + h) - column.apply(value - h)) / (2.0 * h);
                assert!((column.log_derivative(value) - slope.ln()).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn it_survives_json() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i).powi(7) / 3.0).collect();
        let (standard, _) = standardised(&values, StandardizationMethod::Robust);
        let text = serde_json::to_string(&standard).unwrap();
        let again: Standardization = serde_json::from_str(&text).unwrap();
        assert_eq!(again, standard);
        assert!(again.is_valid());
    }
}
