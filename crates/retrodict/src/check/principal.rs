//! Principal components: the few directions in which many numbers vary most.

use faer::{Mat, Side};

/// The directions of largest variance of columns that are centred, `most` or fewer: unit vectors with one
/// number a column, the leading one first.
///
/// None if the columns are not finite.
pub(super) fn directions(columns: &[Vec<f64>], most: usize) -> Vec<Vec<f64>> {
    let p = columns.len();
    let n = columns.first().map_or(0, Vec::len);
    // The smaller of the two cross-product matrices: the non-zero eigenvalues are the same.
    let by_rows = n < p;
    let product = if by_rows {
        let entry = |i: usize, j: usize| columns.iter().map(|c| c[i] * c[j]).sum();
        Mat::from_fn(n, n, entry)
    } else {
        Mat::from_fn(p, p, |i, j| dot(&columns[i], &columns[j]))
    };
    let Ok(eigen) = product.self_adjoint_eigen(Side::Lower) else {
        return Vec::new();
    };
    let size = product.nrows();
    // Eigenvalues rise, so the leading vectors stand last.
    (1..=most.min(size))
        .map(|k| {
            let vector: Vec<f64> = (0..size).map(|i| eigen.U()[(i, size - k)]).collect();
            if by_rows {
                unit(columns.iter().map(|c| dot(c, &vector)).collect())
            } else {
                vector
            }
        })
        .collect()
}

/// The component along a direction, row by row.
pub(super) fn component(columns: &[Vec<f64>], direction: &[f64]) -> Vec<f64> {
    let n = columns.first().map_or(0, Vec::len);
    let at = |i: usize| columns.iter().zip(direction).map(|(c, v)| c[i] * v).sum();
    (0..n).map(at).collect()
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn unit(mut vector: Vec<f64>) -> Vec<f64> {
    let norm = dot(&vector, &vector).sqrt().max(f64::MIN_POSITIVE);
    for v in &mut vector {
        *v /= norm;
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn the_first_direction_carries_most_whichever_cross_product_is_smaller() {
        const MOST: usize = 10;
        for (n, d) in [(12, 20), (40, 20)] {
            let mut random = Seed(3).stream(Stream::Test, n as u64);
            // One common factor, and noise.
            let rows: Vec<Vec<f64>> = (0..n)
                .map(|_| {
                    let common = 3.0 * random.normal();
                    (0..d).map(|_| common + random.normal()).collect()
                })
                .collect();
            let columns: Vec<Vec<f64>> = (0..d)
                .map(|j| rows.iter().map(|row| row[j]).collect())
                .collect();
            let found = directions(&columns, MOST);
            assert!(found.len() <= MOST);
            let even = 1.0 / (d as f64).sqrt();
            assert!(found[0].iter().all(|v| (v.abs() - even).abs() < 0.15));
            let size = |direction: &[f64]| {
                let along = component(&columns, direction);
                dot(&along, &along)
            };
            for (i, a) in found.iter().enumerate() {
                assert!((dot(a, a) - 1.0).abs() < 1e-9 && size(a) <= size(&found[0]));
                assert!(found[..i].iter().all(|b| dot(a, b).abs() < 1e-6));
            }
        }
    }
}
