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
}
