//! Likelihood-to-evidence ratios: classifiers that tell θ that made x from θ that did not.

mod config;
mod contrasts;
mod losses;
#[cfg(test)]
mod tests;

pub use config::{
    BalancedLoss, BinaryLoss, ContrastiveLoss, GeneralContrastiveLoss, RatioConfig, RatioLoss,
};

use self::contrasts::{Contrasts, Pairs};
use self::losses::Logits;
use super::Estimator;
use super::workspace::{Purpose, Workspace};
use crate::error::Result;
use crate::network::{InputGradients, Inputs, Network};
use crate::seed::Random;

/// f(θ, x), a network of θ and x together that learns the logarithm of the ratio r of likelihood to
/// evidence, r(θ, x) = p(x | θ) / p(x) = p(θ | x) / p(θ).
///
/// A batch's values are θ and its context is x. Where the loss asks for θ that did not make x, they
/// are those of the rows that follow within the batch, cyclically: row *i* is contrasted with rows
/// *i* + 1, *i* + 2, … That is a draw without replacement as long as the rows come in random order,
/// as they do in training; it takes no random numbers, so which pairs are made depends only on what
/// orders the rows, the seed, the member and the epoch. [`crate::train::BatchBlocks`] cuts batches of 192
/// rows or more into blocks, and contrasts then come from the row's own block, which never has
/// fewer than about 80 rows. A batch of fewer rows than the loss wants contrasts gives all it has.
///
/// The residual blocks of the network have gates that x opens.
///
/// # Reference
/// Hermans, Begy and Louppe 2020, arXiv:1903.04057; Durkan, Murray and Papamakarios 2020,
/// arXiv:2002.03712; Miller, Weniger and Forré 2022, arXiv:2210.06170; Delaunoy et al. 2022,
/// arXiv:2208.13624.
#[derive(Debug)]
pub struct RatioEstimator {
    network: Network,
    loss: RatioLoss,
}

impl RatioConfig {
    /// Builds f(θ, x) for so many numbers that stand for θ, and so many that stand for x.
    ///
    /// # Errors
    /// As [`RatioConfig::validate`].
    pub fn build(&self, n_theta: usize, n_data: usize) -> Result<RatioEstimator> {
        self.validate()?;
        assert!(n_theta > 0 && n_data > 0, "a ratio is of θ and x");
        Ok(RatioEstimator {
            network: Network::new(&self.network, n_data, n_theta, 1)?,
            loss: self.loss.clone(),
        })
    }
}

/// The arena of a workspace, cut for a classifier; every part has one or more numbers a lane.
struct Memory<'a> {
    pairs: Pairs<'a>,
    cache: &'a mut [f32],
    scratch: &'a mut [f32],
}

impl RatioEstimator {
    /// How many numbers stand for θ.
    pub fn n_theta(&self) -> usize {
        self.network.n_features()
    }

    /// How many numbers stand for x.
    pub fn n_data(&self) -> usize {
        self.network.n_context()
    }

    /// Fills the workspace's `log_prob` with f(θ, x) of each row of its batch.
    pub fn log_ratio(&self, weights: &[f32], workspace: &mut Workspace) {
        let parts = workspace.parts();
        let memory = self.cut(parts.arena, parts.stride);
        let inputs = Inputs {
            context: parts.context,
            features: parts.values,
            stride: parts.stride,
        };
        self.network
            .forward(weights, inputs, parts.log_prob, memory.cache);
    }

    /// Fills the workspace's `log_prob` with f(θ, x) and its `value_gradient` with ∂f/∂θ.
    pub fn value_gradient(&self, weights: &[f32], workspace: &mut Workspace) {
        self.log_ratio(weights, workspace);
        let n_rows = workspace.n_rows();
        let parts = workspace.parts();
        let memory = self.cut(parts.arena, parts.stride);
        let inputs = Inputs {
            context: parts.context,
            features: parts.values,
            stride: parts.stride,
        };
        let slopes = memory.pairs.slopes;
        slopes.fill(0.0);
        slopes[..n_rows].fill(1.0);
        parts.value_gradient.fill(0.0);
        let wanted = InputGradients {
            features: Some(parts.value_gradient),
            ..InputGradients::default()
        };
        let slopes = &slopes[..parts.stride];
        self.network.backward(
            weights,
            inputs,
            slopes,
            wanted,
            memory.cache,
            memory.scratch,
        );
    }

    /// Numbers of the arena for each lane.
    fn arena_rows(&self) -> usize {
        Pairs::rows(&self.network) + self.network.cache_rows() + self.network.scratch_rows()
    }

    /// Room for so many lanes.
    fn cut<'a>(&self, arena: &'a mut [f32], lanes: usize) -> Memory<'a> {
        let (pairs, rest) = arena.split_at_mut(Pairs::rows(&self.network) * lanes);
        let (cache, rest) = rest.split_at_mut(self.network.cache_rows() * lanes);
        Memory {
            pairs: Pairs::cut(pairs, &self.network, lanes),
            cache,
            scratch: &mut rest[..self.network.scratch_rows() * lanes],
        }
    }

    /// Fills `log_prob` with minus the loss of each row, and adds the gradient of the mean loss to
    /// `gradient`, piece by piece of the batch.
    fn run(&self, weights: &[f32], workspace: &mut Workspace, mut gradient: Option<&mut [f32]>) {
        let n_rows = workspace.n_rows();
        let parts = workspace.parts();
        let batch = (&*parts.values, &*parts.context, parts.stride);
        let contrasts = Contrasts::new(&self.loss, n_rows);
        for piece in contrasts.pieces() {
            let lanes = contrasts.lanes(piece.len());
            let mut memory = self.cut(&mut *parts.arena, lanes);
            memory.pairs.fill(batch, &contrasts, piece.clone());
            self.run_piece(weights, &mut memory, &contrasts, gradient.as_deref_mut());
            let scores = memory.pairs.losses.iter().map(|loss| -loss);
            let out = &mut parts.log_prob[piece];
            out.iter_mut()
                .zip(scores)
                .for_each(|(out, score)| *out = score);
        }
    }

    fn run_piece(
        &self,
        weights: &[f32],
        memory: &mut Memory<'_>,
        contrasts: &Contrasts<'_>,
        gradient: Option<&mut [f32]>,
    ) {
        let pairs = &mut memory.pairs;
        let inputs = Inputs {
            context: pairs.context,
            features: pairs.values,
            stride: pairs.logits.len(),
        };
        self.network
            .forward(weights, inputs, pairs.logits, memory.cache);
        let logits = Logits {
            values: pairs.logits,
            present: pairs.present,
            kernels: self.network.kernels(),
        };
        let [first, second] = &mut pairs.room;
        logits.losses(contrasts, pairs.losses, pairs.slopes, [first, second]);
        let Some(gradient) = gradient else { return };
        let share = 1.0 / contrasts.n_rows() as f32;
        pairs.slopes.iter_mut().for_each(|slope| *slope *= share);
        let wanted = InputGradients {
            weights: Some(gradient),
            ..InputGradients::default()
        };
        self.network.backward(
            weights,
            inputs,
            pairs.slopes,
            wanted,
            memory.cache,
            memory.scratch,
        );
    }
}

impl Estimator for RatioEstimator {
    fn n_weights(&self) -> usize {
        self.network.n_weights()
    }

    fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.network.initialize(weights, random);
    }

    fn workspace(&self, max_rows: usize, purpose: Purpose) -> Workspace {
        let lanes = Contrasts::most_lanes(&self.loss, max_rows);
        let arena = |stride: usize| self.arena_rows() * lanes.max(stride);
        Workspace::new(self.n_theta(), self.n_data(), max_rows, arena).for_purpose(purpose)
    }

    fn log_scores(&self, weights: &[f32], workspace: &mut Workspace) {
        self.run(weights, workspace, None);
    }

    fn loss_and_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        gradient: &mut [f32],
    ) -> f64 {
        gradient.fill(0.0);
        self.run(weights, workspace, Some(gradient));
        workspace.mean_loss()
    }
}
