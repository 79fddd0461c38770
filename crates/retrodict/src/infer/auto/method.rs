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
    /// A posterior and a likelihood: while rounds go on, to compare them; in the end, their pool.
    #[serde(rename = "both")]
    NpeAndNle,
}

impl ChosenMethod {
    /// As a study or a report has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npe => "npe",
            Self::Nle => "nle",
            Self::NpeAndNle => "npe and nle",
        }
    }

    /// Whether a posterior is fitted.
    pub fn has_posterior(self) -> bool {
        self != Self::Nle
    }

    /// Whether a likelihood is fitted.
    pub fn has_likelihood(self) -> bool {
        self != Self::Npe
    }
}
