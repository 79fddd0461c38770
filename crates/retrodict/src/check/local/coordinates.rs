//! What the classifier of a local test sees: θ in units of its posterior, and the data.

use faer::{Mat, Side};

use crate::check::calibration::Calibration;
use crate::samples::Samples;
use crate::simulate::Simulations;

/// Of more data than this the leading principal components are taken.
const MOST_DATA: usize = 10;
/// Numbers beyond this many standard deviations are set to it: they would dominate a network.
const LARGEST: f64 = 10.0;

/// The map from data to the classifier's inputs.
#[derive(Debug)]
pub(super) struct Coordinates {
    means: Vec<f64>,
    /// Zero for data that never vary.
    inverse_sds: Vec<f64>,
    /// Directions in standardised data, and the standard deviation along each; none if there are few
    /// data.
    directions: Option<Vec<(Vec<f64>, f64)>>,
}

impl Coordinates {
    /// Learned from the data of the test simulations.
    pub(super) fn of(calibration: &Calibration, test: &Simulations) -> Self {
        let rows: Vec<&[f64]> = calibration.rows.iter().map(|&i| test.x.row(i)).collect();
        let n = rows.len() as f64;
        let d = test.x.n_columns();
        let mean = |j: usize| rows.iter().map(|row| row[j]).sum::<f64>() / n;
        let means: Vec<f64> = (0..d).map(mean).collect();
        let variance = |j: usize| {
            rows.iter()
                .map(|row| (row[j] - means[j]).powi(2))
                .sum::<f64>()
                / n
        };
        let inverse = |j: usize| {
            let sd = variance(j).sqrt();
            let varies = sd > 1e-12 * means[j].abs().max(f64::MIN_POSITIVE);
            if varies { 1.0 / sd } else { 0.0 }
        };
        let mut coordinates = Self {
            inverse_sds: (0..d).map(inverse).collect(),
            means,
            directions: None,
        };
        if d > MOST_DATA {
            let standardised: Vec<Vec<f64>> = rows
                .iter()
                .map(|row| coordinates.standardised(row))
                .collect();
            coordinates.directions = Some(principal_directions(&standardised));
        }
        coordinates
    }

    /// Feature-major inputs for one θ (`theta` holds them row after row) at the data of each test
    /// simulation.
    pub(super) fn of_rows(
        &self,
        calibration: &Calibration,
        test: &Simulations,
        theta: &[f64],
    ) -> Vec<Vec<f32>> {
        let n = calibration.rows.len();
        let d = theta.len() / n;
        let scaled = |j: usize, i: usize| {
            let at = i * d + j;
            in_units(
                theta[at],
                calibration.posterior_means[at],
                calibration.posterior_sds[at],
            )
        };
        let mut columns: Vec<Vec<f32>> = (0..d)
            .map(|j| (0..n).map(|i| scaled(j, i)).collect())
            .collect();
        let data: Vec<Vec<f32>> = calibration
            .rows
            .iter()
            .map(|&i| self.data(test.x.row(i)))
            .collect();
        let n_data = data.first().map_or(0, Vec::len);
        columns.extend((0..n_data).map(|k| data.iter().map(|row| row[k]).collect::<Vec<f32>>()));
        columns
    }

    /// The same for draws from the posterior of one observation, at most `most` of them.
    pub(super) fn at(&self, observed: &[f64], samples: &Samples, most: usize) -> Vec<Vec<f32>> {
        let weights = samples.weights();
        let draws = &samples.draws;
        let step = draws.n_rows().div_ceil(most).max(1);
        let mut columns: Vec<Vec<f32>> = Vec::new();
        for j in 0..draws.n_columns() {
            let column = || draws.rows().map(|row| row[j]);
            let mean: f64 = column().zip(&weights).map(|(v, w)| v * w).sum();
            let square = |(v, w): (f64, &f64)| w * (v - mean).powi(2);
            let sd = column().zip(&weights).map(square).sum::<f64>().sqrt();
            let thinned = column().step_by(step);
            columns.push(thinned.map(|v| in_units(v, mean, sd)).collect());
        }
        let n = columns.first().map_or(0, Vec::len);
        columns.extend(self.data(observed).into_iter().map(|value| vec![value; n]));
        columns
    }

    fn data(&self, x: &[f64]) -> Vec<f32> {
        let standardised = self.standardised(x);
        let values = match &self.directions {
            None => standardised,
            Some(directions) => directions
                .iter()
                .map(|(direction, sd)| dot(direction, &standardised) / sd)
                .collect(),
        };
        values.into_iter().map(clamped).collect()
    }

    fn standardised(&self, x: &[f64]) -> Vec<f64> {
        let scaled = |((x, mean), inverse): ((&f64, &f64), &f64)| (x - mean) * inverse;
        x.iter()
            .zip(&self.means)
            .zip(&self.inverse_sds)
            .map(scaled)
            .collect()
    }
}

fn in_units(value: f64, mean: f64, sd: f64) -> f32 {
    clamped((value - mean) / sd.max(f64::MIN_POSITIVE))
}

fn clamped(value: f64) -> f32 {
    value.clamp(-LARGEST, LARGEST) as f32
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The directions of largest variance, with the standard deviation along each.
fn principal_directions(rows: &[Vec<f64>]) -> Vec<(Vec<f64>, f64)> {
    let (n, d) = (rows.len(), rows[0].len());
    // The smaller of the two cross products: their eigenvalues are the same but for zeros.
    let by_rows = n < d;
    let product = if by_rows {
        Mat::from_fn(n, n, |i, j| dot(&rows[i], &rows[j]))
    } else {
        let entry = |i: usize, j: usize| rows.iter().map(|row| row[i] * row[j]).sum();
        Mat::from_fn(d, d, entry)
    };
    let Ok(eigen) = product.self_adjoint_eigen(Side::Lower) else {
        return Vec::new();
    };
    let size = product.nrows();
    let direction = |k: usize| {
        let entry = |i: usize| eigen.U()[(i, size - k)];
        if by_rows {
            let along = |j: usize| (0..n).map(|i| entry(i) * rows[i][j]).sum::<f64>();
            unit((0..d).map(along).collect())
        } else {
            (0..d).map(entry).collect()
        }
    };
    // Eigenvalues rise, so the leading ones stand last.
    (1..=MOST_DATA.min(size))
        .map(direction)
        .filter_map(|direction| {
            let square = |row: &Vec<f64>| dot(row, &direction).powi(2);
            let sd = (rows.iter().map(square).sum::<f64>() / n as f64).sqrt();
            (sd > 1e-9).then_some((direction, sd))
        })
        .collect()
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
        for (n, d) in [(12, 20), (40, 20)] {
            let mut random = Seed(3).stream(Stream::Test, n as u64);
            // One common factor, and noise.
            let rows: Vec<Vec<f64>> = (0..n)
                .map(|_| {
                    let common = 3.0 * random.normal();
                    (0..d).map(|_| common + random.normal()).collect()
                })
                .collect();
            let directions = principal_directions(&rows);
            assert!(directions.len() <= MOST_DATA);
            let even = 1.0 / (d as f64).sqrt();
            assert!(
                directions[0]
                    .0
                    .iter()
                    .all(|v| (v.abs() - even).abs() < 0.15)
            );
            for (i, (a, sd)) in directions.iter().enumerate() {
                assert!((dot(a, a) - 1.0).abs() < 1e-9 && *sd <= directions[0].1);
                assert!(directions[..i].iter().all(|(b, _)| dot(a, b).abs() < 1e-6));
            }
        }
    }
}
