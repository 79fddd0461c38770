//! How far a row lies from the middle of others, all columns together.

use serde::{Deserialize, Serialize};

use super::tail::upper_tail_probability;
use super::whitening::Whitening;
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
    let reference: Vec<&[f64]> = rows.rows().step_by(2).collect();
    let whitening = Whitening::of(&reference, columns)?;
    // The root-mean-square of the whitened columns.
    let distance = |row: &[f64]| {
        let square: f64 = whitening.apply(row).iter().map(|z| z * z).sum();
        (square / columns.len() as f64).sqrt()
    };
    let distances: Vec<f64> = rows.rows().skip(1).step_by(2).map(distance).collect();
    let own = distance(observed);
    let weights = vec![1.0 / distances.len() as f64; distances.len()];
    Some(JointDistance {
        observed: own,
        quantiles: quantiles(&distances, &weights, [0.025, 0.16, 0.5, 0.84, 0.975]),
        p_value: upper_tail_probability(&distances, own),
    })
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
