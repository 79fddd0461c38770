//! An amount of memory, as a person writes it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::quantity;

/// An amount of memory: `"500 MB"`, `"2 GB"`.
///
/// # Example
/// ```
/// use retrodict::train::Memory;
/// let memory: Memory = "1.5 GB".parse()?;
/// assert_eq!(memory.bytes(), 1_500_000_000);
/// assert_eq!(memory.to_string(), "1.5 GB");
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["500 MB", "4 GB"]))]
pub struct Memory(u64);

/// Largest first.
const UNITS: [(&str, u64); 5] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
    ("B", 1),
];

impl Memory {
    /// So many millions of bytes.
    pub const fn megabytes(n: u64) -> Self {
        Self(n * 1_000_000)
    }

    /// In bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The largest unit of which it is a whole number of thousandths, so that nothing is lost.
        let (name, size) = UNITS
            .into_iter()
            .find(|(_, size)| self.0 >= *size && (*size == 1 || self.0.is_multiple_of(size / 1000)))
            .unwrap_or(("B", 1));
        write!(f, "{} {name}", self.0 as f64 / size as f64)
    }
}

impl FromStr for Memory {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let expected = "a number and a unit, such as \"500 MB\" or \"4 GB\"";
            Error::invalid_option("training", "memory", format!("{text:?}"), expected)
        };
        let units = UNITS.map(|(name, size)| (name, size as f64));
        let bytes = quantity::parse(text, &units).ok_or_else(wrong)?;
        Ok(Self(bytes as u64))
    }
}

impl TryFrom<String> for Memory {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse().map_err(|_| {
            format!("invalid value: string \"{text}\", expected a number and a unit, such as \"500 MB\" or \"4 GB\"")
        })
    }
}

impl From<Memory> for String {
    fn from(memory: Memory) -> Self {
        memory.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (text, bytes, again) in [
            ("500 MB", 500_000_000, "500 MB"),
            ("500mb", 500_000_000, "500 MB"),
            (" 2.5 GB ", 2_500_000_000, "2.5 GB"),
            ("1_000 kB", 1_000_000, "1 MB"),
            ("7 B", 7, "7 B"),
            ("123456789 B", 123_456_789, "123456.789 kB"),
        ] {
            let memory: Memory = text.parse().unwrap();
            assert_eq!(
                (memory.bytes(), memory.to_string().as_str()),
                (bytes, again)
            );
            assert_eq!(again.parse::<Memory>().unwrap(), memory);
        }
        for wrong in ["", "500", "MB", "-3 MB", "3 PB", "1.2.3 GB", "lots"] {
            let message = wrong.parse::<Memory>().unwrap_err().to_string();
            assert!(message.contains("500 MB"), "{message}");
        }
    }
}
