//! The losses of one row of the batch.

use super::softplus;

/// −ln p(label), where the logit is that of label 1; the label may be a probability.
pub fn binary_cross_entropy(logit: f64, label: f64) -> f64 {
    label * softplus(-logit) + (1.0 - label) * softplus(logit)
}

/// −ln p(target) of the softmax of the logits.
pub fn cross_entropy(logits: &[f64], target: usize) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|z| (z - largest).exp()).sum();
    largest + total.ln() - logits[target]
}
