//! Mixtures of normal distributions, as numbers.

use retrodict_kernels::{MIN_SCALE, MixtureShape};

/// Σₖ πₖ N(y; μₖ, (AₖᵀAₖ)⁻¹) in `f64`, with upper triangular Aₖ: what a mixture density network says
/// of one context.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianMixture {
    /// d.
    pub dimension: usize,
    /// The components.
    pub components: Vec<GaussianComponent>,
}

/// One component of a [`GaussianMixture`].
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianComponent {
    /// log π.
    pub log_share: f64,
    /// μ.
    pub mean: Vec<f64>,
    /// A, d × d, row after row.
    pub factor: Vec<f64>,
}

impl GaussianMixture {
    /// From the raw outputs of a network for one row.
    pub(super) fn new(shape: MixtureShape, raw: impl Fn(usize) -> f64) -> Self {
        let (d, k) = (shape.n_features(), shape.n_components());
        let logits: Vec<f64> = (0..k).map(|k| raw(shape.logit_row(k))).collect();
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logits.iter().map(|z| (z - largest).exp()).sum();
        let component = |k: usize| {
            let mut factor = vec![0.0; d * d];
            for i in 0..d {
                let u = raw(shape.diagonal_row(k, i));
                factor[i * d + i] = retrodict_kernels::scalar::softplus(u) + f64::from(MIN_SCALE);
                for j in i + 1..d {
                    factor[i * d + j] = raw(shape.upper_row(k, i, j));
                }
            }
            GaussianComponent {
                log_share: logits[k] - largest - total.ln(),
                mean: (0..d).map(|i| raw(shape.mean_row(k, i))).collect(),
                factor,
            }
        };
        Self {
            dimension: d,
            components: (0..k).map(component).collect(),
        }
    }

    /// Hands the derivatives of a function by the raw outputs to `set`, where `self` holds those by the
    /// logits (as `log_share`), the means and the factors.
    pub(super) fn pull_back(
        &self,
        shape: MixtureShape,
        raw: impl Fn(usize) -> f64,
        mut set: impl FnMut(usize, f64),
    ) {
        let d = shape.n_features();
        for (k, slopes) in self.components.iter().enumerate() {
            set(shape.logit_row(k), slopes.log_share);
            for i in 0..d {
                set(shape.mean_row(k, i), slopes.mean[i]);
                // The slope of softplus is the logistic function.
                let at = shape.diagonal_row(k, i);
                set(at, slopes.factor[i * d + i] / (1.0 + (-raw(at)).exp()));
                for j in i + 1..d {
                    set(shape.upper_row(k, i, j), slopes.factor[i * d + j]);
                }
            }
        }
    }
}
