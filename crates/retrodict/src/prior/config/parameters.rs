//! The `[parameters]` of a study file.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::DistributionConfig;

/// One entry of `[parameters]`: a distribution, and how the parameter is called in figures.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, JsonSchema)]
#[schemars(extend("unevaluatedProperties" = false))]
pub struct ParameterConfig {
    /// The distribution.
    #[serde(flatten)]
    pub distribution: DistributionConfig,
    /// The label in figures, for example `μ₁`; the name if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The unit in figures, for example `km/s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl ParameterConfig {
    /// The same with a label.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same with a unit.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }
}

impl From<DistributionConfig> for ParameterConfig {
    fn from(distribution: DistributionConfig) -> Self {
        Self {
            distribution,
            label: None,
            unit: None,
        }
    }
}

/// The `[parameters]` table: names and their distributions, in column order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParametersConfig(pub Vec<(String, ParameterConfig)>);

impl Serialize for ParametersConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, parameter) in &self.0 {
            map.serialize_entry(name, parameter)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ParametersConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParametersVisitor;
        impl<'de> Visitor<'de> for ParametersVisitor {
            type Value = ParametersConfig;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table of parameters")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<ParametersConfig, A::Error> {
                let mut parameters: Vec<(String, ParameterConfig)> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if parameters.iter().any(|(known, _)| *known == name) {
                        return Err(de::Error::custom(format!("the parameter `{name}` twice")));
                    }
                    parameters.push((name, map.next_value()?));
                }
                Ok(ParametersConfig(parameters))
            }
        }
        deserializer.deserialize_map(ParametersVisitor)
    }
}

impl JsonSchema for ParametersConfig {
    fn schema_name() -> Cow<'static, str> {
        "ParametersConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The parameters in column order: a name, and its prior distribution.",
            "type": "object",
            "additionalProperties": generator.subschema_for::<ParameterConfig>(),
        })
    }
}
