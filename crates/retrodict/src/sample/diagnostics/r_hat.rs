//! The potential scale reduction factor.

use super::{Halves, mean, ranks, sorted, variance};

/// Rank-normalised split R̂: the larger of that of the values (do chains agree in location?) and that
/// of their distances from the median (do they agree in scale?).
pub(super) fn r_hat(halves: &Halves) -> f64 {
    let median = median(&halves.values);
    let folded = halves.map(|v| (v - median).abs());
    let bulk = plain(&ranks::normalized(halves));
    bulk.max(plain(&ranks::normalized(&folded)))
}

/// Of an even number of values, as exactly in the middle of two as rounding allows: they are then as far
/// from it as each other, and share a rank.
fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        0.5 * (sorted[middle - 1] + sorted[middle])
    } else {
        sorted[middle]
    }
}

/// √((B/W + n − 1) / n), with B and W the variances between and within chains (Gelman and Rubin 1992).
fn plain(halves: &Halves) -> f64 {
    let n = halves.length as f64;
    let means: Vec<f64> = halves.chains().map(mean).collect();
    let within: Vec<f64> = halves.chains().map(variance).collect();
    ((n * variance(&means) / mean(&within) + n - 1.0) / n).sqrt()
}
