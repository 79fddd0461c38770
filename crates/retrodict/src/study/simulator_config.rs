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
    /// A function of the program that runs the study, such as a Python session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<FunctionSection>,
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

/// `[simulator] function`: a function of the program that runs the study. No file can hold it, so only that
/// program simulates; whatever needs no simulator any more goes on from the command line too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionSection {
    /// What it is called there.
    pub name: String,
    /// The length of its data.
    pub data: usize,
    /// The names of its data; `x_1`, `x_2`, … unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_names: Option<Vec<String>>,
    /// The hash of simulations that the program had already; none if the run makes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulations: Option<String>,
    /// The same of simulations to test with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<String>,
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
    /// Whether the simulations to learn from exist already, so that no more can be asked for.
    pub(super) fn is_given(&self) -> bool {
        let function = self.function.as_ref();
        self.data.is_some() || function.is_some_and(|f| f.simulations.is_some())
    }

    /// Whether it names files by paths.
    pub(super) fn names_files(&self) -> bool {
        self.builtin.is_none() && self.function.is_none()
    }

    /// The names of all kinds.
    pub const KINDS: [&str; 4] = ["builtin", "worker", "command", "data"];

    /// The kinds that are given.
    pub(super) fn kinds(&self) -> Vec<&'static str> {
        [
            ("builtin", self.builtin.is_some()),
            ("worker", self.worker.is_some()),
            ("command", self.command.is_some()),
            ("data", self.data.is_some()),
            ("function", self.function.is_some()),
            ("library", self.library.is_some()),
            ("um_bridge", self.um_bridge.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }
}
