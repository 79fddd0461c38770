//! What each datum is divided by before data are compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What each datum is divided by before data are compared. A datum whose scale is zero, because
/// (nearly) all simulations have the same value, falls back to its standard deviation; one that
/// never changes says nothing about θ and is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScaleMethod {
    /// Nothing: data have a common unit.
    None,
    /// The median absolute deviation from the median (Csilléry et al. 2012; Prangle 2017,
    /// arXiv:1507.00874).
    #[default]
    MedianAbsoluteDeviation,
    /// The standard deviation.
    StandardDeviation,
}

impl ScaleMethod {
    /// One factor a column, by which its values are multiplied: the inverse of the scale.
    pub(super) fn factors(self, rows: &[f64], n: usize) -> Vec<f64> {
        if self == Self::None {
            return vec![1.0; n];
        }
        (0..n)
            .map(|j| {
                let mut column: Vec<f64> = rows.iter().skip(j).step_by(n).copied().collect();
                let scale = match self {
                    Self::MedianAbsoluteDeviation => median_absolute_deviation(&mut column),
                    _ => 0.0,
                };
                let scale = if scale > 0.0 {
                    scale
                } else {
                    standard_deviation(&column)
                };
                if scale > 0.0 { 1.0 / scale } else { 0.0 }
            })
            .collect()
    }
}

/// The median; `NaN` of nothing. Changes the order.
pub(super) fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let (_, &mut upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return upper;
    }
    let lower = values[..n / 2]
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    0.5 * (lower + upper)
}

fn median_absolute_deviation(column: &mut [f64]) -> f64 {
    let middle = median(column);
    let mut off: Vec<f64> = column.iter().map(|v| (v - middle).abs()).collect();
    median(&mut off)
}

fn standard_deviation(column: &[f64]) -> f64 {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let square: f64 = column.iter().map(|v| (v - mean).powi(2)).sum();
    let sd = (square / n).sqrt();
    // Below this the differences are rounding.
    if sd > 1e-14 * mean.abs() { sd } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_of_known_columns() {
        // Columns: 1…5 (MAD 1); mostly zero (MAD 0, sd 4); constant.
        let rows = [
            1.0, 0.0, 3.0, 2.0, 0.0, 3.0, 3.0, 0.0, 3.0, 4.0, 0.0, 3.0, 5.0, 10.0, 3.0,
        ];
        let factors = ScaleMethod::MedianAbsoluteDeviation.factors(&rows, 3);
        assert_eq!(factors, [1.0, 0.25, 0.0]);
        let factors = ScaleMethod::StandardDeviation.factors(&rows, 3);
        assert!((factors[0] - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(ScaleMethod::None.factors(&rows, 3), [1.0; 3]);
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
    }
}
