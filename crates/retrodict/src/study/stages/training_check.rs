//! What the training itself says about the result.

use crate::check::{Check, CheckStatus};
use crate::train::{Stop, TrainLog};

/// Whether training came to its own end, and whether it improved on its first weights.
pub(super) fn training(log: &TrainLog) -> Check {
    let cut_short = log
        .members
        .iter()
        .filter(|member| member.stop == Stop::MaxEpochs)
        .count();
    let unmoved = log
        .members
        .iter()
        .filter(|member| member.best_epoch == 0)
        .count();
    let n = log.members.len();
    let (status, explanation) = if unmoved == n {
        let words = "No network became better than its first weights, so the data taught it \
                     nothing: look whether the data depend on the parameters at all, and give more \
                     simulations.";
        (CheckStatus::Failed, words.to_string())
    } else {
        let words = match cut_short {
            0 => format!("Training of all {n} networks ended because nothing improved any more."),
            _ => format!(
                "{cut_short} of {n} networks used all epochs and may not be finished; the other \
                 checks tell whether that matters."
            ),
        };
        (CheckStatus::Passed, words)
    };
    Check {
        name: "training".into(),
        statistic: cut_short as f64 / n.max(1) as f64,
        interval: None,
        p_value: None,
        threshold: None,
        status,
        explanation,
    }
}
