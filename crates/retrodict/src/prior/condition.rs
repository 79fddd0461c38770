//! The prior of some parameters where others have given values.

use serde_json::Value;

use super::{ParameterConfig, ParametersConfig, Prior};
use crate::error::{Error, Result};

impl Prior {
    /// The distributions of the parameters that are not `fixed`, with the values of those that are in the
    /// place of their names.
    ///
    /// Where a fixed parameter depends on a free one, this is not p(free | fixed): the factor
    /// p(fixed | free) is left out.
    ///
    /// # Errors
    /// If a name is unknown, a value lies outside its prior, part of a block (`dirichlet`,
    /// `multivariate_normal`) is fixed, a part was given as functions, or nothing is left free.
    pub fn without(&self, fixed: &[(&str, f64)]) -> Result<Self> {
        for (name, value) in fixed {
            let position = self.parameters.iter().position(|p| p.name == *name);
            let inside = position.map(|j| self.support(j).contains(*value));
            if inside != Some(true) {
                return Err(Error::invalid(
                    format!("fixed parameter `{name}`"),
                    value,
                    inside.map_or_else(
                        || format!("one of the parameters: {}", self.names().join(", ")),
                        |_| "a value inside its prior".into(),
                    ),
                    "Correct the name or the value.",
                ));
            }
        }
        let is_fixed = |name: &str| fixed.iter().any(|(known, _)| *known == name);
        let mut free = Vec::new();
        for (name, config) in self.to_config()?.0 {
            let n = config.distribution.n_columns();
            if (1..=n).any(|i| is_fixed(&format!("{name}_{i}"))) && !is_fixed(&name) {
                return Err(Error::invalid(
                    format!("fixed parameters of `{name}`"),
                    "a part of a block",
                    "parameters with a distribution of their own",
                    "Fix parameters outside `dirichlet` and `multivariate_normal` blocks.",
                ));
            }
            if !is_fixed(&name) {
                free.push((name, substituted(&config, fixed)));
            }
        }
        Self::from_config(&ParametersConfig(free))
    }
}

/// The configuration with values in the place of names.
fn substituted(config: &ParameterConfig, fixed: &[(&str, f64)]) -> ParameterConfig {
    let mut value = serde_json::to_value(config).expect("a configuration is plain data");
    replace(&mut value, fixed);
    serde_json::from_value(value).expect("numbers may stand where names do")
}

fn replace(value: &mut Value, fixed: &[(&str, f64)]) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                // These are words, not arguments.
                if !matches!(key.as_str(), "prior" | "label" | "unit") {
                    replace(value, fixed);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, fixed)),
        Value::String(name) => {
            if let Some((_, number)) = fixed.iter().find(|(known, _)| known == name) {
                *value = Value::from(*number);
            }
        }
        _ => {}
    }
}
