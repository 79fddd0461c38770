//! Did training end as it should?

use super::thresholds as limit;
use super::{Check, CheckStatus};
use crate::train::{MemberLog, Stop, TrainLog};

/// Checks that every network of the ensemble has a finite loss, stopped because nothing more was to
/// be gained, and did not learn its training rows by heart.
///
/// Keeping the first weights is no fault: they start from a linear regression, which is exact if the
/// problem is linear and Gaussian. Whether a posterior that learned nothing ignores the data is what
/// [`super::DataDependence`] sees.
///
/// The statistic is the gap between validation and training loss, in nats a simulation, at the
/// weights that were kept; the largest over the networks.
pub fn training(log: &TrainLog) -> Check {
    let finding = log.members.iter().filter_map(Finding::of).max();
    let status = match finding {
        _ if log.members.is_empty() => CheckStatus::Failed,
        Some(Finding::NotFinite) => CheckStatus::Failed,
        Some(_) => CheckStatus::Caution,
        None => CheckStatus::Passed,
    };
    Check {
        name: "training".into(),
        statistic: log.members.iter().map(gap).fold(0.0, f64::max),
        interval: None,
        p_value: None,
        threshold: Some(limit::CAUTION_OVERFITTING),
        status,
        explanation: match finding {
            _ if log.members.is_empty() => "No network was trained.".into(),
            Some(finding) => finding.words().into(),
            None => ended_well(log),
        },
    }
}

/// What is wrong with a training, from bad to worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Finding {
    Overfitted,
    StillFalling,
    NotFinite,
}

impl Finding {
    fn of(member: &MemberLog) -> Option<Self> {
        if !member.best_validation_loss.is_finite() {
            Some(Self::NotFinite)
        } else if still_falling(member) {
            Some(Self::StillFalling)
        } else if gap(member) > limit::CAUTION_OVERFITTING {
            Some(Self::Overfitted)
        } else {
            None
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotFinite => {
                "The validation loss is not finite. Look for extreme values in the data, and lower \
                 the learning rate."
            }
            Self::StillFalling => {
                "Training stopped at the largest number of epochs while the validation loss was \
                 still falling. Allow more epochs."
            }
            Self::Overfitted => {
                "The network has learned its training rows by heart: its loss on them is far below \
                 that on validation rows. Use more simulations or a smaller network."
            }
        }
    }
}

/// Validation loss minus training loss at the epoch whose weights were kept.
fn gap(member: &MemberLog) -> f64 {
    let kept = member.epochs.iter().find(|e| e.epoch == member.best_epoch);
    kept.map_or(0.0, |e| e.validation_loss - e.train_loss)
}

/// Whether the last tenth of the epochs, all there were allowed to be, still gained something.
fn still_falling(member: &MemberLog) -> bool {
    let n = member.epochs.len();
    if member.stop != Stop::MaxEpochs || n == 0 {
        return false;
    }
    let before = &member.epochs[..n - n.div_ceil(10)];
    let best_before = before
        .iter()
        .map(|e| e.validation_loss)
        .fold(member.initial_validation_loss, f64::min);
    best_before - member.best_validation_loss > limit::CAUTION_STILL_FALLING
}

fn ended_well(log: &TrainLog) -> String {
    let epochs = log.members.iter().map(|m| m.epochs.len());
    let (fewest, most) = (epochs.clone().min().unwrap_or(0), epochs.max().unwrap_or(0));
    let range = if fewest == most {
        format!("{most}")
    } else {
        format!("{fewest} to {most}")
    };
    format!(
        "Training on {} simulations ended after {range} epochs, when the loss on {} others no longer \
         fell.",
        log.n_train, log.n_validation
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::EpochRecord;

    fn log(losses: &[(f64, f64)], best_epoch: usize, stop: Stop) -> TrainLog {
        let epoch = |(i, &(train_loss, validation_loss)): (usize, &(f64, f64))| EpochRecord {
            member: 0,
            epoch: i + 1,
            max_epochs: losses.len(),
            train_loss,
            validation_loss,
            learning_rate: 1e-3,
            gradient_norm: 1.0,
            skipped_batches: 0,
        };
        let best = best_epoch.checked_sub(1).map_or(5.0, |i| losses[i].1);
        TrainLog {
            n_train: 900,
            n_validation: 100,
            members: vec![MemberLog {
                initial_validation_loss: 5.0,
                epochs: losses.iter().enumerate().map(epoch).collect(),
                best_epoch,
                best_validation_loss: best,
                stop,
            }],
            mixture: vec![1.0],
            notes: Vec::new(),
        }
    }

    #[test]
    fn each_way_to_end_badly_is_told() {
        use CheckStatus::{Caution, Failed, Passed};
        let cases = [
            (
                log(
                    &[(1.0, 1.0), (0.5, 0.6), (0.5, 0.6)],
                    2,
                    Stop::NoImprovement,
                ),
                Passed,
                "epochs",
            ),
            (
                log(&[(1.0, 1.0), (0.5, 0.6)], 2, Stop::MaxEpochs),
                Caution,
                "more epochs",
            ),
            (
                log(&[(0.6, 0.6), (0.6, 0.6)], 1, Stop::MaxEpochs),
                Passed,
                "epochs",
            ),
            (
                log(&[(-4.0, 0.6), (-5.0, 0.7)], 1, Stop::NoImprovement),
                Caution,
                "by heart",
            ),
            (log(&[(6.0, 6.0)], 0, Stop::NoImprovement), Passed, "epochs"),
            (
                log(&[(1.0, f64::NAN)], 1, Stop::NoImprovement),
                Failed,
                "not finite",
            ),
        ];
        for (log, status, words) in cases {
            let check = training(&log);
            assert_eq!(check.status, status, "{}", check.explanation);
            if status != Passed {
                assert!(check.explanation.contains(words), "{}", check.explanation);
            }
        }
    }

    #[test]
    fn one_bad_network_of_an_ensemble_is_enough_to_say_so() {
        let mut both = log(&[(1.0, 1.0)], 1, Stop::NoImprovement);
        both.members
            .extend(log(&[(1.0, f64::NAN)], 1, Stop::NoImprovement).members);
        assert_eq!(training(&both).status, CheckStatus::Failed);
        both.members.clear();
        assert_eq!(training(&both).status, CheckStatus::Failed);
    }
}
