//! What is searched, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::TimeSpan;
use crate::error::{Error, Result};

/// How configurations are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchMethod {
    /// Every configuration is trained to the end (Bergstra and Bengio 2012).
    Random,
    /// All are trained for a ninth of `max_steps`, the best third of them for a third, and the best
    /// third of those to the end (Jamieson and Talwalkar 2016, arXiv:1502.07943): a third of the
    /// steps that `random` takes.
    #[default]
    SuccessiveHalving,
}

/// A search for the settings whose networks predict held-out simulations best. Each range is `[low,
/// high]`; settings are drawn from it uniformly in their logarithm. The first trial is the study's own
/// settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// How configurations are tried.
    pub method: SearchMethod,
    /// How many configurations there are.
    pub trials: usize,
    /// No trial begins after this time, `"10 min"` for example; without it all are tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSpan>,
    /// How many units a hidden layer has.
    pub width: [usize; 2],
    /// How many hidden layers, or residual blocks, a network has.
    pub depth: [usize; 2],
    /// How many transforms a flow has; a mixture has none.
    pub transforms: [usize; 2],
    /// The first learning rate.
    pub learning_rate: [f64; 2],
    /// Rows a step.
    pub batch_size: [usize; 2],
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            method: SearchMethod::default(),
            trials: 27,
            time: None,
            width: [16, 128],
            depth: [1, 3],
            transforms: [2, 8],
            learning_rate: [2e-4, 5e-3],
            batch_size: [50, 500],
        }
    }
}

/// More trials than this are a slip of the pen.
const MOST_TRIALS: usize = 10_000;

impl SearchConfig {
    /// Refuses numbers that make no sense.
    ///
    /// # Errors
    /// With the name of the option.
    pub fn validate(&self) -> Result<()> {
        if !(1..=MOST_TRIALS).contains(&self.trials) {
            let expected = format!("from 1 to {MOST_TRIALS}");
            return Err(Error::invalid_option(
                "search",
                "trials",
                self.trials.to_string(),
                &expected,
            ));
        }
        let counts = [
            ("width", self.width, 4096),
            ("depth", self.depth, 20),
            ("transforms", self.transforms, 50),
            ("batch_size", self.batch_size, 100_000),
        ];
        for (field, [low, high], largest) in counts {
            if !(1 <= low && low <= high && high <= largest) {
                let expected = format!("[low, high] with 1 ≤ low ≤ high ≤ {largest}");
                return Err(Error::invalid_option(
                    "search",
                    field,
                    format!("[{low}, {high}]"),
                    &expected,
                ));
            }
        }
        let [low, high] = self.learning_rate;
        if !(low > 0.0 && low <= high && high <= 1.0) {
            let given = format!("[{low}, {high}]");
            let expected = "[low, high] with 0 < low ≤ high ≤ 1";
            return Err(Error::invalid_option(
                "search",
                "learning_rate",
                given,
                expected,
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_make_no_sense_are_refused_by_name() {
        assert!(SearchConfig::default().validate().is_ok());
        for (json, field) in [
            (r#"{"trials":0}"#, "trials"),
            (r#"{"width":[0,4]}"#, "width"),
            (r#"{"depth":[3,1]}"#, "depth"),
            (r#"{"transforms":[1,5000]}"#, "transforms"),
            (r#"{"learning_rate":[-1.0,0.1]}"#, "learning_rate"),
            (r#"{"batch_size":[10,1]}"#, "batch_size"),
        ] {
            let config: SearchConfig = serde_json::from_str(json).unwrap();
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains(field), "{message}");
        }
        for wrong in [
            r#"{"widths":[1,2]}"#,
            r#"{"time":"soon"}"#,
            r#"{"time":"-1 s"}"#,
        ] {
            assert!(serde_json::from_str::<SearchConfig>(wrong).is_err());
        }
    }
}
