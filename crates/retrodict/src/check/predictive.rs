//! Prior and posterior predictive checks: could the simulator have made the observation?

use serde::{Deserialize, Serialize};

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
    /// How far the observed value lies outside the range, in standard deviations of the simulated
    /// values; zero inside.
    pub outside: f64,
}

/// How far the observation lies from the middle of the simulated data, all features together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointDistance {
    /// The Mahalanobis distance of the observation, divided by the root of the number of features.
    pub observed: f64,
    /// The 2.5, 16, 50, 84 and 97.5 % quantiles of the same distance of simulated rows.
    pub quantiles: [f64; 5],
    /// The probability of a simulated row at least as far away.
    pub p_value: f64,
}

/// Simulated data beside the observation.
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
    /// All features together; absent if none varies or there are too few rows.
    pub joint: Option<JointDistance>,
}
