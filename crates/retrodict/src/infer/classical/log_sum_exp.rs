//! Sums of numbers that are known by their logarithms.

/// log Σ exp of terms; −∞ of none.
pub(in crate::infer) fn log_sum_exp(terms: &[f64]) -> f64 {
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    largest + terms.iter().map(|t| (t - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_large_nor_small_terms_overflow() {
        assert!((log_sum_exp(&[1e3, 1e3]) - 1e3 - 2_f64.ln()).abs() < 1e-12);
        assert!((log_sum_exp(&[-1e3, -1e3]) + 1e3 - 2_f64.ln()).abs() < 1e-12);
        assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
        assert_eq!(log_sum_exp(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
    }
}
