//! `retrodict schema`.

use retrodict::study;

use crate::console::{self, Console};
use crate::exit::ExitCode;

/// Prints what the command is asked for.
pub(crate) fn run(console: Console) -> ExitCode {
    // The schema is JSON itself: `--json` prints the same, on one line.
    let schema = study::schema();
    let text = if console.is_json() {
        schema.to_string()
    } else {
        serde_json::to_string_pretty(&schema).expect("a JSON value can be written")
    };
    console::answer(&text);
    ExitCode::Done
}
