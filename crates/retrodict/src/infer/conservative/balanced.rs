//! Balanced posterior estimation.

use std::ops::Range;

use crate::estimator::{EVALUATED, Flow, Workspace};
use crate::infer::flow_loss::{BESIDE, Desk, FlowLoss, split_values};
use crate::infer::pool::Pool;
use crate::infer::target::Target;

/// A conditional density q whose classifier is balanced:
///
/// ```text
/// L = −mean log q(θᵢ | xᵢ) + λ (mean d(θᵢ, xᵢ) + mean d(θⱼ, xᵢ) − 1)²,   d = q(θ | x) / (q(θ | x) + p(θ))
/// ```
///
/// with θⱼ from another row of the batch. Where d is that of the posterior the two means add up to one; if they do for
/// some other d, that d is on average less sure of true pairs than the posterior's own, so q is not overconfident.
///
/// A row's values are those of the atomic loss: z, log |∂z/∂θ| − log p(θ), and one.
///
/// # Reference
/// Delaunoy, Miller, Forré, Weniger and Louppe 2023, "Balancing simulation-based inference for conservative
/// posteriors", arXiv:2304.10978.
#[derive(Debug)]
pub(super) struct Balanced<'a> {
    flow: &'a Flow,
    target: &'a Target,
    strength: f64,
    desks: Pool<Desk>,
}

/// A row is paired with its own θ and with the next row's.
const PAIRS: usize = 2;

impl<'a> Balanced<'a> {
    pub(super) fn new(flow: &'a Flow, target: &'a Target, strength: f64) -> Self {
        Self {
            flow,
            target,
            strength,
            desks: Pool::default(),
        }
    }

    fn fill(&self, workspace: &mut Workspace, piece: Range<usize>, desk: &mut Desk) {
        let n = workspace.n_rows();
        let parts = workspace.parts();
        let d = self.target.n_features();
        desk.begin(piece.len() * PAIRS);
        for (k, i) in piece.enumerate() {
            desk.take_context(parts.context, parts.stride, i);
            for a in 0..PAIRS {
                let j = (i + a) % n;
                let [offset, _] = split_values(parts.values, parts.stride, (d, j), &mut desk.z);
                let log_det = self.target.guess(&desk.z, &desk.context, &mut desk.y);
                // The plain score leaves log |∂y/∂z| out, as plain training does.
                desk.place(k * PAIRS + a, [offset + log_det, 0.0], 1.0);
            }
        }
        desk.workspace.pad();
    }
}

impl Desk {
    /// log q of each row, and d of each pair added to what is there.
    fn classify(&self, classified: &mut Vec<f64>) -> Vec<f32> {
        let log_q = &self.workspace.log_prob()[..self.offsets.len()];
        let logits = log_q.iter().zip(&self.offsets);
        classified.extend(logits.map(|(l, o)| 1.0 / (1.0 + (-(f64::from(*l) + o[0])).exp())));
        log_q.iter().step_by(PAIRS).copied().collect()
    }

    /// ∂ mean loss / ∂ log q of each pair of a batch of `n` rows, `force` being the strength times the imbalance.
    fn push(&mut self, classified: &[f64], force: f64, n: usize) {
        let share = 1.0 / n as f64;
        for (pair, (slope, d)) in self.slopes.iter_mut().zip(classified).enumerate() {
            let own = if pair % PAIRS == 0 { -1.0 } else { 0.0 };
            *slope = (share * (own + 2.0 * force * d * (1.0 - d))) as f32;
        }
    }
}

impl FlowLoss for Balanced<'_> {
    fn flow(&self) -> &Flow {
        self.flow
    }

    fn n_values(&self) -> usize {
        self.target.n_features() + BESIDE
    }

    fn run(&self, weights: &[f32], workspace: &mut Workspace, gradient: Option<&mut [f32]>) {
        let n = workspace.n_rows();
        let rows = EVALUATED / PAIRS;
        let pieces: Vec<Range<usize>> = (0..n)
            .step_by(rows)
            .map(|first| first..(first + rows).min(n))
            .collect();
        self.desks.lend(
            || Desk::new(self.flow, EVALUATED),
            |desk| {
                let mut classified = Vec::with_capacity(PAIRS * n);
                for piece in &pieces {
                    self.fill(workspace, piece.clone(), desk);
                    self.flow.log_prob(weights, &mut desk.workspace);
                    let plain = desk.classify(&mut classified);
                    let out = workspace.parts().log_prob;
                    out[piece.clone()].copy_from_slice(&plain);
                }
                let balance = classified.iter().sum::<f64>() / n as f64 - 1.0;
                let penalty = (self.strength * balance * balance) as f32;
                for out in &mut workspace.parts().log_prob[..n] {
                    *out -= penalty;
                }
                let Some(gradient) = gradient else {
                    return;
                };
                for piece in &pieces {
                    if pieces.len() > 1 {
                        self.fill(workspace, piece.clone(), desk);
                        self.flow.log_prob(weights, &mut desk.workspace);
                    }
                    let own = PAIRS * piece.start..PAIRS * piece.end;
                    desk.push(&classified[own], self.strength * balance, n);
                    let slopes = &desk.slopes;
                    self.flow
                        .add_weighted_gradient(weights, &mut desk.workspace, slopes, gradient);
                }
            },
        );
    }
}
