//! How long trials are trained, and which go on.

use super::config::SearchMethod;
use super::trial::Trial;

/// Of the trials of a rung, one in so many goes on, and is trained so many times as long.
const FACTOR: usize = 3;
const RUNGS: u32 = 3;

/// Trials that are trained for the same number of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rung {
    pub(super) number: usize,
    pub(super) max_steps: usize,
}

/// The rungs of a method; the last trains to the end.
pub(super) fn rungs(method: SearchMethod, max_steps: usize) -> Vec<Rung> {
    let count = match method {
        SearchMethod::Random => 1,
        SearchMethod::SuccessiveHalving => RUNGS,
    };
    (0..count)
        .map(|number| Rung {
            number: number as usize,
            max_steps: max_steps.div_ceil(FACTOR.pow(count - 1 - number)),
        })
        .collect()
}

/// The trials that go on to the next rung, in order: the best third, at least one. Of equal ones
/// those with the smaller number.
pub(super) fn survivors(trials: &[Trial]) -> Vec<usize> {
    let mut ranked: Vec<(f64, usize)> = trials
        .iter()
        .filter_map(|trial| Some((trial.loss?, trial.index)))
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    ranked.truncate(trials.len().div_ceil(FACTOR));
    let mut indices: Vec<usize> = ranked.into_iter().map(|(_, index)| index).collect();
    indices.sort_unstable();
    indices
}
