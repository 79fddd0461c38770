//! What a column of θ is called and measured in.

use serde::{Deserialize, Serialize};

/// What a column of θ is called and measured in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name: the column's header, the key in a study file.
    pub name: String,
    /// The label in figures, for example `μ₁`; the name if there is none.
    pub label: Option<String>,
    /// The unit in figures, for example `km/s`.
    pub unit: Option<String>,
}

impl Parameter {
    /// A parameter that is only a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            label: None,
            unit: None,
        }
    }

    /// What stands at an axis: `label [unit]`.
    pub fn title(&self) -> String {
        let label = self.label.as_ref().unwrap_or(&self.name);
        self.unit
            .as_ref()
            .map_or_else(|| label.clone(), |unit| format!("{label} [{unit}]"))
    }
}
