//! A table of numbers with named columns: the shape in which θ, x and draws travel.

use crate::error::{Error, Result};

/// Rows of `f64` with named columns, row-major.
///
/// # Example
/// ```
/// use retrodict::Table;
/// let table = Table::new(["a", "b"], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
/// assert_eq!(table.row(1), [3.0, 4.0]);
/// assert_eq!(table.column(0), [1.0, 3.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    names: Vec<String>,
    values: Vec<f64>,
}

impl Table {
    /// A table from its column names and its values, row after row.
    ///
    /// # Errors
    /// If a name stands twice, there is no column, or the values do not fill whole rows.
    pub fn new<N: Into<String>>(
        names: impl IntoIterator<Item = N>,
        values: Vec<f64>,
    ) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if let Some(name) = names
            .iter()
            .enumerate()
            .find(|(i, n)| names[..*i].contains(n))
        {
            return Err(Error::invalid(
                "column names",
                format!("`{}` twice", name.1),
                "names that differ",
                "Rename one of the columns.",
            ));
        }
        if names.is_empty() || !values.len().is_multiple_of(names.len()) {
            return Err(Error::invalid(
                "table",
                format!("{} values for {} columns", values.len(), names.len()),
                "at least one column and a whole number of rows",
                "Give rows × columns values, row after row.",
            ));
        }
        Ok(Self { names, values })
    }

    /// A table whose columns are called `prefix_1`, `prefix_2`, …
    pub fn numbered(prefix: &str, n_columns: usize, values: Vec<f64>) -> Result<Self> {
        Self::new((1..=n_columns).map(|i| format!("{prefix}_{i}")), values)
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many columns there are.
    pub fn n_columns(&self) -> usize {
        self.names.len()
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.values.len() / self.names.len().max(1)
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// All values, row after row, to change.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// One row.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.n_columns()..(i + 1) * self.n_columns()]
    }

    /// The rows in order.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.n_columns().max(1))
    }

    /// A copy of one column.
    pub fn column(&self, j: usize) -> Vec<f64> {
        assert!(j < self.n_columns(), "column {j} of {}", self.n_columns());
        self.values
            .iter()
            .skip(j)
            .step_by(self.n_columns())
            .copied()
            .collect()
    }

    /// The position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The rows at these positions, in this order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|&i| self.row(i)).copied().collect();
        Self {
            names: self.names.clone(),
            values,
        }
    }

    /// Adds whole rows at the end of all values.
    pub(crate) fn append(&mut self, add: impl FnOnce(&mut Vec<f64>)) {
        add(&mut self.values);
        let whole = self.values.len().is_multiple_of(self.n_columns());
        assert!(whole, "rows have one value a column");
    }

    /// Removes all rows and keeps the room they took.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
    }

    /// Adds a row at the end; it must have one value a column.
    pub fn push(&mut self, row: &[f64]) {
        assert_eq!(row.len(), self.n_columns(), "a row has one value a column");
        self.values.extend_from_slice(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_knows_its_shape() {
        let table = Table::numbered("x", 3, (0..6).map(f64::from).collect()).unwrap();
        assert_eq!((table.n_rows(), table.n_columns()), (2, 3));
        assert_eq!(table.names(), ["x_1", "x_2", "x_3"]);
        assert_eq!(table.select(&[1, 0]).column(2), [5.0, 2.0]);
    }

    #[test]
    fn wrong_shapes_and_repeated_names_are_refused() {
        assert!(Table::new(["a", "a"], vec![1.0, 2.0]).is_err());
        assert!(Table::new(["a", "b"], vec![1.0, 2.0, 3.0]).is_err());
        assert!(Table::new(Vec::<String>::new(), vec![]).is_err());
    }
}
