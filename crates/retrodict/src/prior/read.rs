//! Reading the `[parameters]` table of a study, with errors that name parameter and key.

use super::{ParameterConfig, ParametersConfig};
use crate::error::{Error, Result};

/// What an entry looks like, for messages.
const EXAMPLE: &str = "a table such as { prior = \"uniform\", low = 0.0, high = 1.0 }";

impl ParametersConfig {
    /// Reads the `[parameters]` table of a study.
    ///
    /// # Errors
    /// An [`Error::Invalid`] whose `what` is the dotted key, `parameters.mu_1`; unknown words come
    /// with the nearest known one.
    pub fn from_table(table: &toml::Table) -> Result<Self> {
        let entries = table
            .iter()
            .map(|(name, value)| Ok((name.clone(), ParameterConfig::from_value(name, value)?)));
        Ok(Self(entries.collect::<Result<_>>()?))
    }
}

impl ParameterConfig {
    /// Reads one entry of the `[parameters]` table.
    ///
    /// # Errors
    /// As [`ParametersConfig::from_table`].
    pub fn from_value(name: &str, value: &toml::Value) -> Result<Self> {
        let what = format!("parameters.{name}");
        if !value.is_table() {
            let given = format!("`{value}`, a value of type {}", value.type_str());
            return Err(Error::invalid(
                what,
                given,
                EXAMPLE,
                "Say which prior it has.",
            ));
        }
        value.clone().try_into().map_err(|error: toml::de::Error| {
            let (given, expected, advice) = explain(error.message());
            Error::invalid(what, given, expected, advice)
        })
    }
}

/// Splits a message of serde, "unknown field `hgh`, expected `low` or `high`", into what was given,
/// what was expected, and the nearest known word.
fn explain(message: &str) -> (String, String, String) {
    let first_line = message.lines().next().unwrap_or_default();
    if let Some(field) = first_line.strip_prefix("missing field ") {
        return (
            format!("no key {field}"),
            format!("{field} among its keys"),
            format!("Add {field}; an entry is {EXAMPLE}."),
        );
    }
    let (given, expected) = first_line
        .split_once(", expected ")
        .unwrap_or((first_line, EXAMPLE));
    let word = given.split('`').nth(1).unwrap_or_default();
    let known = expected.split('`').skip(1).step_by(2);
    let near = known
        .map(|known| (strsim::normalized_damerau_levenshtein(word, known), known))
        .filter(|(similarity, _)| *similarity > 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let advice = near.map_or_else(
        || "Correct or remove it.".to_string(),
        |(_, known)| format!("Did you mean `{known}`?"),
    );
    (given.to_string(), expected.to_string(), advice)
}
