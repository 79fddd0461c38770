//! What there is to sample where every parameter is discrete.

use std::collections::BTreeMap;

use super::density::PotentialDensity;
use crate::error::{Error, Result};
use crate::prior::special::LOG_SQRT_2PI;
use crate::sample::{Drawn, Evidence, LogDensity, Report};

/// Nothing but the sum, which is exact.
pub(super) fn enumerated(density: &PotentialDensity<'_>, n: usize) -> Result<Drawn> {
    let mut total = [0.0];
    density.log_density(&[0.0], &mut total);
    if total[0] == f64::NEG_INFINITY {
        return Err(Error::invalid(
            "posterior",
            "a density of zero for every value of the parameters",
            "one that is positive for some",
            "Look whether the observation can come from the simulator.",
        ));
    }
    let report = Report {
        sampler: "enumeration".into(),
        evaluations: 1,
        evidence: Some(Evidence {
            log_evidence: total[0] + LOG_SQRT_2PI,
            standard_error: 0.0,
        }),
        ..Report::default()
    };
    Ok(Drawn {
        points: vec![0.0; n],
        dimension: 1,
        n_chains: 1,
        log_weights: None,
        statistics: BTreeMap::from([("log_density".to_string(), vec![total[0]; n])]),
        report,
    })
}
