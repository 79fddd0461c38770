//! Normal approximations of the trials' posteriors.

use super::common_space::CommonSpace;
use super::config::GaussianComposition;
use super::fields::Fields;
use super::symmetric::Symmetric;
use crate::infer::classical::covariance::moments;
use crate::seed::{Random, Seed, Stream};

/// Eigenvalues of a trial's covariance below this would come from draws that agree by accident.
const LEAST_VARIANCE: f64 = 1e-6;
/// The composed precision has no eigenvalue below this share of the prior's smallest: trials whose
/// approximations are wider than the prior must not make it negative.
const LEAST_PRECISION: f64 = 0.1;

/// Normal approximations in the common space.
pub(super) struct Normals {
    /// C⁻¹ of each trial, row after row.
    pub(super) precisions: Vec<Vec<f64>>,
    /// (1 − N) times the prior's precision plus Σ C⁻¹, made positive.
    pub(super) composed: Symmetric,
    mean: Vec<f64>,
}

impl Normals {
    pub(super) fn new(
        fields: &dyn Fields,
        space: &CommonSpace,
        config: &GaussianComposition,
        seed: Seed,
    ) -> Self {
        let d = space.center.len();
        let others = 1.0 - space.n_trials() as f64;
        let mut total = space.spread.matrix(|variance| others / variance);
        let mut weighted = vec![0.0; d];
        space
            .spread
            .apply(|variance| others / variance, &space.center, &mut weighted);
        let mut precisions = Vec::new();
        let mut part = vec![0.0; d];
        let noise = balanced_noise(config.draws, d, seed);
        for (i, shift) in space.shifts.iter().enumerate() {
            let draws = fields.carry(i, &noise);
            let (mut mean, covariance) = moments(&draws, d);
            mean.iter_mut()
                .zip(shift)
                .for_each(|(m, shift)| *m -= shift);
            let own = Symmetric::new(&covariance, d, LEAST_VARIANCE);
            let precision = own.matrix(f64::recip);
            own.apply(f64::recip, &mean, &mut part);
            weighted.iter_mut().zip(&part).for_each(|(w, p)| *w += p);
            total.iter_mut().zip(&precision).for_each(|(t, p)| *t += p);
            precisions.push(precision);
        }
        let widest = space.spread.values().iter().copied().fold(0.0, f64::max);
        let composed = Symmetric::new(&total, d, LEAST_PRECISION / widest);
        let mut mean = vec![0.0; d];
        composed.apply(f64::recip, &weighted, &mut mean);
        Self {
            precisions,
            composed,
            mean,
        }
    }

    /// Draws of u = c y + s ε for y from the composed normal distribution.
    pub(super) fn start(&self, angle: f64, random: &mut Random, points: &mut [f64]) {
        let (s, c) = angle.sin_cos();
        let d = self.mean.len();
        let (mut noise, mut part) = (vec![0.0; d], vec![0.0; d]);
        for point in points.chunks_exact_mut(d) {
            for z in &mut noise {
                *z = random.normal();
            }
            let sd = |precision: f64| (c * c / precision + s * s).sqrt();
            self.composed.apply(sd, &noise, &mut part);
            for ((u, mean), part) in point.iter_mut().zip(&self.mean).zip(&part) {
                *u = c * mean + part;
            }
        }
    }
}

/// Standard normal rows whose own mean is zero and whose own covariance is the identity: the moments
/// of what an affine flow makes of them are exact, and (1 − N) S⁻¹ + Σ C⁻¹, where what is left may be far
/// smaller than the terms, takes no error from chance.
fn balanced_noise(n: usize, d: usize, seed: Seed) -> Vec<f64> {
    let mut random = seed.stream(Stream::Start, 0);
    let mut rows: Vec<f64> = (0..n * d).map(|_| random.normal()).collect();
    let (mean, covariance) = moments(&rows, d);
    let spread = Symmetric::new(&covariance, d, LEAST_VARIANCE);
    let mut off = vec![0.0; d];
    for row in rows.chunks_exact_mut(d) {
        for ((off, value), mean) in off.iter_mut().zip(&*row).zip(&mean) {
            *off = value - mean;
        }
        spread.apply(|variance| variance.sqrt().recip(), &off, row);
    }
    rows
}
