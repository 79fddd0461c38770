//! Names of checks, files and figures that there is one of for each observation.

use crate::check::Check;

/// `posterior` of the only observation, `posterior-002` of the third.
pub(in crate::study) fn numbered(name: &str, i: usize, n: usize) -> String {
    if n > 1 {
        format!("{name}-{i:03}")
    } else {
        name.into()
    }
}

/// Names the checks after observation `i`, if there are several.
pub(super) fn of_observation(checks: &mut [Check], i: usize, n: usize) {
    if n > 1 {
        for check in checks {
            check.name = named(&check.name, i);
        }
    }
}

/// `posterior predictive: all features` → `posterior predictive: observation 2, all features`.
fn named(name: &str, i: usize) -> String {
    match name.split_once(": ") {
        Some((kind, subject)) => format!("{kind}: observation {}, {subject}", i + 1),
        None => format!("{name}: observation {}", i + 1),
    }
}
