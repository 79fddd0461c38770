//! Prior and posterior predictive checks: could the simulator have made the observation?

use serde::{Deserialize, Serialize};

use super::joint_distance::{JointDistance, joint_distance};
use super::multiplicity::holm;
use super::tail::upper_tail_probability;
use crate::error::{Error, Result};
use crate::samples::quantiles;
use crate::table::Table;

/// Where the parameters of the simulated data come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictiveKind {
    /// From the prior: is the observation like anything that was simulated?
    Prior,
    /// From the posterior given the observation: can the fitted simulator reproduce it?
    Posterior,
}

/// One feature of the data: what was simulated and what was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeaturePrediction {
    /// The column's name.
    pub name: String,
    /// The observed value.
    pub observed: f64,
    /// The 2.5, 16, 50, 84 and 97.5 % quantiles of the simulated values.
    pub quantiles: [f64; 5],
    /// The smallest and the largest simulated value.
    pub range: [f64; 2],
    /// The two-sided probability of a simulated value at least as extreme as the observed one.
    pub p_value: f64,
    /// The same, corrected for looking at several features (Holm 1979).
    pub adjusted_p_value: f64,
    /// How far the observed value lies from the mean, in the same units as `outside`.
    #[serde(default)]
    pub deviation: f64,
    /// How far the observed value lies outside the range, in standard deviations of the simulated
    /// values, or in units of the value itself if the feature never varies; zero inside.
    pub outside: f64,
    /// Whether the simulated values vary at all.
    pub varies: bool,
}

/// Simulated data beside the observation.
///
/// A feature's p-value is twice the smaller of the probabilities of a simulated value at least as
/// large and at least as small; beyond all simulated values the tail is continued by a generalised
/// Pareto distribution. For the posterior these p-values are conservative: the observation was used
/// twice.
///
/// # Reference
/// Box 1980, "Sampling and Bayes' inference in scientific modelling and robustness", JRSS A 143;
/// Gelman, Meng and Stern 1996, "Posterior predictive assessment of model fitness", Stat. Sinica 6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predictive {
    /// Where the parameters come from.
    pub kind: PredictiveKind,
    /// How many simulated rows were used.
    pub n_rows: usize,
    /// How many rows were left out because they hold values that are not finite.
    pub n_dropped: usize,
    /// The features, in column order.
    pub features: Vec<FeaturePrediction>,
    /// The shape of the data, if they have more than one axis: the features are its elements, the last axis
    /// running fastest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<usize>,
    /// All features together; absent if none varies or there are too few rows.
    pub joint: Option<JointDistance>,
}

/// Numbers closer than this, relative to their size, are the same number in another order of
/// summation.
pub(super) const SAME: f64 = 1e-9;
/// A range of values from fewer simulations says little.
const FEWEST_ROWS: usize = 20;

impl Predictive {
    /// Compares the observation with simulated rows; rows with values that are not finite are left
    /// out and counted.
    ///
    /// # Errors
    /// If the columns do not match, the observation is not finite, or fewer than 20 rows are left.
    pub fn of(kind: PredictiveKind, simulated: &Table, observed: &[f64]) -> Result<Self> {
        check_observation(simulated, observed)?;
        let finite: Vec<usize> = (0..simulated.n_rows())
            .filter(|&i| simulated.row(i).iter().all(|v| v.is_finite()))
            .collect();
        if finite.len() < FEWEST_ROWS {
            return Err(Error::invalid(
                "predictive simulations",
                format!("{} rows with finite data", finite.len()),
                format!("at least {FEWEST_ROWS}"),
                "Simulate more rows, or look at why they fail.",
            ));
        }
        let rows = simulated.select(&finite);
        let mut features: Vec<FeaturePrediction> = (0..rows.n_columns())
            .map(|j| feature(&rows, j, observed[j]))
            .collect();
        let p_values: Vec<f64> = features.iter().map(|f| f.p_value).collect();
        for (feature, adjusted) in features.iter_mut().zip(holm(&p_values)) {
            feature.adjusted_p_value = adjusted;
        }
        let varying: Vec<usize> = (0..features.len())
            .filter(|&j| features[j].varies)
            .collect();
        Ok(Self {
            kind,
            n_rows: rows.n_rows(),
            n_dropped: simulated.n_rows() - rows.n_rows(),
            shape: Vec::new(),
            joint: joint_distance(&rows, observed, &varying),
            features,
        })
    }

    /// The same of data with this shape, if it has more than one axis and fits.
    #[must_use]
    pub fn shaped(mut self, shape: &[usize]) -> Self {
        let fits = shape.iter().product::<usize>() == self.features.len();
        if fits && shape.len() > 1 {
            self.shape = shape.to_vec();
        }
        self
    }
}

fn check_observation(simulated: &Table, observed: &[f64]) -> Result<()> {
    let given = match observed.iter().position(|v| !v.is_finite()) {
        _ if observed.len() != simulated.n_columns() => format!("{} values", observed.len()),
        Some(j) => format!("{} in feature {}", observed[j], simulated.names()[j]),
        None => return Ok(()),
    };
    Err(Error::invalid(
        "observation",
        given,
        format!(
            "{} finite values, as the simulator gives",
            simulated.n_columns()
        ),
        "Leave out or fill in missing features in the simulator and in the observation alike.",
    ))
}

fn feature(rows: &Table, j: usize, observed: f64) -> FeaturePrediction {
    let values = rows.column(j);
    let n = values.len() as f64;
    let weights = vec![1.0 / n; values.len()];
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let size = low.abs().max(high.abs()).max(f64::MIN_POSITIVE);
    let varies = varies([low, high]);
    let gap = (observed - high).max(low - observed).max(0.0);
    let p_value = if varies {
        let negative: Vec<f64> = values.iter().map(|v| -v).collect();
        let upper = upper_tail_probability(&values, observed);
        let lower = upper_tail_probability(&negative, -observed);
        (2.0 * upper.min(lower)).min(1.0)
    } else if gap > SAME * size {
        1.0 / (n + 1.0)
    } else {
        1.0
    };
    let unit = if varies {
        sd(&values)
    } else {
        size.max(observed.abs())
    };
    FeaturePrediction {
        name: rows.names()[j].clone(),
        observed,
        quantiles: quantiles(&values, &weights, [0.025, 0.16, 0.5, 0.84, 0.975]),
        range: [low, high],
        p_value,
        adjusted_p_value: p_value,
        deviation: (observed - values.iter().sum::<f64>() / n) / unit,
        outside: if gap > 0.0 { gap / unit } else { 0.0 },
        varies,
    }
}

/// Whether numbers between these are more than one number in several orders of summation.
pub(super) fn varies([low, high]: [f64; 2]) -> bool {
    high - low > SAME * low.abs().max(high.abs()).max(f64::MIN_POSITIVE)
}

pub(super) fn sd(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}
