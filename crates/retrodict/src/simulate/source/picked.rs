//! Some rows of many, without a list as long as all of them.

/// All rows from 0 to `total` but a few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picked {
    total: usize,
    /// The rows that are left out, ascending.
    without: Vec<usize>,
    /// How many of the others are used, evenly spread over them.
    n: usize,
}

impl Picked {
    /// `n` rows, evenly spread over those from 0 to `total` that are not in `without`.
    pub(super) fn rest(total: usize, mut without: Vec<usize>, n: usize) -> Self {
        without.sort_unstable();
        without.dedup();
        assert!(n + without.len() <= total, "more rows than there are");
        Self { total, without, n }
    }

    pub(super) fn len(&self) -> usize {
        self.n
    }

    /// The position of row `i` of the rows that are used; it grows with `i`.
    pub(super) fn position(&self, i: usize) -> usize {
        let rest = self.total - self.without.len();
        let k = (i as u128 * rest as u128 / self.n as u128) as usize;
        // without[j] − j rows that are not left out stand before without[j].
        let (mut low, mut high) = (0, self.without.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.without[middle] - middle <= k {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        k + low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_are_all_rows_but_those_left_out() {
        for without in [vec![], vec![0], vec![7, 0, 3, 4, 9], (0..9).collect()] {
            let n = 10 - without.len();
            let picked = Picked::rest(10, without.clone(), n);
            let found: Vec<usize> = (0..n).map(|i| picked.position(i)).collect();
            let expected: Vec<usize> = (0..10).filter(|i| !without.contains(i)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn fewer_rows_are_spread_and_each_is_used_once() {
        let picked = Picked::rest(1000, vec![10, 500, 999], 50);
        let found: Vec<usize> = (0..picked.len()).map(|i| picked.position(i)).collect();
        assert!(found.windows(2).all(|w| w[1] > w[0] && w[1] - w[0] < 25));
        assert!(found[49] > 950 && !found.contains(&500));
    }
}
