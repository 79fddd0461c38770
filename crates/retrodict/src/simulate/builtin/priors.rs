//! The prior that most built-in simulators share.

use crate::error::Result;
use crate::prior::{DistributionConfig, Prior};

/// Every parameter uniform between the same ends.
pub(super) fn uniform<N: Into<String>>(
    names: impl IntoIterator<Item = N>,
    low: f64,
    high: f64,
) -> Result<Prior> {
    let distribution = DistributionConfig::uniform(low, high);
    Prior::new(names.into_iter().map(|name| (name, distribution.clone())))
}
