//! `retrodict version`.

use retrodict::{Result, study};
use serde_json::json;

use crate::console::Console;
use crate::exit::ExitCode;

/// Print versions.
#[derive(Debug, clap::Args)]
pub(crate) struct Version {}

impl Version {
    pub(crate) fn run(&self, console: Console) -> Result<ExitCode> {
        let versions = study::Versions::current();
        console.say(&format!(
            "retrodict {}\nrun folder: version {}\nworker protocol: version {}\nplatform: {}, {}",
            versions.retrodict,
            versions.run_folder,
            versions.worker_protocol,
            versions.platform,
            versions.cpu.join(" "),
        ));
        let fields = json!({ "versions": versions });
        console.result(
            "version",
            ExitCode::Done,
            fields.as_object().cloned().unwrap_or_default(),
        );
        Ok(ExitCode::Done)
    }
}
