//! A span of time, as a person writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity;

/// A span of time: `"90 s"`, `"10 min"`, `"2 h"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["90 s", "10 min", "2 h"]))]
pub struct TimeSpan {
    text: String,
    seconds: f64,
}

const UNITS: [(&str, f64); 3] = [("s", 1.0), ("min", 60.0), ("h", 3600.0)];

impl TimeSpan {
    /// In seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }
}

impl TryFrom<String> for TimeSpan {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let seconds = quantity::parse(&text, &UNITS).ok_or_else(|| {
            format!(
                "invalid value: string \"{text}\", expected a number and a unit, such as \"90 s\", \"10 min\" or \"2 h\""
            )
        })?;
        Ok(Self { text, seconds })
    }
}

impl From<TimeSpan> for String {
    fn from(span: TimeSpan) -> Self {
        span.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_unit() {
        for (text, seconds) in [("90 s", 90.0), ("1.5min", 90.0), (" 2 h ", 7200.0)] {
            let span = TimeSpan::try_from(text.to_string()).unwrap();
            assert_eq!(span.seconds(), seconds);
        }
        for wrong in ["", "10", "min", "3 days", "-1 s"] {
            assert!(TimeSpan::try_from(wrong.to_string()).is_err());
        }
    }
}
