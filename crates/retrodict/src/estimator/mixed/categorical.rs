//! A categorical distribution whose probabilities a network makes from a context.

use std::ops::Range;

use retrodict_kernels::CrossEntropy;

use crate::error::Result;
use crate::network::{InputGradients, Inputs, Network, NetworkConfig};
use crate::seed::Random;

/// p(k | c) = exp zₖ / Σⱼ exp zⱼ with logits z(c) of a network, that of the last class fixed at zero.
#[derive(Debug)]
pub(super) struct Categorical {
    network: Network,
    n_classes: usize,
    /// Its weights among the model's.
    weights: Range<usize>,
}

/// What is computed for a batch, each part with one or more numbers a lane.
pub(super) struct Memory<'a> {
    logits: &'a mut [f32],
    /// Probabilities of the free classes, then derivatives by their logits.
    slopes: &'a mut [f32],
    /// log Σ exp z.
    log_total: &'a mut [f32],
    ones: &'a mut [f32],
    cache: &'a mut [f32],
    scratch: &'a mut [f32],
}

/// Which gradients of Σ share · log p are added, and where.
pub(super) struct Wanted<'a> {
    /// What each row's log p is multiplied with; zero in the padding.
    pub(super) shares: &'a [f32],
    pub(super) weights: Option<&'a mut [f32]>,
    pub(super) context: Option<&'a mut [f32]>,
}

impl Categorical {
    /// For so many classes, at least two; `first` is where its weights begin.
    pub(super) fn new(
        config: &NetworkConfig,
        n_context: usize,
        n_classes: usize,
        first: usize,
    ) -> Result<Self> {
        assert!(n_classes >= 2, "one class needs no network");
        let network = Network::new(config, n_context, 0, n_classes - 1)?;
        Ok(Self {
            weights: first..first + network.n_weights(),
            network,
            n_classes,
        })
    }

    pub(super) fn n_classes(&self) -> usize {
        self.n_classes
    }

    pub(super) fn n_context(&self) -> usize {
        self.network.n_context()
    }

    pub(super) fn weights(&self) -> Range<usize> {
        self.weights.clone()
    }

    pub(super) fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.network
            .initialize(&mut weights[self.weights.clone()], random);
    }

    /// Numbers of memory for each lane.
    pub(super) fn rows(&self) -> usize {
        2 * self.n_free() + 2 + self.network.cache_rows() + self.network.scratch_rows()
    }

    fn n_free(&self) -> usize {
        self.n_classes - 1
    }

    pub(super) fn cut<'a>(&self, memory: &'a mut [f32], stride: usize) -> Memory<'a> {
        let (logits, rest) = memory.split_at_mut(self.n_free() * stride);
        let (slopes, rest) = rest.split_at_mut(self.n_free() * stride);
        let (log_total, rest) = rest.split_at_mut(stride);
        let (ones, rest) = rest.split_at_mut(stride);
        let (cache, rest) = rest.split_at_mut(self.network.cache_rows() * stride);
        Memory {
            logits,
            slopes,
            log_total,
            ones,
            cache,
            scratch: &mut rest[..self.network.scratch_rows() * stride],
        }
    }

    /// Logits, probabilities and log Σ exp z of each row.
    fn run(&self, weights: &[f32], context: &[f32], memory: &mut Memory<'_>) {
        let stride = memory.log_total.len();
        let inputs = Inputs {
            context,
            features: &[],
            stride,
        };
        let weights = &weights[self.weights.clone()];
        self.network
            .forward(weights, inputs, memory.logits, memory.cache);
        memory.ones.fill(1.0);
        // The loss of the class whose logit is zero is log Σ exp z itself.
        CrossEntropy {
            logits: memory.logits,
            stride,
            constant: Some(0.0),
            target: self.n_free(),
            weights: memory.ones,
            loss: memory.log_total,
            logit_gradient: memory.slopes,
        }
        .run(self.network.kernels());
    }

    /// Adds log p(code) of each row to `log_prob`, and the gradients that are wanted.
    pub(super) fn add_log_prob(
        &self,
        weights: &[f32],
        (context, codes): (&[f32], &[f32]),
        log_prob: &mut [f32],
        memory: &mut Memory<'_>,
        wanted: Option<Wanted<'_>>,
    ) {
        self.run(weights, context, memory);
        let stride = log_prob.len();
        for (row, (out, code)) in log_prob.iter_mut().zip(codes).enumerate() {
            let logit = memory.logits.get(class(*code) * stride + row);
            *out += logit.copied().unwrap_or(0.0) - memory.log_total[row];
        }
        let Some(wanted) = wanted else { return };
        for (k, slopes) in memory.slopes.chunks_exact_mut(stride).enumerate() {
            for ((slope, code), share) in slopes.iter_mut().zip(codes).zip(wanted.shares) {
                let hit = if class(*code) == k { 1.0 } else { 0.0 };
                *slope = share * (hit - *slope);
            }
        }
        let inputs = Inputs {
            context,
            features: &[],
            stride,
        };
        let own = self.weights.clone();
        let gradients = InputGradients {
            context: wanted.context,
            features: None,
            weights: wanted.weights.map(|all| &mut all[own.clone()]),
        };
        self.network.backward(
            &weights[own],
            inputs,
            memory.slopes,
            gradients,
            memory.cache,
            memory.scratch,
        );
    }

    /// Fills `codes` with draws for the first `n_rows` rows, and repeats the first in the padding.
    pub(super) fn sample(
        &self,
        weights: &[f32],
        (context, n_rows): (&[f32], usize),
        random: &mut Random,
        codes: &mut [f32],
        memory: &mut Memory<'_>,
    ) {
        self.run(weights, context, memory);
        let stride = codes.len();
        for (row, code) in codes[..n_rows].iter_mut().enumerate() {
            let level = random.uniform();
            let mut below = 0.0;
            let free = (0..self.n_free()).find(|k| {
                below += f64::from(memory.slopes[k * stride + row]);
                level < below
            });
            *code = free.unwrap_or(self.n_free()) as f32;
        }
        let first = codes[0];
        codes[n_rows..].fill(first);
    }
}

/// The class that a code stands for.
pub(super) fn class(code: f32) -> usize {
    code as usize
}
