//! Ranks in place of values: what heavy tails cannot spoil.

use super::Halves;
use crate::prior::Tail;
use crate::prior::special::normal_quantile;

/// The normal quantile of each value's rank among all, (rank − 3/8) / (n + 1/4); equal values share
/// their mean rank.
pub(super) fn normalized(halves: &Halves) -> Halves {
    let n = halves.values.len() as f64;
    let scores = ranks(&halves.values)
        .into_iter()
        .map(|rank| normal_quantile(Tail::Lower((rank - 0.375) / (n + 0.25))));
    Halves {
        values: scores.collect(),
        length: halves.length,
    }
}

/// From one.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + 0.5 * (tied.len() as f64 + 1.0);
        for &i in tied {
            ranks[i] = rank;
        }
        first += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    #[test]
    fn equal_values_share_their_mean_rank() {
        assert_eq!(
            super::ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]),
            [4.0, 1.0, 4.0, 2.0, 4.0]
        );
    }
}
