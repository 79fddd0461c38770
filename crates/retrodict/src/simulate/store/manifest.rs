//! What the simulations of a folder are: `manifest.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::npy;
use crate::simulate::store::Role;

/// The version of the folder's format that this program writes.
const FORMAT: u32 = 1;

/// What the simulations in a folder are. Two campaigns may share a folder only if all of it agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// The seed.
    pub seed: u64,
    /// What the simulations are for, which decides their streams of random numbers.
    pub role: Role,
    /// The index of the first simulation.
    pub first: u64,
    /// The names of the parameters, in column order.
    pub parameters: Vec<String>,
    /// The shape of one simulation's data.
    pub data: Vec<usize>,
    /// How many simulations a full shard holds.
    pub shard_rows: usize,
    /// A hash of where θ comes from.
    pub prior: String,
    /// A hash of what the simulator is.
    pub simulator: String,
}

impl Manifest {
    pub(crate) const FILE: &str = "manifest.json";

    pub(crate) const fn format() -> u32 {
        FORMAT
    }

    /// Reads and checks a folder's manifest; `None` if the folder has none.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or was written in a format that this program does not know.
    pub fn read(folder: impl AsRef<Path>) -> Result<Option<Self>> {
        let path = folder.as_ref().join(Self::FILE);
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::io(&path, "read"))?,
        };
        let damaged = |problem: String| {
            let advice = "Restore it, or remove the folder to simulate again.";
            Error::file(&path, problem, advice)
        };
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|e| damaged(format!("not a manifest: {e}")))?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        if let Some(format) = format.filter(|&f| f != u64::from(FORMAT)) {
            let problem = format!("in format {format}; this program reads format {FORMAT}");
            let advice = "Use the version of Retrodict that wrote it, or another folder.";
            return Err(Error::file(&path, problem, advice));
        }
        let manifest: Self =
            serde_json::from_value(value).map_err(|e| damaged(format!("not a manifest: {e}")))?;
        let rows: Option<usize> = manifest
            .data
            .iter()
            .try_fold(manifest.shard_rows, |n, &axis| n.checked_mul(axis));
        let none = rows.is_none_or(|n| n == 0) || manifest.parameters.is_empty();
        if none {
            return Err(damaged("shards without rows, parameters or data".into()));
        }
        Ok(Some(manifest))
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let mut text =
            serde_json::to_string_pretty(self).expect("strings and numbers are valid JSON");
        text.push('\n');
        npy::write_atomically(folder.join(Self::FILE), text.as_bytes())
    }

    /// Whether `self`, found in `folder`, describes the same simulations as `wanted`. The size of
    /// the shards is the folder's own affair.
    pub(crate) fn check(&self, wanted: &Self, folder: &Path) -> Result<()> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, found: String, wanted: String| {
            if found != wanted {
                differences.push(format!("{what} was {found}, now {wanted}"));
            }
        };
        compare("the seed", self.seed.to_string(), wanted.seed.to_string());
        let role = |r: Role| format!("{r:?}").to_lowercase();
        compare("their use", role(self.role), role(wanted.role));
        let index = |first: u64| format!("number {first}");
        compare(
            "the first simulation",
            index(self.first),
            index(wanted.first),
        );
        let names = |m: &Self| m.parameters.join(", ");
        compare("the list of parameters", names(self), names(wanted));
        let shape = |m: &Self| format!("{:?}", m.data);
        compare("the shape of the data", shape(self), shape(wanted));
        if self.prior != wanted.prior {
            differences.push("the prior was another one".into());
        }
        if self.simulator != wanted.simulator {
            differences.push("the simulator was another one".into());
        }
        if differences.is_empty() {
            return Ok(());
        }
        Err(Error::Mismatch {
            path: folder.to_path_buf(),
            difference: differences.join("; "),
            advice: "Choose another output folder, or remove this one to simulate again.".into(),
        })
    }
}
