//! Draws and densities of a field, for blocks of rows.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::ode::{Ode, OdeConfig, Solved};
use super::sampler::FieldSamplerConfig;
use super::sde::{SdeConfig, step_factors};
use crate::estimator::{FieldBatch, VectorField};
use crate::seed::{Random, Seed, Stream};

/// Rows that are carried together: few enough that what a network computes for them stays in the
/// processor's second-level cache, and no power of two.
pub(super) const ROWS: usize = 112;

/// A field with the weights of its networks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carrier<'a> {
    pub(super) field: &'a VectorField,
    pub(super) members: &'a [Vec<f32>],
}

impl Carrier<'_> {
    /// Fills `points`, features × the batch's stride, with draws of y.
    pub(super) fn draw(
        &self,
        sampler: &FieldSamplerConfig,
        random: &mut Random,
        batch: &mut FieldBatch,
        points: &mut [f32],
    ) -> Solved {
        fill_normal(random, batch, points);
        match sampler {
            FieldSamplerConfig::Ode(config) => self.follow(config, batch, points),
            FieldSamplerConfig::Sde(config) => self.diffuse(config, random, batch, points),
        }
    }

    /// Carries noise to draws along the flow.
    pub(super) fn follow(
        &self,
        config: &OdeConfig,
        batch: &mut FieldBatch,
        points: &mut [f32],
    ) -> Solved {
        let mut slope = |angle: f64, points: &[f32], out: &mut [f32]| {
            self.field.velocity(self.members, angle, points, batch);
            out.copy_from_slice(batch.velocity());
        };
        Ode::new(points.len()).solve(config, [FRAC_PI_2, 0.0], points, &mut slope)
    }

    fn diffuse(
        &self,
        config: &SdeConfig,
        random: &mut Random,
        batch: &mut FieldBatch,
        points: &mut [f32],
    ) -> Solved {
        let mut noise = vec![0.0; points.len()];
        let mut evaluations = 0;
        for pair in config.angles(self.field.path()).windows(2) {
            let [from, to] = [pair[0], pair[1]];
            self.field.velocity(self.members, from, points, batch);
            evaluations += 1;
            let [of_point, of_velocity, of_noise] =
                step_factors([from, to], config.noise).map(|factor| factor as f32);
            if of_noise > 0.0 {
                fill_normal(random, batch, &mut noise);
            }
            for ((u, w), z) in points.iter_mut().zip(batch.velocity()).zip(&noise) {
                *u = of_point * *u + of_velocity * w + of_noise * z;
            }
            if to > 0.0 {
                evaluations += self.correct(config, to, random, batch, (points, &mut noise));
            }
        }
        Solved {
            evaluations,
            finished: true,
        }
    }

    /// Langevin steps u += δ s(u) + √(2δ) z.
    fn correct(
        &self,
        config: &SdeConfig,
        angle: f64,
        random: &mut Random,
        batch: &mut FieldBatch,
        (points, noise): (&mut [f32], &mut [f32]),
    ) -> usize {
        let (s, c) = angle.sin_cos();
        let size = config.corrector_size * s * s;
        // s(u) = −(u + w cos φ / sin φ).
        let (shrink, push) = ((1.0 - size) as f32, (-size * c / s) as f32);
        let spread = (2.0 * size).sqrt() as f32;
        for _ in 0..config.corrector_steps {
            self.field.velocity(self.members, angle, points, batch);
            fill_normal(random, batch, noise);
            for ((u, w), z) in points.iter_mut().zip(batch.velocity()).zip(&*noise) {
                *u = shrink * *u + push * w + spread * z;
            }
        }
        config.corrector_steps
    }

    /// Fills `out` with log q(y) of the rows in `points`, which are carried to their noise:
    /// log N(u(π/2); 0, I) + ∫ div w dφ (Chen et al. 2018, arXiv:1806.07366).
    pub(super) fn log_density(
        &self,
        config: &OdeConfig,
        batch: &mut FieldBatch,
        points: &[f32],
        out: &mut [f64],
    ) -> Solved {
        let stride = batch.stride();
        let d = points.len();
        let mut state = points.to_vec();
        state.resize(d + stride, 0.0);
        let probe = self.probe(d);
        let mut slope = |angle: f64, state: &[f32], out: &mut [f32]| {
            let (velocity, divergence) = out.split_at_mut(d);
            let probe = (divergence, &probe[..]);
            self.field
                .flow(self.members, angle, &state[..d], probe, batch);
            velocity.copy_from_slice(batch.velocity());
        };
        let solved = Ode::new(state.len()).solve(config, [0.0, FRAC_PI_2], &mut state, &mut slope);
        for (row, out) in out.iter_mut().enumerate() {
            *out = f64::from(state[d + row]);
            for noise in state[..d].iter().skip(row).step_by(stride) {
                *out -= 0.5 * (f64::from(*noise).powi(2) + TAU.ln());
            }
        }
        solved
    }

    /// Signs for the estimate of the divergence, always the same: a density is a function.
    fn probe(&self, n: usize) -> Vec<f32> {
        if self.field.has_exact_divergence() {
            return Vec::new();
        }
        let mut random = Seed(0).stream(Stream::FieldProbe, 0);
        let sign = |_| if random.uniform() < 0.5 { 1.0 } else { -1.0 };
        (0..n).map(sign).collect()
    }
}

/// Standard normal numbers, row after row; zero in the padding.
pub(super) fn fill_normal(random: &mut Random, batch: &FieldBatch, points: &mut [f32]) {
    let stride = batch.stride();
    for row in 0..batch.n_rows() {
        for at in (row..points.len()).step_by(stride) {
            points[at] = random.normal() as f32;
        }
    }
}
