//! A mixture of normal distributions that a network makes from the context.

use retrodict_kernels::{MixtureBackward, MixtureForward, MixtureShape};

use super::base::{BaseGradients, BaseMemory, Noise};
use super::gaussian_mixture::GaussianMixture;
use crate::error::Result;
use crate::network::{InputGradients, Inputs, Network, NetworkConfig};
use crate::seed::Random;

/// p(y | c) = Σₖ πₖ(c) N(y; μₖ(c), Σₖ(c)), full covariances (Bishop 1994).
#[derive(Debug)]
pub(super) struct MixtureNetwork {
    pub(super) network: Network,
    shape: MixtureShape,
}

/// How far apart components start: near enough that the mixture starts close to the standard
/// normal, far enough that they can tell themselves apart.
const SPREAD: f64 = 0.3;

/// The parts of the cache.
struct Cache<'a> {
    network: &'a mut [f32],
    /// The network's outputs.
    raw: &'a mut [f32],
    density: &'a mut [f32],
}

impl MixtureNetwork {
    pub(super) fn new(
        config: &NetworkConfig,
        [n_features, n_context]: [usize; 2],
        n_components: usize,
    ) -> Result<Self> {
        let shape = MixtureShape::new(n_features, n_components);
        let network = Network::new(config, n_context, 0, shape.n_outputs())?;
        Ok(Self { network, shape })
    }

    pub(super) fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.network.initialize(weights, random);
        let bias = self.network.output_bias(weights);
        for k in 0..self.shape.n_components() {
            for i in 0..self.shape.n_features() {
                bias[self.shape.mean_row(k, i)] = (SPREAD * random.normal()) as f32;
                bias[self.shape.diagonal_row(k, i)] = retrodict_kernels::IDENTITY_SCALE;
            }
        }
    }

    pub(super) fn cache_rows(&self) -> usize {
        self.network.cache_rows() + self.shape.n_outputs() + self.shape.cache_rows()
    }

    pub(super) fn scratch_rows(&self) -> usize {
        // The gradient of the outputs, and one row for the density before it is added.
        self.network.scratch_rows() + self.shape.n_outputs() + 1
    }

    fn cut<'a>(&self, cache: &'a mut [f32], stride: usize) -> Cache<'a> {
        let (network, rest) = cache.split_at_mut(self.network.cache_rows() * stride);
        let (raw, density) = rest.split_at_mut(self.shape.n_outputs() * stride);
        Cache {
            network,
            raw,
            density,
        }
    }

    fn run_network(&self, weights: &[f32], context: &[f32], stride: usize, cache: &mut Cache<'_>) {
        let inputs = Inputs {
            context,
            features: &[],
            stride,
        };
        self.network
            .forward(weights, inputs, cache.raw, cache.network);
    }

    /// The mixture of each of the first `n_rows` rows.
    pub(super) fn mixtures(
        &self,
        weights: &[f32],
        (context, n_rows): (&[f32], usize),
        stride: usize,
        memory: &mut BaseMemory<'_>,
    ) -> Vec<GaussianMixture> {
        let mut cache = self.cut(memory.cache, stride);
        self.run_network(weights, context, stride, &mut cache);
        let row = |row: usize| {
            let raw = |k: usize| f64::from(cache.raw[k * stride + row]);
            GaussianMixture::new(self.shape, raw)
        };
        (0..n_rows).map(row).collect()
    }

    /// Adds to `gradient` that of a function of the mixtures, whose derivatives are `slopes`, after
    /// [`MixtureNetwork::mixtures`] with the same cache.
    pub(super) fn backward_mixtures(
        &self,
        weights: &[f32],
        (context, stride): (&[f32], usize),
        (slopes, gradient): (&[GaussianMixture], &mut [f32]),
        memory: &mut BaseMemory<'_>,
    ) {
        let cache = self.cut(memory.cache, stride);
        let n_raw = self.shape.n_outputs() * stride;
        let (raw_gradient, scratch) = memory.scratch.split_at_mut(n_raw);
        raw_gradient.fill(0.0);
        for (row, slopes) in slopes.iter().enumerate() {
            let raw = |k: usize| f64::from(cache.raw[k * stride + row]);
            let set = |k: usize, slope: f64| raw_gradient[k * stride + row] = slope as f32;
            slopes.pull_back(self.shape, raw, set);
        }
        let inputs = Inputs {
            context,
            features: &[],
            stride,
        };
        let wanted = InputGradients {
            context: None,
            features: None,
            weights: Some(gradient),
        };
        self.network.backward(
            weights,
            inputs,
            raw_gradient,
            wanted,
            cache.network,
            scratch,
        );
    }

    pub(super) fn add_log_prob(
        &self,
        weights: &[f32],
        noise: Noise<'_>,
        log_prob: &mut [f32],
        memory: &mut BaseMemory<'_>,
    ) {
        let mut cache = self.cut(memory.cache, noise.stride);
        self.run_network(weights, noise.context, noise.stride, &mut cache);
        let log_density = &mut memory.scratch[..noise.stride];
        MixtureForward {
            shape: self.shape,
            raw: cache.raw,
            values: noise.values,
            stride: noise.stride,
            log_density,
            cache: cache.density,
        }
        .run(self.network.kernels());
        for (out, log_density) in log_prob.iter_mut().zip(log_density) {
            *out += *log_density;
        }
    }

    pub(super) fn backward(
        &self,
        weights: &[f32],
        noise: Noise<'_>,
        gradients: BaseGradients<'_>,
        memory: &mut BaseMemory<'_>,
    ) {
        let cache = self.cut(memory.cache, noise.stride);
        let n_raw = self.shape.n_outputs() * noise.stride;
        let (raw_gradient, scratch) = memory.scratch.split_at_mut(n_raw);
        gradients.values.fill(0.0);
        MixtureBackward {
            shape: self.shape,
            raw: cache.raw,
            values: noise.values,
            stride: noise.stride,
            cache: cache.density,
            log_density_gradient: gradients.row,
            raw_gradient,
            value_gradient: Some(gradients.values),
        }
        .run(self.network.kernels());
        if gradients.weights.is_none() && gradients.context.is_none() {
            return;
        }
        let inputs = Inputs {
            context: noise.context,
            features: &[],
            stride: noise.stride,
        };
        let wanted = InputGradients {
            context: gradients.context,
            features: None,
            weights: gradients.weights,
        };
        self.network.backward(
            weights,
            inputs,
            raw_gradient,
            wanted,
            cache.network,
            scratch,
        );
    }

    pub(super) fn sample(
        &self,
        weights: &[f32],
        (context, n_rows): (&[f32], usize),
        random: &mut Random,
        (values, stride): (&mut [f32], usize),
        memory: &mut BaseMemory<'_>,
    ) {
        let mut cache = self.cut(memory.cache, stride);
        self.run_network(weights, context, stride, &mut cache);
        let d = self.shape.n_features();
        let mut raw = vec![0.0; self.shape.n_outputs()];
        let (mut normals, mut draw) = (vec![0.0; d], vec![0.0; d]);
        values.fill(0.0);
        for row in 0..n_rows {
            for (k, raw) in raw.iter_mut().enumerate() {
                *raw = f64::from(cache.raw[k * stride + row]);
            }
            let uniform = random.uniform();
            for z in &mut normals {
                *z = random.normal();
            }
            self.shape.draw(&raw, uniform, &normals, &mut draw);
            for (feature, value) in draw.iter().enumerate() {
                values[feature * stride + row] = *value as f32;
            }
        }
    }
}
