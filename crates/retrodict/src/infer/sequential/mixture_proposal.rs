//! A proposal that is a mixture of normal distributions.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::estimator::{Estimator, GaussianComponent, Purpose};
use crate::infer::NeuralPosterior;
use crate::prior::SupportMap;
use crate::seed::{Random, Seed, Stream};
use crate::table::Table;

/// p̃(z) = Σₗ βₗ N(z; nₗ, Cₗ): the posterior of an observation that mixture density networks give, in the
/// space where the prior is N(0, I).
///
/// No component is wider than the prior in any direction (the eigenvalues of Cₗ are at most one), so that
/// q(z) p̃(z) / p(z) can be integrated whatever mixture of normal distributions q is.
#[derive(Debug, Clone)]
pub(super) struct MixtureProposal {
    map: SupportMap,
    pub(super) components: Vec<ProposalComponent>,
}

/// One component of a [`MixtureProposal`].
#[derive(Debug, Clone)]
pub(super) struct ProposalComponent {
    /// log β.
    pub(super) log_share: f64,
    /// n.
    pub(super) mean: Vec<f64>,
    /// R with C = R Rᵀ.
    root: Mat<f64>,
    /// C⁻¹ − I, which has no negative eigenvalue.
    pub(super) excess: Mat<f64>,
    /// log |C⁻¹|.
    pub(super) log_precision: f64,
}

/// Components with a smaller share are left out.
const LEAST_SHARE: f64 = 1e-3;
/// Just below one, for the arithmetic of whoever divides by the prior.
const WIDEST: f64 = 1.0 - 1e-6;
/// The narrowest variance, beside which an `f32` has no digits.
const NARROWEST: f64 = 1e-12;

impl MixtureProposal {
    /// What `posterior` says of `x`. It has to be made of mixture density networks, in the space where
    /// the prior is standard normal.
    pub(super) fn new(posterior: &NeuralPosterior, x: &[f64]) -> Result<Self> {
        let context = posterior.context(x)?;
        let (lower, offset) = posterior.target.affine(&context);
        let mut workspace = posterior.flow.workspace(1, Purpose::Inference);
        workspace.broadcast_context(1, &context);
        let mut components = Vec::new();
        for (weights, share) in posterior.members.iter().zip(&posterior.config.mixture) {
            let Some(found) = posterior.flow.mixtures(weights, &mut workspace) else {
                return Err(no_mixture());
            };
            for own in &found[0].components {
                let log_share = own.log_share + share.ln();
                if log_share > LEAST_SHARE.ln() {
                    components.push(component(own, log_share, (&lower, &offset)));
                }
            }
        }
        let total: f64 = components.iter().map(|c| c.log_share.exp()).sum();
        for component in &mut components {
            component.log_share -= total.ln();
        }
        if components.is_empty() || !total.is_finite() {
            return Err(no_mixture());
        }
        Ok(Self {
            map: posterior.target.map.clone(),
            components,
        })
    }

    /// `n` draws of θ.
    pub(super) fn sample(&self, n: usize, seed: Seed) -> Table {
        let width = self.map.n_parameters();
        let mut values = vec![0.0; n * width];
        let rows = values.par_chunks_mut(width).enumerate();
        rows.for_each(|(i, theta)| {
            let mut random = seed.stream(Stream::MixtureProposal, i as u64);
            self.map.inverse(&self.draw(&mut random), theta);
        });
        Table::new(self.map.prior().names(), values).expect("a prior's names differ")
    }

    fn draw(&self, random: &mut Random) -> Vec<f64> {
        let mut level = random.uniform();
        let chosen = self.components.iter().find(|component| {
            level -= component.log_share.exp();
            level < 0.0
        });
        // Rounding may leave the sum just under one.
        let chosen = chosen.unwrap_or(&self.components[0]);
        let noise: Vec<f64> = chosen.mean.iter().map(|_| random.normal()).collect();
        let of = |(i, mean): (usize, &f64)| {
            let row = noise.iter().enumerate();
            mean + row.map(|(j, e)| chosen.root[(i, j)] * e).sum::<f64>()
        };
        chosen.mean.iter().enumerate().map(of).collect()
    }
}

fn no_mixture() -> Error {
    Error::invalid(
        "sequential option `proposal`",
        "`mixture`, and a posterior that is no mixture of normal distributions",
        "networks that give one",
        "Set `kind = \"mdn\"` for the estimator, or choose another proposal.",
    )
}

/// N(y; μ, (AᵀA)⁻¹) in z, for y = L z + b.
fn component(
    own: &GaussianComponent,
    log_share: f64,
    (lower, offset): (&[f64], &[f64]),
) -> ProposalComponent {
    let d = offset.len();
    let lower = Mat::from_fn(d, d, |i, j| lower[i * d + j]);
    let factor = Mat::from_fn(d, d, |i, j| own.factor[i * d + j]);
    let shifted = Mat::from_fn(d, 1, |i, _| own.mean[i] - offset[i]);
    let mean = lower.partial_piv_lu().solve(shifted);
    // A (y − μ) = A L (z − n).
    let root = (&factor * &lower)
        .partial_piv_lu()
        .solve(Mat::<f64>::identity(d, d));
    let covariance = &root * root.transpose();
    let (values, vectors) = match covariance.self_adjoint_eigen(Side::Lower) {
        Ok(eigen) => {
            let values = (0..d).map(|k| eigen.S().column_vector()[k]);
            (values.collect(), eigen.U().to_owned())
        }
        // What is not finite has no eigenvalues: the prior takes its place.
        Err(_) => (vec![1.0; d], Mat::identity(d, d)),
    };
    let values: Vec<f64> = values
        .into_iter()
        .map(|v| v.clamp(NARROWEST, WIDEST))
        .collect();
    let scaled = |of: fn(f64) -> f64| Mat::from_fn(d, d, |i, k| vectors[(i, k)] * of(values[k]));
    let excess_root = scaled(|v| (1.0 / v - 1.0).sqrt());
    ProposalComponent {
        log_share,
        mean: (0..d).map(|i| mean[(i, 0)]).collect(),
        root: scaled(f64::sqrt),
        excess: &excess_root * excess_root.transpose(),
        log_precision: -values.iter().map(|v| v.ln()).sum::<f64>(),
    }
}
