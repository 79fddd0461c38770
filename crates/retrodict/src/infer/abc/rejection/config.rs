//! How draws from the prior are accepted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::infer::SummariesConfig;
use crate::infer::abc::acceptance::AcceptanceConfig;
use crate::infer::abc::adjustment::AdjustmentConfig;
use crate::infer::abc::distance::DistanceConfig;

/// How draws from the prior are accepted. Every field has a default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AbcRejectionConfig {
    /// The share of simulations with the smallest distances that is accepted: 0.01 unless a
    /// tolerance is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile: Option<f64>,
    /// The largest distance that is accepted, in place of a share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// What stands for the data when they are compared.
    pub summaries: SummariesConfig,
    /// How far data lie apart.
    pub distance: DistanceConfig,
    /// Which draws are accepted; with `gaussian_noise` all are, with the noise's density as weight.
    pub acceptance: AcceptanceConfig,
    /// How accepted draws are corrected for their distance.
    pub adjustment: AdjustmentConfig,
}

const QUANTILE: f64 = 0.01;

impl AbcRejectionConfig {
    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// With the name of the option.
    pub fn validate(&self) -> Result<()> {
        self.summaries.validate()?;
        let refuse = |option, given: f64, expected| {
            Err(Error::invalid_option(
                "abc_rejection",
                option,
                given,
                expected,
            ))
        };
        match (self.quantile, self.tolerance) {
            (Some(q), None) if !(0.0 < q && q <= 1.0) => {
                refuse("quantile", q, "above 0 and at most 1")
            }
            (None, Some(t)) if t.is_nan() || t < 0.0 => refuse("tolerance", t, "0 or more"),
            (Some(_), Some(t)) => refuse("tolerance", t, "only one of `quantile` and `tolerance`"),
            _ => check_noise(&self.acceptance, self.summaries, self.adjustment),
        }
    }

    /// The share that is accepted without a tolerance.
    pub(in crate::infer::abc) fn share(&self) -> f64 {
        self.quantile.unwrap_or(QUANTILE)
    }
}

/// Measurement noise has a density for the data themselves, and its draws are exact.
pub(in crate::infer::abc) fn check_noise(
    acceptance: &AcceptanceConfig,
    summaries: SummariesConfig,
    adjustment: AdjustmentConfig,
) -> Result<()> {
    if *acceptance == AcceptanceConfig::Uniform {
        return Ok(());
    }
    if summaries != SummariesConfig::None {
        let expected = "`none` with `gaussian_noise`, which is the noise of the data themselves";
        return Err(Error::invalid_option(
            "abc",
            "summaries",
            "semi_automatic",
            expected,
        ));
    }
    if adjustment != AdjustmentConfig::None {
        let expected = "`none` with `gaussian_noise`, whose draws need no correction";
        let given = format!("{adjustment:?}");
        return Err(Error::invalid_option("abc", "adjustment", given, expected));
    }
    Ok(())
}
