//! The values that discrete parameters can take together.

use crate::error::{Error, Result};
use crate::prior::Prior;

/// More combinations are not summed over: each costs a likelihood for every point.
const MAX_STATES: usize = 512;

/// Every combination of the values of the discrete parameters, one of no values if there are none.
pub(super) fn states(prior: &Prior) -> Result<Vec<Vec<f64>>> {
    let mut all = vec![Vec::new()];
    for column in prior.discrete_columns() {
        let levels = prior.levels(column, MAX_STATES).unwrap_or_default();
        let count = all.len() * levels.len();
        if !(1..=MAX_STATES).contains(&count) {
            return Err(Error::invalid(
                format!("parameters.{}", prior.parameters()[column].name),
                "a discrete prior with many values, or without end",
                format!(
                    "at most {MAX_STATES} combinations of the values of discrete parameters, over which a sampler sums"
                ),
                "Use `npe`, which draws them directly, or a prior of fewer values.",
            ));
        }
        let longer = |state: &Vec<f64>| {
            let state = state.clone();
            levels
                .iter()
                .map(move |level| [&state[..], &[*level]].concat())
        };
        all = all.iter().flat_map(longer).collect();
    }
    Ok(all)
}

/// Adds the exponential of `more` under the logarithm, and returns its share of the new sum.
pub(super) fn join(total: &mut f64, more: f64) -> f64 {
    if more == f64::NEG_INFINITY {
        return 0.0;
    }
    if *total == f64::NEG_INFINITY {
        *total = more;
        return 1.0;
    }
    let largest = total.max(more);
    *total = largest + (-(*total - more).abs()).exp().ln_1p();
    (more - *total).exp()
}
