//! The bijection between a prior's support and real space.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::block::{Block, Distribution};
use super::{Interval, Prior, Univariate, coordinate, stick_breaking};
use crate::error::{Error, Result};

/// The step of difference quotients, relative to the number that is moved.
const DIFFERENCE: f64 = 1e-6;

/// How a support becomes real space.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SupportKind {
    /// Bounded: z = log((x − low) / (high − x)). Half-bounded: the logarithm of the distance to the
    /// bound, with the sign that keeps the order. Simplex: stick breaking, then the logit. Real: x.
    Logit,
    /// The prior's own cumulative distribution function, then the normal quantile: under the prior,
    /// z is exactly standard normal (also for conditional, Dirichlet and multivariate normal
    /// priors). Custom priors: as if uniform where bounded, otherwise as [`SupportKind::Logit`].
    /// Beyond |z| ≈ 37.5, where a tail is below 10⁻³⁰⁷, the map saturates.
    Probit,
    /// Bounded: linear onto [−1, 1]; simplex: the fractions of the stick, linear onto [−1, 1];
    /// otherwise as [`SupportKind::Logit`].
    #[default]
    Box,
}

/// A bijection between the support of a prior and real space (or, for bounded coordinates of
/// [`SupportKind::Box`], [−1, 1]).
///
/// `forward` takes θ to z, `inverse` takes any finite z to a θ strictly inside the support.
/// Parameters whose distribution depends on earlier ones are mapped in order.
#[derive(Debug, Clone)]
pub struct SupportMap {
    prior: Prior,
    kind: SupportKind,
    bounded: Vec<bool>,
}

impl SupportMap {
    pub(super) fn new(prior: &Prior, kind: SupportKind) -> Result<Self> {
        if let Some(name) = prior.discrete_parameters().first() {
            return Err(Error::invalid(
                format!("parameters.{name}"),
                "a discrete prior",
                "a continuous prior, because the method works in real space",
                "Make the parameter continuous, or sum over its values: one inference for each.",
            ));
        }
        Self::of_continuous(prior, kind)
    }

    pub(super) fn of_continuous(prior: &Prior, kind: SupportKind) -> Result<Self> {
        if kind != SupportKind::Probit {
            check_connected(prior)?;
        }
        let bounded = prior.blocks().iter().flat_map(|block| {
            let columns = block.first..block.first + block.n_unconstrained();
            columns.map(|j| kind == SupportKind::Box && prior.support(j).is_bounded())
        });
        Ok(Self {
            bounded: bounded.collect(),
            prior: prior.clone(),
            kind,
        })
    }

    /// How the support becomes real space.
    pub fn kind(&self) -> SupportKind {
        self.kind
    }

    /// The prior whose support it maps.
    pub fn prior(&self) -> &Prior {
        &self.prior
    }

    /// How many columns θ has.
    pub fn n_parameters(&self) -> usize {
        self.prior.n_parameters()
    }

    /// How many coordinates z has.
    pub fn n_unconstrained(&self) -> usize {
        self.bounded.len()
    }

    /// Which coordinates of z are confined to [−1, 1].
    pub fn bounded(&self) -> &[bool] {
        &self.bounded
    }

    /// Fills `z` from θ and returns log |det ∂z/∂θ|. A θ on the boundary is first moved inside.
    pub fn forward(&self, theta: &[f64], z: &mut [f64]) -> f64 {
        self.check_lengths(theta, z);
        let mut at = 0;
        let mut log_det = 0.0;
        for block in self.prior.blocks() {
            let n = block.n_unconstrained();
            log_det += self.forward_block(block, theta, &mut z[at..at + n]);
            at += n;
        }
        log_det
    }

    /// Fills `theta_gradient` with (∂z/∂θ)ᵀ `z_gradient`: the gradient with respect to θ, inside the
    /// support, of a function of z whose gradient with respect to z is given.
    ///
    /// Where a coordinate depends on its own parameter alone, the derivative is that of
    /// [`SupportMap::forward`]; where it depends on several (conditional, Dirichlet and multivariate normal
    /// priors), central differences stand for the others, with relative errors of about 10⁻⁹.
    pub fn pull_back(&self, theta: &[f64], z_gradient: &[f64], theta_gradient: &mut [f64]) {
        self.check_lengths(theta, z_gradient);
        theta_gradient.fill(0.0);
        let mut at = 0;
        for block in self.prior.blocks() {
            let own = &z_gradient[at..at + block.n_unconstrained()];
            self.pull_back_block(block, theta, own, theta_gradient);
            at += own.len();
        }
    }

    fn pull_back_block(&self, block: &Block, theta: &[f64], slopes: &[f64], out: &mut [f64]) {
        if block.is_discrete() {
            return;
        }
        let own_derivative = || self.forward_block(block, theta, &mut [0.0]).exp();
        match &block.distribution {
            Distribution::Fixed(_) => out[block.first] += slopes[0] * own_derivative(),
            Distribution::Custom(custom) => {
                let each = block.of(theta).iter().zip(&custom.supports).zip(slopes);
                for (out, ((x, support), slope)) in block.of_mut(out).iter_mut().zip(each) {
                    let mapped = coordinate::forward_interval(self.kind, *support, *x);
                    *out += slope * mapped.log_derivative.exp();
                }
            }
            Distribution::MultivariateNormal(_) if self.kind != SupportKind::Probit => {
                let each = block.of_mut(out).iter_mut().zip(slopes);
                each.for_each(|(out, slope)| *out += slope);
            }
            Distribution::Conditional(_) => {
                out[block.first] += slopes[0] * own_derivative();
                self.add_differences(block, 0..block.first, (theta, slopes), out);
            }
            Distribution::Dirichlet(_) | Distribution::MultivariateNormal(_) => {
                let columns = block.first..block.first + block.n_columns;
                self.add_differences(block, columns, (theta, slopes), out);
            }
        }
    }

    /// Adds the difference quotients of `slopes` · z of the block by some columns of θ.
    fn add_differences(
        &self,
        block: &Block,
        columns: Range<usize>,
        (theta, slopes): (&[f64], &[f64]),
        out: &mut [f64],
    ) {
        let (mut theta, mut z) = (theta.to_vec(), vec![0.0; slopes.len()]);
        for column in columns {
            let center = theta[column];
            let step = DIFFERENCE * center.abs().max(DIFFERENCE);
            let mut at = |value: f64| {
                theta[column] = value;
                self.forward_block(block, &theta, &mut z);
                z.iter()
                    .zip(slopes)
                    .map(|(z, slope)| z * slope)
                    .sum::<f64>()
            };
            let (above, below) = (at(center + step), at(center - step));
            at(center);
            out[column] += (above - below) / (2.0 * step);
        }
    }

    /// Fills θ from `z` and returns log |det ∂θ/∂z|. θ lies inside the support, whatever the `z`;
    /// the log-determinant is finite for every finite `z`.
    pub fn inverse(&self, z: &[f64], theta: &mut [f64]) -> f64 {
        self.check_lengths(theta, z);
        let mut at = 0;
        let mut log_det = 0.0;
        for block in self.prior.blocks() {
            let n = block.n_unconstrained();
            log_det += self.inverse_block(block, &z[at..at + n], theta);
            at += n;
        }
        log_det
    }

    fn forward_block(&self, block: &Block, theta: &[f64], z: &mut [f64]) -> f64 {
        if block.is_discrete() {
            return 0.0;
        }
        let own = block.of(theta);
        match &block.distribution {
            Distribution::Dirichlet(law) => stick_breaking::forward(self.kind, law, own, z),
            Distribution::MultivariateNormal(law) if self.kind == SupportKind::Probit => {
                law.standardize(own, z);
                -law.log_det_factor()
            }
            Distribution::MultivariateNormal(_) => {
                z.copy_from_slice(own);
                0.0
            }
            Distribution::Custom(custom) => {
                let each = z.iter_mut().zip(own).zip(&custom.supports);
                each.map(|((z, x), support)| {
                    let mapped = coordinate::forward_interval(self.kind, *support, *x);
                    *z = mapped.value;
                    mapped.log_derivative
                })
                .sum()
            }
            Distribution::Fixed(_) | Distribution::Conditional(_) => {
                let mapped = match block.law(self.prior.parameters(), theta) {
                    Some(law) => coordinate::forward(self.kind, &law, own[0]),
                    None => coordinate::forward_interval(self.kind, Interval::REAL, own[0]),
                };
                z[0] = mapped.value;
                mapped.log_derivative
            }
        }
    }

    fn inverse_block(&self, block: &Block, z: &[f64], theta: &mut [f64]) -> f64 {
        if block.is_discrete() {
            return 0.0;
        }
        match &block.distribution {
            Distribution::Dirichlet(law) => {
                stick_breaking::inverse(self.kind, law, z, block.of_mut(theta))
            }
            Distribution::MultivariateNormal(law) => {
                let own = block.of_mut(theta);
                let log_det = if self.kind == SupportKind::Probit {
                    law.unstandardize(z, own);
                    law.log_det_factor()
                } else {
                    own.copy_from_slice(z);
                    0.0
                };
                for x in own {
                    *x = Interval::REAL.inside(*x);
                }
                log_det
            }
            Distribution::Custom(custom) => {
                let each = block.of_mut(theta).iter_mut().zip(z).zip(&custom.supports);
                each.map(|((x, z), support)| {
                    let mapped = coordinate::inverse_interval(self.kind, *support, *z);
                    *x = mapped.value;
                    mapped.log_derivative
                })
                .sum()
            }
            Distribution::Fixed(_) | Distribution::Conditional(_) => {
                let law = block.law(self.prior.parameters(), theta);
                let mapped = match law {
                    Some(law) => coordinate::inverse(self.kind, &law, z[0]),
                    None => coordinate::inverse_interval(self.kind, Interval::REAL, z[0]),
                };
                theta[block.first] = mapped.value;
                mapped.log_derivative
            }
        }
    }

    fn check_lengths(&self, theta: &[f64], z: &[f64]) {
        assert_eq!(theta.len(), self.n_parameters(), "one value a parameter");
        assert_eq!(z.len(), self.n_unconstrained(), "one value a coordinate");
    }
}

/// Refuses a support with gaps, which no smooth map fills.
fn check_connected(prior: &Prior) -> Result<()> {
    for (j, parameter) in prior.parameters().iter().enumerate() {
        let gap = |law: Univariate| law.is_continuous() && !law.is_connected();
        if prior.marginal(j).is_some_and(gap) {
            return Err(Error::invalid(
                format!("parameters.{}", parameter.name),
                "a mixture whose components leave a gap between them",
                "a support without gaps",
                "Add a component that covers the gap, or choose the `probit` map.",
            ));
        }
    }
    Ok(())
}
