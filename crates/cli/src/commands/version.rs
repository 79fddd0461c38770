//! `retrodict version`.

use retrodict::study;
use serde_json::json;

use crate::console::Console;
use crate::exit::ExitCode;

/// Prints what the command is asked for.
pub(crate) fn run(console: Console) -> ExitCode {
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
    ExitCode::Done
}
