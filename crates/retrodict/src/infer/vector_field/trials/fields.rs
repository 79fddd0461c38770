//! What is composed: the field of each trial.

use super::super::posterior::FieldPosterior;

/// The fields of several trials, each in the space of its own y; rows of points are row-major.
pub(super) trait Fields: Sync {
    /// The smallest angle that they know.
    fn least_angle(&self) -> f64;

    /// The draws of y given a trial that standard normal `noise` becomes.
    fn carry(&self, trial: usize, noise: &[f64]) -> Vec<f64>;

    /// Computes velocities at up to so many points.
    fn velocity(&self, n_rows: usize) -> Velocity<'_>;
}

/// Gets a trial, an angle and points u, and puts w(u, φ; x) in their place.
pub(super) type Velocity<'a> = Box<dyn FnMut(usize, f64, &mut [f64]) + 'a>;

/// Those that were trained.
pub(super) struct Trained<'a> {
    pub(super) posterior: &'a FieldPosterior,
    /// x of each trial, as the network sees it.
    pub(super) contexts: &'a [Vec<f32>],
}

impl Fields for Trained<'_> {
    fn least_angle(&self) -> f64 {
        self.posterior.field.angles()[0]
    }

    fn carry(&self, trial: usize, noise: &[f64]) -> Vec<f64> {
        self.posterior.carried(&self.contexts[trial], noise)
    }

    fn velocity(&self, n_rows: usize) -> Velocity<'_> {
        let FieldPosterior { field, members, .. } = self.posterior;
        let mut batch = field.batch(n_rows);
        let stride = batch.stride();
        let d = field.n_theta();
        let mut lanes = vec![0.0; d * stride];
        Box::new(move |trial, angle, points| {
            batch.fill_data(0, &self.contexts[trial]);
            pack(points, d, stride, &mut lanes);
            field.velocity(members, angle, &lanes, &mut batch);
            for (row, point) in points.chunks_exact_mut(d).enumerate() {
                for (j, value) in point.iter_mut().enumerate() {
                    *value = f64::from(batch.velocity()[j * stride + row]);
                }
            }
        })
    }
}

/// Rows to features × stride.
pub(in super::super) fn pack(rows: &[f64], d: usize, stride: usize, lanes: &mut [f32]) {
    for (row, point) in rows.chunks_exact(d).enumerate() {
        for (j, value) in point.iter().enumerate() {
            lanes[j * stride + row] = *value as f32;
        }
    }
}
