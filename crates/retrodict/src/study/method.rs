//! The inference methods a study can name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A method of inference, by its name in a study file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The method that suits the study: see [`crate::infer::auto`].
    #[default]
    Auto,
    /// Neural posterior estimation: a network learns p(θ | x) from simulations.
    Npe,
    /// Neural likelihood estimation.
    Nle,
    /// Neural ratio estimation.
    Nre,
    /// Truncated marginal neural ratio estimation.
    Tmnre,
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
    const ALL: [Self; 13] = [
        Self::Auto,
        Self::Npe,
        Self::Nle,
        Self::Nre,
        Self::Tmnre,
        Self::Fmpe,
        Self::Npse,
        Self::AbcRejection,
        Self::AbcSmc,
        Self::ClassicalKde,
        Self::ClassicalHistogram,
        Self::SyntheticLikelihood,
        Self::Likelihood,
    ];

    /// The name as a study file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Npe => "npe",
            Self::Nle => "nle",
            Self::Nre => "nre",
            Self::Tmnre => "tmnre",
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

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter()
    }

    /// What it is called in a report.
    pub fn words(self) -> &'static str {
        match self {
            Self::Auto => {
                "what fresh simulations show to be better of neural posterior and likelihood estimation"
            }
            Self::Npe => "neural posterior estimation",
            Self::Nle => "neural likelihood estimation",
            Self::Nre => "neural ratio estimation",
            Self::Tmnre => "neural ratio estimation of marginals",
            Self::Fmpe => "flow matching posterior estimation",
            Self::Npse => "neural posterior score estimation",
            Self::AbcRejection => "approximate Bayesian computation by rejection",
            Self::AbcSmc => "approximate Bayesian computation by sequential Monte Carlo",
            Self::ClassicalKde => "a kernel density estimate of the likelihood",
            Self::ClassicalHistogram => "a histogram of the likelihood",
            Self::SyntheticLikelihood => "a synthetic likelihood",
            Self::Likelihood => "a likelihood that is known",
        }
    }

    /// Whether priors may be discrete.
    pub fn takes_discrete_parameters(self) -> bool {
        matches!(
            self,
            Self::Auto | Self::Npe | Self::Nle | Self::Nre | Self::Likelihood
        )
    }

    /// Whether networks are trained.
    pub fn trains(self) -> bool {
        matches!(
            self,
            Self::Auto | Self::Npe | Self::Nle | Self::Nre | Self::Tmnre | Self::Fmpe | Self::Npse
        )
    }

    /// Whether later rounds can be aimed at the observation.
    pub fn knows_rounds(self) -> bool {
        matches!(
            self,
            Self::Auto | Self::Npe | Self::Nle | Self::Nre | Self::Tmnre
        )
    }

    /// Whether the posterior is, or may be, known up to a factor, so that a sampler has to draw from it.
    pub fn needs_sampler(self) -> bool {
        matches!(
            self,
            Self::Auto
                | Self::Nle
                | Self::Nre
                | Self::ClassicalKde
                | Self::ClassicalHistogram
                | Self::SyntheticLikelihood
                | Self::Likelihood
        )
    }

    /// Whether the density of the posterior of any observation is known, at least up to a factor.
    pub fn gives_densities(self) -> bool {
        !self.is_online() && !matches!(self, Self::AbcRejection | Self::Tmnre)
    }

    /// Whether it asks the simulator, when it fits or draws: for more data, or for a likelihood.
    pub fn is_online(self) -> bool {
        self.simulates() || self == Self::Likelihood
    }

    /// Whether it simulates for each observation by itself, so that no test can be cheap.
    pub fn simulates(self) -> bool {
        matches!(self, Self::AbcSmc | Self::SyntheticLikelihood)
    }
}
