//! Where a density is computed, and what kind of draws it is made of.

use crate::samples::effective_number;

/// What the draws of one parameter look like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// All the same, or none at all.
    Constant(Option<f64>),
    /// A few values, each drawn many times: the values, ascending, and their shares.
    Discrete(Vec<(f64, f64)>),
    /// Anything else.
    Continuous,
}

/// The stretch of the real line on which a density is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Domain {
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// The width of the kernel around values that repeat: part of the gap between them. Zero if most
    /// values are different.
    pub(crate) spot_width: f64,
    /// A width that suits draws with one mode (Silverman 1986), for when the plug-in rule has no
    /// answer.
    pub(crate) plain_width: f64,
}

impl Shape {
    /// Sorts out what `values` are; their weights are positive.
    pub(crate) fn of(values: &[f64], weights: &[f64]) -> Self {
        const MOST_VALUES: usize = 40;
        const LEAST_REPEATS: usize = 4;
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut levels: Vec<(f64, f64)> = Vec::new();
        for i in order {
            match levels.last_mut() {
                Some((value, share)) if *value == values[i] => *share += weights[i],
                _ => levels.push((values[i], weights[i])),
            }
        }
        if levels.len() <= 1 {
            return Self::Constant(levels.first().map(|l| l.0));
        }
        if levels.len() <= MOST_VALUES && levels.len() * LEAST_REPEATS <= values.len() {
            return Self::Discrete(levels);
        }
        Self::Continuous
    }
}

impl Domain {
    /// A given stretch, for a density that was computed and not smoothed.
    pub(crate) fn between(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            spot_width: 0.0,
            plain_width: 0.0,
        }
    }

    /// Wide enough for the draws and for the kernel around them, but never across a bound. Draws
    /// farther than eight half-widths from the middle are left out: they would make the grid coarse
    /// where the density is.
    pub(crate) fn of(values: &[f64], weights: &[f64], bounds: [f64; 2], n_effective: f64) -> Self {
        const FARTHEST: f64 = 8.0;
        let levels = [0.0, 0.16, 0.25, 0.5, 0.75, 0.84, 1.0];
        let [least, q16, q25, middle, q75, q84, most] =
            crate::samples::quantiles(values, weights, levels);
        let half = if q84 > q16 {
            0.5 * (q84 - q16)
        } else {
            0.5 * (most - least)
        };
        let quarter = if q75 > q25 { (q75 - q25) / 1.349 } else { half };
        let plain_width = 0.9 * half.min(quarter) * n_effective.max(2.0).powf(-0.2);
        let gap = smallest_gap(values);
        let low = least.max(middle - FARTHEST * half - 2.0 * half);
        let high = most.min(middle + FARTHEST * half + 2.0 * half);
        let margin = (0.1 * (high - low)).max(5.0 * plain_width).max(2.0 * gap);
        Self {
            low: (low - margin).max(bounds[0].min(least)),
            high: (high + margin).min(bounds[1].max(most)),
            spot_width: 0.15 * gap,
            plain_width,
        }
    }

    pub(crate) fn length(&self) -> f64 {
        self.high - self.low
    }

    /// The middle of cell `i` of `n`.
    pub(crate) fn middle(&self, i: usize, n: usize) -> f64 {
        self.low + self.length() * (i as f64 + 0.5) / n as f64
    }

    /// The cell below a value, and the share of the value's weight that goes to the next one; None
    /// outside. At the ends, where there is no next cell, all of it stays.
    pub(super) fn cell(&self, value: f64, n: usize) -> Option<(usize, f64)> {
        if !(self.low..=self.high).contains(&value) {
            return None;
        }
        let at = ((value - self.low) / self.length() * n as f64 - 0.5).clamp(0.0, (n - 1) as f64);
        let below = (at as usize).min(n - 2);
        Some((below, at - below as f64))
    }

    /// The diffusion time to use, given the plug-in rule's answer.
    pub(super) fn bounded_time(&self, time: Option<f64>) -> f64 {
        let spot = (self.spot_width / self.length()).powi(2);
        let plain = (self.plain_width / self.length()).powi(2);
        if spot > 0.0 {
            // Values that repeat are smoothed into spots, not into each other.
            return spot;
        }
        // More than a fifth of the grid would flatten anything.
        time.unwrap_or(plain).min(0.04)
    }
}

/// The effective number of draws, of which those that are the same in all columns count as one: resampling
/// repeats draws and adds nothing. Where values repeat because they can be counted, all of them count.
pub(super) fn effective_draws(columns: &[&[f64]], weights: &[f64]) -> f64 {
    if columns.iter().any(|values| smallest_gap(values) > 0.0) {
        return effective_number(weights);
    }
    let compare = |a: &usize, b: &usize| {
        let each = columns
            .iter()
            .map(|values| values[*a].total_cmp(&values[*b]));
        each.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    };
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_unstable_by(compare);
    let groups = order.chunk_by(|a, b| compare(a, b).is_eq());
    let together = groups.map(|group| group.iter().map(|&i| weights[i]).sum::<f64>());
    effective_number(&together.collect::<Vec<_>>())
}

/// A step this small beside the middle one is chance: values that can be counted lie on a lattice.
const EVEN: f64 = 0.1;

/// The smallest step between neighbouring values if most values repeat on a lattice, else zero.
fn smallest_gap(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let mut gaps: Vec<f64> = sorted
        .windows(2)
        .map(|w| w[1] - w[0])
        .filter(|g| *g > 0.0)
        .collect();
    if gaps.len() * 2 > n {
        return 0.0;
    }
    gaps.sort_by(f64::total_cmp);
    let Some(&smallest) = gaps.first() else {
        return f64::INFINITY;
    };
    // Draws that were resampled repeat too, at any distance from each other.
    if smallest < EVEN * gaps[gaps.len() / 2] {
        return 0.0;
    }
    smallest
}
