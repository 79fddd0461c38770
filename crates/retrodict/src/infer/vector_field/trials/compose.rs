//! The field of all trials together, and draws from it.

use super::super::flow::ROWS;
use super::super::posterior::FieldPosterior;
use super::common_space::CommonSpace;
use super::config::{CompositionConfig, FactorizedComposition, GaussianComposition};
use super::symmetric::Symmetric;
use crate::estimator::FieldBatch;
use crate::infer::classical::covariance::moments;
use crate::seed::{Random, Seed, Stream};

/// tan φ where draws start: with more, what the noise leaves of the data is lost in rounding.
const FIRST: f64 = 20.0;
/// tan φ where they end, unless the field knows no angle that small.
const LAST: f64 = 0.005;
/// Eigenvalues of a trial's covariance below this would come from draws that agree by accident.
const LEAST_VARIANCE: f64 = 1e-6;
/// The composed precision has no eigenvalue below this share of the prior's smallest: trials whose
/// approximations are wider than the prior must not make it negative.
const LEAST_PRECISION: f64 = 0.1;

/// What draws are made with, for one observation.
pub(super) struct Composer<'a> {
    posterior: &'a FieldPosterior,
    space: &'a CommonSpace,
    method: Prepared<'a>,
    angles: Vec<f64>,
}

enum Prepared<'a> {
    Gaussian(Normals),
    Factorized(&'a FactorizedComposition),
}

/// Normal approximations in the common space.
struct Normals {
    /// C⁻¹ of each trial, row after row.
    precisions: Vec<Vec<f64>>,
    /// (1 − N) times the prior's precision plus Σ C⁻¹, made positive.
    composed: Symmetric,
    mean: Vec<f64>,
}

impl<'a> Composer<'a> {
    pub(super) fn new(
        posterior: &'a FieldPosterior,
        space: &'a CommonSpace,
        config: &'a CompositionConfig,
        seed: Seed,
    ) -> Self {
        let (method, levels) = match config {
            CompositionConfig::Gaussian(config) => {
                let normals = Normals::new(posterior, space, config, seed);
                (Prepared::Gaussian(normals), config.steps)
            }
            CompositionConfig::Factorized(config) => (Prepared::Factorized(config), config.levels),
        };
        let last = posterior.field.angles()[0].tan().max(LAST);
        let ratio = last / FIRST;
        let share = |k: usize| k as f64 / (levels - 1) as f64;
        Self {
            posterior,
            space,
            method,
            angles: (0..levels)
                .map(|k| (FIRST * ratio.powf(share(k))).atan())
                .collect(),
        }
    }

    /// Fills `out` with draws of θ, row-major; how many were no numbers.
    pub(super) fn draw(&self, mut random: Random, out: &mut [f64]) -> usize {
        let width = self.posterior.n_parameters();
        let mut batch = self.posterior.field.batch(out.len() / width);
        let d = self.posterior.target.n_features();
        let n = batch.n_rows();
        let mut points = vec![0.0; n * d];
        match &self.method {
            Prepared::Gaussian(normals) => {
                self.diffuse(normals, &mut random, &mut batch, &mut points);
            }
            Prepared::Factorized(config) => {
                self.anneal(config, &mut random, &mut batch, &mut points);
            }
        }
        let stride = batch.stride();
        let mut lanes = vec![0.0; d * stride];
        for (row, point) in points.chunks_exact(d).enumerate() {
            for (j, value) in point.iter().enumerate() {
                lanes[j * stride + row] = *value as f32;
            }
        }
        let first = &self.space.contexts[0];
        self.posterior.to_parameters(&lanes, &batch, first, out)
    }

    /// The reverse diffusion along the composed noise estimate.
    fn diffuse(
        &self,
        normals: &Normals,
        random: &mut Random,
        batch: &mut FieldBatch,
        points: &mut [f64],
    ) {
        normals.start(self.angles[0], random, points);
        let mut noise = vec![0.0; points.len()];
        for (k, &from) in self.angles.iter().enumerate() {
            self.composed_noise(normals, from, batch, points, &mut noise);
            let (s, c) = from.sin_cos();
            let to = self.angles.get(k + 1).copied().unwrap_or(0.0);
            let (s2, c2) = to.sin_cos();
            let variance = (s2 / s).powi(2) * (1.0 - (c / c2).min(1.0).powi(2));
            let kept = (s2 * s2 - variance).max(0.0).sqrt();
            for (u, e) in points.iter_mut().zip(&noise) {
                let data = (*u - s * e) / c;
                *u = c2 * data + kept * e;
                if variance > 0.0 {
                    *u += variance.sqrt() * random.normal();
                }
            }
        }
    }

    /// Λ⁻¹ [(1 − N) P₀ ε̂₀ + Σ Pᵢ ε̂ᵢ], with P the precision of the data given u and Λ the sum of weights.
    fn composed_noise(
        &self,
        normals: &Normals,
        angle: f64,
        batch: &mut FieldBatch,
        points: &[f64],
        out: &mut [f64],
    ) {
        let d = self.space.center.len();
        let (s, c) = angle.sin_cos();
        let ratio = (c / s).powi(2);
        out.fill(0.0);
        self.each_noise(angle, batch, points, &mut |trial, row, e| {
            let own = &normals.precisions[trial];
            let out = &mut out[row * d..(row + 1) * d];
            for (i, out) in out.iter_mut().enumerate() {
                let product = own[i * d..(i + 1) * d].iter().zip(e);
                *out += product.map(|(p, e)| p * e).sum::<f64>() + ratio * e[i];
            }
        });
        // P₀ ε̂₀ = S⁻¹ (u − c m) / s for a prior N(m, S).
        let weight = (1.0 - self.space.contexts.len() as f64) / s;
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
        batch: &mut FieldBatch,
        points: &mut [f64],
    ) {
        let d = self.space.center.len();
        let n_trials = self.space.contexts.len() as f64;
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
                self.each_noise(angle, batch, points, &mut |_, row, e| {
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
        batch: &mut FieldBatch,
        points: &[f64],
        take: &mut dyn FnMut(usize, usize, &[f64]),
    ) {
        let d = self.space.center.len();
        let (s, c) = angle.sin_cos();
        let stride = batch.stride();
        let mut lanes = vec![0.0; d * stride];
        let mut noise = vec![0.0; d];
        let trials = self.space.contexts.iter().zip(&self.space.shifts);
        for (trial, (context, shift)) in trials.enumerate() {
            batch.fill_data(0, context);
            for (row, point) in points.chunks_exact(d).enumerate() {
                for (j, (u, shift)) in point.iter().zip(shift).enumerate() {
                    lanes[j * stride + row] = (u + c * shift) as f32;
                }
            }
            let members = &self.posterior.members;
            self.posterior.field.velocity(members, angle, &lanes, batch);
            for row in 0..batch.n_rows() {
                for (j, noise) in noise.iter_mut().enumerate() {
                    let at = j * stride + row;
                    *noise = s * f64::from(lanes[at]) + c * f64::from(batch.velocity()[at]);
                }
                take(trial, row, &noise);
            }
        }
    }
}

impl Normals {
    fn new(
        posterior: &FieldPosterior,
        space: &CommonSpace,
        config: &GaussianComposition,
        seed: Seed,
    ) -> Self {
        let d = space.center.len();
        let others = 1.0 - space.contexts.len() as f64;
        let mut total = space.spread.matrix(|variance| others / variance);
        let mut weighted = vec![0.0; d];
        space
            .spread
            .apply(|variance| others / variance, &space.center, &mut weighted);
        let mut precisions = Vec::new();
        let mut part = vec![0.0; d];
        for (i, (context, shift)) in space.contexts.iter().zip(&space.shifts).enumerate() {
            let seed = seed.derive(Stream::Start, i as u64);
            let draws = posterior.real_draws(context, config.draws, seed);
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
    fn start(&self, angle: f64, random: &mut Random, points: &mut [f64]) {
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

/// Draws that share a stream of random numbers.
pub(super) const BLOCK: usize = ROWS;
