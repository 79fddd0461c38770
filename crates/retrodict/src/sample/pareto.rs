//! Pareto-smoothed importance weights.

/// Importance weights whose tail is smoothed, and what the tail is like.
#[derive(Debug, Clone, PartialEq)]
pub struct SmoothedWeights {
    /// The logarithms of the weights, normalised to sum to one.
    pub log_weights: Vec<f64>,
    /// The shape k̂ of a generalised Pareto distribution fitted to the largest weights: below 0.5 the
    /// weights have a variance, above 0.7 they are not to be trusted. −∞ where the largest weights are
    /// all the same, +∞ where fewer than five differ from the others.
    pub k_hat: f64,
}

/// Replaces the largest weights, up to 3√S of S, by the expected order statistics of a generalised
/// Pareto distribution fitted to them (Vehtari, Simpson, Gelman, Yao and Gabry 2024, JMLR 25,
/// arXiv:1507.02646). Weights of zero (−∞) stay so. At least one must be finite.
pub fn smooth_weights(log_weights: &[f64]) -> SmoothedWeights {
    let n = log_weights.len();
    let largest = log_weights
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    assert!(largest.is_finite(), "a weight is finite");
    let mut weights: Vec<f64> = log_weights.iter().map(|w| w - largest).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| weights[a].total_cmp(&weights[b]));
    let n_tail = (n as f64 / 5.0).min(3.0 * (n as f64).sqrt()) as usize;
    let cutoff = weights[order[(n - 1).saturating_sub(n_tail)]].max(f64::MIN_POSITIVE.ln());
    let tail: Vec<usize> = order.into_iter().filter(|&i| weights[i] > cutoff).collect();
    let k_hat = smooth_tail(&mut weights, &tail, cutoff.exp());
    let total: f64 = weights.iter().map(|w| w.exp()).sum();
    for weight in &mut weights {
        *weight -= total.ln();
    }
    SmoothedWeights {
        log_weights: weights,
        k_hat,
    }
}

/// Fewer weights have no tail.
const MIN_TAIL: usize = 5;

/// `tail` in ascending order of weights.
fn smooth_tail(weights: &mut [f64], tail: &[usize], cutoff: f64) -> f64 {
    let n = tail.len();
    if n < MIN_TAIL {
        return if n == 0 {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        };
    }
    let excesses: Vec<f64> = tail.iter().map(|&i| weights[i].exp() - cutoff).collect();
    let (k, scale) = fit(&excesses);
    if !(k.is_finite() && scale.is_finite()) {
        return f64::INFINITY;
    }
    for (rank, &i) in tail.iter().enumerate() {
        let level = (rank as f64 + 0.5) / n as f64;
        let smoothed = scale * pareto_quantile(level, k) + cutoff;
        // No weight may be larger than the largest that was seen.
        weights[i] = smoothed.ln().min(0.0);
    }
    k
}

/// Of the generalised Pareto distribution with scale one.
fn pareto_quantile(level: f64, k: f64) -> f64 {
    if k.abs() < f64::EPSILON {
        return -(-level).ln_1p();
    }
    (-k * (-level).ln_1p()).exp_m1() / k
}

/// Shape and scale from ascending excesses: the profile posterior mean of Zhang and Stephens (2009,
/// Technometrics 51), with a weak prior that draws the shape towards one half.
fn fit(excesses: &[f64]) -> (f64, f64) {
    let n = excesses.len();
    let n_points = 30 + (n as f64).sqrt() as usize;
    let quartile = excesses[(n as f64 / 4.0 + 0.5) as usize - 1];
    let shape = |b: f64| excesses.iter().map(|x| (-b * x).ln_1p()).sum::<f64>() / n as f64;
    let points: Vec<f64> = (1..=n_points)
        .map(|i| {
            let step = 1.0 - (n_points as f64 / (i as f64 - 0.5)).sqrt();
            step / (3.0 * quartile) + 1.0 / excesses[n - 1]
        })
        .collect();
    let likelihoods: Vec<f64> = points
        .iter()
        .map(|&b| {
            let k = shape(b);
            n as f64 * ((-b / k).ln() - k - 1.0)
        })
        .collect();
    let weight = |own: f64| 1.0 / likelihoods.iter().map(|l| (l - own).exp()).sum::<f64>();
    let weights: Vec<f64> = likelihoods.iter().map(|l| weight(*l)).collect();
    // Negligible weights are left out.
    let kept = weights.iter().zip(&points);
    let kept = kept.filter(|(w, _)| **w >= 10.0 * f64::EPSILON);
    let (total, sum) = kept.fold((0.0, 0.0), |(total, sum), (w, b)| (total + w, sum + w * b));
    let b = sum / total;
    let k = shape(b);
    let n = n as f64;
    ((n * k + 5.0) / (n + 10.0), -k / b)
}
