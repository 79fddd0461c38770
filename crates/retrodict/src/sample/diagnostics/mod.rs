//! Have the chains converged, and how many independent draws are theirs worth?
//!
//! As Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021, arXiv:1903.08008) define them, and as
//! `ArviZ` computes them.

mod autocovariance;
mod effective;
mod r_hat;
mod ranks;

use effective::{ess_mean, ess_tail};

/// What there is to say about one quantity, drawn by several chains.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Diagnostics {
    /// Rank-normalised split R̂, the larger of bulk and folded: above 1.01 the chains do not agree.
    pub r_hat: f64,
    /// How many independent draws the chains are worth for the middle of the distribution.
    pub ess_bulk: f64,
    /// How many independent draws they are worth for the 5 and 95 % quantiles, the worse of both.
    pub ess_tail: f64,
    /// The Monte Carlo standard error of the mean.
    pub mcse_mean: f64,
    /// The Monte Carlo standard error of the standard deviation.
    pub mcse_sd: f64,
}

/// Fewer draws a chain say nothing: every diagnostic is NaN.
const MIN_DRAWS: usize = 4;

impl Diagnostics {
    /// Of draws, chain after chain of equal length. NaN where a chain has fewer than four draws or a
    /// draw is not finite; draws that are all the same have R̂ NaN.
    pub fn of(values: &[f64], n_chains: usize) -> Self {
        let length = values.len() / n_chains.max(1);
        if length < MIN_DRAWS || values.iter().any(|v| !v.is_finite()) {
            return Self {
                r_hat: f64::NAN,
                ess_bulk: f64::NAN,
                ess_tail: f64::NAN,
                mcse_mean: f64::NAN,
                mcse_sd: f64::NAN,
            };
        }
        let halves = split(values, length);
        Self {
            r_hat: r_hat::r_hat(&halves),
            ess_bulk: ess_mean(&ranks::normalized(&halves)),
            ess_tail: ess_tail(&halves),
            mcse_mean: effective::mcse_mean(&halves, values),
            mcse_sd: effective::mcse_sd(&halves, values),
        }
    }
}

/// Chains of equal length, each cut into two, so that a chain that drifts disagrees with itself.
struct Halves {
    values: Vec<f64>,
    length: usize,
}

impl Halves {
    fn chains(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.length)
    }

    fn n_chains(&self) -> usize {
        self.values.len() / self.length
    }

    fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            values: self.values.iter().map(|v| f(*v)).collect(),
            length: self.length,
        }
    }
}

/// Of an odd number of draws, the middle one is left out.
fn split(values: &[f64], length: usize) -> Halves {
    let half = length / 2;
    let cut = values
        .chunks_exact(length)
        .flat_map(|chain| chain[..half].iter().chain(&chain[length - half..]));
    Halves {
        values: cut.copied().collect(),
        length: half,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Rank-normalised split R̂ alone, as in [`Diagnostics::of`].
pub(super) fn r_hat(values: &[f64], n_chains: usize) -> f64 {
    let length = values.len() / n_chains.max(1);
    if length < MIN_DRAWS || values.iter().any(|v| !v.is_finite()) {
        return f64::NAN;
    }
    r_hat::r_hat(&split(values, length))
}

/// Divides by n − 1.
fn variance(values: &[f64]) -> f64 {
    let center = mean(values);
    let squares: f64 = values.iter().map(|v| (v - center).powi(2)).sum();
    squares / (values.len() as f64 - 1.0)
}

/// Linear between order statistics (type 7 of Hyndman and Fan 1996).
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let at = level * (sorted.len() - 1) as f64;
    let below = at.floor();
    let low = sorted[below as usize];
    let high = sorted[(below as usize + 1).min(sorted.len() - 1)];
    low + (at - below) * (high - low)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}
