//! The atomic loss of automatic posterior transformation.

use crate::estimator::{EVALUATED, Flow, Workspace};
use crate::infer::flow_loss::{BESIDE, Desk, FlowLoss, split_values};
use crate::infer::pool::Pool;
use crate::infer::target::Target;

/// A conditional density q trained to tell θᵢ among M atoms, itself and M − 1 that other rows of the batch
/// had:
///
/// ```text
/// Lᵢ = −log  r(θᵢ, xᵢ) / Σⱼ r(θⱼ, xᵢ),   r(θ, x) = q(θ | x) / p(θ)
/// ```
///
/// It is smallest where q is the posterior under the prior p, whatever the θ were drawn from. The loss says
/// nothing about θ that are never atoms, and density leaks there; rows of the first round, whose θ came from
/// the prior, add their plain loss −log q(θᵢ | xᵢ), which holds it.
///
/// Atoms are the rows that follow within the batch, cyclically, as in
/// [`crate::estimator::RatioEstimator`]. A row's values are z, the standardised θ before the linear guess
/// (which depends on the xᵢ that an atom is paired with); log |∂z/∂θ| − log p(θ); and one for a row of the
/// first round, zero for others.
///
/// # Reference
/// Greenberg, Nonnenmacher and Macke 2019, arXiv:1905.07488.
#[derive(Debug)]
pub(super) struct Atomic<'a> {
    flow: &'a Flow,
    target: &'a Target,
    atoms: usize,
    desks: Pool<Desk>,
}

impl<'a> Atomic<'a> {
    pub(super) fn new(flow: &'a Flow, target: &'a Target, atoms: usize) -> Self {
        Self {
            flow,
            target,
            atoms,
            desks: Pool::default(),
        }
    }

    /// Pairs each row of the piece with its atoms, itself first.
    fn fill(
        &self,
        workspace: &mut Workspace,
        piece: std::ops::Range<usize>,
        m: usize,
        desk: &mut Desk,
    ) {
        let n = workspace.n_rows();
        let parts = workspace.parts();
        let d = self.target.n_features();
        desk.begin(piece.len() * m);
        for (k, i) in piece.enumerate() {
            desk.take_context(parts.context, parts.stride, i);
            for a in 0..m {
                let j = (i + a) % n;
                let [offset, first] = split_values(parts.values, parts.stride, (d, j), &mut desk.z);
                let log_det = self.target.guess(&desk.z, &desk.context, &mut desk.y);
                desk.place(k * m + a, [offset + log_det, log_det], first);
            }
        }
        desk.workspace.pad();
    }
}

impl Desk {
    /// The losses of rows with `m` atoms each, of a batch of `n`; and ∂ mean loss / ∂ log q of each pair.
    fn judge(&mut self, m: usize, n: usize) -> Vec<f64> {
        let share = 1.0 / n as f64;
        let mut losses = Vec::with_capacity(self.offsets.len() / m);
        for pairs in 0..self.offsets.len() / m {
            let own = pairs * m..(pairs + 1) * m;
            let log_q: Vec<f64> = self.workspace.log_prob()[own.clone()]
                .iter()
                .map(|l| f64::from(*l))
                .collect();
            let offsets = &self.offsets[own.clone()];
            let scores: Vec<f64> = log_q.iter().zip(offsets).map(|(l, o)| l + o[0]).collect();
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = scores.iter().map(|s| (s - largest).exp()).sum();
            let plain = self.first[own.start];
            let loss = largest + total.ln() - scores[0] - plain * (log_q[0] + offsets[0][1]);
            losses.push(loss);
            for (a, slope) in self.slopes[own].iter_mut().enumerate() {
                let guessed = (scores[a] - largest).exp() / total;
                let truth = if a == 0 { 1.0 + plain } else { 0.0 };
                *slope = (share * (guessed - truth)) as f32;
            }
        }
        losses
    }
}

impl FlowLoss for Atomic<'_> {
    fn flow(&self) -> &Flow {
        self.flow
    }

    fn n_values(&self) -> usize {
        self.target.n_features() + BESIDE
    }

    fn run(&self, weights: &[f32], workspace: &mut Workspace, mut gradient: Option<&mut [f32]>) {
        let n = workspace.n_rows();
        let m = self.atoms.min(n);
        let rows = (EVALUATED / m).max(1);
        self.desks.lend(
            || Desk::new(self.flow, EVALUATED),
            |desk| {
                for first in (0..n).step_by(rows) {
                    let piece = first..(first + rows).min(n);
                    self.fill(workspace, piece.clone(), m, desk);
                    self.flow.log_prob(weights, &mut desk.workspace);
                    let losses = desk.judge(m, n);
                    let out = workspace.parts().log_prob;
                    for (out, loss) in out[piece].iter_mut().zip(losses) {
                        *out = -loss as f32;
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
