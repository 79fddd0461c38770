//! The band in which the empirical distribution function of uniform numbers stays.

use serde::{Deserialize, Serialize};
use statrs::function::factorial::{ln_binomial, ln_factorial};

/// A band that holds the whole empirical distribution function of `n` independent uniform numbers
/// with probability `level`, at all `points` at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcdfBand {
    /// How many numbers.
    pub n: usize,
    /// The probability that the function stays inside everywhere.
    pub level: f64,
    /// Where the function is looked at: inside (0, 1), rising, evenly spaced.
    pub points: Vec<f64>,
    /// The lower edge at each point; subtract the point for the ECDF difference.
    pub lower: Vec<f64>,
    /// The upper edge at each point.
    pub upper: Vec<f64>,
}

impl EcdfBand {
    /// How far a curve goes, in units of the distance from the diagonal to the band's edge: above
    /// one, it leaves the band.
    ///
    /// # Panics
    /// If the curve does not have one value a point.
    pub fn deviation(&self, ecdf: &[f64]) -> f64 {
        assert_eq!(ecdf.len(), self.points.len(), "one value a point");
        let mut largest = 0.0_f64;
        for (k, (&value, &point)) in ecdf.iter().zip(&self.points).enumerate() {
            // Half a count more, so that a curve on the very edge counts as inside.
            let slack = 0.5 / self.n as f64;
            let edge = if value > point {
                self.upper[k] - point
            } else {
                point - self.lower[k]
            };
            largest = largest.max((value - point).abs() / (edge + slack));
        }
        largest
    }
}

/// The distribution of the smallest local p-value of an empirical distribution function against
/// uniform: computed exactly, not simulated.
///
/// At each of K evenly spaced points z the count of numbers below it is Bin(n, z). A curve's
/// *local level* is the smallest, over the points, of 2·min{P(Bin ≤ count), P(Bin ≥ count)}. The
/// counts form a Markov chain, so the probability that the local level exceeds γ is a sum over
/// paths between two staircases: here of a Poisson process with n expected events, conditioned on
/// its total, whose increments over equal steps all have one distribution.
///
/// # Reference
/// Säilynoja, Bürkner and Vehtari 2022, "Graphical test for discrete uniformity and its
/// applications in goodness-of-fit evaluation and multiple sample comparison", arXiv:2103.10522,
/// section 2; the conditioned Poisson process is in Moscovich and Nadler 2017, arXiv:1503.04363.
#[derive(Debug)]
pub(super) struct UniformEcdf {
    n: usize,
    /// P(Bin(n, z) ≤ c) for each point, c = 0 … n.
    below: Vec<Vec<f64>>,
    /// Poisson probabilities of 0 … n events in one step.
    step: Vec<f64>,
}

/// More points than this make the test slower, not sharper.
const MOST_POINTS: usize = 100;
/// Below this local level the bound K·γ replaces the exact probability: it is not larger than a
/// millionth, and no decision hangs on its digits.
const EXACT_ABOVE: f64 = 1e-8;

impl UniformEcdf {
    /// The distribution for `n` numbers; `n` must not be zero.
    pub(super) fn new(n: usize) -> Self {
        assert!(n > 0, "no numbers, no distribution function");
        let n_steps = n.clamp(2, MOST_POINTS);
        let rate = n as f64 / n_steps as f64;
        Self {
            n,
            below: (1..n_steps)
                .map(|k| binomial_cdf(n, k as f64 / n_steps as f64))
                .collect(),
            step: (0..=n)
                .map(|c| (c as f64 * rate.ln() - rate - ln_factorial(c as u64)).exp())
                .collect(),
        }
    }

    /// Where the function is looked at.
    pub(super) fn points(&self) -> Vec<f64> {
        let n_steps = self.below.len() + 1;
        (1..n_steps).map(|k| k as f64 / n_steps as f64).collect()
    }

    /// The empirical distribution function at the points.
    pub(super) fn ecdf(&self, positions: &[f64]) -> Vec<f64> {
        let counts = self.counts(positions);
        counts.iter().map(|&c| c as f64 / self.n as f64).collect()
    }

    /// The probability that uniform numbers stray at least as far from the diagonal as these.
    pub(super) fn p_value(&self, positions: &[f64]) -> f64 {
        let level = self.local_level(&self.counts(positions));
        if level >= 1.0 {
            return 1.0;
        }
        if level < EXACT_ABOVE {
            return (level * self.below.len() as f64).min(1.0);
        }
        // A level equal to the observed one up to rounding is "at least as far".
        (1.0 - self.probability_above(level * (1.0 + 1e-9))).clamp(0.0, 1.0)
    }

    /// The narrowest band of equal local level that holds the curve with probability `level`.
    pub(super) fn band(&self, level: f64) -> EcdfBand {
        // Bisection on the logarithm: the union bound makes (1 − level)/K too wide, and one point
        // alone makes 1 − level too narrow.
        let mut wide = ((1.0 - level) / self.below.len() as f64).ln();
        let mut narrow = (1.0 - level).ln();
        for _ in 0..30 {
            let middle = 0.5 * (wide + narrow);
            if self.probability_above(middle.exp()) >= level {
                wide = middle;
            } else {
                narrow = middle;
            }
        }
        let gamma = wide.exp();
        let edges: Vec<(usize, usize)> = (0..self.below.len())
            .map(|k| self.edges(k, gamma))
            .collect();
        let share = |count: usize| count as f64 / self.n as f64;
        EcdfBand {
            n: self.n,
            level,
            points: self.points(),
            lower: edges.iter().map(|e| share(e.0)).collect(),
            upper: edges.iter().map(|e| share(e.1)).collect(),
        }
    }

    fn counts(&self, positions: &[f64]) -> Vec<usize> {
        assert_eq!(positions.len(), self.n, "made for another number of values");
        let mut sorted = positions.to_vec();
        sorted.sort_by(f64::total_cmp);
        self.points()
            .iter()
            .map(|&z| sorted.partition_point(|&u| u <= z))
            .collect()
    }

    fn local_level(&self, counts: &[usize]) -> f64 {
        counts
            .iter()
            .enumerate()
            .map(|(k, &c)| 2.0 * self.lower_tail(k, c).min(self.upper_tail(k, c)))
            .fold(1.0, f64::min)
    }

    /// P(Bin ≤ c) at point `k`.
    fn lower_tail(&self, k: usize, c: usize) -> f64 {
        self.below[k][c]
    }

    /// P(Bin ≥ c) at point `k`: by symmetry P(Bin ≤ n − c) at the mirrored point, which keeps
    /// small tails exact.
    fn upper_tail(&self, k: usize, c: usize) -> f64 {
        self.below[self.below.len() - 1 - k][self.n - c]
    }

    /// The smallest and the largest count at point `k` whose local level exceeds `gamma`.
    fn edges(&self, k: usize, gamma: f64) -> (usize, usize) {
        let first = |k: usize| self.below[k].partition_point(|&p| 2.0 * p <= gamma);
        (first(k), self.n - first(self.below.len() - 1 - k))
    }

    /// The probability that the local level exceeds `gamma`.
    fn probability_above(&self, gamma: f64) -> f64 {
        // Paths that end at count `start + i` after the steps so far.
        let (mut start, mut paths) = (0_usize, vec![1.0_f64]);
        for k in 0..=self.below.len() {
            let (low, high) = if k < self.below.len() {
                self.edges(k, gamma)
            } else {
                (self.n, self.n)
            };
            if low > high {
                return 0.0;
            }
            paths = (low..=high)
                .map(|count| self.arriving(count, start, &paths))
                .collect();
            start = low;
        }
        let n = self.n as f64;
        paths[0] / (n * n.ln() - n - ln_factorial(self.n as u64)).exp()
    }

    /// The probability of arriving at `count` from the paths that start at `start`.
    fn arriving(&self, count: usize, start: usize, paths: &[f64]) -> f64 {
        let last = paths.len().min((count + 1).saturating_sub(start));
        (0..last)
            .map(|i| paths[i] * self.step[count - start - i])
            .sum()
    }
}

/// P(Bin(n, z) ≤ c) for c = 0 … n.
fn binomial_cdf(n: usize, z: f64) -> Vec<f64> {
    let mut total = 0.0;
    (0..=n)
        .map(|c| {
            let log_mass =
                ln_binomial(n as u64, c as u64) + c as f64 * z.ln() + (n - c) as f64 * (-z).ln_1p();
            total += log_mass.exp();
            total.min(1.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    fn uniform(n: usize, index: u64) -> Vec<f64> {
        let mut random = Seed(11).stream(Stream::Test, index);
        (0..n).map(|_| random.uniform()).collect()
    }

    #[test]
    fn two_numbers_follow_the_closed_form() {
        // n = 2, one point at 1/2: counts 0, 1, 2 with probability 1/4, 1/2, 1/4.
        let exact = UniformEcdf::new(2);
        assert_eq!(exact.points(), [0.5]);
        assert!((exact.p_value(&[0.1, 0.2]) - 0.5).abs() < 1e-12);
        assert!((exact.p_value(&[0.1, 0.9]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn three_numbers_follow_the_multinomial_sum() {
        // n = 3, points at 1/3 and 2/3: sum over all 27 cells of three numbers.
        let exact = UniformEcdf::new(3);
        let level = |cells: [usize; 3]| {
            let at = |k: usize| cells.iter().filter(|&&c| c <= k).count();
            exact.local_level(&[at(0), at(1)])
        };
        let cells = || (0..27).map(|i| [i % 3, i / 3 % 3, i / 9]);
        let observed = [0.5 / 3.0, 0.2 / 3.0, 2.5 / 3.0];
        let observed_level = level([0, 0, 2]);
        let expected = cells()
            .filter(|&c| level(c) <= observed_level + 1e-12)
            .count() as f64;
        assert!((exact.p_value(&observed) - expected / 27.0).abs() < 1e-12);
    }

    #[test]
    fn the_simulated_false_alarm_rate_is_the_stated_one() {
        // 4,000 sets: the share outside is 0.05 ± 5 standard errors (false alarm below 10⁻⁶),
        // lowered only by the discreteness of counts.
        for n in [20, 100, 300] {
            let exact = UniformEcdf::new(n);
            let band = exact.band(0.95);
            let (mut outside, mut rejected) = (0, 0);
            for i in 0..4000 {
                let values = uniform(n, i);
                outside += usize::from(band.deviation(&exact.ecdf(&values)) > 1.0);
                rejected += usize::from(exact.p_value(&values) <= 0.05);
            }
            assert_eq!(outside, rejected, "the band and the p-value agree");
            let rate = outside as f64 / 4000.0;
            assert!(rate < 0.05 + 0.0175, "n = {n}: {rate}");
            assert!(rate > 0.05 - 0.025, "n = {n}: {rate}");
        }
    }

    #[test]
    fn a_shift_and_a_wrong_width_leave_the_band() {
        let exact = UniformEcdf::new(300);
        let shifted: Vec<f64> = uniform(300, 0).iter().map(|u| u.powf(1.6)).collect();
        let narrow: Vec<f64> = uniform(300, 1)
            .iter()
            .map(|u| 0.5 + 0.7 * (u - 0.5))
            .collect();
        assert!(exact.p_value(&shifted) < 1e-6 && exact.p_value(&narrow) < 1e-6);
        assert!(exact.band(0.999).deviation(&exact.ecdf(&shifted)) > 1.0);
        assert!(exact.p_value(&uniform(300, 2)) > 0.01);
    }

    #[test]
    fn extreme_and_large_samples_are_quick_and_finite() {
        assert!(UniformEcdf::new(20_000).p_value(&vec![0.5; 20_000]) < 1e-100);
        let p = UniformEcdf::new(20_000).p_value(&uniform(20_000, 3));
        assert!(p > 1e-6 && p <= 1.0);
        assert_eq!(UniformEcdf::new(1).points(), [0.5]);
    }
}
