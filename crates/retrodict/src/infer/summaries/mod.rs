//! Summaries of data that are learned from simulations.

mod examples;
mod powers;
mod semi_automatic;
#[cfg(test)]
mod tests;

pub use semi_automatic::SemiAutomatic;

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::simulate::Simulations;
use crate::table::Table;

/// What stands for the data when they are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SummariesConfig {
    /// The data themselves.
    #[default]
    None,
    /// The estimate of each parameter's posterior mean by [`SemiAutomatic`] regression.
    SemiAutomatic {
        /// The highest power of the data among the regressors.
        #[serde(default = "default_degree")]
        degree: usize,
    },
}

fn default_degree() -> usize {
    3
}

/// The powers that a regression may end with: higher ones than these tell rounding from rounding.
const DEGREES: RangeInclusive<usize> = 1..=10;

impl SummariesConfig {
    /// Whether the data stand for themselves.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// With the name of the option.
    pub fn validate(self) -> Result<()> {
        match self {
            Self::SemiAutomatic { degree } if !DEGREES.contains(&degree) => {
                let expected = format!("from {} to {}", DEGREES.start(), DEGREES.end());
                Err(Error::invalid_option(
                    "summaries",
                    "degree",
                    degree,
                    expected,
                ))
            }
            _ => Ok(()),
        }
    }

    /// From fewer simulations of so many numbers there is no regression: it has a slope for each power of each, and an
    /// intercept.
    pub(crate) fn fewest_simulations(self, n_data: usize) -> usize {
        match self {
            Self::None => 0,
            Self::SemiAutomatic { degree } => degree * n_data + 2,
        }
    }

    /// The summaries learned from simulations with data.
    pub(crate) fn fit(
        self,
        prior: &Prior,
        simulations: &Simulations,
    ) -> Result<Option<SemiAutomatic>> {
        match self {
            Self::None => Ok(None),
            Self::SemiAutomatic { degree } => {
                SemiAutomatic::fit(prior, simulations, degree).map(Some)
            }
        }
    }

    /// As [`SemiAutomatic::with_left_out`].
    pub(crate) fn with_left_out(
        self,
        prior: &Prior,
        simulations: &Simulations,
    ) -> Result<Option<(SemiAutomatic, Table)>> {
        match self {
            Self::None => Ok(None),
            Self::SemiAutomatic { degree } => {
                SemiAutomatic::with_left_out(prior, simulations, degree).map(Some)
            }
        }
    }
}
