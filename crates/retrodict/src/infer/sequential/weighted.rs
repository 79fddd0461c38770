//! The importance-weighted loss, and the desk at which losses of several pairs a row are worked out.

use crate::estimator::{EVALUATED, Estimator, Flow, Purpose, Workspace};
use crate::infer::pool::Pool;
use crate::seed::Random;

/// A conditional density trained on weighted rows: L = Σᵢ wᵢ Lᵢ / n with Lᵢ = −log q(θᵢ | xᵢ). A row's values
/// are y and its weight.
///
/// # Reference
/// Lueckmann et al. 2017, arXiv:1711.01861.
#[derive(Debug)]
pub(super) struct Weighted<'a> {
    flow: &'a Flow,
    desks: Pool<Desk>,
}

impl<'a> Weighted<'a> {
    pub(super) fn new(flow: &'a Flow) -> Self {
        Self {
            flow,
            desks: Pool::default(),
        }
    }

    fn run(&self, weights: &[f32], workspace: &mut Workspace, mut gradient: Option<&mut [f32]>) {
        let n = workspace.n_rows();
        let d = self.flow.n_features();
        self.desks.lend(
            || Desk::new(self.flow, EVALUATED),
            |desk| {
                for start in (0..n).step_by(EVALUATED) {
                    let piece = start..(start + EVALUATED).min(n);
                    let parts = workspace.parts();
                    desk.begin(piece.len());
                    for (k, i) in piece.clone().enumerate() {
                        desk.take_context(parts.context, parts.stride, i);
                        for (feature, y) in desk.y.iter_mut().enumerate() {
                            *y = parts.values[feature * parts.stride + i];
                        }
                        let weight = f64::from(parts.values[d * parts.stride + i]);
                        desk.place(k, [0.0; 2], weight);
                        desk.slopes[k] = (-weight / n as f64) as f32;
                    }
                    desk.workspace.pad();
                    self.flow.log_prob(weights, &mut desk.workspace);
                    let out = &mut parts.log_prob[piece];
                    let scored = desk.workspace.log_prob().iter().zip(&desk.first);
                    for (out, (log_q, weight)) in out.iter_mut().zip(scored) {
                        *out = (weight * f64::from(*log_q)) as f32;
                    }
                    if let Some(gradient) = gradient.as_deref_mut() {
                        let slopes = &desk.slopes;
                        self.flow.add_weighted_gradient(
                            weights,
                            &mut desk.workspace,
                            slopes,
                            gradient,
                        );
                    }
                }
            },
        );
    }
}

impl Estimator for Weighted<'_> {
    fn n_weights(&self) -> usize {
        self.flow.n_weights()
    }

    fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.flow.initialize(weights, random);
    }

    fn workspace(&self, max_rows: usize, purpose: Purpose) -> Workspace {
        let n_values = self.flow.n_features() + 1;
        Workspace::new(n_values, self.flow.n_context(), max_rows, |_| 0).for_purpose(purpose)
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

/// Pairs of θ and x in the layout of a flow, and what is known of each.
#[derive(Debug)]
pub(in crate::infer) struct Desk {
    pub(in crate::infer) workspace: Workspace,
    /// What is added to log q of each pair: for its score, and for the plain loss.
    pub(in crate::infer) offsets: Vec<[f64; 2]>,
    /// The weight of each pair's own plain loss.
    pub(in crate::infer) first: Vec<f64>,
    /// ∂ loss / ∂ log q of each pair.
    pub(in crate::infer) slopes: Vec<f32>,
    pub(in crate::infer) context: Vec<f32>,
    pub(in crate::infer) z: Vec<f64>,
    pub(in crate::infer) y: Vec<f32>,
}

impl Desk {
    pub(in crate::infer) fn new(flow: &Flow, max_pairs: usize) -> Self {
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
    pub(in crate::infer) fn begin(&mut self, pairs: usize) {
        self.workspace.resize(pairs);
        self.offsets.resize(pairs, [0.0; 2]);
        self.first.resize(pairs, 0.0);
        self.slopes.resize(pairs, 0.0);
    }

    /// Reads the context of row `i`.
    pub(in crate::infer) fn take_context(&mut self, context: &[f32], stride: usize, i: usize) {
        for (feature, value) in self.context.iter_mut().enumerate() {
            *value = context[feature * stride + i];
        }
    }

    /// Puts y and the context into the batch.
    pub(in crate::infer) fn place(&mut self, pair: usize, offsets: [f64; 2], first: f64) {
        self.workspace.set_row(pair, &self.y, &self.context);
        self.offsets[pair] = offsets;
        self.first[pair] = first;
    }
}

/// Fills `z` with the first `d` values of row `j` and returns the two beside them.
pub(in crate::infer) fn split_values(
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
