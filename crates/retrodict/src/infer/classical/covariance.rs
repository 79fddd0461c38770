//! Means and covariances of rows, and how they are shrunk when rows are few.

/// The weighted mean of rows of `n` columns; the weights sum to one.
pub(in crate::infer) fn mean(rows: &[f64], n: usize, weights: &[f64]) -> Vec<f64> {
    let mut mean = vec![0.0; n];
    for (row, w) in rows.chunks_exact(n).zip(weights) {
        for (m, v) in mean.iter_mut().zip(row) {
            *m += w * v;
        }
    }
    mean
}

/// Σ wᵢ (vᵢ − c)(vᵢ − c)ᵀ about a centre c, row after row.
pub(in crate::infer) fn second_moments(rows: &[f64], weights: &[f64], center: &[f64]) -> Vec<f64> {
    let n = center.len();
    let mut moments = vec![0.0; n * n];
    let mut off = vec![0.0; n];
    for (row, w) in rows.chunks_exact(n).zip(weights) {
        for ((o, v), c) in off.iter_mut().zip(row).zip(center) {
            *o = v - c;
        }
        for i in 0..n {
            for j in 0..=i {
                moments[i * n + j] += w * off[i] * off[j];
            }
        }
    }
    for i in 0..n {
        for j in 0..i {
            moments[j * n + i] = moments[i * n + j];
        }
    }
    moments
}

/// The mean and the unbiased covariance of rows that count the same.
pub(in crate::infer) fn moments(rows: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let count = rows.len() / n;
    let mean = mean(rows, n, &vec![1.0 / count as f64; count]);
    let weights = vec![1.0 / (count as f64 - 1.0); count];
    let covariance = second_moments(rows, &weights, &mean);
    (mean, covariance)
}

/// Multiplies all correlations by `keep` and leaves the variances: γ R + (1 − γ) I of Warton (2008).
pub(in crate::infer) fn shrink(covariance: &mut [f64], n: usize, keep: f64) {
    for i in 0..n {
        for j in (0..n).filter(|j| *j != i) {
            covariance[i * n + j] *= keep;
        }
    }
}

/// How much of the correlations Ledoit and Wolf (2004, equations 9 to 14) keep of rows with this
/// mean and covariance: 1 − b²/d², after division by the standard deviations, so that it does not
/// depend on units. The target is then the identity.
pub(in crate::infer) fn ledoit_wolf(rows: &[f64], mean: &[f64], covariance: &[f64]) -> f64 {
    let n = mean.len();
    let count = (rows.len() / n) as f64;
    let sd: Vec<f64> = (0..n)
        .map(|i| covariance[i * n + i].sqrt().max(f64::MIN_POSITIVE))
        .collect();
    // With sums divided by the number of rows, as in the paper.
    let biased = (count - 1.0) / count;
    let correlation = |i: usize, j: usize| biased * covariance[i * n + j] / (sd[i] * sd[j]);
    let (mut size, mut trace) = (0.0, 0.0);
    for i in 0..n {
        trace += correlation(i, i) / n as f64;
        size += (0..n).map(|j| correlation(i, j).powi(2)).sum::<f64>();
    }
    let distance = size - n as f64 * trace * trace;
    // Σ over rows of ‖z zᵀ − S‖² = Σ (‖z‖²)² − N ‖S‖².
    let fourth: f64 = rows
        .chunks_exact(n)
        .map(|row| {
            let square = |i: usize| ((row[i] - mean[i]) / sd[i]).powi(2);
            (0..n).map(square).sum::<f64>().powi(2)
        })
        .sum();
    let noise = (fourth / count - size) / count;
    if distance > 0.0 && noise > 0.0 {
        1.0 - (noise / distance).min(1.0)
    } else {
        f64::from(u8::from(distance > 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn moments_of_known_rows() {
        let (mean, covariance) = moments(&[1.0, 2.0, 3.0, 6.0, 5.0, 1.0], 2);
        assert_eq!(mean, [3.0, 3.0]);
        assert_eq!(covariance, [4.0, -1.0, -1.0, 7.0]);
    }

    #[test]
    fn ledoit_wolf_keeps_correlations_that_are_there_and_drops_those_of_few_rows() {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let mut draw = |count: usize, n: usize, shared: f64| -> f64 {
            let mut rows = Vec::new();
            for _ in 0..count {
                let common = random.normal();
                rows.extend(
                    (0..n).map(|j| 10_f64.powi(j as i32) * (shared * common + random.normal())),
                );
            }
            let (mean, covariance) = moments(&rows, n);
            ledoit_wolf(&rows, &mean, &covariance)
        };
        assert!(draw(20_000, 3, 2.0) > 0.99);
        assert!(draw(30, 10, 0.0) < 0.3);
        let some = draw(50, 5, 0.7);
        assert!((0.3..0.99).contains(&some), "{some}");
    }
}
