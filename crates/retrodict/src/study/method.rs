//! The inference methods a study can name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A method of inference, by its name in a study file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The method that suits the study; in this version neural posterior estimation.
    #[default]
    Auto,
    /// Neural posterior estimation: a network learns p(θ | x) from simulations.
    Npe,
    /// Neural likelihood estimation.
    Nle,
    /// Neural ratio estimation.
    Nre,
    /// Flow matching posterior estimation.
    Fmpe,
    /// Neural posterior score estimation.
    Npse,
    /// Approximate Bayesian computation by rejection.
    AbcRejection,
    /// Approximate Bayesian computation by sequential Monte Carlo.
    AbcSmc,
    /// A kernel density estimate on summaries.
    ClassicalKde,
    /// A histogram of summaries.
    ClassicalHistogram,
    /// Synthetic likelihood.
    SyntheticLikelihood,
    /// A likelihood that is known.
    Likelihood,
}

impl Method {
    /// The name as a study file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Npe => "npe",
            Self::Nle => "nle",
            Self::Nre => "nre",
            Self::Fmpe => "fmpe",
            Self::Npse => "npse",
            Self::AbcRejection => "abc_rejection",
            Self::AbcSmc => "abc_smc",
            Self::ClassicalKde => "classical_kde",
            Self::ClassicalHistogram => "classical_histogram",
            Self::SyntheticLikelihood => "synthetic_likelihood",
            Self::Likelihood => "likelihood",
        }
    }

    /// The method that runs, or nothing if this version does not have it yet.
    pub fn resolve(self) -> Option<Self> {
        matches!(self, Self::Auto | Self::Npe).then_some(Self::Npe)
    }
}
