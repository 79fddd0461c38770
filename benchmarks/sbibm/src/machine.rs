//! On what a result was measured.

use retrodict::study::Versions;
use serde::{Deserialize, Serialize};

/// The processor and the state of the sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Its name, from the operating system, and the features that the kernels use.
    pub(crate) processor: String,
    /// The commit of the sources; with a `+` if they were changed after it. Empty if they are in no repository.
    pub(crate) commit: String,
}

impl Machine {
    /// Of this program, as it runs now.
    pub(crate) fn current() -> Self {
        let name = std::fs::read_to_string("/proc/cpuinfo").ok();
        let name = name.as_deref().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            line.split_once(": ").map(|(_, name)| name.trim())
        });
        let versions = Versions::current();
        let features = versions.cpu.last().map_or("", String::as_str);
        let name = name.unwrap_or(&versions.platform);
        Self {
            processor: format!("{name} {features}").trim().to_string(),
            commit: env!("SBIBM_COMMIT").to_string(),
        }
    }
}
