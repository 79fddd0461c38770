//! The field of all trials together, and draws from it.

use super::super::flow::ROWS;
use super::common_space::CommonSpace;
use super::config::{CompositionConfig, FactorizedComposition};
use super::fields::{Fields, Velocity};
use super::normals::Normals;
use crate::seed::{Random, Seed};

/// tan φ where draws start: with more, what the noise leaves of the data is lost in rounding.
const FIRST: f64 = 20.0;
/// tan φ where they end, unless the field knows no angle that small.
const LAST: f64 = 0.005;
/// What draws are made with, for one observation.
pub(super) struct Composer<'a> {
    fields: &'a dyn Fields,
    space: &'a CommonSpace,
    method: Prepared<'a>,
    angles: Vec<f64>,
}

enum Prepared<'a> {
    Gaussian(Normals),
    Factorized(&'a FactorizedComposition),
}

impl<'a> Composer<'a> {
    pub(super) fn new(
        fields: &'a dyn Fields,
        space: &'a CommonSpace,
        config: &'a CompositionConfig,
        seed: Seed,
    ) -> Self {
        let (method, levels) = match config {
            CompositionConfig::Gaussian(config) => {
                let normals = Normals::new(fields, space, config, seed);
                (Prepared::Gaussian(normals), config.steps)
            }
            CompositionConfig::Factorized(config) => (Prepared::Factorized(config), config.levels),
        };
        let last = fields.least_angle().tan().max(LAST);
        let ratio = last / FIRST;
        let share = |k: usize| k as f64 / (levels - 1) as f64;
        Self {
            fields,
            space,
            method,
            angles: (0..levels)
                .map(|k| (FIRST * ratio.powf(share(k))).atan())
                .collect(),
        }
    }

    /// Draws of y of the first trial, row-major.
    pub(super) fn draw(&self, mut random: Random, n: usize) -> Vec<f64> {
        let mut velocity = self.fields.velocity(n);
        let mut points = vec![0.0; n * self.space.center.len()];
        match &self.method {
            Prepared::Gaussian(normals) => {
                self.diffuse(normals, &mut random, &mut velocity, &mut points);
            }
            Prepared::Factorized(config) => {
                self.anneal(config, &mut random, &mut velocity, &mut points);
            }
        }
        points
    }

    /// The reverse diffusion along the composed noise estimate.
    ///
    /// Given u and the data y, the next u′ is c′ y + κ ε + √v z with ε = (u − c y) / s, as in
    /// [`super::super::sde`]. Over y given u, of which the normal approximation knows the covariance Λ⁻¹, it
    /// has the variance v + (c′ − κ c / s)² Λ⁻¹: steps are exact for normal posteriors, however few.
    fn diffuse(
        &self,
        normals: &Normals,
        random: &mut Random,
        velocity: &mut Velocity<'_>,
        points: &mut [f64],
    ) {
        let d = self.space.center.len();
        normals.start(self.angles[0], random, points);
        let mut noise = vec![0.0; points.len()];
        let (mut normal, mut part) = (vec![0.0; d], vec![0.0; d]);
        for (k, &from) in self.angles.iter().enumerate() {
            self.composed_noise(normals, from, velocity, points, &mut noise);
            let (s, c) = from.sin_cos();
            let to = self.angles.get(k + 1).copied().unwrap_or(0.0);
            let (s2, c2) = to.sin_cos();
            let variance = (s2 / s).powi(2) * (1.0 - (c / c2).min(1.0).powi(2));
            let kept = (s2 * s2 - variance).max(0.0).sqrt();
            let (ratio, of_data) = ((c / s).powi(2), c2 - kept * c / s);
            let sd = |precision: f64| (variance + of_data * of_data / (precision + ratio)).sqrt();
            for (u, e) in points.chunks_exact_mut(d).zip(noise.chunks_exact(d)) {
                normal.fill_with(|| random.normal());
                normals.composed.apply(sd, &normal, &mut part);
                for ((u, e), part) in u.iter_mut().zip(e).zip(&part) {
                    let data = (*u - s * e) / c;
                    *u = c2 * data + kept * e + part;
                }
            }
        }
    }

    /// Λ⁻¹ [(1 − N) P₀ ε̂₀ + Σ Pᵢ ε̂ᵢ], with P the precision of the data given u and Λ the sum of weights.
    fn composed_noise(
        &self,
        normals: &Normals,
        angle: f64,
        velocity: &mut Velocity<'_>,
        points: &[f64],
        out: &mut [f64],
    ) {
        let d = self.space.center.len();
        let (s, c) = angle.sin_cos();
        let ratio = (c / s).powi(2);
        out.fill(0.0);
        self.each_noise(angle, velocity, points, &mut |trial, row, e| {
            let own = &normals.precisions[trial];
            let out = &mut out[row * d..(row + 1) * d];
            for (i, out) in out.iter_mut().enumerate() {
                let product = own[i * d..(i + 1) * d].iter().zip(e);
                *out += product.map(|(p, e)| p * e).sum::<f64>() + ratio * e[i];
            }
        });
        // P₀ ε̂₀ = S⁻¹ (u − c m) / s for a prior N(m, S).
        let weight = (1.0 - self.space.n_trials() as f64) / s;
        let (mut off, mut part) = (vec![0.0; d], vec![0.0; d]);
        for (point, out) in points.chunks_exact(d).zip(out.chunks_exact_mut(d)) {
            for ((off, u), m) in off.iter_mut().zip(point).zip(&self.space.center) {
                *off = u - c * m;
            }
            self.space.spread.apply(f64::recip, &off, &mut part);
            for (out, part) in out.iter_mut().zip(&part) {
                *out += weight * part;
            }
            off.copy_from_slice(out);
            normals
                .composed
                .apply(|precision| 1.0 / (precision + ratio), &off, out);
        }
    }

    /// Langevin steps at less and less noise.
    fn anneal(
        &self,
        config: &FactorizedComposition,
        random: &mut Random,
        velocity: &mut Velocity<'_>,
        points: &mut [f64],
    ) {
        let d = self.space.center.len();
        let n_trials = self.space.n_trials() as f64;
        // The scores of N standard normal distributions.
        for u in points.iter_mut() {
            *u = random.normal() / n_trials.sqrt();
        }
        let mut score = vec![0.0; points.len()];
        let (mut off, mut part) = (vec![0.0; d], vec![0.0; d]);
        for &angle in &self.angles {
            let (s, c) = angle.sin_cos();
            let size = config.step_size * s * s / n_trials;
            for _ in 0..config.langevin_steps {
                score.fill(0.0);
                self.each_noise(angle, velocity, points, &mut |_, row, e| {
                    let score = &mut score[row * d..(row + 1) * d];
                    score
                        .iter_mut()
                        .zip(e)
                        .for_each(|(score, e)| *score -= e / s);
                });
                let weight = (1.0 - n_trials) * c * c;
                for (point, score) in points.chunks_exact(d).zip(score.chunks_exact_mut(d)) {
                    for ((off, u), m) in off.iter_mut().zip(point).zip(&self.space.center) {
                        *off = u - m;
                    }
                    self.space.spread.apply(f64::recip, &off, &mut part);
                    for (score, part) in score.iter_mut().zip(&part) {
                        *score -= weight * part;
                    }
                }
                for (u, score) in points.iter_mut().zip(&score) {
                    *u += size * score + (2.0 * size).sqrt() * random.normal();
                }
            }
        }
        let c = self.angles.last().expect("there are levels").cos();
        for u in points {
            *u /= c;
        }
    }

    /// Gives `take` the trial, the row and E[ε | u] for all trials and rows of `points`, row-major.
    fn each_noise(
        &self,
        angle: f64,
        velocity: &mut Velocity<'_>,
        points: &[f64],
        take: &mut dyn FnMut(usize, usize, &[f64]),
    ) {
        let d = self.space.center.len();
        let (s, c) = angle.sin_cos();
        let mut own = vec![0.0; points.len()];
        let (mut at, mut noise) = (vec![0.0; points.len()], vec![0.0; d]);
        for (trial, shift) in self.space.shifts.iter().enumerate() {
            for (own, u) in own.chunks_exact_mut(d).zip(points.chunks_exact(d)) {
                for ((own, u), shift) in own.iter_mut().zip(u).zip(shift) {
                    *own = u + c * shift;
                }
            }
            at.copy_from_slice(&own);
            velocity(trial, angle, &mut at);
            let rows = own.chunks_exact(d).zip(at.chunks_exact(d));
            for (row, (own, w)) in rows.enumerate() {
                for ((noise, u), w) in noise.iter_mut().zip(own).zip(w) {
                    *noise = s * u + c * w;
                }
                take(trial, row, &noise);
            }
        }
    }
}

/// Draws that share a stream of random numbers.
pub(super) const BLOCK: usize = ROWS;
