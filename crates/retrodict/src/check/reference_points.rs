//! Points about which coverage is measured: of the parameters' space, chosen by the data alone.

use rayon::prelude::*;

use crate::simulate::Simulations;
use crate::table::Table;

/// For each of the `rows`, the row before it whose data are most alike (for the first, the last row): its
/// parameters lie where those that made such data lie.
///
/// Rows before and not all: given the data, what is measured at a row then depends on no row that comes
/// later, so that the results of all rows are independent if the posterior is right.
pub(super) fn reference_rows(test: &Simulations, rows: &[usize]) -> Vec<usize> {
    let scales = scales(&test.x, rows);
    let distance = |a: usize, b: usize| -> f64 {
        let pairs = test.x.row(a).iter().zip(test.x.row(b)).zip(&scales);
        pairs.map(|((a, b), s)| ((a - b) * s).powi(2)).sum()
    };
    (0..rows.len())
        .into_par_iter()
        .map(|k| {
            let before = rows[..k].iter().copied();
            let nearest = before.min_by(|&a, &b| {
                let of = |other| distance(rows[k], other);
                of(a).total_cmp(&of(b))
            });
            nearest.unwrap_or(rows[rows.len() - 1])
        })
        .collect()
}

/// The inverse of each column's standard deviation; zero for one that never changes.
fn scales(x: &Table, rows: &[usize]) -> Vec<f64> {
    let n = rows.len() as f64;
    (0..x.n_columns())
        .map(|j| {
            let column = || rows.iter().map(|&i| x.row(i)[j]);
            let mean = column().sum::<f64>() / n;
            let variance = column().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            if variance > 0.0 {
                variance.sqrt().recip()
            } else {
                0.0
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::Status;

    #[test]
    fn the_nearest_earlier_row_is_chosen_in_units_of_each_column() {
        let x = vec![0.0, 0.0, 1.0, 1000.0, 0.5, 0.0, 0.3, 900.0];
        let test = Simulations {
            theta: Table::new(["a"], vec![0.0; 4]).unwrap(),
            x: Table::numbered("x", 2, x).unwrap(),
            status: vec![Status::Ok; 4],
        };
        assert_eq!(reference_rows(&test, &[0, 1, 2, 3]), [3, 0, 0, 1]);
        assert_eq!(reference_rows(&test, &[1, 3]), [3, 1]);
    }
}
