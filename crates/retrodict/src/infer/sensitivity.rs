//! Which directions of parameter space the data decide: active subspaces.

use faer::{Mat, Side};
use serde::{Deserialize, Serialize};

use super::posterior::Posterior;
use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::table::Table;

/// The eigenvectors of M = E[∇ log p(θ | x) ∇ log p(θ | x)ᵀ], the mean over the posterior, with θ in units
/// of the prior's standard deviations: along the first the posterior changes most, along the last least,
/// so that the data have nothing to say about it.
///
/// # Reference
/// Constantine 2015, "Active subspaces"; for posteriors Deistler, Macke and Gonçalves 2022, PNAS 119.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActiveSubspace {
    /// The parameters' names.
    pub parameters: Vec<String>,
    /// What each parameter is divided by.
    pub scales: Vec<f64>,
    /// In descending order.
    pub eigenvalues: Vec<f64>,
    /// One direction of length one for each eigenvalue; its largest entry is positive.
    pub directions: Vec<Vec<f64>>,
    /// How many draws had a gradient: near a bound of the prior there may be none.
    pub n_draws: usize,
}

/// Of a difference quotient, in posterior standard deviations.
const STEP: f64 = 1e-2;
/// Fewer draws give no mean.
const MIN_DRAWS: usize = 50;

impl ActiveSubspace {
    /// From `n` draws of the posterior of `x`, whose gradients are difference quotients.
    ///
    /// # Errors
    /// If a parameter is discrete, the posterior fails, or fewer than 50 draws have a gradient.
    pub fn of(
        posterior: &dyn Posterior,
        prior: &Prior,
        x: &[f64],
        n: usize,
        seed: Seed,
    ) -> Result<Self> {
        refuse_discrete(prior)?;
        let draws = posterior.sample(x, n, seed)?.draws;
        Self::of_draws(posterior, prior, x, &draws)
    }

    /// The same from draws that exist already.
    ///
    /// # Errors
    /// As [`ActiveSubspace::of`].
    pub fn of_draws(
        posterior: &dyn Posterior,
        prior: &Prior,
        x: &[f64],
        draws: &Table,
    ) -> Result<Self> {
        refuse_discrete(prior)?;
        let n = draws.n_rows();
        let gradients = gradients(posterior, draws, x)?;
        let n_draws = gradients.len();
        if n_draws < MIN_DRAWS {
            return Err(Error::invalid(
                "sensitivity",
                format!("{n_draws} draws with a gradient, of {n}"),
                format!("at least {MIN_DRAWS}"),
                "Ask for more draws.",
            ));
        }
        let spreads = sds(draws);
        let of_prior = prior.moments().into_iter().map(|m| m.sd);
        let scales = of_prior.zip(&spreads).map(|(sd, own)| sd.unwrap_or(*own));
        let scales: Vec<f64> = scales.collect();
        let d = scales.len();
        let moment = Mat::from_fn(d, d, |i, j| {
            let products = gradients
                .iter()
                .map(|g| g[i] * scales[i] * g[j] * scales[j]);
            products.sum::<f64>() / n_draws as f64
        });
        let (eigenvalues, directions) = eigen(&moment)?;
        Ok(Self {
            parameters: prior.names(),
            scales,
            eigenvalues,
            directions,
            n_draws,
        })
    }
}

fn refuse_discrete(prior: &Prior) -> Result<()> {
    let Some(name) = prior.discrete_parameters().first().copied() else {
        return Ok(());
    };
    Err(Error::invalid(
        format!("parameters.{name}"),
        "a discrete parameter, which has no gradient",
        "continuous parameters",
        "Fix the discrete ones first, with `conditional`.",
    ))
}

/// Eigenvalues in descending order, and their vectors.
fn eigen(matrix: &Mat<f64>) -> Result<(Vec<f64>, Vec<Vec<f64>>)> {
    let d = matrix.nrows();
    let found = matrix.self_adjoint_eigen(Side::Lower).map_err(|_| {
        Error::invalid(
            "sensitivity",
            "gradients without eigenvalues",
            "finite gradients",
            "Look at the posterior's log-density near its draws.",
        )
    })?;
    let (values, vectors) = (found.S().column_vector(), found.U());
    let direction = |k: usize| {
        let own: Vec<f64> = (0..d).map(|i| vectors[(i, k)]).collect();
        let largest = own
            .iter()
            .copied()
            .fold(0.0_f64, |a, v| if v.abs() > a.abs() { v } else { a });
        own.into_iter().map(|v| v * largest.signum()).collect()
    };
    // They come in ascending order.
    Ok((
        (0..d).rev().map(|k| values[k]).collect(),
        (0..d).rev().map(direction).collect(),
    ))
}

/// The gradients of log p at the draws that have one.
fn gradients(posterior: &dyn Posterior, draws: &Table, x: &[f64]) -> Result<Vec<Vec<f64>>> {
    let d = draws.n_columns();
    let steps: Vec<f64> = sds(draws).iter().map(|sd| STEP * sd).collect();
    let mut all = vec![vec![0.0; d]; draws.n_rows()];
    for j in 0..d {
        let at = |sign: f64| {
            let mut moved = draws.clone();
            for row in moved.values_mut().chunks_exact_mut(d) {
                row[j] += sign * steps[j];
            }
            posterior.log_unnormalized(&moved, x)
        };
        let (above, below) = (at(1.0)?, at(-1.0)?);
        for (gradient, (a, b)) in all.iter_mut().zip(above.iter().zip(&below)) {
            gradient[j] = (a - b) / (2.0 * steps[j]);
        }
    }
    all.retain(|gradient| gradient.iter().all(|g| g.is_finite()));
    Ok(all)
}

fn sds(draws: &Table) -> Vec<f64> {
    let n = draws.n_rows() as f64;
    let sd = |j: usize| {
        let column = draws.column(j);
        let mean = column.iter().sum::<f64>() / n;
        let square = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        square.sqrt().max(f64::MIN_POSITIVE)
    };
    (0..draws.n_columns()).map(sd).collect()
}
