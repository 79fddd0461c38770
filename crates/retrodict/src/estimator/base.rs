//! The density of a flow's noise.

use super::mixture::MixtureNetwork;
use crate::seed::Random;

/// The density at the noise end of a flow.
#[derive(Debug)]
pub(super) enum Base {
    /// Features are independent: uniform on [−bound, bound] where there is a bound, otherwise
    /// standard normal.
    Independent { bounds: Vec<Option<f32>> },
    /// A mixture of normal distributions that a network makes from the context.
    Mixture(Box<MixtureNetwork>),
}

/// What a base computes in.
pub(super) struct BaseMemory<'a> {
    /// Kept from the density to its gradient, `cache_rows() × stride`.
    pub(super) cache: &'a mut [f32],
    /// At least `scratch_rows() × stride`.
    pub(super) scratch: &'a mut [f32],
}

/// Noise and context of a batch.
#[derive(Clone, Copy)]
pub(super) struct Noise<'a> {
    pub(super) values: &'a [f32],
    pub(super) context: &'a [f32],
    pub(super) stride: usize,
}

/// What flows back through a base.
pub(super) struct BaseGradients<'a> {
    /// In: ∂L/∂ log q of each row; zero in the padding.
    pub(super) row: &'a [f32],
    /// Out: ∂L/∂y.
    pub(super) values: &'a mut [f32],
    /// Added to: ∂L/∂context.
    pub(super) context: Option<&'a mut [f32]>,
    /// Added to: ∂L/∂weights.
    pub(super) weights: Option<&'a mut [f32]>,
}

/// ½ log 2π.
const HALF_LOG_TAU: f32 = 0.918_938_5;

impl Base {
    pub(super) fn n_weights(&self) -> usize {
        match self {
            Self::Independent { .. } => 0,
            Self::Mixture(mixture) => mixture.network.n_weights(),
        }
    }

    pub(super) fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        if let Self::Mixture(mixture) = self {
            mixture.initialize(weights, random);
        }
    }

    pub(super) fn cache_rows(&self) -> usize {
        match self {
            Self::Independent { .. } => 0,
            Self::Mixture(mixture) => mixture.cache_rows(),
        }
    }

    pub(super) fn scratch_rows(&self) -> usize {
        match self {
            Self::Independent { .. } => 0,
            Self::Mixture(mixture) => mixture.scratch_rows(),
        }
    }

    /// Adds the log-density of each row to `log_prob`.
    pub(super) fn add_log_prob(
        &self,
        weights: &[f32],
        noise: Noise<'_>,
        log_prob: &mut [f32],
        memory: &mut BaseMemory<'_>,
    ) {
        match self {
            Self::Independent { bounds } => {
                for (bound, y) in bounds.iter().zip(noise.values.chunks_exact(noise.stride)) {
                    let rows = log_prob.iter_mut().zip(y);
                    match bound {
                        Some(bound) => rows.for_each(|(l, _)| *l -= (2.0 * bound).ln()),
                        None => rows.for_each(|(l, y)| *l -= 0.5 * y * y + HALF_LOG_TAU),
                    }
                }
            }
            Self::Mixture(mixture) => mixture.add_log_prob(weights, noise, log_prob, memory),
        }
    }

    /// The gradient, after [`Base::add_log_prob`] with the same cache.
    pub(super) fn backward(
        &self,
        weights: &[f32],
        noise: Noise<'_>,
        gradients: BaseGradients<'_>,
        memory: &mut BaseMemory<'_>,
    ) {
        match self {
            Self::Independent { bounds } => {
                let features = gradients.values.chunks_exact_mut(noise.stride);
                let y = noise.values.chunks_exact(noise.stride);
                for ((bound, out), y) in bounds.iter().zip(features).zip(y) {
                    for ((out, y), row) in out.iter_mut().zip(y).zip(gradients.row) {
                        *out = if bound.is_some() { 0.0 } else { -row * y };
                    }
                }
            }
            Self::Mixture(mixture) => mixture.backward(weights, noise, gradients, memory),
        }
    }

    /// Fills `noise` with draws for `n_rows` rows, row after row, so that the numbers a row takes
    /// from `random` do not depend on the padding.
    pub(super) fn sample(
        &self,
        weights: &[f32],
        (context, n_rows): (&[f32], usize),
        random: &mut Random,
        (values, stride): (&mut [f32], usize),
        memory: &mut BaseMemory<'_>,
    ) {
        match self {
            Self::Independent { bounds } => {
                values.fill(0.0);
                for row in 0..n_rows {
                    for (feature, bound) in bounds.iter().enumerate() {
                        values[feature * stride + row] = match bound {
                            // Rounding to f32 must not leave the interval: |2u − 1| ≤ 1 and the
                            // product is rounded monotonically.
                            Some(bound) => bound * (2.0 * random.uniform() - 1.0) as f32,
                            None => random.normal() as f32,
                        };
                    }
                }
            }
            Self::Mixture(mixture) => {
                mixture.sample(weights, (context, n_rows), random, (values, stride), memory);
            }
        }
    }
}
