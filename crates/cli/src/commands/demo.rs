//! `retrodict demo`.

use std::path::PathBuf;

use retrodict::Result;
use retrodict::study::{Source, Study};

use super::run;
use crate::console::Console;
use crate::exit::ExitCode;

/// Run the Gaussian toy from beginning to end, in seconds.
///
/// Three parameters, each uniform on (-2, 2); the data are the parameters plus one, with a little
/// noise. Its exact posterior is known, so one can see that the answer is right.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// The folder for the results.
    #[arg(long, value_name = "DIR", default_value = "runs/gaussian-toy")]
    out: PathBuf,
}

const STUDY: &str = "\
[study]
name = \"gaussian-toy\"
seed = 1

[simulator]
builtin = \"gaussian_toy\"
";

impl Demo {
    pub(crate) fn run(&self, console: Console) -> Result<ExitCode> {
        console.say(
            "The Gaussian toy: x = θ + 1 + 0.1 ε, three parameters, observed (0.8, 0.6, 0.4).\n",
        );
        let study = Study::from_source(Source::new("demo.toml", STUDY), None)?;
        run::whole(study, &self.out, console, "demo")
    }
}
