//! One column of very different numbers, brought to zero mean and unit spread.

use serde::{Deserialize, Serialize};

use super::standardization::StandardizationMethod;

/// What is done to one column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Column {
    /// v ↦ (v − mean) / sd.
    Linear {
        /// What becomes zero.
        mean: f64,
        /// What becomes one.
        sd: f64,
    },
    /// v ↦ (asinh((v − center) / scale) − mean) / sd.
    Asinh {
        /// The column's median.
        center: f64,
        /// The column's spread, from its quartiles.
        scale: f64,
        /// The mean after compression.
        mean: f64,
        /// The standard deviation after compression.
        sd: f64,
    },
    /// A column that never changes says nothing: v ↦ 0.
    Constant {
        /// The one value.
        value: f64,
    },
    /// A column that depends on no parameter: no network sees it.
    Unrelated,
}

/// How far, in spreads of a normal distribution with the same quartiles, the farthest row may lie
/// before a column counts as heavy-tailed: 10⁶ normal rows stay below 5, 10⁴ Laplace rows below 10.
const HEAVY_TAIL: f64 = 12.0;
/// The quartiles of a standard normal distribution are this far apart.
const NORMAL_QUARTILES: f64 = 1.348_979_500_392_163_5;
/// A spread below this share of the largest value is rounding error, not information.
const ROUNDING: f64 = 1e-13;
/// Quartiles are taken from at most this many rows.
const MAX_SORTED: usize = 100_000;
/// Compressed values are cut here, 2·10⁸ spreads from the median, so that a single value of 10³⁰⁰
/// does not set the scale after all.
const MAX_COMPRESSED: f64 = 20.0;

fn compress(value: f64) -> f64 {
    value.asinh().clamp(-MAX_COMPRESSED, MAX_COMPRESSED)
}

fn is_scale(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

/// What is known of all values of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) first: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) mean: f64,
    pub(super) sd: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let (mean, sd) = moments(values);
        Self {
            first: values.first().copied().unwrap_or(0.0),
            low: values.iter().fold(f64::INFINITY, |a, &v| a.min(v)),
            high: values.iter().fold(f64::NEG_INFINITY, |a, &v| a.max(v)),
            mean,
            sd,
        }
    }
}

impl Column {
    /// Whether every number in it is finite and every scale positive.
    pub(super) fn is_valid(&self) -> bool {
        match *self {
            Self::Linear { mean, sd } => mean.is_finite() && is_scale(sd),
            Self::Asinh {
                center,
                scale,
                mean,
                sd,
            } => center.is_finite() && mean.is_finite() && is_scale(scale) && is_scale(sd),
            Self::Constant { value } => value.is_finite(),
            Self::Unrelated => true,
        }
    }

    pub(super) fn is_seen(&self) -> bool {
        !matches!(self, Self::Unrelated)
    }

    /// Whether it changes and is seen.
    pub(crate) fn is_modelled(&self) -> bool {
        !matches!(self, Self::Constant { .. } | Self::Unrelated)
    }

    pub(super) fn fit(values: &[f64], method: StandardizationMethod) -> Self {
        Self::from_spread(&Spread::of(values), values, method)
    }

    /// From the spread of all values, and a sample of them: quartiles and the moments after
    /// compression are the sample's.
    pub(super) fn from_spread(
        spread: &Spread,
        sample: &[f64],
        method: StandardizationMethod,
    ) -> Self {
        // The squares of huge values overflow; the moments of the sample are scaled first.
        let (mean, sd) = if spread.sd.is_finite() {
            (spread.mean, spread.sd)
        } else {
            moments(sample)
        };
        let largest = spread.low.abs().max(spread.high.abs());
        if !is_scale(sd) || sd <= ROUNDING * largest {
            return Self::Constant {
                value: spread.first,
            };
        }
        let linear = Self::Linear { mean, sd };
        match method {
            StandardizationMethod::Linear => linear,
            StandardizationMethod::Robust => {
                heavy_tailed(spread, sample, sd).map_or(linear, |(c, s)| {
                    let compressed: Vec<f64> =
                        sample.iter().map(|v| compress((v - c) / s)).collect();
                    let (mean, sd) = moments(&compressed);
                    Self::Asinh {
                        center: c,
                        scale: s,
                        mean,
                        sd,
                    }
                })
            }
        }
    }

    pub(super) fn apply(&self, value: f64) -> f64 {
        match *self {
            Self::Linear { mean, sd } => (value - mean) / sd,
            Self::Asinh {
                center,
                scale,
                mean,
                sd,
            } => (compress((value - center) / scale) - mean) / sd,
            Self::Constant { .. } | Self::Unrelated => 0.0,
        }
    }

    pub(super) fn invert(&self, value: f64) -> f64 {
        match *self {
            Self::Linear { mean, sd } => mean + sd * value,
            Self::Asinh {
                center,
                scale,
                mean,
                sd,
            } => center + scale * (mean + sd * value).sinh(),
            Self::Constant { value } => value,
            Self::Unrelated => f64::NAN,
        }
    }

    pub(super) fn log_derivative(&self, value: f64) -> f64 {
        match *self {
            Self::Linear { sd, .. } => -sd.ln(),
            Self::Asinh {
                center, scale, sd, ..
            } => -((value - center) / scale).hypot(1.0).ln() - scale.ln() - sd.ln(),
            Self::Constant { .. } | Self::Unrelated => 0.0,
        }
    }
}

/// Mean and standard deviation (dividing by n), of values relative to the first so that neither a
/// large offset nor a large scale costs digits.
fn moments(values: &[f64]) -> (f64, f64) {
    let first = values.first().copied().unwrap_or(0.0);
    let scale = values.iter().fold(0.0_f64, |a, v| a.max((v - first).abs()));
    if !is_scale(scale) {
        return (first, 0.0);
    }
    let n = values.len() as f64;
    let mean = values.iter().map(|v| (v - first) / scale).sum::<f64>() / n;
    let variance = values
        .iter()
        .map(|v| ((v - first) / scale - mean).powi(2))
        .sum::<f64>()
        / n;
    (first + scale * mean, scale * variance.sqrt())
}

/// The median and the spread to compress by, if the column has heavy tails.
fn heavy_tailed(range: &Spread, values: &[f64], sd: f64) -> Option<(f64, f64)> {
    if values.is_empty() {
        return None;
    }
    let step = values.len().div_ceil(MAX_SORTED).max(1);
    let mut sorted: Vec<f64> = values.iter().step_by(step).copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let quantile = |level: f64| sorted[((sorted.len() - 1) as f64 * level).round() as usize];
    let center = quantile(0.5);
    let farthest = (range.high - center).max(center - range.low);
    let spread = (quantile(0.75) - quantile(0.25)) / NORMAL_QUARTILES;
    // More than half of the rows equal: the quartiles say nothing, so the deviation that is half
    // way out among the rows that differ does.
    let spread = if spread > ROUNDING * sd {
        spread
    } else {
        let mut away: Vec<f64> = sorted.iter().map(|v| (v - center).abs()).collect();
        away.retain(|&v| v > 0.0);
        away.sort_unstable_by(f64::total_cmp);
        away.get(away.len() / 2).copied()?
    };
    (is_scale(spread) && farthest > HEAVY_TAIL * spread).then_some((center, spread))
}
