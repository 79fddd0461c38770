//! What a search found.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::config::SearchConfig;
use super::trial::Trial;
use crate::error::{Error, Result};

/// All trials of a search, and the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchResult {
    /// The best trial: of those that were trained longest, the one with the smallest loss.
    pub best: Trial,
    /// How many seconds it took.
    pub seconds: f64,
    /// Whether it ended because its time was over.
    pub out_of_time: bool,
    /// How many trials failed.
    pub n_failed: usize,
    /// All trials, in the order of their rungs and numbers.
    pub trials: Vec<Trial>,
}

impl SearchResult {
    pub(super) fn new(trials: Vec<Trial>, seconds: f64, config: &SearchConfig) -> Result<Self> {
        let n_failed = trials.iter().filter(|trial| trial.loss.is_none()).count();
        let succeeded = trials.iter().filter(|trial| trial.loss.is_some());
        let loss = |trial: &Trial| trial.loss.unwrap_or(f64::INFINITY);
        let best = succeeded.min_by(|a, b| {
            let by_loss = loss(a).total_cmp(&loss(b)).then(a.index.cmp(&b.index));
            b.rung.cmp(&a.rung).then(by_loss)
        });
        let Some(best) = best.cloned() else {
            let first = trials.iter().find_map(|trial| trial.failure.clone());
            return Err(match first {
                Some(problem) => Error::Training {
                    problem: format!("all {n_failed} trials of the search failed: {problem}"),
                    advice:
                        "Look for extreme values in the data, or search smaller learning rates."
                            .into(),
                },
                None => Error::invalid(
                    "search option `time`",
                    "a time in which no trial ended",
                    "enough for one trial",
                    "Give more time.",
                ),
            });
        };
        Ok(Self {
            best,
            seconds,
            out_of_time: config.time.as_ref().is_some_and(|t| seconds >= t.seconds()),
            n_failed,
            trials,
        })
    }

    /// The first trial of all, whose settings are the study's own, trained longest.
    pub fn own(&self) -> Option<&Trial> {
        let own = self.trials.iter().filter(|trial| trial.index == 0);
        own.max_by_key(|trial| trial.rung)
    }

    /// The trials as a table, one row each.
    pub fn to_csv(&self) -> String {
        let mut text = String::from(
            "trial,rung,max_steps,width,depth,transforms,learning_rate,batch_size,loss,epochs,seconds\n",
        );
        for trial in &self.trials {
            let settings = &trial.settings;
            let transforms = settings
                .transforms
                .map_or_else(String::new, |n| n.to_string());
            let loss = trial.loss.map_or_else(String::new, |loss| loss.to_string());
            writeln!(
                text,
                "{},{},{},{},{},{transforms},{},{},{loss},{},{:.3}",
                trial.index,
                trial.rung,
                trial.max_steps,
                settings.hidden.first().copied().unwrap_or(0),
                settings.hidden.len(),
                settings.learning_rate,
                settings.batch_size,
                trial.epochs,
                trial.seconds,
            )
            .expect("a text takes every line");
        }
        text
    }
}
