//! Rows in coordinates in which their columns are uncorrelated and vary alike.

use faer::{Mat, Side};

use crate::samples::quantiles;

/// z = L⁻¹ s, s = (x − middle)/width with middle and width robust, and L Lᵀ the covariance of s.
///
/// A column with a tail far beyond that of a normal distribution has asinh s for s: its few extreme rows would
/// hide what is odd about the others.
///
/// The covariance is shrunk towards a multiple of the identity with weight p/(p + n), so that it can be
/// inverted whatever the number of rows; with more than 200 columns correlations are left out.
pub(super) struct Whitening {
    columns: Vec<usize>,
    scales: Vec<Scale>,
    /// The lower triangle L, row after row; empty if correlations are left out.
    lower: Vec<f64>,
}

/// Values further than this many robust sd from the median do not stretch the covariance.
const CLIP: f64 = 5.0;
/// With more features than this their correlations are left out: a covariance would cost seconds.
const MOST_CORRELATED: usize = 200;

impl Whitening {
    /// Learned from rows, in the given columns. `None` if their covariance has no factor.
    pub(super) fn of(rows: &[&[f64]], columns: &[usize]) -> Option<Self> {
        let scales: Vec<Scale> = columns.iter().map(|&j| Scale::of(rows, j)).collect();
        let mut own = Self {
            columns: columns.to_vec(),
            scales,
            lower: Vec::new(),
        };
        if columns.len() <= MOST_CORRELATED {
            own.lower = own.factor(rows)?;
        }
        Some(own)
    }

    /// Each column by itself: middle zero, width one.
    pub(super) fn standardize(&self, row: &[f64]) -> Vec<f64> {
        let columns = self.scales.iter().zip(&self.columns);
        columns.map(|(s, &j)| s.of_value(row[j])).collect()
    }

    /// Without correlations too.
    pub(super) fn apply(&self, row: &[f64]) -> Vec<f64> {
        let mut z = self.standardize(row);
        if self.lower.is_empty() {
            return z;
        }
        let p = z.len();
        for i in 0..p {
            let own = &self.lower[i * p..][..=i];
            let before: f64 = own.iter().zip(&z[..i]).map(|(l, z)| l * z).sum();
            z[i] = (z[i] - before) / own[i];
        }
        z
    }

    fn factor(&self, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let (n, p) = (rows.len(), self.columns.len());
        let standard: Vec<Vec<f64>> = rows.iter().map(|row| self.standardize(row)).collect();
        let clipped = Mat::from_fn(n, p, |i, j| standard[i][j].clamp(-CLIP, CLIP));
        let mut covariance = clipped.transpose() * &clipped;
        let trace: f64 = (0..p).map(|j| covariance[(j, j)]).sum();
        let shrink = p as f64 / (p + n) as f64;
        for i in 0..p {
            for j in 0..p {
                let target = if i == j { trace / p as f64 } else { 0.0 };
                let shrunk = (1.0 - shrink) * covariance[(i, j)] + shrink * target;
                covariance[(i, j)] = shrunk / n as f64;
            }
        }
        let factor = covariance.llt(Side::Lower).ok()?;
        let lower = factor.L();
        Some((0..p * p).map(|k| lower[(k / p, k % p)]).collect())
    }
}

/// The middle and width of one column.
struct Scale {
    middle: f64,
    width: f64,
    heavy: bool,
}

/// A column with values further than this many robust sd from the median has a heavy tail: 10⁴ normal rows stay
/// below 5.
const HEAVY: f64 = 8.0;

impl Scale {
    fn of_value(&self, value: f64) -> f64 {
        let standard = (value - self.middle) / self.width;
        if self.heavy {
            standard.asinh()
        } else {
            standard
        }
    }

    fn of(rows: &[&[f64]], j: usize) -> Self {
        let values: Vec<f64> = rows.iter().map(|row| row[j]).collect();
        let weights = vec![1.0 / values.len() as f64; values.len()];
        let [low, middle, high] = quantiles(&values, &weights, [0.25, 0.5, 0.75]);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let sd = (square / values.len() as f64).sqrt();
        // The quartiles of a normal distribution are 1.349 sd apart; those of a column that is
        // mostly one number coincide.
        let robust = (high - low) / 1.349;
        let width = if robust > 1e-3 * sd { robust } else { sd };
        let width = if width > 0.0 { width } else { 1.0 };
        let far = |v: &f64| (v - middle).abs() > HEAVY * width;
        Self {
            middle,
            width,
            heavy: values.iter().any(far),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn whitened_columns_are_uncorrelated_and_vary_alike() {
        let mut random = Seed(4).stream(Stream::Test, 0);
        let rows: Vec<Vec<f64>> = (0..20_000)
            .map(|_| {
                let a = random.normal();
                vec![10.0 + 3.0 * a, 0.0, a + 0.5 * random.normal()]
            })
            .collect();
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let whitening = Whitening::of(&rows, &[0, 2]).unwrap();
        let white: Vec<Vec<f64>> = rows.iter().map(|row| whitening.apply(row)).collect();
        let moment = |i: usize, j: usize| white.iter().map(|z| z[i] * z[j]).sum::<f64>() / 2e4;
        // Four standard errors of 20,000.
        assert!((moment(0, 0) - 1.0).abs() < 0.04 && (moment(1, 1) - 1.0).abs() < 0.04);
        assert!(moment(0, 1).abs() < 0.03);
    }
}
