//! The exact loss of mixtures of normal distributions whose θ came from such mixtures.

use super::product::{Ratio, loss};
use crate::estimator::{
    EVALUATED, Estimator, Flow, GaussianComponent, GaussianMixture, Purpose, Workspace,
};
use crate::infer::flow_loss::FlowLoss;
use crate::infer::pool::Pool;

/// A mixture density network q trained so that q(θ | x) p̃(θ) / p(θ), normalised, is the density of the θ
/// that were drawn from p̃ and gave x:
///
/// ```text
/// Lᵢ = −log  q(θᵢ | xᵢ) p̃ᵢ(θᵢ) / p(θᵢ) / Zᵢ(xᵢ),    Zᵢ(x) = ∫ q(θ | x) p̃ᵢ(θ) / p(θ) dθ
/// ```
///
/// with p̃ᵢ the proposal of row i's own round. Where the prior is normal and p̃ᵢ a mixture of normal
/// distributions, Zᵢ is a sum; see [`Ratio`]. A row's values are y, b of y = L z + b for its context, and the
/// number of its round, zero for the prior.
///
/// # Reference
/// Greenberg, Nonnenmacher and Macke 2019, arXiv:1905.07488, appendix A.
#[derive(Debug)]
pub(super) struct Exact<'a> {
    flow: &'a Flow,
    /// Of each round after the first.
    ratios: Vec<Ratio>,
    desks: Pool<Workspace>,
}

impl<'a> Exact<'a> {
    pub(super) fn new(flow: &'a Flow, ratios: Vec<Ratio>) -> Self {
        Self {
            flow,
            ratios,
            desks: Pool::default(),
        }
    }

    /// How many values a row has, of `d` parameters.
    pub(super) fn n_values_of(d: usize) -> usize {
        2 * d + 1
    }

    /// Leaves minus the losses of a piece in `log_prob`; the derivatives of their share of the mean.
    fn judge(
        &self,
        workspace: &mut Workspace,
        piece: std::ops::Range<usize>,
        mixtures: &[GaussianMixture],
    ) -> Vec<GaussianMixture> {
        let (n, d) = (workspace.n_rows(), self.flow.n_features());
        let parts = workspace.parts();
        let mut all = Vec::with_capacity(piece.len());
        for (row, mixture) in piece.zip(mixtures) {
            let value = |feature: usize| f64::from(parts.values[feature * parts.stride + row]);
            let y: Vec<f64> = (0..d).map(value).collect();
            let offset: Vec<f64> = (d..2 * d).map(value).collect();
            let round = value(2 * d) as usize;
            let ratio = round.checked_sub(1).map(|k| (&self.ratios[k], &offset[..]));
            let mut slopes = zeros(mixture);
            let loss = loss(mixture, &y, ratio, (1.0 / n as f64, &mut slopes));
            parts.log_prob[row] = -loss as f32;
            all.push(slopes);
        }
        all
    }
}

/// Copies y and the context of some rows.
fn fill(
    flow: &Flow,
    workspace: &mut Workspace,
    piece: std::ops::Range<usize>,
    desk: &mut Workspace,
) {
    desk.resize(piece.len());
    let parts = workspace.parts();
    let (mut y, mut context) = (vec![0.0; flow.n_features()], vec![0.0; flow.n_context()]);
    for (k, row) in piece.enumerate() {
        for (feature, value) in y.iter_mut().enumerate() {
            *value = parts.values[feature * parts.stride + row];
        }
        for (feature, value) in context.iter_mut().enumerate() {
            *value = parts.context[feature * parts.stride + row];
        }
        desk.set_row(k, &y, &context);
    }
    desk.pad();
}

/// As many numbers, all zero.
fn zeros(like: &GaussianMixture) -> GaussianMixture {
    let component = |own: &GaussianComponent| GaussianComponent {
        log_share: 0.0,
        mean: vec![0.0; own.mean.len()],
        factor: vec![0.0; own.factor.len()],
    };
    GaussianMixture {
        dimension: like.dimension,
        components: like.components.iter().map(component).collect(),
    }
}

impl FlowLoss for Exact<'_> {
    fn flow(&self) -> &Flow {
        self.flow
    }

    fn n_values(&self) -> usize {
        Self::n_values_of(self.flow.n_features())
    }

    fn run(&self, weights: &[f32], workspace: &mut Workspace, mut gradient: Option<&mut [f32]>) {
        let n = workspace.n_rows();
        self.desks.lend(
            || self.flow.workspace(EVALUATED, Purpose::Training),
            |desk| {
                for start in (0..n).step_by(EVALUATED) {
                    let piece = start..(start + EVALUATED).min(n);
                    fill(self.flow, workspace, piece.clone(), desk);
                    let mixtures = self.flow.mixtures(weights, desk);
                    let mixtures = mixtures.expect("the estimator is a mixture");
                    let slopes = self.judge(workspace, piece, &mixtures);
                    if let Some(gradient) = gradient.as_deref_mut() {
                        self.flow
                            .add_mixture_gradient(weights, desk, &slopes, gradient);
                    }
                }
            },
        );
    }
}
