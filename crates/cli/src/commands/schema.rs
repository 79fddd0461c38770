//! `retrodict schema`.

use retrodict::{Result, study};

use crate::console::Console;
use crate::exit::ExitCode;

/// Print the JSON schema of a study file.
#[derive(Debug, clap::Args)]
pub(crate) struct Schema {}

impl Schema {
    pub(crate) fn run(&self, console: Console) -> Result<ExitCode> {
        // The schema is JSON itself: `--json` prints the same, on one line.
        let schema = study::schema();
        let text = if console.is_json() {
            schema.to_string()
        } else {
            serde_json::to_string_pretty(&schema).expect("a JSON value can be written")
        };
        console.answer(&text);
        Ok(ExitCode::Done)
    }
}
