//! `retrodict simulate`, `fit`, `check` and `report`: one stage.

use std::path::PathBuf;

use retrodict::Result;
use retrodict::study::{Event, Run as StudyRun, Study};
use serde_json::{Map, json};

use super::{run, several};
use crate::console::Console;
use crate::exit::ExitCode;
use crate::interrupt;
use crate::progress::Progress;

/// Which stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Simulate,
    Fit,
    Sample,
    Check,
    Report,
}

impl Which {
    /// The command's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Simulate => "simulate",
            Self::Fit => "fit",
            Self::Sample => "sample",
            Self::Check => "check",
            Self::Report => "report",
        }
    }
}

/// A study and the folder of its run.
#[derive(Debug, clap::Args)]
pub(crate) struct StageArguments {
    /// The study file.
    #[arg(value_name = "STUDY.toml")]
    pub(crate) study: PathBuf,
    /// The folder for the results. [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A seed in place of the study's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

impl StageArguments {
    pub(crate) fn run(&self, console: Console, which: Which) -> Result<ExitCode> {
        let study = Study::open(&self.study, self.seed)?;
        let out = self.out.clone().unwrap_or_else(|| run::default_out(&study));
        if !study.members().is_empty() {
            return several::stage(study, &out, console, which);
        }
        let progress = Progress::new(console);
        let observer = |event: &Event| progress.show(event);
        let mut study_run = StudyRun::open(study, &out, &observer, interrupt::watch())?;
        let mut fields = Map::new();
        fields.insert("out".into(), json!(out));
        let mut code = ExitCode::Done;
        match which {
            Which::Simulate => study_run.simulate()?,
            Which::Fit => study_run.fit()?,
            Which::Sample => _ = study_run.sample()?,
            Which::Check => {
                let verdict = study_run.check()?;
                code = run::code(&verdict);
                console.say(&run::describe_verdict(&verdict));
                fields.insert("verdict".into(), json!(verdict.verdict));
                fields.insert("reasons".into(), json!(verdict.reasons));
            }
            Which::Report => {
                let report = study_run.report()?;
                console.say(&format!("\nReport: {}", report.display()));
                fields.insert("report".into(), json!(report));
            }
        }
        console.result(which.name(), code, fields);
        Ok(code)
    }
}
