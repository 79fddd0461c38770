//! How wide the kernels of a density are.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pairs::Pairs;
use crate::prior::special::log_sum_exp;

/// The rule for the bandwidth of each coordinate of θ and x.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BandwidthConfig {
    /// sd · n^(−1/(d + 4)), d the number of coordinates of θ and x together (Scott 1992).
    Scott,
    /// The same times (4 / (d + 2))^(1/(d + 4)) (Silverman 1986).
    Silverman,
    /// The bandwidths that predict left-out pairs best: the largest Σᵢ log p̂₋ᵢ(xᵢ | θᵢ), searched
    /// coordinate by coordinate from Scott's rule (Hall, Racine and Li 2004; Holmes et al. 2007,
    /// arXiv:1206.5278). Coordinates of θ that do not matter get wide kernels.
    #[default]
    CrossValidated,
}

/// Bandwidths for θ and for x.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bandwidths {
    pub(super) z: Vec<f64>,
    pub(super) s: Vec<f64>,
}

/// Pairs the search looks at: the sum over them has n² terms.
const MOST_ROWS: usize = 400;
/// Factors that a step of the search tries, coarse ones first.
const STEPS: [f64; 3] = [2.0, 1.4, 1.15];
/// Sweeps over all coordinates with each step.
const MOST_SWEEPS: usize = 10;
/// No bandwidth leaves Scott's rule by more than this factor.
const LARGEST_FACTOR: f64 = 50.0;

impl BandwidthConfig {
    /// The bandwidths for these pairs, which have `n_z` and `n_s` columns.
    pub(super) fn choose(self, pairs: &Pairs, [n_z, n_s]: [usize; 2]) -> Bandwidths {
        let d = (n_z + n_s) as f64;
        let rate = |n: usize| (n as f64).powf(-1.0 / (d + 4.0));
        let factor = match self {
            Self::Silverman => (4.0 / (d + 2.0)).powf(1.0 / (d + 4.0)),
            _ => 1.0,
        };
        let scaled = |rows: &[f64], columns: usize, by: f64| -> Vec<f64> {
            (0..columns)
                .map(|j| by * spread(rows, columns, j))
                .collect()
        };
        let rule = |by: f64| Bandwidths {
            z: scaled(&pairs.z, n_z, by),
            s: scaled(&pairs.s, n_s, by),
        };
        if self != Self::CrossValidated {
            return rule(factor * rate(pairs.n));
        }
        let some = spread_rows(pairs, [n_z, n_s]);
        let mut found = search(&some, &rule(rate(some.n)));
        // What is best for few pairs is too wide for many, by Scott's rate.
        let narrower = rate(pairs.n) / rate(some.n);
        found
            .z
            .iter_mut()
            .chain(&mut found.s)
            .for_each(|h| *h *= narrower);
        found
    }
}

/// The standard deviation of a column; one if it never changes.
fn spread(rows: &[f64], columns: usize, j: usize) -> f64 {
    let column = rows.iter().skip(j).step_by(columns);
    let n = (rows.len() / columns) as f64;
    let mean = column.clone().sum::<f64>() / n;
    let sd = (column.map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    if sd > 1e-14 * mean.abs() { sd } else { 1.0 }
}

/// Pairs spread evenly over all of them.
fn spread_rows(pairs: &Pairs, [n_z, n_s]: [usize; 2]) -> Pairs {
    let n = pairs.n.min(MOST_ROWS);
    let rows: Vec<usize> = (0..n).map(|k| k * pairs.n / n).collect();
    let pick = |values: &[f64], columns: usize| -> Vec<f64> {
        rows.iter()
            .flat_map(|&i| &values[i * columns..][..columns])
            .copied()
            .collect()
    };
    Pairs {
        z: pick(&pairs.z, n_z),
        s: pick(&pairs.s, n_s),
        n,
        failed: Vec::new(),
    }
}

/// Coordinate by coordinate: a step up or down as long as that predicts better.
fn search(pairs: &Pairs, start: &Bandwidths) -> Bandwidths {
    let mut best = start.clone();
    let mut score = left_out(pairs, &best);
    for step in STEPS {
        for _ in 0..MOST_SWEEPS {
            let mut better = false;
            for k in 0..start.z.len() + start.s.len() {
                for factor in [step, 1.0 / step] {
                    let trial = changed(&best, start, k, factor);
                    let found = left_out(pairs, &trial);
                    if found > score {
                        (best, score, better) = (trial, found, true);
                        break;
                    }
                }
            }
            if !better {
                break;
            }
        }
    }
    best
}

/// Coordinate k times a factor, within bounds.
fn changed(now: &Bandwidths, start: &Bandwidths, k: usize, factor: f64) -> Bandwidths {
    let mut changed = now.clone();
    let n_z = now.z.len();
    let (h, first) = if k < n_z {
        (&mut changed.z[k], start.z[k])
    } else {
        (&mut changed.s[k - n_z], start.s[k - n_z])
    };
    *h = (*h * factor).clamp(first / LARGEST_FACTOR, first * LARGEST_FACTOR);
    changed
}

/// Σᵢ log p̂₋ᵢ(xᵢ | θᵢ).
fn left_out(pairs: &Pairs, bandwidths: &Bandwidths) -> f64 {
    let (n_z, n_s) = (bandwidths.z.len(), bandwidths.s.len());
    let normalization: f64 = bandwidths.s.iter().map(|h| h.ln()).sum();
    let one = |i: usize| {
        let mut joint = Vec::with_capacity(pairs.n);
        let mut marginal = Vec::with_capacity(pairs.n);
        for j in (0..pairs.n).filter(|j| *j != i) {
            let at = log_kernel(
                &pairs.z[i * n_z..][..n_z],
                &pairs.z[j * n_z..],
                &bandwidths.z,
            );
            let of = log_kernel(
                &pairs.s[i * n_s..][..n_s],
                &pairs.s[j * n_s..],
                &bandwidths.s,
            );
            marginal.push(at);
            joint.push(at + of);
        }
        log_sum_exp(joint.iter().copied()) - log_sum_exp(marginal.iter().copied())
    };
    let terms: Vec<f64> = (0..pairs.n).into_par_iter().map(one).collect();
    // Collected first: the order of a sum must not depend on threads.
    terms.iter().sum::<f64>() - pairs.n as f64 * normalization
}

/// −½ Σ ((a − b) / h)².
pub(super) fn log_kernel(a: &[f64], b: &[f64], h: &[f64]) -> f64 {
    let terms = a.iter().zip(b).zip(h);
    -0.5 * terms.map(|((a, b), h)| ((a - b) / h).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn rules_of_thumb_are_the_formulas() {
        let pairs = Pairs {
            z: vec![0.0, 2.0, 0.0, 2.0],
            s: vec![1.0, 1.0, 1.0, 1.0],
            n: 4,
            failed: Vec::new(),
        };
        let scott = BandwidthConfig::Scott.choose(&pairs, [1, 1]);
        let expected = (4.0_f64 / 3.0).sqrt() * 4_f64.powf(-1.0 / 6.0);
        assert!((scott.z[0] - expected).abs() < 1e-12);
        assert!((scott.s[0] - 4_f64.powf(-1.0 / 6.0)).abs() < 1e-12);
        // (4 / (d + 2))^(1/(d + 4)) is one in two dimensions.
        assert_eq!(BandwidthConfig::Silverman.choose(&pairs, [1, 1]), scott);
    }

    #[test]
    fn a_parameter_that_does_not_matter_gets_a_wide_kernel() {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let n = 400;
        let z: Vec<f64> = (0..2 * n).map(|_| random.normal()).collect();
        let s: Vec<f64> = z.chunks(2).map(|z| z[0] + 0.1 * random.normal()).collect();
        let pairs = Pairs {
            z,
            s,
            n,
            failed: Vec::new(),
        };
        let scott = BandwidthConfig::Scott.choose(&pairs, [2, 1]);
        let found = BandwidthConfig::CrossValidated.choose(&pairs, [2, 1]);
        assert!(found.z[1] > 4.0 * scott.z[1], "{found:?} {scott:?}");
        assert!(
            found.z[0] < scott.z[0] && found.s[0] < scott.s[0],
            "{found:?} {scott:?}"
        );
        assert!(left_out(&pairs, &found) > left_out(&pairs, &scott));
    }
}
