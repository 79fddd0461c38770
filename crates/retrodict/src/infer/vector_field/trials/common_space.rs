//! One space for the posteriors of all trials.

use super::super::posterior::FieldPosterior;
use super::symmetric::Symmetric;

/// y of the first trial, as a function of θ alone: with no coordinate confined, the linear guess of
/// trial *i* is yᵢ = A z − b(xᵢ) with the same A for all, so that yᵢ = y₁ + shiftᵢ; and where z is standard
/// normal under the prior, y₁ is normal.
#[derive(Debug)]
pub(super) struct CommonSpace {
    /// One for each trial.
    pub(super) shifts: Vec<Vec<f64>>,
    /// The prior's mean and covariance.
    pub(super) center: Vec<f64>,
    pub(super) spread: Symmetric,
}

/// Variances of the prior below this are rounding.
const FLOOR: f64 = 1e-12;

impl CommonSpace {
    pub(super) fn new(posterior: &FieldPosterior, contexts: &[Vec<f32>]) -> Self {
        let d = posterior.target.n_features();
        let zero = vec![0.0; d];
        let center = seen(posterior, &zero, &contexts[0]);
        let difference = |y: Vec<f64>| -> Vec<f64> {
            y.iter()
                .zip(&center)
                .map(|(y, center)| y - center)
                .collect()
        };
        let columns: Vec<Vec<f64>> = (0..d)
            .map(|j| {
                let mut unit = zero.clone();
                unit[j] = 1.0;
                difference(seen(posterior, &unit, &contexts[0]))
            })
            .collect();
        let mut covariance = vec![0.0; d * d];
        for column in &columns {
            for (i, a) in column.iter().enumerate() {
                for (j, b) in column.iter().enumerate() {
                    covariance[i * d + j] += a * b;
                }
            }
        }
        let shifts = contexts
            .iter()
            .map(|context| difference(seen(posterior, &zero, context)))
            .collect();
        Self {
            spread: Symmetric::new(&covariance, d, FLOOR),
            shifts,
            center,
        }
    }

    pub(super) fn n_trials(&self) -> usize {
        self.shifts.len()
    }
}

/// y of a point of real space.
fn seen(posterior: &FieldPosterior, z: &[f64], context: &[f32]) -> Vec<f64> {
    let mut y = vec![0.0; z.len()];
    posterior
        .target
        .forward_real(&mut z.to_vec(), context, &mut y);
    y.iter().map(|y| f64::from(*y)).collect()
}
