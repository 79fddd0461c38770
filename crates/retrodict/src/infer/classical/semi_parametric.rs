//! Kernel densities of each datum, joined by a normal copula.

use super::bandwidth::log_kernel;
use super::covariance::shrink;
use super::factor::Factor;
use crate::prior::Tail;
use crate::prior::special::{LOG_SQRT_2PI, log_sum_exp, normal_quantile, normal_tails};
use crate::samples::quantiles;

/// The density of data whose simulations are `rows`.
pub(super) struct SemiParametric {
    margins: Vec<Margin>,
    /// Of the correlations of the normal scores.
    factor: Factor,
}

/// One datum: simulated values and the width of their kernels.
struct Margin {
    values: Vec<f64>,
    width: f64,
}

/// Tails are not taken to be smaller than this; their normal scores stay finite.
const SMALLEST_TAIL: f64 = 1e-300;

impl SemiParametric {
    /// From rows of `n` data; correlations are multiplied by `keep`. Nothing if a datum never changes
    /// or correlations are singular.
    pub(super) fn new(rows: &[f64], n: usize, keep: f64) -> Option<Self> {
        let columns: Vec<Vec<f64>> = (0..n)
            .map(|j| rows.iter().skip(j).step_by(n).copied().collect())
            .collect();
        let scores: Vec<Vec<f64>> = columns.iter().map(|column| scores(column)).collect();
        let mut correlations: Vec<f64> = (0..n * n)
            .map(|k| correlation(&scores[k / n], &scores[k % n]))
            .collect();
        shrink(&mut correlations, n, keep);
        let margins = columns
            .into_iter()
            .map(Margin::new)
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            margins,
            factor: Factor::new(&correlations, n)?,
        })
    }

    /// log p̂(x) = Σ log ĝⱼ(xⱼ) − ½ log |R| − ½ ηᵀ (R⁻¹ − I) η with η the normal scores of x.
    pub(super) fn log_density(&self, x: &[f64]) -> f64 {
        let margins = self.margins.iter().zip(x);
        let own: f64 = margins
            .clone()
            .map(|(margin, x)| margin.log_density(*x))
            .sum();
        let mut score: Vec<f64> = margins.map(|(margin, x)| margin.score(*x)).collect();
        let square: f64 = score.iter().map(|s| s * s).sum();
        self.factor.whiten(&mut score);
        let whitened: f64 = score.iter().map(|s| s * s).sum();
        own - self.factor.log_det() - 0.5 * (whitened - square)
    }
}

impl Margin {
    /// With Silverman's width, 0.9 min(sd, IQR / 1.34) n^(−1/5).
    fn new(values: Vec<f64>) -> Option<Self> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let [low, high] = quantiles(&values, &vec![1.0 / n; values.len()], [0.25, 0.75]);
        let robust = (high - low) / 1.34;
        let scale = if robust > 0.0 { sd.min(robust) } else { sd };
        let width = 0.9 * scale * n.powf(-0.2);
        (width > 0.0 && width.is_finite()).then_some(Self { values, width })
    }

    fn log_density(&self, x: f64) -> f64 {
        let terms = self
            .values
            .iter()
            .map(|v| log_kernel(&[x], &[*v], &[self.width]));
        let terms: Vec<f64> = terms.collect();
        log_sum_exp(terms.iter().copied())
            - (terms.len() as f64).ln()
            - self.width.ln()
            - LOG_SQRT_2PI
    }

    /// The normal quantile of the distribution function, from the smaller of its tails.
    fn score(&self, x: f64) -> f64 {
        let (mut lower, mut upper) = (0.0, 0.0);
        for v in &self.values {
            let tails = normal_tails((x - v) / self.width);
            lower += tails.lower;
            upper += tails.upper;
        }
        let n = self.values.len() as f64;
        normal_quantile(if lower < upper {
            Tail::Lower((lower / n).max(SMALLEST_TAIL))
        } else {
            Tail::Upper((upper / n).max(SMALLEST_TAIL))
        })
    }
}

/// Normal scores of the ranks: Φ⁻¹(rank / (n + 1)).
fn scores(column: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..column.len()).collect();
    order.sort_by(|&a, &b| column[a].total_cmp(&column[b]));
    let mut scores = vec![0.0; column.len()];
    for (rank, i) in order.into_iter().enumerate() {
        let p = (rank + 1) as f64 / (column.len() + 1) as f64;
        scores[i] = normal_quantile(Tail::Lower(p));
    }
    scores
}

/// The rank correlation of Boudt et al. (2012): Σ aᵢ bᵢ over that of equal ranks.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    product / a.iter().map(|a| a * a).sum::<f64>()
}
