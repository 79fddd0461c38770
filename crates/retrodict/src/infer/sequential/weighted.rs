//! The importance-weighted loss.

use crate::estimator::{EVALUATED, Flow, Workspace};
use crate::infer::flow_loss::{Desk, FlowLoss};
use crate::infer::pool::Pool;

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
}

impl FlowLoss for Weighted<'_> {
    fn flow(&self) -> &Flow {
        self.flow
    }

    fn n_values(&self) -> usize {
        self.flow.n_features() + 1
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
