//! How far a row lies from the middle of others, all columns together.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};
use serde::{Deserialize, Serialize};

use super::tail::upper_tail_probability;
use crate::samples::quantiles;
use crate::table::Table;

/// How far the observation lies from the middle of the simulated data, all features together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointDistance {
    /// The Mahalanobis distance of the observation, divided by the root of the number of features.
    pub observed: f64,
    /// The 2.5, 16, 50, 84 and 97.5 % quantiles of the same distance of simulated rows.
    pub quantiles: [f64; 5],
    /// The probability of a simulated row at least as far away.
    pub p_value: f64,
}

/// Values further than this many robust sd from the median do not stretch the covariance.
const CLIP: f64 = 5.0;
/// With more features than this their correlations are left out: a covariance would cost seconds.
const MOST_CORRELATED: usize = 200;
/// Rows for the covariance, and as many for the distances.
const FEWEST_ROWS: usize = 20;

/// Mahalanobis distance of `observed` in the given columns.
///
/// Every second row gives the middle and the covariance, the others give the distances to compare
/// with: they and the observation are then exchangeable if the simulator made it, so the p-value
/// holds however few rows or many features there are.
pub(super) fn joint_distance(
    rows: &Table,
    observed: &[f64],
    columns: &[usize],
) -> Option<JointDistance> {
    let n = rows.n_rows();
    if columns.is_empty() || n < 2 * FEWEST_ROWS {
        return None;
    }
    let scales: Vec<Scale> = columns.iter().map(|&j| Scale::of(rows, j)).collect();
    let standardize = |row: &[f64]| -> Vec<f64> {
        scales
            .iter()
            .zip(columns)
            .map(|(s, &j)| (row[j] - s.middle) / s.width)
            .collect()
    };
    let reference: Vec<Vec<f64>> = (0..n)
        .step_by(2)
        .map(|i| standardize(rows.row(i)))
        .collect();
    let mut compared: Vec<Vec<f64>> = (1..n)
        .step_by(2)
        .map(|i| standardize(rows.row(i)))
        .collect();
    compared.push(standardize(observed));
    let mut distances = distances(&reference, &compared)?;
    let own = distances.pop()?;
    let weights = vec![1.0 / distances.len() as f64; distances.len()];
    Some(JointDistance {
        observed: own,
        quantiles: quantiles(&distances, &weights, [0.025, 0.16, 0.5, 0.84, 0.975]),
        p_value: upper_tail_probability(&distances, own),
    })
}

/// The middle and width of one column, from the rows that give the covariance.
struct Scale {
    middle: f64,
    width: f64,
}

impl Scale {
    fn of(rows: &Table, j: usize) -> Self {
        let values: Vec<f64> = rows.rows().step_by(2).map(|row| row[j]).collect();
        let weights = vec![1.0 / values.len() as f64; values.len()];
        let [low, middle, high] = quantiles(&values, &weights, [0.25, 0.5, 0.75]);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let sd = (square / values.len() as f64).sqrt();
        // The quartiles of a normal distribution are 1.349 sd apart; those of a column that is
        // mostly one number coincide.
        let robust = (high - low) / 1.349;
        let width = if robust > 1e-3 * sd { robust } else { sd };
        Self {
            middle,
            width: if width > 0.0 { width } else { 1.0 },
        }
    }
}

/// Root-mean-square Mahalanobis distance of each compared row. The covariance is shrunk towards a
/// multiple of the identity with weight p/(p + n), so that it can be inverted.
fn distances(reference: &[Vec<f64>], compared: &[Vec<f64>]) -> Option<Vec<f64>> {
    let (n, p) = (reference.len(), reference[0].len());
    let right = Mat::from_fn(p, compared.len(), |j, i| compared[i][j]);
    let solved = if p > MOST_CORRELATED {
        right.clone()
    } else {
        let clipped = Mat::from_fn(n, p, |i, j| reference[i][j].clamp(-CLIP, CLIP));
        let mut covariance = clipped.transpose() * &clipped;
        let trace: f64 = (0..p).map(|j| covariance[(j, j)]).sum();
        let shrink = p as f64 / (p + n) as f64;
        for i in 0..p {
            for j in 0..p {
                let target = if i == j { trace / p as f64 } else { 0.0 };
                let shrunk = (1.0 - shrink) * covariance[(i, j)] + shrink * target;
                covariance[(i, j)] = shrunk / n as f64;
            }
        }
        covariance.llt(Side::Lower).ok()?.solve(&right)
    };
    let square = |i: usize| (0..p).map(|j| right[(j, i)] * solved[(j, i)]).sum::<f64>();
    Some(
        (0..compared.len())
            .map(|i| (square(i) / p as f64).sqrt())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn standard_normal_columns_give_the_euclidean_distance() {
        let mut random = Seed(9).stream(Stream::Test, 0);
        let values = (0..40_000).map(|_| random.normal()).collect();
        let rows = Table::numbered("x", 2, values).unwrap();
        let joint = joint_distance(&rows, &[3.0, -4.0], &[0, 1]).unwrap();
        assert!(
            (joint.observed - 5.0 / 2.0_f64.sqrt()).abs() < 0.1,
            "{}",
            joint.observed
        );
        // d²·p is χ² with two degrees of freedom: median 2 ln 2. P(χ²₂ > 25) = 3.7·10⁻⁶.
        assert!((joint.quantiles[2] - (2.0_f64.ln()).sqrt()).abs() < 0.02);
        assert!(joint.p_value < 5e-5);
    }

    #[test]
    fn too_few_rows_or_no_columns_give_nothing() {
        let rows = Table::numbered("x", 1, vec![1.0; 30]).unwrap();
        assert!(joint_distance(&rows, &[1.0], &[0]).is_none());
        assert!(joint_distance(&rows, &[1.0], &[]).is_none());
    }
}
