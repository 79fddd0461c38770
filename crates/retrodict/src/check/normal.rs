//! The standard normal distribution, as the checks need it.

use statrs::function::erf::erfc_inv;

/// Φ⁻¹(p).
pub(super) fn quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p)
}

/// Normal scores: the values replaced by Φ⁻¹((rank − ½)/n), ties by the middle of their ranks.
/// `None` if all are equal.
pub(super) fn scores(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    if n == 0 || values[order[0]] == values[order[n - 1]] {
        return None;
    }
    let mut scores = vec![0.0; n];
    let mut start = 0;
    while start < n {
        let same = |&&i: &&usize| values[i] == values[order[start]];
        let end = start + order[start..].iter().take_while(same).count().max(1);
        let score = quantile(0.5 * (start + end) as f64 / n as f64);
        for &i in &order[start..end] {
            scores[i] = score;
        }
        start = end;
    }
    Some(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_quantile() {
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-9);
    }

    #[test]
    fn ties_share_a_score_and_constants_have_none() {
        let scored = scores(&[3.0, 1.0, 1.0, 5.0]).unwrap();
        assert_eq!(scored[1], scored[2]);
        assert!((scored[0] - quantile(0.625)).abs() < 1e-12);
        assert!(scores(&[2.0, 2.0]).is_none() && scores(&[]).is_none());
    }
}
