//! Ctrl-C: the first asks the run to save what is there, the second ends the program at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use retrodict::study::StopFlag;

use crate::exit::ExitCode;

/// Lets Ctrl-C (and a polite kill) set the flag.
pub(crate) fn watch() -> StopFlag {
    let stop = StopFlag::default();
    let flag = stop.clone();
    let asked = Arc::new(AtomicBool::new(false));
    // Without a handler Ctrl-C simply kills; the run folder survives that too.
    let _ = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(ExitCode::Interrupted as i32);
        }
        flag.stop();
    });
    stop
}
