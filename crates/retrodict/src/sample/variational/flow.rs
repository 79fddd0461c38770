//! A flow that makes draws: noise in, points out.

use std::ops::Range;

use rayon::prelude::*;
use retrodict_kernels::{Buffer, padded};

use crate::error::Result;
use crate::network::NetworkConfig;
use crate::prior::special::normal_log_density;
use crate::sample::config::VariationalConfig;
use crate::sample::{LogDensity, Reference};
use crate::seed::{Random, Seed, Stream};
use crate::transform::{
    AutoregressiveSpline, Batch, Gradients, LuLinear, Permutation, SplineShape, Tail, Transform,
};

/// z = location + scale · f(ε), ε ~ N(0, I), with f a chain of autoregressive splines and linear
/// layers: an inverse autoregressive flow (Kingma et al. 2016, arXiv:1606.04934), fast in the direction
/// from noise to points.
pub(super) struct NoiseFlow {
    layers: Vec<(Box<dyn Transform>, Range<usize>)>,
    pub(super) location: Vec<f64>,
    pub(super) scale: Vec<f64>,
}

const BINS: usize = 8;
/// Splines act within ± this, in standard deviations of the noise; beyond, they are the identity. Further
/// out too few draws fall to train them, and importance weights would suffer from the tails.
const BOUND: f32 = 3.0;

impl NoiseFlow {
    /// Where the weights are fresh, z = location + scale · ε.
    pub(super) fn new(
        config: &VariationalConfig,
        location: Vec<f64>,
        scale: Vec<f64>,
    ) -> Result<Self> {
        let d = location.len();
        let network = NetworkConfig {
            hidden: config.hidden.clone(),
            ..NetworkConfig::default()
        };
        let mut transforms: Vec<Box<dyn Transform>> = Vec::new();
        for _ in 0..config.transforms {
            let shape = SplineShape::new(BINS, BOUND, vec![Tail::Linear; d]);
            transforms.push(Box::new(AutoregressiveSpline::new(&network, 0, shape)?));
            transforms.push(Box::new(Permutation::reverse(d)));
            transforms.push(Box::new(LuLinear::new(d)));
        }
        let mut end = 0;
        let layers = transforms.into_iter().map(|transform| {
            let start = end;
            end += transform.n_weights();
            (transform, start..end)
        });
        Ok(Self {
            layers: layers.collect(),
            location,
            scale,
        })
    }

    fn dimension(&self) -> usize {
        self.location.len()
    }

    pub(super) fn n_weights(&self) -> usize {
        self.layers.last().map_or(0, |(_, weights)| weights.end)
    }

    pub(super) fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        for (transform, own) in &self.layers {
            transform.initialize(&mut weights[own.clone()], random);
        }
    }

    /// Noise → points, through all layers; `memory` holds the noise in its first layer.
    pub(super) fn forward(&self, weights: &[f32], memory: &mut Memory) {
        memory.log_det.fill(0.0);
        for (k, (transform, own)) in self.layers.iter().enumerate() {
            let (before, after) = memory.values.split_at_mut(k + 1);
            let batch = Batch {
                x: &before[k],
                context: &[],
                stride: memory.stride,
            };
            transform.forward(
                &weights[own.clone()],
                batch,
                &mut after[0],
                &mut memory.log_det,
                &mut memory.caches[k],
                &mut memory.scratch,
            );
        }
    }

    /// After [`NoiseFlow::forward`]: adds to `gradient` that with respect to the weights, from those with
    /// respect to the last layer's values and to the log-determinants.
    pub(super) fn backward(
        &self,
        weights: &[f32],
        memory: &mut Memory,
        [values, log_det]: [&mut [f32]; 2],
        gradient: &mut [f32],
    ) {
        for (k, (transform, own)) in self.layers.iter().enumerate().rev() {
            transform.backward(
                &weights[own.clone()],
                Batch {
                    x: &memory.values[k],
                    context: &[],
                    stride: memory.stride,
                },
                Gradients {
                    values: &mut *values,
                    log_det: &*log_det,
                    context: None,
                    weights: Some(&mut gradient[own.clone()]),
                },
                &memory.caches[k],
                &mut memory.scratch,
            );
        }
    }

    /// Points → noise in the first layer of `memory`, whose last holds the points; the log-determinants
    /// are of that direction.
    fn inverse(&self, weights: &[f32], memory: &mut Memory) {
        memory.log_det.fill(0.0);
        for (k, (transform, own)) in self.layers.iter().enumerate().rev() {
            let (before, after) = memory.values.split_at_mut(k + 1);
            let batch = Batch {
                x: &after[0],
                context: &[],
                stride: memory.stride,
            };
            transform.inverse(
                &weights[own.clone()],
                batch,
                &mut before[k],
                &mut memory.log_det,
                &mut memory.caches[k],
                &mut memory.scratch,
            );
        }
    }
}

/// A batch on its way through a flow, feature-major.
pub(super) struct Memory {
    pub(super) stride: usize,
    /// The noise, then the output of each layer.
    pub(super) values: Vec<Buffer>,
    pub(super) log_det: Buffer,
    caches: Vec<Buffer>,
    scratch: Buffer,
}

impl Memory {
    pub(super) fn new(flow: &NoiseFlow, n_rows: usize) -> Self {
        let (stride, d) = (padded(n_rows), flow.dimension());
        let transforms = || flow.layers.iter().map(|(transform, _)| transform);
        let scratch = transforms().map(|t| t.scratch_rows()).max().unwrap_or(0);
        Self {
            stride,
            values: (0..=flow.layers.len())
                .map(|_| Buffer::zeros(d * stride))
                .collect(),
            log_det: Buffer::zeros(stride),
            caches: transforms()
                .map(|t| Buffer::zeros(t.cache_rows() * stride))
                .collect(),
            scratch: Buffer::zeros(scratch * stride),
        }
    }

    pub(super) fn last(&self) -> &[f32] {
        &self.values[self.values.len() - 1]
    }
}

/// A flow with its weights, as a density and a source of draws.
pub(super) struct Trained {
    pub(super) flow: NoiseFlow,
    pub(super) weights: Vec<f32>,
}

/// Rows that one thread maps at a time.
const ROWS: usize = 240;

impl Trained {
    fn log_scale(&self) -> f64 {
        self.flow.scale.iter().map(|s| s.ln()).sum()
    }

    fn density_block(&self, points: &[f64], values: &mut [f64]) {
        let d = self.flow.dimension();
        let mut memory = Memory::new(&self.flow, values.len());
        let stride = memory.stride;
        let last = memory.values.len() - 1;
        for (row, z) in points.chunks_exact(d).enumerate() {
            let standards = z.iter().zip(&self.flow.location).zip(&self.flow.scale);
            for (j, ((z, location), scale)) in standards.enumerate() {
                memory.values[last][j * stride + row] = ((z - location) / scale) as f32;
            }
        }
        self.flow.inverse(&self.weights, &mut memory);
        for (row, value) in values.iter_mut().enumerate() {
            let noise = (0..d).map(|j| f64::from(memory.values[0][j * stride + row]));
            let base: f64 = noise.map(normal_log_density).sum();
            *value = base + f64::from(memory.log_det[row]) - self.log_scale();
            if value.is_nan() {
                *value = f64::NEG_INFINITY;
            }
        }
    }

    fn draw_block(&self, random: &mut Random, points: &mut [f64]) {
        let d = self.flow.dimension();
        let n = points.len() / d;
        let mut memory = Memory::new(&self.flow, n);
        let stride = memory.stride;
        for row in 0..n {
            for j in 0..d {
                memory.values[0][j * stride + row] = random.normal() as f32;
            }
        }
        self.flow.forward(&self.weights, &mut memory);
        for (row, z) in points.chunks_exact_mut(d).enumerate() {
            for (j, z) in z.iter_mut().enumerate() {
                let standard = f64::from(memory.last()[j * stride + row]);
                *z = self.flow.location[j] + self.flow.scale[j] * standard;
            }
        }
    }
}

impl LogDensity for Trained {
    fn dimension(&self) -> usize {
        self.flow.dimension()
    }

    fn log_density(&self, points: &[f64], values: &mut [f64]) {
        points
            .par_chunks(ROWS * self.flow.dimension())
            .zip(values.par_chunks_mut(ROWS))
            .for_each(|(points, values)| self.density_block(points, values));
    }
}

impl Reference for Trained {
    fn draw(&self, first: u64, seed: Seed, points: &mut [f64]) {
        points
            .par_chunks_mut(ROWS * self.flow.dimension())
            .enumerate()
            .for_each(|(block, points)| {
                let index = first + (block * ROWS) as u64;
                self.draw_block(&mut seed.stream(Stream::Proposal, index), points);
            });
    }
}
