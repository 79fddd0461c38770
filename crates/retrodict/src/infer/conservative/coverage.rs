//! A penalty on credible regions that hold the truth too rarely.

use std::ops::Range;

use crate::estimator::{EVALUATED, Flow, Workspace};
use crate::infer::flow_loss::{Desk, FlowLoss};
use crate::infer::pool::Pool;
use crate::seed::{Random, Seed, Stream};

/// A conditional density q whose highest-density regions hold the truth at least as often as they say:
///
/// ```text
/// L = −mean log q(θᵢ | xᵢ) + λ mean max(0, (k − ½)/n − α₍ₖ₎)²
/// αᵢ = (½ + Σₗ s((log q(θᵢ | xᵢ) − log q(θ̃ₗ | xᵢ))/T)) / (L + 1),   θ̃ₗ ~ q(θ | xᵢ),   s(a) = 1/(1 + e⁻ᵃ)
/// ```
///
/// αᵢ is the mass of q where it is less dense than at the truth. If q is the posterior the αᵢ of a batch are uniform, so
/// that the k-th smallest of n is near (k − ½)/n; if q is overconfident, truths lie where it is thin, and they
/// are smaller. Only that is penalised. Densities are compared in the network's own space.
///
/// The gradient goes through the densities of the truth and of the draws, and, as if by importance sampling, through
/// the change of where draws would lie.
///
/// # Reference
/// Falkiewicz, Takeishi, Shekhzadeh, Wehenkel, Delaunoy, Louppe and Kalousis 2023, "Calibrating neural
/// simulation-based inference with differentiable coverage probability", arXiv:2310.13402.
#[derive(Debug)]
pub(super) struct CoveragePenalised<'a> {
    flow: &'a Flow,
    strength: f64,
    desks: Pool<Desk>,
}

/// Draws for each row, as in the paper.
pub(super) const DRAWS: usize = 16;
/// A row's own pair, and those of its draws.
pub(super) const PAIRS: usize = 1 + DRAWS;
/// T: differences of log-density below this count in part.
pub(super) const TEMPERATURE: f64 = 0.1;

/// What one batch came to: everything with [`PAIRS`] numbers a row, the truth first.
pub(super) struct Batch {
    /// The values of truths and draws, `n_features` each.
    pub(super) values: Vec<f32>,
    pub(super) log_q: Vec<f64>,
    /// max(0, (k − ½)/n − αᵢ) of each row, k the place of αᵢ among all.
    pub(super) gaps: Vec<f64>,
}

impl<'a> CoveragePenalised<'a> {
    pub(super) fn new(flow: &'a Flow, strength: f64) -> Self {
        Self {
            flow,
            strength,
            desks: Pool::default(),
        }
    }

    /// Draws for every row, and the densities of draws and truths.
    pub(super) fn look(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        desk: &mut Desk,
    ) -> Batch {
        let d = self.flow.n_features();
        let n = workspace.n_rows();
        let mut random = chance(workspace);
        let mut values = Vec::with_capacity(n * PAIRS * d);
        let mut log_q = Vec::with_capacity(n * PAIRS);
        for piece in pieces(n) {
            desk.begin(piece.len() * PAIRS);
            Self::place(workspace, &piece, desk, |_, desk| desk.y.fill(0.0));
            self.flow.sample(weights, &mut desk.workspace, &mut random);
            let drawn = desk.values(d);
            Self::place(workspace, &piece, desk, |pair, desk| {
                desk.y.copy_from_slice(&drawn[pair * d..(pair + 1) * d]);
            });
            Self::place_truths(workspace, &piece, desk);
            self.flow.log_prob(weights, &mut desk.workspace);
            values.extend(desk.values(d));
            log_q.extend(desk.workspace.log_prob().iter().map(|l| f64::from(*l)));
        }
        Batch::of(values, log_q)
    }

    /// Adds the gradient of the mean loss.
    fn pull(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        desk: &mut Desk,
        batch: &Batch,
        gradient: &mut [f32],
    ) {
        let d = self.flow.n_features();
        let slopes = batch.slopes(self.strength);
        for piece in pieces(workspace.n_rows()) {
            let first = piece.start * PAIRS;
            desk.begin(piece.len() * PAIRS);
            Self::place(workspace, &piece, desk, |pair, desk| {
                let at = (first + pair) * d;
                desk.y.copy_from_slice(&batch.values[at..at + d]);
            });
            self.flow.log_prob(weights, &mut desk.workspace);
            let own = &slopes[first..first + piece.len() * PAIRS];
            self.flow
                .add_weighted_gradient(weights, &mut desk.workspace, own, gradient);
        }
    }

    /// Puts all pairs of a piece into the desk's batch, with the values that `fill` leaves in its `y`.
    fn place(
        workspace: &mut Workspace,
        piece: &Range<usize>,
        desk: &mut Desk,
        fill: impl Fn(usize, &mut Desk),
    ) {
        let parts = workspace.parts();
        for (k, i) in piece.clone().enumerate() {
            desk.take_context(parts.context, parts.stride, i);
            for pair in k * PAIRS..(k + 1) * PAIRS {
                fill(pair, desk);
                desk.place(pair, [0.0; 2], 1.0);
            }
        }
        desk.workspace.pad();
    }

    fn place_truths(workspace: &mut Workspace, piece: &Range<usize>, desk: &mut Desk) {
        let parts = workspace.parts();
        for (k, i) in piece.clone().enumerate() {
            desk.take_context(parts.context, parts.stride, i);
            for (feature, y) in desk.y.iter_mut().enumerate() {
                *y = parts.values[feature * parts.stride + i];
            }
            desk.place(k * PAIRS, [0.0; 2], 1.0);
        }
        desk.workspace.pad();
    }
}

/// Pieces of a batch whose pairs fit on a desk.
fn pieces(n: usize) -> impl Iterator<Item = Range<usize>> {
    let rows = EVALUATED / PAIRS;
    (0..n)
        .step_by(rows)
        .map(move |first| first..(first + rows).min(n))
}

/// Random numbers that depend on the rows of the batch alone: the same rows are always judged by the same draws, on
/// however many threads.
fn chance(workspace: &mut Workspace) -> Random {
    let n = workspace.n_rows();
    let parts = workspace.parts();
    // FNV-1a over the first feature of all rows.
    let hash = parts.values[..n]
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, value| {
            (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0100_0000_01b3)
        });
    Seed(hash).stream(Stream::CoverageDraws, 0)
}

impl Batch {
    fn of(values: Vec<f32>, log_q: Vec<f64>) -> Self {
        let levels: Vec<f64> = log_q.chunks_exact(PAIRS).map(level).collect();
        let n = levels.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| levels[a].total_cmp(&levels[b]));
        let mut gaps = vec![0.0; n];
        for (k, &i) in order.iter().enumerate() {
            gaps[i] = ((k as f64 + 0.5) / n as f64 - levels[i]).max(0.0);
        }
        Self {
            values,
            log_q,
            gaps,
        }
    }

    /// The mean square of the gaps.
    fn penalty(&self) -> f64 {
        self.gaps.iter().map(|g| g * g).sum::<f64>() / self.gaps.len() as f64
    }

    /// ∂ mean loss / ∂ log q of each pair.
    fn slopes(&self, strength: f64) -> Vec<f32> {
        let n = self.gaps.len() as f64;
        let mut slopes = Vec::with_capacity(self.log_q.len());
        for (log_q, gap) in self.log_q.chunks_exact(PAIRS).zip(&self.gaps) {
            let force = -2.0 * strength * gap / n / PAIRS as f64;
            let shares = below(log_q);
            let mean = shares.iter().sum::<f64>() / DRAWS as f64;
            let steep = |s: f64| s * (1.0 - s) / TEMPERATURE;
            let own: f64 = shares.iter().map(|&s| steep(s)).sum();
            slopes.push((-1.0 / n + force * own) as f32);
            let of_draws = shares.iter().map(|&s| force * (s - mean - steep(s)));
            slopes.extend(of_draws.map(|v| v as f32));
        }
        slopes
    }
}

/// α from the log-densities of the truth and of its draws.
fn level(log_q: &[f64]) -> f64 {
    (0.5 + below(log_q).iter().sum::<f64>()) / PAIRS as f64
}

/// How surely each draw is less dense than the truth.
fn below(log_q: &[f64]) -> Vec<f64> {
    let one = |draw: &f64| {
        let gap = (log_q[0] - draw) / TEMPERATURE;
        // Two densities of zero are alike.
        if gap.is_nan() {
            0.5
        } else {
            1.0 / (1.0 + (-gap).exp())
        }
    };
    log_q[1..].iter().map(one).collect()
}

impl Desk {
    /// The values of the batch, row after row.
    fn values(&mut self, d: usize) -> Vec<f32> {
        let n = self.workspace.n_rows();
        let parts = self.workspace.parts();
        let of = |row: usize| (0..d).map(move |feature| (feature, row));
        (0..n)
            .flat_map(of)
            .map(|(feature, row)| parts.values[feature * parts.stride + row])
            .collect()
    }
}

impl FlowLoss for CoveragePenalised<'_> {
    fn flow(&self) -> &Flow {
        self.flow
    }

    fn n_values(&self) -> usize {
        self.flow.n_features()
    }

    fn run(&self, weights: &[f32], workspace: &mut Workspace, gradient: Option<&mut [f32]>) {
        self.desks.lend(
            || Desk::new(self.flow, EVALUATED),
            |desk| {
                let batch = self.look(weights, workspace, desk);
                let n = workspace.n_rows();
                let penalty = self.strength * batch.penalty();
                let scores = batch.log_q.iter().step_by(PAIRS);
                for (out, log_q) in workspace.parts().log_prob[..n].iter_mut().zip(scores) {
                    *out = (log_q - penalty) as f32;
                }
                if let Some(gradient) = gradient {
                    self.pull(weights, workspace, desk, &batch, gradient);
                }
            },
        );
    }
}
