//! Which rows are trained on and which are held out.

use crate::seed::{Seed, Stream};

/// Positions of training and of validation rows; together they are all rows, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The rows to train on, in ascending order.
    pub train: Vec<usize>,
    /// The rows held out, in ascending order.
    pub validation: Vec<usize>,
}

impl Split {
    /// Holds out a random share of `n` rows, at least one, and leaves at least one to train on.
    pub fn random(n: usize, validation_fraction: f64, seed: Seed) -> Self {
        assert!(n >= 2, "a split needs two rows");
        let mut rows: Vec<usize> = (0..n).collect();
        seed.stream(Stream::Split, 0).shuffle(&mut rows);
        let held_out = n_held_out(n, validation_fraction);
        let mut train = rows.split_off(held_out);
        // Order carries no information here, and ascending reads are kind to memory.
        train.sort_unstable();
        rows.sort_unstable();
        Self {
            train,
            validation: rows,
        }
    }
}

/// How many of `n` rows are held out.
pub(super) fn n_held_out(n: usize, validation_fraction: f64) -> usize {
    let share = (n as f64 * validation_fraction).round() as usize;
    share.max(1).min(n.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_on_exactly_one_side() {
        for (n, fraction, held_out) in [(100, 0.1, 10), (2, 0.9, 1), (7, 0.01, 1)] {
            let split = Split::random(n, fraction, Seed(1));
            assert_eq!(split.validation.len(), held_out);
            let mut all = [split.train, split.validation].concat();
            all.sort_unstable();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
        }
    }
}
