//! The mixture of Gaussians.

use super::scale;
use crate::MixtureShape;

/// log p(v); `raw` holds all outputs of one row of the batch.
pub fn mixture_log_density(shape: MixtureShape, raw: &[f64], v: &[f64]) -> f64 {
    let logits = &raw[..shape.n_components()];
    let joint: Vec<f64> = logits
        .iter()
        .enumerate()
        .map(|(k, logit)| logit + log_normal(shape, raw, v, k))
        .collect();
    log_sum_exp(&joint) - log_sum_exp(logits)
}

fn log_normal(shape: MixtureShape, raw: &[f64], v: &[f64], k: usize) -> f64 {
    let d = shape.n_features();
    let offset: Vec<f64> = (0..d).map(|i| v[i] - raw[shape.mean_row(k, i)]).collect();
    let mut log_density = -0.5 * d as f64 * std::f64::consts::TAU.ln();
    for i in 0..d {
        let diagonal = scale(raw[shape.diagonal_row(k, i)]);
        let upper = (i + 1..d).map(|j| raw[shape.upper_row(k, i, j)] * offset[j]);
        let whitened = diagonal * offset[i] + upper.sum::<f64>();
        log_density += diagonal.ln() - 0.5 * whitened * whitened;
    }
    log_density
}

fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + values.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
}
