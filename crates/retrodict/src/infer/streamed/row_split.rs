//! What each row of a large source is used for, without a list of them all.

use crate::seed::{Seed, Stream};

/// What a row is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Trained on.
    Train,
    /// Trained on, and one of the rows from which the standardisation and the linear guess come.
    Sample,
    /// Held out, to choose the best weights.
    Validation,
}

/// Assigns rows by chance, block by block: a row's use depends on (seed, block, place) alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowSplit {
    seed: Seed,
    validation: f64,
    sample: f64,
}

impl RowSplit {
    /// Of `n` rows, a share `fraction` but at most `most` is held out, and about `sample` of the
    /// others are sampled.
    pub(super) fn new(seed: Seed, n: usize, fraction: f64, [most, sample]: [usize; 2]) -> Self {
        let n = n as f64;
        let validation = fraction.min(most as f64 / n);
        Self {
            seed,
            validation,
            sample: (sample as f64 / n).min(1.0 - validation),
        }
    }

    /// The uses of a block's `n` rows.
    pub(super) fn of(&self, block: usize, n: usize) -> impl Iterator<Item = Use> + use<> {
        let mut random = self.seed.stream(Stream::Split, block as u64);
        let (validation, sample) = (self.validation, self.validation + self.sample);
        (0..n).map(move |_| match random.uniform() {
            u if u < validation => Use::Validation,
            u if u < sample => Use::Sample,
            _ => Use::Train,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_as_asked_and_a_block_is_the_same_every_time() {
        let split = RowSplit::new(Seed(1), 1_000_000, 0.1, [50_000, 20_000]);
        let uses: Vec<Use> = (0..1000).flat_map(|block| split.of(block, 1000)).collect();
        let count = |of: Use| uses.iter().filter(|&&u| u == of).count() as f64;
        // Six standard deviations of a binomial count.
        assert!((count(Use::Validation) - 50_000.0).abs() < 1300.0);
        assert!((count(Use::Sample) - 20_000.0).abs() < 850.0);
        assert!(split.of(7, 100).eq(split.of(7, 100)));
        assert!(!split.of(7, 100).eq(split.of(8, 100)));
        let small = RowSplit::new(Seed(1), 100, 0.5, [1000, 1000]);
        assert!(small.of(0, 100).all(|u| u != Use::Train));
    }
}
