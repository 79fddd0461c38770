//! `retrodict init`: a study that runs as it is.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use retrodict::{Error, Result};
use serde_json::json;

use crate::console::Console;
use crate::exit::ExitCode;
use crate::templates;

/// Write a study that runs as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The folder to write it to: a new or an empty one.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What the simulator is written in.
    #[arg(long, value_name = "LANGUAGE", default_value = "python")]
    simulator: Language,
}

/// What a simulator is written in, or how it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Python, standard library only.
    Python,
    /// R.
    R,
    /// Julia.
    Julia,
    /// C.
    C,
    /// Fortran.
    Fortran,
    /// Rust.
    Rust,
    /// Any program, started once a simulation.
    Command,
    /// Simulations that exist already.
    Data,
}

impl Init {
    pub(crate) fn run(&self, console: Console) -> Result<ExitCode> {
        refuse_used(&self.folder)?;
        fs::create_dir_all(&self.folder).map_err(Error::io(&self.folder, "create the folder"))?;
        let files = templates::files(self.simulator);
        for (name, content) in files {
            let path = self.folder.join(name);
            fs::write(&path, content).map_err(Error::io(&path, "write"))?;
        }
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        console.say(&format!(
            "Wrote {} to {}.",
            names.join(", "),
            self.folder.display()
        ));
        console.say(&format!(
            "\nNow: retrodict run {}",
            self.folder.join("study.toml").display()
        ));
        let fields = json!({ "folder": self.folder, "files": names });
        console.result(
            "init",
            ExitCode::Done,
            fields.as_object().cloned().unwrap_or_default(),
        );
        Ok(ExitCode::Done)
    }
}

/// Nothing is written where something lies already.
fn refuse_used(folder: &Path) -> Result<()> {
    let used = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(Error::io(folder, "read")(error)),
    };
    if used {
        return Err(Error::file(
            folder,
            "the folder is not empty",
            "Give the name of a new folder.",
        ));
    }
    Ok(())
}
