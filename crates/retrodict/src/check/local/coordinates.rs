//! What the classifier of a local test sees: θ in units of its posterior, and the data.

use crate::check::calibration::{Calibration, moments};
use crate::check::principal::{component, directions, dot};
use crate::samples::Samples;
use crate::simulate::Simulations;

/// Of more data than this the leading principal components are taken.
const MOST_DATA: usize = 10;
/// Directions in which the data vary less, in standard deviations of a datum, are rounding.
const SMALLEST: f64 = 1e-9;
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
            coordinates.directions = Some(coordinates.leading(&rows));
        }
        coordinates
    }

    /// The directions in which the standardised data vary most, with the standard deviation along each.
    fn leading(&self, rows: &[&[f64]]) -> Vec<(Vec<f64>, f64)> {
        let standardised: Vec<Vec<f64>> = rows.iter().map(|row| self.standardised(row)).collect();
        let column = |j: usize| standardised.iter().map(|row| row[j]).collect();
        let columns: Vec<Vec<f64>> = (0..self.means.len()).map(column).collect();
        let found = directions(&columns, MOST_DATA).into_iter();
        found
            .filter_map(|direction| {
                let along = component(&columns, &direction);
                let sd = (dot(&along, &along) / rows.len() as f64).sqrt();
                (sd > SMALLEST).then_some((direction, sd))
            })
            .collect()
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

    /// The same for draws from the posterior of one observation, at most `most` of them, and their weights.
    pub(super) fn at(
        &self,
        observed: &[f64],
        samples: &Samples,
        most: usize,
    ) -> (Vec<Vec<f32>>, Vec<f64>) {
        let weights = samples.weights();
        let draws = &samples.draws;
        let (means, sds) = moments(draws, &weights);
        let step = draws.n_rows().div_ceil(most).max(1);
        let kept: Vec<usize> = (0..draws.n_rows()).step_by(step).collect();
        let scaled = |j: usize| {
            let value = |&i: &usize| in_units(draws.row(i)[j], means[j], sds[j]);
            kept.iter().map(value).collect()
        };
        let mut columns: Vec<Vec<f32>> = (0..means.len()).map(scaled).collect();
        let data = self.data(observed).into_iter();
        columns.extend(data.map(|value| vec![value; kept.len()]));
        (columns, kept.iter().map(|&i| weights[i]).collect())
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
