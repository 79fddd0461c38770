//! The program `retrodict`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(retrodict_cli::main(std::env::args_os()))
}
