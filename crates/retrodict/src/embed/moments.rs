//! Means and standard deviations of columns, row by row.

use super::column::Spread;

/// Running moments and extremes of the columns of rows that are seen once (Welford 1962), which can
/// be joined (Chan et al. 1979).
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    n: usize,
    first: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    mean: Vec<f64>,
    /// Σ (v − mean)².
    squares: Vec<f64>,
}

impl Moments {
    /// Of no rows yet.
    pub fn new(n_columns: usize) -> Self {
        Self {
            n: 0,
            first: vec![0.0; n_columns],
            low: vec![f64::INFINITY; n_columns],
            high: vec![f64::NEG_INFINITY; n_columns],
            mean: vec![0.0; n_columns],
            squares: vec![0.0; n_columns],
        }
    }

    /// How many columns there are.
    pub fn n_columns(&self) -> usize {
        self.first.len()
    }

    /// How many rows were seen.
    pub fn n_rows(&self) -> usize {
        self.n
    }

    /// Takes another row.
    pub fn add(&mut self, row: &[f64]) {
        assert_eq!(row.len(), self.n_columns(), "one value a column");
        if self.n == 0 {
            self.first.copy_from_slice(row);
        }
        self.n += 1;
        let share = 1.0 / self.n as f64;
        for (j, &value) in row.iter().enumerate() {
            let before = value - self.mean[j];
            self.mean[j] += before * share;
            self.squares[j] += before * (value - self.mean[j]);
            self.low[j] = self.low[j].min(value);
            self.high[j] = self.high[j].max(value);
        }
    }

    /// Takes the rows that another has seen, as if they had come after its own.
    pub fn join(&mut self, other: &Self) {
        if self.n == 0 || other.n == 0 {
            if self.n == 0 {
                self.clone_from(other);
            }
            return;
        }
        let [n, m] = [self.n as f64, other.n as f64];
        for j in 0..self.n_columns() {
            let apart = other.mean[j] - self.mean[j];
            self.mean[j] += apart * (m / (n + m));
            self.squares[j] += other.squares[j] + apart * apart * (n * m / (n + m));
            self.low[j] = self.low[j].min(other.low[j]);
            self.high[j] = self.high[j].max(other.high[j]);
        }
        self.n += other.n;
    }

    pub(super) fn spread(&self, j: usize) -> Spread {
        let constant = self.low[j] == self.high[j];
        let sd = (self.squares[j] / self.n.max(1) as f64).sqrt();
        Spread {
            first: self.first[j],
            low: self.low[j],
            high: self.high[j],
            mean: self.mean[j],
            sd: if constant { 0.0 } else { sd },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::{Standardization, StandardizationMethod};
    use crate::seed::{Seed, Stream};
    use crate::table::Table;

    /// Columns: ordinary, on a large offset, constant, heavy-tailed.
    fn table() -> Table {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let rows = (0..999).flat_map(|i| {
            let tail = if i == 700 { 1e5 } else { random.normal() };
            [random.normal(), 1e9 + random.uniform(), 0.1 + 0.2, tail]
        });
        Table::numbered("x", 4, rows.collect()).unwrap()
    }

    #[test]
    fn joined_parts_give_the_standardisation_of_the_whole_table() {
        let table = table();
        for method in [StandardizationMethod::Linear, StandardizationMethod::Robust] {
            let mut moments = Moments::new(4);
            for part in [0..1, 1..1, 1..400, 400..999] {
                let mut own = Moments::new(4);
                part.for_each(|i| own.add(table.row(i)));
                moments.join(&own);
            }
            assert_eq!(moments.n_rows(), 999);
            let streamed = Standardization::from_moments(&moments, &table, method);
            let whole = Standardization::fit(&table, method);
            assert_eq!(streamed.constant_columns(), [2]);
            let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
            for row in table.rows() {
                streamed.apply(row, &mut a);
                whole.apply(row, &mut b);
                let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs());
                assert!(apart.fold(0.0, f32::max) < 1e-5, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn values_whose_squares_overflow_do_not_make_a_column_constant() {
        let mut values: Vec<f64> = (0..1000).map(f64::from).collect();
        values[3] = 1e300;
        let table = Table::numbered("x", 1, values).unwrap();
        let mut moments = Moments::new(1);
        table.rows().for_each(|row| moments.add(row));
        let standard =
            Standardization::from_moments(&moments, &table, StandardizationMethod::Robust);
        assert_eq!(
            standard,
            Standardization::fit(&table, StandardizationMethod::Robust)
        );
    }
}
