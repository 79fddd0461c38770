//! What a sampler samples from, and what it starts from.

use rayon::prelude::*;

use crate::prior::special::normal_log_density;
use crate::seed::{Seed, Stream};

/// An unnormalised log-density on R^d, evaluated at many points at once.
pub trait LogDensity: Sync {
    /// d.
    fn dimension(&self) -> usize;

    /// Fills `values[i]` with the log-density at row i of `points` (n × d, row-major): −∞ where it
    /// is zero, never NaN.
    fn log_density(&self, points: &[f64], values: &mut [f64]);

    /// The same with the gradients (n × d); false if this density has none.
    fn with_gradient(&self, points: &[f64], values: &mut [f64], gradients: &mut [f64]) -> bool {
        let _ = (points, values, gradients);
        false
    }

    /// Whether several points at once cost much less than one after the other, so that chains which know one point
    /// at a time should wait for each other.
    fn gains_from_batches(&self) -> bool {
        false
    }
}

/// A normalised density that independent draws can be made from: where chains start, what tempering
/// starts from, what importance and rejection sampling propose. For a posterior, the prior.
pub trait Reference: LogDensity {
    /// Fills `points` (n × d, row-major) with independent draws, which depend on (`seed`, `first`, n)
    /// alone; calls with the same seed and different `first` are independent.
    fn draw(&self, first: u64, seed: Seed, points: &mut [f64]);
}

/// N(0, I) in `dimension` dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandardNormal {
    /// d.
    pub dimension: usize,
}

impl LogDensity for StandardNormal {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn log_density(&self, points: &[f64], values: &mut [f64]) {
        for (value, point) in values.iter_mut().zip(points.chunks(self.dimension)) {
            *value = point.iter().map(|z| normal_log_density(*z)).sum();
        }
    }

    fn with_gradient(&self, points: &[f64], values: &mut [f64], gradients: &mut [f64]) -> bool {
        self.log_density(points, values);
        for (gradient, z) in gradients.iter_mut().zip(points) {
            *gradient = -z;
        }
        true
    }
}

impl Reference for StandardNormal {
    fn draw(&self, first: u64, seed: Seed, points: &mut [f64]) {
        points
            .par_chunks_mut(self.dimension)
            .enumerate()
            .for_each(|(i, point)| {
                let mut random = seed.stream(Stream::Proposal, first + i as u64);
                point.fill_with(|| random.normal());
            });
    }
}
