//! The proposal posterior of mixtures of normal distributions, which is one itself.

use faer::Mat;
use faer::linalg::solvers::Solve;

use super::mixture_proposal::{MixtureProposal, ProposalComponent};
use crate::estimator::{GaussianComponent, GaussianMixture};

/// What a mixture q(y) = Σₖ αₖ N(y; mₖ, Pₖ⁻¹) is multiplied with: p̃ / p of one round, for y = L z + b
/// with a b that changes from row to row.
///
/// ```text
/// Z = ∫ q(y) p̃(y) / p(y) dy = Σₖₗ cₖₗ
/// ```
///
/// and, with D = Qₗ − Q₀ of the precisions of p̃'s component and of p, H = Pₖ + D, ρₗ = log βₗ N(y; nₗ, Qₗ⁻¹) /
/// N(y; n₀, Q₀⁻¹) at y = mₖ, and g its gradient there,
///
/// ```text
/// log cₖₗ = log αₖ + ρₗ + ½ log |Pₖ| − ½ log |H| + ½ gᵀ H⁻¹ g
/// ```
///
/// The product's component has mean mₖ + H⁻¹ g and covariance H⁻¹. Nothing is subtracted that is large:
/// everything is counted from mₖ.
///
/// # Reference
/// Greenberg, Nonnenmacher and Macke 2019, arXiv:1905.07488, appendix A.
#[derive(Debug)]
pub(super) struct Ratio {
    d: usize,
    /// Q₀, row after row.
    prior: Vec<f64>,
    factors: Vec<Factor>,
}

#[derive(Debug)]
struct Factor {
    /// log β + ½ log |Q| − ½ log |Q₀|.
    log_scale: f64,
    /// L n.
    mean: Vec<f64>,
    /// Qₗ, and Qₗ − Q₀.
    precision: Vec<f64>,
    excess: Vec<f64>,
}

impl Ratio {
    /// That of a proposal, for y = L z + b.
    pub(super) fn new(proposal: &MixtureProposal, lower: &[f64], d: usize) -> Self {
        let lower = Mat::from_fn(d, d, |i, j| lower[i * d + j]);
        let inverse = lower.partial_piv_lu().solve(Mat::<f64>::identity(d, d));
        let flat = |m: &Mat<f64>| (0..d * d).map(|k| m[(k / d, k % d)]).collect::<Vec<f64>>();
        let prior = inverse.transpose() * &inverse;
        let factor = |own: &ProposalComponent| {
            let excess = inverse.transpose() * &own.excess * &inverse;
            Factor {
                log_scale: own.log_share + 0.5 * own.log_precision,
                mean: product(&flat(&lower), &own.mean),
                precision: flat(&(&prior + &excess)),
                excess: flat(&excess),
            }
        };
        Self {
            d,
            factors: proposal.components.iter().map(factor).collect(),
            prior: flat(&prior),
        }
    }
}

/// One component of q and one of p̃, multiplied.
struct Joint {
    k: usize,
    log_weight: f64,
    /// The mean, counted from mₖ, and the covariance.
    shift: Vec<f64>,
    covariance: Vec<f64>,
}

/// The loss of one row, −log q(y) + log ∫ q p̃ / p (the second term only where there is a ratio, with the
/// row's b), up to what no weight changes; adds `share` times its derivatives to `slopes`, by logits, means
/// and upper factors.
pub(super) fn loss(
    mixture: &GaussianMixture,
    y: &[f64],
    ratio: Option<(&Ratio, &[f64])>,
    (share, slopes): (f64, &mut GaussianMixture),
) -> f64 {
    let points = own_points(mixture, y);
    let log_q = spread(mixture, &points, (-share, slopes));
    let Some((ratio, offset)) = ratio else {
        // The shares sum to one, whatever the logits.
        for (slopes, own) in slopes.components.iter_mut().zip(&mixture.components) {
            slopes.log_share += share * own.log_share.exp();
        }
        return -log_q;
    };
    let joints = ratio.joints(mixture, offset);
    spread(mixture, &joints, (share, slopes)) - log_q
}

/// Each component at the one point y.
fn own_points(mixture: &GaussianMixture, y: &[f64]) -> Vec<Joint> {
    let d = mixture.dimension;
    let of = |(k, own): (usize, &GaussianComponent)| {
        let shift: Vec<f64> = y.iter().zip(&own.mean).map(|(y, m)| y - m).collect();
        let square: f64 = product(&own.factor, &shift).iter().map(|t| t * t).sum();
        let constant = 0.5 * d as f64 * std::f64::consts::TAU.ln();
        Joint {
            k,
            log_weight: own.log_share + log_diagonal(&own.factor, d) - 0.5 * square - constant,
            shift,
            covariance: Vec::new(),
        }
    };
    mixture.components.iter().enumerate().map(of).collect()
}

/// log Σ of the weights; adds `share` times its derivatives, those by the logits as if shares had no sum.
fn spread(
    mixture: &GaussianMixture,
    joints: &[Joint],
    (share, slopes): (f64, &mut GaussianMixture),
) -> f64 {
    let d = mixture.dimension;
    let largest = joints.iter().map(|j| j.log_weight);
    let largest = largest.fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = joints.iter().map(|j| (j.log_weight - largest).exp()).sum();
    for joint in joints {
        let weight = share * (joint.log_weight - largest).exp() / total;
        if weight == 0.0 {
            continue;
        }
        let own = &mixture.components[joint.k].factor;
        let out = &mut slopes.components[joint.k];
        out.log_share += weight;
        for (i, along) in product(own, &joint.shift).into_iter().enumerate() {
            // Row i of A S, of which only the upper triangle is free.
            for j in i..d {
                out.mean[j] += weight * own[i * d + j] * along;
                let mut entry = along * joint.shift[j];
                if !joint.covariance.is_empty() {
                    for l in i..d {
                        entry += own[i * d + l] * joint.covariance[l * d + j];
                    }
                }
                out.factor[i * d + j] -= weight * entry;
            }
            out.factor[i * d + i] += weight / own[i * d + i];
        }
    }
    largest + total.ln()
}

impl Ratio {
    fn joints(&self, mixture: &GaussianMixture, offset: &[f64]) -> Vec<Joint> {
        let mut joints = Vec::with_capacity(mixture.components.len() * self.factors.len());
        for (k, own) in mixture.components.iter().enumerate() {
            let precision = square(&own.factor, self.d);
            for factor in &self.factors {
                joints.push(self.joint((k, own, &precision), factor, offset));
            }
        }
        joints
    }

    fn joint(
        &self,
        (k, own, precision): (usize, &GaussianComponent, &[f64]),
        factor: &Factor,
        offset: &[f64],
    ) -> Joint {
        let d = self.d;
        let from_prior: Vec<f64> = own.mean.iter().zip(offset).map(|(m, b)| m - b).collect();
        let from_proposal = from_prior.iter().zip(&factor.mean);
        let from_proposal: Vec<f64> = from_proposal.map(|(m, n)| m - n).collect();
        let of_prior = product(&self.prior, &from_prior);
        let of_proposal = product(&factor.precision, &from_proposal);
        let gradient = of_prior.iter().zip(&of_proposal).map(|(a, b)| a - b);
        let gradient: Vec<f64> = gradient.collect();
        let rho = factor.log_scale + 0.5 * dot(&of_prior, &from_prior)
            - 0.5 * dot(&of_proposal, &from_proposal);
        let sum: Vec<f64> = precision
            .iter()
            .zip(&factor.excess)
            .map(|(p, e)| p + e)
            .collect();
        let (covariance, log_root) = inverse(&sum, d);
        let shift = product(&covariance, &gradient);
        let log_weight = own.log_share + rho + log_diagonal(&own.factor, d) - log_root
            + 0.5 * dot(&gradient, &shift);
        Joint {
            k,
            log_weight,
            shift,
            covariance,
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A d × d matrix, row after row, times a vector.
fn product(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    let rows = matrix.chunks_exact(vector.len());
    rows.map(|row| dot(row, vector)).collect()
}

/// ½ log `|AᵀA|` of a triangular A.
fn log_diagonal(factor: &[f64], d: usize) -> f64 {
    (0..d).map(|i| factor[i * d + i].ln()).sum()
}

/// `AᵀA` of an upper triangular A.
fn square(factor: &[f64], d: usize) -> Vec<f64> {
    let mut out = vec![0.0; d * d];
    for l in 0..d {
        for i in l..d {
            for j in l..d {
                out[i * d + j] += factor[l * d + i] * factor[l * d + j];
            }
        }
    }
    out
}

/// H⁻¹ and ½ log |H| of a positive definite H, by its Cholesky factor; NaN if it is not.
fn inverse(matrix: &[f64], d: usize) -> (Vec<f64>, f64) {
    let mut root = vec![0.0; d * d];
    for i in 0..d {
        for j in 0..=i {
            let before = dot(&root[i * d..i * d + j], &root[j * d..j * d + j]);
            let rest = matrix[i * d + j] - before;
            root[i * d + j] = if i == j {
                rest.sqrt()
            } else {
                rest / root[j * d + j]
            };
        }
    }
    // W with R W = I, lower triangular; then H⁻¹ = Wᵀ W.
    let mut solved = vec![0.0; d * d];
    for j in 0..d {
        for i in j..d {
            let before: f64 = (j..i).map(|l| root[i * d + l] * solved[l * d + j]).sum();
            let unit = if i == j { 1.0 } else { 0.0 };
            solved[i * d + j] = (unit - before) / root[i * d + i];
        }
    }
    let entry = |k: usize| {
        let (i, j) = (k / d, k % d);
        let first = i.max(j);
        (first..d)
            .map(|l| solved[l * d + i] * solved[l * d + j])
            .sum()
    };
    ((0..d * d).map(entry).collect(), log_diagonal(&root, d))
}
