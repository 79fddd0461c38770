//! Distributions as they stand in a study file.

mod argument;
mod parameters;

pub use argument::Argument;
pub use parameters::{ParameterConfig, ParametersConfig};

use schemars::JsonSchema;

/// A distribution; `prior = "…"` says which.
///
/// Where an argument may depend on an earlier parameter, its name stands in place of the number:
/// `{ prior = "uniform", low = 0.0, high = "mu_1" }`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(tag = "prior", rename_all = "snake_case", deny_unknown_fields)]
pub enum DistributionConfig {
    /// Constant between two ends.
    Uniform {
        /// The lower end.
        low: Argument,
        /// The upper end.
        high: Argument,
    },
    /// Constant on the logarithm.
    LogUniform {
        /// The lower end, positive.
        low: Argument,
        /// The upper end.
        high: Argument,
    },
    /// Normal.
    Normal {
        /// The mean.
        mean: Argument,
        /// The standard deviation.
        sd: Argument,
    },
    /// The exponential of a normal variable.
    LogNormal {
        /// The mean of the logarithm.
        mean_log: Argument,
        /// The standard deviation of the logarithm.
        sd_log: Argument,
    },
    /// The absolute value of a centred normal variable.
    HalfNormal {
        /// The standard deviation of that normal variable.
        scale: Argument,
    },
    /// Gamma, with mean shape / rate.
    Gamma {
        /// The shape.
        shape: Argument,
        /// The rate, the inverse of the scale.
        rate: Argument,
    },
    /// Beta on (0, 1).
    Beta {
        /// The shape at 0.
        alpha: Argument,
        /// The shape at 1.
        beta: Argument,
    },
    /// Exponential, with mean 1 / rate.
    Exponential {
        /// The rate.
        rate: Argument,
    },
    /// Student's t.
    StudentT {
        /// The degrees of freedom.
        degrees_of_freedom: Argument,
        /// The centre.
        #[serde(default = "zero")]
        location: Argument,
        /// The scale.
        #[serde(default = "one")]
        scale: Argument,
    },
    /// Cauchy.
    Cauchy {
        /// The centre.
        #[serde(default = "zero")]
        location: Argument,
        /// The scale.
        #[serde(default = "one")]
        scale: Argument,
    },
    /// A continuous distribution cut to an interval.
    Truncated {
        /// The distribution that is cut.
        distribution: Box<DistributionConfig>,
        /// The lower end; none if it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        low: Option<Argument>,
        /// The upper end; none if it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        high: Option<Argument>,
    },
    /// A weighted mixture of continuous distributions.
    Mixture {
        /// One weight for each component; they are scaled to sum to one.
        weights: Vec<f64>,
        /// The components.
        components: Vec<DistributionConfig>,
    },
    /// Finitely many values.
    Discrete {
        /// The values.
        values: Vec<f64>,
        /// One probability for each value; they are scaled to sum to one.
        probabilities: Vec<f64>,
    },
    /// The values 0, 1, …, k − 1.
    Categorical {
        /// One probability for each value; they are scaled to sum to one.
        probabilities: Vec<f64>,
    },
    /// 1 with a probability, otherwise 0.
    Bernoulli {
        /// The probability of 1.
        probability: Argument,
    },
    /// How many of so many independent trials succeed.
    Binomial {
        /// The number of trials.
        trials: u32,
        /// The probability that one succeeds.
        probability: Argument,
    },
    /// Whole numbers from `low` to `high`, both included, all equally probable.
    UniformInteger {
        /// The smallest value.
        low: Argument,
        /// The largest value.
        high: Argument,
    },
    /// Counts with a mean.
    Poisson {
        /// The mean.
        rate: Argument,
    },
    /// k shares that sum to one, as k columns `NAME_1`, …, `NAME_k`.
    Dirichlet {
        /// One concentration for each column.
        concentration: Vec<f64>,
    },
    /// k correlated normal columns `NAME_1`, …, `NAME_k`.
    MultivariateNormal {
        /// The means.
        mean: Vec<f64>,
        /// The covariance matrix, row after row.
        covariance: Vec<Vec<f64>>,
    },
    /// A distribution that only the program has which runs the study, such as a Python session: k columns, if k
    /// is above one as `NAME_1`, …, `NAME_k`.
    Function {
        /// The name by which the program knows it.
        function: String,
        /// The least value of each column; `-inf` if there is none.
        low: Vec<f64>,
        /// The largest value of each column; `inf` if there is none.
        high: Vec<f64>,
    },
}

fn zero() -> Argument {
    Argument::Number(0.0)
}

fn one() -> Argument {
    Argument::Number(1.0)
}

impl DistributionConfig {
    /// Uniform on [low, high].
    pub fn uniform(low: impl Into<Argument>, high: impl Into<Argument>) -> Self {
        Self::Uniform {
            low: low.into(),
            high: high.into(),
        }
    }

    /// Normal.
    pub fn normal(mean: impl Into<Argument>, sd: impl Into<Argument>) -> Self {
        Self::Normal {
            mean: mean.into(),
            sd: sd.into(),
        }
    }

    /// Log-normal, by the mean and standard deviation of the logarithm.
    pub fn log_normal(mean_log: impl Into<Argument>, sd_log: impl Into<Argument>) -> Self {
        Self::LogNormal {
            mean_log: mean_log.into(),
            sd_log: sd_log.into(),
        }
    }

    /// This distribution cut to an interval.
    #[must_use]
    pub fn truncated(self, low: Option<Argument>, high: Option<Argument>) -> Self {
        Self::Truncated {
            distribution: Box::new(self),
            low,
            high,
        }
    }

    /// Whether its values can be counted, so that it has probabilities and no density.
    pub fn is_discrete(&self) -> bool {
        matches!(
            self,
            Self::Discrete { .. }
                | Self::Categorical { .. }
                | Self::Bernoulli { .. }
                | Self::Binomial { .. }
                | Self::UniformInteger { .. }
                | Self::Poisson { .. }
        )
    }

    /// How many columns of θ it fills.
    pub fn n_columns(&self) -> usize {
        match self {
            Self::Dirichlet { concentration } => concentration.len(),
            Self::MultivariateNormal { mean, .. } => mean.len(),
            Self::Function { low, .. } => low.len(),
            _ => 1,
        }
    }

    /// This distribution for a parameter with a label.
    pub fn label(self, label: impl Into<String>) -> ParameterConfig {
        ParameterConfig::from(self).label(label)
    }

    /// This distribution for a parameter with a unit.
    pub fn unit(self, unit: impl Into<String>) -> ParameterConfig {
        ParameterConfig::from(self).unit(unit)
    }
}
