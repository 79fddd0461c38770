//! `retrodict sample`: the stage, or draws for another observation.

use std::path::{Path, PathBuf};

use retrodict::study::{self, Event, Run as StudyRun, Study};
use retrodict::{Error, Result};
use serde_json::{Value, json};

use super::stage::{StageArguments, Which};
use super::{run, several};
use crate::console::{self, Console};
use crate::exit::ExitCode;
use crate::progress::Progress;
use crate::{interrupt, posterior_table};

/// Only draw from the posterior, or draw for another observation with --x.
#[derive(Debug, clap::Args)]
pub(crate) struct Sample {
    #[command(flatten)]
    stage: StageArguments,
    /// Another observation: a csv, npy or npz file, each row one observation.
    #[arg(long, value_name = "FILE")]
    x: Option<PathBuf>,
    /// How many draws for each observation. [default: the study's `posterior.draws`]
    #[arg(short, long = "draws", value_name = "N", requires = "x")]
    n: Option<usize>,
    /// Where to write the draws, as .csv or .npy; several observations get a number each. Without
    /// it they are printed as csv.
    #[arg(short, long, value_name = "FILE", requires = "x")]
    output: Option<PathBuf>,
}

impl Sample {
    pub(crate) fn run(&self, console: Console) -> Result<ExitCode> {
        match &self.x {
            Some(x) => self.another(x, console),
            None => self.stage.run(console, Which::Sample),
        }
    }

    fn another(&self, x: &Path, console: Console) -> Result<ExitCode> {
        let study = Study::open(&self.stage.study, self.stage.seed)?;
        let out = self
            .stage
            .out
            .clone()
            .unwrap_or_else(|| run::default_out(&study));
        several::one_method(&study, &out)?;
        let draws = self.n.unwrap_or(study.config().posterior.draws);
        if let Some(output) = &self.output {
            check_extension(output)?;
        }
        let progress = Progress::new(console);
        let observer = |event: &Event| progress.show(event);
        let study_run = StudyRun::open(study, &out, &observer, interrupt::watch())?;
        let all = study_run.sample_for(x, draws)?;
        let mut files = Vec::new();
        for (i, samples) in all.iter().enumerate() {
            let Some(output) = &self.output else {
                if !console.is_json() {
                    console::answer(&study::to_csv(&samples.draws));
                }
                continue;
            };
            let file = if all.len() == 1 {
                output.clone()
            } else {
                numbered(output, i)
            };
            study::write_table(&file, &samples.draws)?;
            let parameters = study_run.study().prior().parameters();
            console.say(&posterior_table::render(parameters, &samples.summary()));
            console.say(&format!("{draws} draws in {}", file.display()));
            files.push(file);
        }
        let posterior: Vec<Value> = all.iter().map(|samples| json!(samples.summary())).collect();
        let fields = json!({ "out": out, "draws": draws, "files": files, "posterior": posterior });
        console.result(
            "sample",
            ExitCode::Done,
            fields.as_object().cloned().unwrap_or_default(),
        );
        Ok(ExitCode::Done)
    }
}

fn check_extension(path: &Path) -> Result<()> {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    if ["csv", "npy"].contains(&extension) {
        return Ok(());
    }
    Err(Error::invalid(
        "--output",
        path.display(),
        "a name that ends in .csv or .npy",
        "Choose one of the two formats.",
    ))
}

/// `draws.npy` → `draws-000.npy`.
fn numbered(path: &Path, i: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{i:03}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_observations_get_a_number_each() {
        assert_eq!(
            numbered(Path::new("a/draws.npy"), 7),
            Path::new("a/draws-007.npy")
        );
    }
}
