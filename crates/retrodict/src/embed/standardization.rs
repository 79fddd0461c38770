//! Columns of very different sizes brought to zero mean and unit spread.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moments::Moments;
use crate::table::Table;

/// How columns are standardised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StandardizationMethod {
    /// Subtract the mean, divide by the standard deviation.
    Linear,
    /// As `linear`, but a column with tails far beyond a normal distribution's is first compressed
    /// by asinh around its median, so that a few extreme rows neither set the scale nor throw the
    /// network off.
    #[default]
    Robust,
}

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
/// Standardised values are cut here: beyond it lies only what was never seen in training.
pub(super) const LIMIT: f64 = 1e4;
/// Compressed values are cut here, 2·10⁸ spreads from the median, so that a single value of 10³⁰⁰
/// does not set the scale after all.
const MAX_COMPRESSED: f64 = 20.0;

/// The standardisation of every column of a table, learned from training rows in `f64`.
///
/// # Example
/// ```
/// use retrodict::embed::{Standardization, StandardizationMethod};
/// use retrodict::Table;
/// let x = Table::new(["a"], vec![1e9, 1e9 + 2.0]).unwrap();
/// let standard = Standardization::fit(&x, StandardizationMethod::Linear);
/// let mut out = [0.0];
/// standard.apply(x.row(1), &mut out);
/// assert_eq!(out, [1.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Standardization {
    columns: Vec<Column>,
}

impl Standardization {
    /// Learns from all rows of a table of finite numbers.
    pub fn fit(table: &Table, method: StandardizationMethod) -> Self {
        let columns = (0..table.n_columns())
            .map(|j| Column::fit(&table.column(j), method))
            .collect();
        Self { columns }
    }

    /// Learns from the moments of all rows, and quartiles from a sample of the same rows.
    pub fn from_moments(moments: &Moments, sample: &Table, method: StandardizationMethod) -> Self {
        assert_eq!(moments.n_columns(), sample.n_columns(), "the same columns");
        let columns = (0..sample.n_columns())
            .map(|j| Column::from_spread(&moments.spread(j), &sample.column(j), method))
            .collect();
        Self { columns }
    }

    /// The same without these columns.
    #[must_use]
    pub fn without(mut self, unrelated: &[usize]) -> Self {
        for &j in unrelated {
            self.columns[j] = Column::Unrelated;
        }
        self
    }

    /// From what is to be done to each column.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    /// What is done to each column.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many columns a network sees.
    pub fn n_seen(&self) -> usize {
        self.columns
            .iter()
            .filter(|column| column.is_seen())
            .count()
    }

    /// The positions of the columns that never change.
    pub fn constant_columns(&self) -> Vec<usize> {
        (0..self.columns.len())
            .filter(|&j| matches!(self.columns[j], Column::Constant { .. }))
            .collect()
    }

    /// Standardises one row, of which only the columns that are seen are left: subtracts in `f64`, then casts. Finite numbers
    /// stay finite.
    pub fn apply(&self, row: &[f64], out: &mut [f32]) {
        let mut seen = 0;
        for (column, value) in self.seen(row) {
            out[seen] = column.apply(value).clamp(-LIMIT, LIMIT) as f32;
            seen += 1;
        }
        assert_eq!(seen, out.len(), "one value a column that is seen");
    }

    /// The columns that are seen, with their values.
    pub(crate) fn seen<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = (&'a Column, f64)> {
        assert_eq!(row.len(), self.columns.len(), "one value a column");
        let each = self.columns.iter().zip(row.iter().copied());
        each.filter(|(column, _)| column.is_seen())
    }

    /// As [`Standardization::apply`], in place and in `f64`; returns log |det ∂(standardised)/∂row|.
    pub fn standardize(&self, row: &mut [f64]) -> f64 {
        let log_det = self.log_det(row);
        for (value, column) in row.iter_mut().zip(&self.columns) {
            *value = column.apply(*value).clamp(-LIMIT, LIMIT);
        }
        log_det
    }

    /// The inverse of [`Standardization::standardize`]; returns log |det ∂row/∂(standardised)|.
    pub fn unstandardize(&self, row: &mut [f64]) -> f64 {
        for (value, column) in row.iter_mut().zip(&self.columns) {
            *value = column.invert(*value);
        }
        -self.log_det(row)
    }

    /// The inverse of [`Standardization::apply`].
    pub fn invert(&self, row: &[f32], out: &mut [f64]) {
        assert_eq!(row.len(), self.columns.len(), "one value a column");
        for ((out, &value), column) in out.iter_mut().zip(row).zip(&self.columns) {
            *out = column.invert(f64::from(value));
        }
    }

    /// log |det ∂(standardised)/∂row| over the columns that change.
    pub fn log_det(&self, row: &[f64]) -> f64 {
        row.iter()
            .zip(&self.columns)
            .map(|(&value, column)| column.log_derivative(value))
            .sum()
    }

    /// The logarithm of the derivative of column `j` at a value.
    pub(crate) fn log_derivative(&self, j: usize, value: f64) -> f64 {
        self.columns[j].log_derivative(value)
    }

    /// Whether every number in it is finite and every scale positive, as after [`Self::fit`].
    pub fn is_valid(&self) -> bool {
        self.columns.iter().all(|column| match *column {
            Column::Linear { mean, sd } => mean.is_finite() && is_scale(sd),
            Column::Asinh {
                center,
                scale,
                mean,
                sd,
            } => center.is_finite() && mean.is_finite() && is_scale(scale) && is_scale(sd),
            Column::Constant { value } => value.is_finite(),
            Column::Unrelated => true,
        })
    }
}

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
    fn is_seen(&self) -> bool {
        !matches!(self, Self::Unrelated)
    }

    /// Whether it changes and is seen.
    pub(crate) fn is_modelled(&self) -> bool {
        !matches!(self, Self::Constant { .. } | Self::Unrelated)
    }

    fn fit(values: &[f64], method: StandardizationMethod) -> Self {
        Self::from_spread(&Spread::of(values), values, method)
    }

    /// From the spread of all values, and a sample of them: quartiles and the moments after
    /// compression are the sample's.
    fn from_spread(spread: &Spread, sample: &[f64], method: StandardizationMethod) -> Self {
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

    fn apply(&self, value: f64) -> f64 {
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

    fn invert(&self, value: f64) -> f64 {
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

    fn log_derivative(&self, value: f64) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    fn standardised(values: &[f64], method: StandardizationMethod) -> (Standardization, Vec<f32>) {
        let table = Table::new(["a"], values.to_vec()).unwrap();
        let standard = Standardization::fit(&table, method);
        let apply = |v: &f64| {
            let mut out = [0.0];
            standard.apply(&[*v], &mut out);
            out[0]
        };
        let out = values.iter().map(apply).collect();
        (standard, out)
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let values: Vec<f64> = (0..5).map(|i| 1e12 + f64::from(i)).collect();
        let (_, out) = standardised(&values, StandardizationMethod::Linear);
        let expected = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|v: f32| v / 2.0_f32.sqrt());
        for (a, b) in out.iter().zip(expected) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn constant_columns_become_zero_and_are_named() {
        for value in [0.0, 3.5, -1e300, 0.1 + 0.2] {
            let (standard, out) = standardised(&[value; 7], StandardizationMethod::Robust);
            assert_eq!(out, [0.0; 7]);
            assert_eq!(standard.constant_columns(), [0]);
        }
    }

    #[test]
    fn unrelated_columns_are_not_seen() {
        let table = Table::new(["a", "b", "c"], vec![0.0, 5.0, 1.0, 2.0, 9.0, 3.0]).unwrap();
        let standard = Standardization::fit(&table, StandardizationMethod::Linear).without(&[1]);
        assert_eq!((standard.n_seen(), standard.columns().len()), (2, 3));
        let mut out = [0.0; 2];
        standard.apply(&[2.0, f64::NAN, 1.0], &mut out);
        assert_eq!(out, [1.0, -1.0]);
        assert_eq!(standard.log_det(&[2.0, 1e9, 1.0]), 0.0);
        assert!(standard.is_valid() && standard.constant_columns().is_empty());
    }

    #[test]
    fn outliers_do_not_set_the_scale() {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let mut values: Vec<f64> = (0..1000).map(|_| random.normal()).collect();
        let (plain, _) = standardised(&values, StandardizationMethod::Robust);
        assert!(matches!(plain.columns()[0], Column::Linear { .. }));
        values[17] = 1e9;
        values[18] = -1e300;
        let (robust, out) = standardised(&values, StandardizationMethod::Robust);
        assert!(matches!(robust.columns()[0], Column::Asinh { .. }));
        let typical = out.iter().filter(|v| v.abs() > 0.01).count();
        assert!(typical > 950, "the bulk keeps its spread: {typical}");
        assert!(out.iter().all(|v| v.is_finite()));
    }

    #[test]
    fn mostly_equal_values_with_a_tail_are_compressed() {
        let mut values = vec![0.0; 900];
        values.extend((1..=100).map(|i| (f64::from(i) / 3.0).exp2()));
        let (standard, _) = standardised(&values, StandardizationMethod::Robust);
        assert!(matches!(standard.columns()[0], Column::Asinh { .. }));
    }

    #[test]
    fn invert_undoes_apply_and_the_log_derivative_is_the_difference_quotient() {
        let columns = [
            Column::Linear { mean: 3.0, sd: 0.2 },
            Column::Asinh {
                center: 1.0,
                scale: 0.5,
                mean: 0.1,
                sd: 2.0,
            },
        ];
        for column in columns {
            for value in [-7.0, 0.3, 1.0, 40.0] {
                assert!((column.invert(column.apply(value)) - value).abs() < 1e-9);
                let h = 1e-5;
                let slope = (column.apply(value + h) - column.apply(value - h)) / (2.0 * h);
                assert!((column.log_derivative(value) - slope.ln()).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn it_survives_json() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i).powi(7) / 3.0).collect();
        let (standard, _) = standardised(&values, StandardizationMethod::Robust);
        let text = serde_json::to_string(&standard).unwrap();
        let again: Standardization = serde_json::from_str(&text).unwrap();
        assert_eq!(again, standard);
        assert!(again.is_valid());
    }
}
