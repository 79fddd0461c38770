//! Looking at several numbers at once.

/// p-values corrected so that the chance of any false alarm stays what one test's would be,
/// whatever the dependence between them.
///
/// # Reference
/// Holm 1979, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6, 65.
pub(super) fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (position, &i) in order.iter().enumerate() {
        largest = largest.max((p_values.len() - position) as f64 * p_values[i]);
        adjusted[i] = largest.min(1.0);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::holm;

    #[test]
    fn the_smallest_counts_as_often_as_there_are_tests() {
        assert_eq!(holm(&[0.5, 0.01, 0.03]), [0.5, 0.03, 0.06]);
        assert_eq!(holm(&[0.02, 0.6, 0.9]), [0.06, 1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
