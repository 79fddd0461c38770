//! Columns as orthonormal functions of their ranks, so that independence is zero correlation of all of them.

use faer::Mat;

use crate::table::Table;

/// A column of so many values or fewer has as many functions as there are values but one, which is all that it can say.
const FEW_VALUES: usize = 6;
/// Any other has a straight and a bent one: the first sees where another column moves it, the second how far it scatters.
const DEGREE: usize = 2;
/// What remains of a power beside the lower ones, when it is rounding.
const SMALLEST: f64 = 1e-6;

/// Polynomials of the ranks of each column, with mean zero and variance one, uncorrelated within a column.
///
/// # Reference
/// Kallenberg and Ledwina 1999, "Data-driven rank tests for independence", JASA 94:285.
pub(super) struct Scores {
    /// A row of the table a row, a function a column.
    pub(super) values: Mat<f64>,
    /// The column of the table of which each is a function.
    pub(super) column: Vec<usize>,
    /// Whether it is the first of its column.
    pub(super) first: Vec<bool>,
}

impl Scores {
    /// Those of these rows of a table of finite numbers. A column that never changes has none.
    pub(super) fn new(table: &Table, rows: &[usize]) -> Self {
        let (mut values, mut column, mut first) = (Vec::new(), Vec::new(), Vec::new());
        for j in 0..table.n_columns() {
            let own: Vec<f64> = rows.iter().map(|&i| table.row(i)[j]).collect();
            for (k, score) in of_column(&own).into_iter().enumerate() {
                values.push(score);
                column.push(j);
                first.push(k == 0);
            }
        }
        Self {
            values: Mat::from_fn(rows.len(), values.len(), |i, j| values[j][i]),
            column,
            first,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.column.len()
    }
}

/// The functions of one column.
fn of_column(values: &[f64]) -> Vec<Vec<f64>> {
    let (ranks, n_values) = ranks(values);
    let degree = match n_values {
        1..=FEW_VALUES => n_values - 1,
        _ => DEGREE,
    };
    let mut found: Vec<Vec<f64>> = Vec::new();
    for power in 1..=degree as i32 {
        let own = ranks.iter().map(|u| u.powi(power)).collect();
        found.extend(orthonormal(own, &found));
    }
    found
}

/// The middle of the ranks of each value, from −1 to 1, and how many values there are.
fn ranks(values: &[f64]) -> (Vec<f64>, usize) {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; n];
    let ties = order.chunk_by(|&a, &b| values[a] == values[b]);
    let (mut below, mut n_values) = (0, 0);
    for tie in ties {
        let middle = (2 * below + tie.len()) as f64 / n as f64 - 1.0;
        for &i in tie {
            ranks[i] = middle;
        }
        below += tie.len();
        n_values += 1;
    }
    (ranks, n_values)
}

/// The same with mean zero, variance one, and nothing of the others; nothing if that is all it was.
fn orthonormal(mut values: Vec<f64>, others: &[Vec<f64>]) -> Option<Vec<f64>> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    for value in &mut values {
        *value -= mean;
    }
    for other in others {
        let shared = values.iter().zip(other).map(|(a, b)| a * b).sum::<f64>() / n;
        for (value, other) in values.iter_mut().zip(other) {
            *value -= shared * other;
        }
    }
    let sd = (values.iter().map(|v| v * v).sum::<f64>() / n).sqrt();
    for value in &mut values {
        *value /= sd;
    }
    (sd > SMALLEST).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_orthonormal_and_do_not_depend_on_the_scale_of_a_column() {
        let values: Vec<f64> = (0..40).map(|i| f64::from(i * i % 17)).collect();
        let stretched: Vec<f64> = values.iter().map(|v| v.exp()).collect();
        let n = values.len() as f64;
        let found = of_column(&values);
        assert_eq!(found.len(), 2);
        assert_eq!(found, of_column(&stretched));
        for (i, a) in found.iter().enumerate() {
            assert!(a.iter().sum::<f64>().abs() < 1e-9);
            for (j, b) in found.iter().enumerate() {
                let product = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n;
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_column_of_few_values_has_one_less_and_a_constant_none() {
        for n in 1..=FEW_VALUES {
            let values: Vec<f64> = (0..60).map(|i| (i % n) as f64).collect();
            assert_eq!(of_column(&values).len(), n - 1);
        }
        let table = Table::new(["a", "b"], vec![1.0, 3.0, 1.0, 4.0, 1.0, 9.0]).unwrap();
        let scores = Scores::new(&table, &[0, 1, 2]);
        assert_eq!(
            (scores.column, scores.first),
            (vec![1, 1], vec![true, false])
        );
    }
}
