//! `[simulator]`: where simulations come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::simulate::{CommandConfig, MAX_FAILED, WorkerConfig};

/// `[simulator]`: exactly one kind, and what holds for every kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulatorConfig {
    /// The largest share of simulations that may fail before the study stops.
    #[serde(default = "default_max_failed")]
    pub max_failed: f64,
    /// A simulator that Retrodict has built in; `retrodict tasks` lists them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin: Option<String>,
    /// A long-lived process that speaks the worker protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerConfig>,
    /// A program that is started once a simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandConfig>,
    /// Simulations that exist already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataSection>,
    /// A shared library in C; arrives in a later version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<LibrarySection>,
    /// A UM-Bridge server; arrives in a later version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub um_bridge: Option<UmBridgeSection>,
}

fn default_max_failed() -> f64 {
    MAX_FAILED
}

/// `[simulator] data`: simulations that exist already, one row a simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSection {
    /// The file with the parameters: csv, npy or npz.
    pub theta: String,
    /// The file with the data: csv, npy or npz.
    pub x: String,
}

/// `[simulator] library`: a shared library in C.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LibrarySection {
    /// The library.
    pub path: String,
    /// The function to call.
    pub symbol: String,
    /// The length of the data.
    pub data: usize,
}

/// `[simulator] um_bridge`: a UM-Bridge server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UmBridgeSection {
    /// The server's address.
    pub url: String,
    /// The model's name.
    pub model: String,
}

impl SimulatorConfig {
    /// The names of all kinds.
    pub const KINDS: [&str; 4] = ["builtin", "worker", "command", "data"];

    /// The kinds that are given.
    pub(super) fn kinds(&self) -> Vec<&'static str> {
        [
            ("builtin", self.builtin.is_some()),
            ("worker", self.worker.is_some()),
            ("command", self.command.is_some()),
            ("data", self.data.is_some()),
            ("library", self.library.is_some()),
            ("um_bridge", self.um_bridge.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }
}
