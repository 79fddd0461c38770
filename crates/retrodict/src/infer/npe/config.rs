//! How a posterior is estimated.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::embed::StandardizationMethod;
use crate::estimator::EstimatorConfig;
use crate::infer::missing::Missing;
use crate::prior::SupportKind;
use crate::train::TrainConfig;

/// How a posterior is estimated. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NpeConfig {
    /// Which conditional density is trained.
    pub estimator: EstimatorConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// How the prior's support is mapped to the space in which the density lives.
    pub support: SupportKind,
    /// How the data are standardised.
    pub standardization: StandardizationMethod,
    /// Whether the density starts from the linear-Gaussian guess of θ given x; with `support =
    /// "box"` that normal distribution is cut off at the prior's bounds.
    pub linear_guess: bool,
    /// Whether numbers of the data that are independent of the parameters and of the others are set aside, if there are more
    /// than ten.
    pub screening: bool,
    /// What NaN in the data means: a mistake, or with `mask` a number that is missing, for which the
    /// network is then trained (Wang et al. 2024).
    #[serde(skip_serializing_if = "Missing::is_refused")]
    pub missing: Missing,
}

impl Default for NpeConfig {
    fn default() -> Self {
        Self {
            estimator: EstimatorConfig::default(),
            train: TrainConfig::default(),
            support: SupportKind::default(),
            standardization: StandardizationMethod::default(),
            linear_guess: true,
            screening: true,
            missing: Missing::Refuse,
        }
    }
}

impl NpeConfig {
    /// The same, with what is left out of the estimator as it is in rounds.
    #[must_use]
    pub(in crate::infer) fn settled(&self) -> Self {
        Self {
            estimator: self.estimator.settled(),
            ..self.clone()
        }
    }

    /// The same, with what is left out of the estimator as it is in one round with so many rows to train on.
    #[must_use]
    pub(in crate::infer) fn settled_for(&self, n_rows: usize) -> Self {
        Self {
            estimator: self.estimator.settled_for(n_rows),
            ..self.clone()
        }
    }
}
