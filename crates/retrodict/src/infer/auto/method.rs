//! What `auto` chooses among.

use serde::{Deserialize, Serialize};

/// What `auto` fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenMethod {
    /// Neural posterior estimation.
    Npe,
    /// Neural likelihood estimation.
    Nle,
    /// Neural ratio estimation.
    Nre,
    /// A posterior and a likelihood: while rounds go on, to compare them; in the end, their pool.
    #[serde(rename = "both")]
    NpeAndNle,
    /// A posterior and a ratio.
    NpeAndNre,
}

impl ChosenMethod {
    /// As a study or a report has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npe => "npe",
            Self::Nle => "nle",
            Self::Nre => "nre",
            Self::NpeAndNle => "npe and nle",
            Self::NpeAndNre => "npe and nre",
        }
    }

    /// Whether a posterior is fitted.
    pub fn has_posterior(self) -> bool {
        !matches!(self, Self::Nle | Self::Nre)
    }

    /// What is fitted beside a posterior, or alone, if anything is.
    pub fn likelihood(self) -> Option<LikelihoodKind> {
        match self {
            Self::Npe => None,
            Self::Nle | Self::NpeAndNle => Some(LikelihoodKind::Likelihood),
            Self::Nre | Self::NpeAndNre => Some(LikelihoodKind::Ratio),
        }
    }

    pub(super) fn without_posterior(self) -> Self {
        match self.likelihood() {
            Some(LikelihoodKind::Ratio) => Self::Nre,
            _ => Self::Nle,
        }
    }
}

/// How log p(x | θ) is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LikelihoodKind {
    /// By neural likelihood estimation: a density of x.
    Likelihood,
    /// By neural ratio estimation, up to log p(x): a classifier, to which it matters little how many numbers x has.
    Ratio,
}
