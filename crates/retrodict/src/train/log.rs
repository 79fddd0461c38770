//! What happened while training.

use serde::{Deserialize, Serialize};

/// One epoch of one ensemble member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The ensemble member.
    pub member: usize,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The last epoch, unless patience ends sooner or another cosine follows.
    pub max_epochs: usize,
    /// The mean loss over training rows, each taken when its batch came.
    pub train_loss: f64,
    /// The mean loss over all validation rows after the epoch.
    pub validation_loss: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The mean length of the gradient before it was shortened.
    pub gradient_norm: f64,
    /// Batches that were left out because their loss or gradient was not finite.
    pub skipped_batches: usize,
}

/// Why training stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The validation loss did not fall any more.
    NoImprovement,
    /// All epochs were used; more might have helped.
    MaxEpochs,
}

/// The training of one ensemble member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberLog {
    /// The validation loss of the first weights.
    pub initial_validation_loss: f64,
    /// The epochs in order.
    pub epochs: Vec<EpochRecord>,
    /// The epoch whose weights were kept; 0 means the first weights.
    pub best_epoch: usize,
    /// The validation loss of the weights that were kept.
    pub best_validation_loss: f64,
    /// Why training stopped.
    pub stop: Stop,
}

/// A whole training: every member of the ensemble, and how they are mixed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainLog {
    /// How many rows were trained on.
    pub n_train: usize,
    /// How many rows were held out.
    pub n_validation: usize,
    /// The members.
    pub members: Vec<MemberLog>,
    /// The weight of each member in the mixture.
    pub mixture: Vec<f64>,
    /// Things to know about the data, in words.
    pub notes: Vec<String>,
}

impl TrainLog {
    /// The validation losses of the networks, weighted as the mixture weights them.
    pub fn validation_loss(&self) -> f64 {
        let members = self.members.iter().zip(&self.mixture);
        members
            .map(|(member, weight)| weight * member.best_validation_loss)
            .sum()
    }

    /// Gives every member the same weight: where validation losses are no measure of a member's density.
    pub(crate) fn mix_evenly(&mut self) {
        let even = 1.0 / self.mixture.len() as f64;
        self.mixture.fill(even);
    }
}
