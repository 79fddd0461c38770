//! An argument of a distribution, as it stands in a study file.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// An argument of a distribution: a number, or the name of an earlier parameter whose value it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A number.
    Number(f64),
    /// The value of the parameter with this name, which stands before this one.
    Parameter(String),
}

impl From<f64> for Argument {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for Argument {
    fn from(name: &str) -> Self {
        Self::Parameter(name.to_string())
    }
}

impl std::fmt::Display for Argument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Parameter(name) => write!(f, "`{name}`"),
        }
    }
}

impl Serialize for Argument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Parameter(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Argument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArgumentVisitor;
        impl Visitor<'_> for ArgumentVisitor {
            type Value = Argument;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or the name of an earlier parameter")
            }

            fn visit_f64<E>(self, value: f64) -> Result<Argument, E> {
                Ok(Argument::Number(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Argument, E> {
                Ok(Argument::Number(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Argument, E> {
                Ok(Argument::Number(value as f64))
            }

            fn visit_str<E>(self, name: &str) -> Result<Argument, E> {
                Ok(Argument::from(name))
            }
        }
        deserializer.deserialize_any(ArgumentVisitor)
    }
}

impl JsonSchema for Argument {
    fn schema_name() -> Cow<'static, str> {
        "Argument".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number, or the name of an earlier parameter.",
            "type": ["number", "string"],
        })
    }
}
