//! The marginal posterior of one parameter at one observation.

use super::bounds::Bounds;
use super::marginals::MarginalRatio;
use crate::error::Result;
use crate::infer::LogLikelihood;

/// Points at which a ratio is looked at.
pub(super) const GRID: usize = 1000;
/// Where the density is below this share of its largest, it is taken to be zero.
const NEGLIGIBLE: f64 = 1e-8;
/// The grid is laid anew, between the points that are not negligible, while these are less than this share of it.
const SPARSE: f64 = 0.25;
const PASSES: usize = 5;

/// A density of levels, constant in each of [`GRID`] equal parts of a range and zero outside.
#[derive(Debug, Clone)]
pub(super) struct Marginal {
    range: [f64; 2],
    /// The share of the posterior in each part.
    masses: Vec<f64>,
    /// The share below each part's upper end.
    below: Vec<f64>,
}

impl Marginal {
    /// That of parameter `j`.
    pub(super) fn new(
        bounds: &Bounds,
        j: usize,
        marginal: &MarginalRatio,
        x: &[f64],
    ) -> Result<Self> {
        let mut range = bounds.levels()[j];
        for _ in 1..PASSES {
            let log_ratios = log_ratios(range, marginal, x)?;
            let seen = above(&log_ratios, NEGLIGIBLE);
            if (seen[1] - seen[0] + 1) as f64 > SPARSE * GRID as f64 {
                return Ok(Self::of(range, &log_ratios));
            }
            range = between(range, seen);
        }
        Ok(Self::of(range, &log_ratios(range, marginal, x)?))
    }

    fn of(range: [f64; 2], log_ratios: &[f64]) -> Self {
        let largest = largest(log_ratios);
        let weights = log_ratios.iter().map(|v| (v - largest).exp());
        let total: f64 = weights.clone().sum();
        let masses: Vec<f64> = weights.map(|weight| weight / total).collect();
        let mut sum = 0.0;
        let below = masses.iter().map(|mass| {
            sum += mass;
            sum
        });
        Self {
            range,
            below: below.collect(),
            masses,
        }
    }

    /// The middles of the parts.
    pub(super) fn levels(&self) -> Vec<f64> {
        middles(self.range)
    }

    /// The density of each part.
    pub(super) fn densities(&self) -> impl Iterator<Item = f64> {
        self.masses.iter().map(|mass| mass / self.width())
    }

    fn width(&self) -> f64 {
        (self.range[1] - self.range[0]) / GRID as f64
    }

    /// The part in which a level lies.
    fn part(&self, level: f64) -> Option<usize> {
        let part = (level - self.range[0]) / self.width();
        (part >= 0.0 && level <= self.range[1]).then(|| (part as usize).min(GRID - 1))
    }

    /// The logarithm of the density, −∞ outside the range.
    pub(super) fn log_density(&self, level: f64) -> f64 {
        let mass = self.part(level).map_or(0.0, |part| self.masses[part]);
        (mass / self.width()).ln()
    }

    /// The share of the posterior below a level.
    pub(super) fn share_below(&self, level: f64) -> f64 {
        let Some(part) = self.part(level) else {
            return if level < self.range[0] { 0.0 } else { 1.0 };
        };
        let within = (level - self.range[0]) / self.width() - part as f64;
        self.below[part] - self.masses[part] * (1.0 - within)
    }

    /// The level below which a share of the posterior lies.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let share = share * self.below[GRID - 1];
        let part = self.below.partition_point(|below| *below < share);
        let part = part.min(GRID - 1);
        let before = self.below[part] - self.masses[part];
        let within = ((share - before) / self.masses[part]).clamp(0.0, 1.0);
        self.range[0] + (part as f64 + within) * self.width()
    }

    /// The share of the posterior whose density is higher than that at a level.
    pub(super) fn share_above_density(&self, level: f64) -> f64 {
        let own = self.part(level).map_or(0.0, |part| self.masses[part]);
        self.masses.iter().filter(|mass| **mass > own).sum()
    }
}

/// The parts from the first to the last whose density is above a share of the largest.
pub(super) fn above(log_ratios: &[f64], share: f64) -> [usize; 2] {
    let least = largest(log_ratios) + share.ln();
    let above = |value: &f64| *value > least;
    let first = log_ratios.iter().position(above).unwrap_or(0);
    let last = log_ratios.iter().rposition(above);
    [first, last.unwrap_or(log_ratios.len() - 1)]
}

fn largest(log_ratios: &[f64]) -> f64 {
    log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The range of some parts of a range, with one more on either side.
pub(super) fn between([low, high]: [f64; 2], [first, last]: [usize; 2]) -> [f64; 2] {
    let width = (high - low) / GRID as f64;
    [
        (low + (first as f64 - 1.0) * width).max(low),
        (low + (last as f64 + 2.0) * width).min(high),
    ]
}

/// The logarithm of the ratio in the middle of each part of a range.
pub(super) fn log_ratios(range: [f64; 2], marginal: &MarginalRatio, x: &[f64]) -> Result<Vec<f64>> {
    let mut values = vec![0.0; GRID];
    marginal
        .ratio
        .log_likelihood(&middles(range), x, &mut values)?;
    Ok(values)
}

fn middles([low, high]: [f64; 2]) -> Vec<f64> {
    let middle = |part: usize| low + (high - low) * (part as f64 + 0.5) / GRID as f64;
    (0..GRID).map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_shares_are_those_of_the_density() {
        // p(u) = 2 u on (0, 1), stretched to (2, 4).
        let log_ratios: Vec<f64> = middles([0.0, 1.0]).iter().map(|u| u.ln()).collect();
        let marginal = Marginal::of([2.0, 4.0], &log_ratios);
        for share in [0.01_f64, 0.25, 0.5, 0.9] {
            let level = marginal.quantile(share);
            assert!((level - 2.0 - 2.0 * share.sqrt()).abs() < 1e-4, "{level}");
            assert!((marginal.share_below(level) - share).abs() < 1e-9);
        }
        assert!((marginal.log_density(3.0).exp() - 0.5).abs() < 1e-3);
        assert_eq!(marginal.log_density(1.9), f64::NEG_INFINITY);
        assert_eq!(
            [1.0, 5.0].map(|level| marginal.share_below(level)),
            [0.0, 1.0]
        );
        assert!((marginal.share_above_density(3.0) - 0.75).abs() < 2e-3);
        let total: f64 = marginal.densities().map(|density| density * 0.002).sum();
        assert!((total - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_negligible_is_kept_with_room_on_either_side() {
        let log_ratios: Vec<f64> = middles([0.0, 1.0])
            .iter()
            .map(|u| -0.5 * ((u - 0.5) / 0.01).powi(2))
            .collect();
        let [low, high] = between([0.0, 1.0], above(&log_ratios, 1e-8));
        // √(2 ln 10⁸) = 6.07 sd.
        assert!(
            (low - 0.439).abs() < 2e-3 && (high - 0.561).abs() < 2e-3,
            "{low} {high}"
        );
        assert_eq!(between([0.0, 1.0], [0, GRID - 1]), [0.0, 1.0]);
    }
}
