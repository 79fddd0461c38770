//! The θ with the largest posterior density, uphill along the score.

use super::posterior::FieldPosterior;
use crate::error::Result;
use crate::estimator::FieldBatch;
use crate::infer::posterior::Posterior;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// Draws among which the starts are chosen.
const N_DRAWS: usize = 1000;
/// Starts: the draws with the largest density.
const N_STARTS: usize = 32;
const N_STEPS: usize = 150;
/// The first step length, in standard deviations of θ as the network sees it; it falls to zero.
const STEP: f64 = 0.05;
/// The density climbed is that after a little noise, the more the earlier: these are the first and the
/// last angle.
const ANGLES: [f64; 2] = [0.2, 0.03];
/// For the derivative of the map's log-determinant.
const DIFFERENCE: f32 = 1e-3;

/// Maximises the density of θ: Adam from the best of many draws along the score of slightly diffused y,
/// ∇ log q(y | x) − ∇ log |det ∂θ/∂y|, then the point of the largest density by the flow.
pub(super) fn maximum(posterior: &FieldPosterior, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
    let context = posterior.context(x)?;
    let draws = posterior
        .sample(x, N_DRAWS, seed.derive(Stream::Search, 0))?
        .draws;
    let densities = posterior.log_prob(&draws, x)?;
    let mut order: Vec<usize> = (0..N_DRAWS).collect();
    order.sort_by(|&a, &b| densities[b].total_cmp(&densities[a]));
    let mut climb = Climb::new(posterior, &context);
    for (lane, &row) in order[..N_STARTS].iter().enumerate() {
        climb.start(lane, draws.row(row));
    }
    for step in 0..N_STEPS {
        climb.step(step);
    }
    let ends = climb.ends();
    let ends = Table::new(draws.names().to_vec(), ends)?;
    let reached = posterior.log_prob(&ends, x)?;
    let best = (0..N_STARTS).max_by(|&a, &b| reached[a].total_cmp(&reached[b]));
    let best = best.expect("there are starts");
    if reached[best] > densities[order[0]] {
        return Ok(ends.row(best).to_vec());
    }
    Ok(draws.row(order[0]).to_vec())
}

struct Climb<'a> {
    posterior: &'a FieldPosterior,
    context: &'a [f32],
    batch: FieldBatch,
    /// y of each start, features × stride.
    points: Vec<f32>,
    moments: Vec<[f64; 2]>,
}

impl<'a> Climb<'a> {
    fn new(posterior: &'a FieldPosterior, context: &'a [f32]) -> Self {
        let mut batch = posterior.field.batch(N_STARTS);
        batch.fill_data(0, context);
        let n = posterior.target.n_features() * batch.stride();
        Self {
            posterior,
            context,
            batch,
            points: vec![0.0; n],
            moments: vec![[0.0; 2]; n],
        }
    }

    fn start(&mut self, lane: usize, theta: &[f64]) {
        let d = self.posterior.target.n_features();
        let (mut real, mut y) = (vec![0.0; d], vec![0.0; d]);
        self.posterior
            .target
            .forward(theta, self.context, &mut real, &mut y);
        for (j, y) in y.iter().enumerate() {
            self.points[j * self.batch.stride() + lane] = *y;
        }
    }

    fn step(&mut self, step: usize) {
        let progress = step as f64 / N_STEPS as f64;
        let angle = ANGLES[0] * (ANGLES[1] / ANGLES[0]).powf(progress);
        let (s, c) = angle.sin_cos();
        let diffused: Vec<f32> = self.points.iter().map(|y| c as f32 * y).collect();
        let (field, members) = (&self.posterior.field, &self.posterior.members);
        field.velocity(members, angle, &diffused, &mut self.batch);
        let mut slopes = vec![0.0; self.points.len()];
        for (slope, (u, w)) in slopes
            .iter_mut()
            .zip(diffused.iter().zip(self.batch.velocity()))
        {
            *slope = -c * (f64::from(*u) + f64::from(*w) * c / s);
        }
        self.add_volume(&mut slopes);
        let rate = STEP * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
        let time = (step + 1) as i32;
        for ((y, slope), moment) in self.points.iter_mut().zip(slopes).zip(&mut self.moments) {
            let slope = if slope.is_finite() { slope } else { 0.0 };
            moment[0] = 0.9 * moment[0] + 0.1 * slope;
            moment[1] = 0.99 * moment[1] + 0.01 * slope * slope;
            let mean = moment[0] / (1.0 - 0.9_f64.powi(time));
            let spread = (moment[1] / (1.0 - 0.99_f64.powi(time))).sqrt();
            *y += (rate * mean / (spread + 1e-8)) as f32;
        }
    }

    /// From the density of y to that of θ.
    fn add_volume(&self, slopes: &mut [f64]) {
        let stride = self.batch.stride();
        let d = slopes.len() / stride;
        let (mut real, mut theta) = (vec![0.0; d], vec![0.0; self.posterior.n_parameters()]);
        for lane in 0..N_STARTS {
            let mut y: Vec<f32> = (0..d).map(|j| self.points[j * stride + lane]).collect();
            for j in 0..d {
                let center = y[j];
                let mut at = |value: f32| {
                    y[j] = value;
                    let target = &self.posterior.target;
                    target.inverse(&y, self.context, &mut real, &mut theta)
                };
                let difference = at(center + DIFFERENCE) - at(center - DIFFERENCE);
                slopes[j * stride + lane] -= difference / f64::from(2.0 * DIFFERENCE);
                y[j] = center;
            }
        }
    }

    /// θ of each start, row-major.
    fn ends(&self) -> Vec<f64> {
        let mut theta = vec![0.0; N_STARTS * self.posterior.n_parameters()];
        self.posterior
            .to_parameters(&self.points, self.batch.stride(), self.context, &mut theta);
        theta
    }
}
