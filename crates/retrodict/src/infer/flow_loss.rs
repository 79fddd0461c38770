//! Losses of a flow that look at several pairs of θ and x for each row, or weigh rows.

use std::fmt::Debug;

use crate::estimator::{Estimator, Flow, Purpose, Workspace};
use crate::seed::Random;

/// A loss of a flow's density that is not the plain one. It is an [`Estimator`], whose weights are the flow's.
pub(super) trait FlowLoss: Send + Sync + Debug {
    /// The density.
    fn flow(&self) -> &Flow;

    /// How many numbers a row has.
    fn n_values(&self) -> usize;

    /// Fills `log_prob` with minus the loss of each row, and adds the gradient of their mean, if it is wanted.
    fn run(&self, weights: &[f32], workspace: &mut Workspace, gradient: Option<&mut [f32]>);
}

impl<L: FlowLoss> Estimator for L {
    fn n_weights(&self) -> usize {
        self.flow().n_weights()
    }

    fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.flow().initialize(weights, random);
    }

    fn workspace(&self, max_rows: usize, purpose: Purpose) -> Workspace {
        let n_context = self.flow().n_context();
        Workspace::new(self.n_values(), n_context, max_rows, |_| 0).for_purpose(purpose)
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

/// What stands beside z among a row's values.
pub(super) const BESIDE: usize = 2;

/// Pairs of θ and x in the layout of a flow, and what is known of each.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) workspace: Workspace,
    /// What is added to log q of each pair: for its score, and for the plain loss.
    pub(super) offsets: Vec<[f64; 2]>,
    /// The weight of each pair's own plain loss.
    pub(super) first: Vec<f64>,
    /// ∂ loss / ∂ log q of each pair.
    pub(super) slopes: Vec<f32>,
    pub(super) context: Vec<f32>,
    pub(super) z: Vec<f64>,
    pub(super) y: Vec<f32>,
}

impl Desk {
    pub(super) fn new(flow: &Flow, max_pairs: usize) -> Self {
        Self {
            workspace: flow.workspace(max_pairs, Purpose::Training),
            offsets: Vec::new(),
            first: Vec::new(),
            slopes: Vec::new(),
            context: vec![0.0; flow.n_context()],
            z: vec![0.0; flow.n_features()],
            y: vec![0.0; flow.n_features()],
        }
    }

    /// Makes the batch so many pairs long.
    pub(super) fn begin(&mut self, pairs: usize) {
        self.workspace.resize(pairs);
        self.offsets.resize(pairs, [0.0; 2]);
        self.first.resize(pairs, 0.0);
        self.slopes.resize(pairs, 0.0);
    }

    /// Reads the context of row `i`.
    pub(super) fn take_context(&mut self, context: &[f32], stride: usize, i: usize) {
        for (feature, value) in self.context.iter_mut().enumerate() {
            *value = context[feature * stride + i];
        }
    }

    /// Puts y and the context into the batch.
    pub(super) fn place(&mut self, pair: usize, offsets: [f64; 2], first: f64) {
        self.workspace.set_row(pair, &self.y, &self.context);
        self.offsets[pair] = offsets;
        self.first[pair] = first;
    }
}

/// Fills `z` with the first `d` values of row `j` and returns the two beside them.
pub(super) fn split_values(
    values: &[f32],
    stride: usize,
    (d, j): (usize, usize),
    z: &mut [f64],
) -> [f64; 2] {
    let of = |feature: usize| f64::from(values[feature * stride + j]);
    for (feature, z) in z.iter_mut().enumerate() {
        *z = of(feature);
    }
    [of(d), of(d + 1)]
}
