//! `retrodict run`.

use std::path::{Path, PathBuf};

use retrodict::Result;
use retrodict::check::{Verdict, Word};
use retrodict::study::{Event, Outcome, Run as StudyRun, Study};
use serde_json::{Map, Value, json};

use super::several;
use crate::console::{Console, wrap};
use crate::exit::ExitCode;
use crate::progress::Progress;
use crate::{interrupt, posterior_table};

/// Run every stage of a study; what is there already is not done again.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The study file.
    #[arg(value_name = "STUDY.toml")]
    study: PathBuf,
    /// The folder for the results. [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A seed in place of the study's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl Run {
    pub(crate) fn run(&self, console: Console) -> Result<ExitCode> {
        let study = Study::open(&self.study, self.seed)?;
        let out = self.out.clone().unwrap_or_else(|| default_out(&study));
        if study.members().is_empty() {
            whole(study, &out, console, "run")
        } else {
            several::whole(study, &out, console)
        }
    }
}

/// `runs/NAME`, in the current folder.
pub(crate) fn default_out(study: &Study) -> PathBuf {
    PathBuf::from("runs").join(&study.config().study.name)
}

/// Runs every stage and says what came out.
pub(crate) fn whole(study: Study, out: &Path, console: Console, command: &str) -> Result<ExitCode> {
    let progress = Progress::new(console);
    let observer = |event: &Event| progress.show(event);
    let mut run = StudyRun::open(study, out, &observer, interrupt::watch())?;
    let outcome = run.all()?;
    let code = code(&outcome.verdict);
    console.say(&describe(&run, &outcome, out));
    console.result(command, code, fields(&run, &outcome, out));
    Ok(code)
}

/// The exit code of a verdict.
pub(crate) fn code(verdict: &Verdict) -> ExitCode {
    match verdict.verdict {
        Word::Failed => ExitCode::VerdictFailed,
        Word::Trusted | Word::Caution => ExitCode::Done,
    }
}

/// The verdict and its reasons, for a reader.
pub(crate) fn describe_verdict(verdict: &Verdict) -> String {
    let mut lines = vec![format!("\nVerdict: {}", word(verdict.verdict))];
    let reasons = verdict.reasons.iter();
    lines.extend(reasons.map(|reason| {
        let reason = wrap(reason, WIDTH).replace('\n', "\n    ");
        format!("  - {reason}")
    }));
    lines.join("\n")
}

const WIDTH: usize = 92;
/// More observations than this are left to the files.
const SHOWN_OBSERVATIONS: usize = 3;

pub(crate) fn word(word: Word) -> &'static str {
    match word {
        Word::Trusted => "trusted",
        Word::Caution => "caution",
        Word::Failed => "failed",
    }
}

fn describe(run: &StudyRun<'_>, outcome: &Outcome, out: &Path) -> String {
    let parameters = run.study().prior().parameters();
    let n = outcome.samples.len();
    let mut parts = Vec::new();
    for (i, samples) in outcome.samples.iter().take(SHOWN_OBSERVATIONS).enumerate() {
        let of = if n > 1 {
            format!(" of observation {}", i + 1)
        } else {
            String::new()
        };
        let draws = samples.draws.n_rows();
        parts.push(format!("\nPosterior{of} ({draws} draws):"));
        parts.push(posterior_table::render(parameters, &samples.summary()));
    }
    if n > SHOWN_OBSERVATIONS {
        let rest = n - SHOWN_OBSERVATIONS;
        parts.push(format!(
            "\n{rest} more in {}",
            out.join("posterior").display()
        ));
    }
    parts.push(describe_verdict(&outcome.verdict));
    parts.push(format!("\nReport: {}", out.join("report.html").display()));
    parts.join("\n")
}

fn fields(run: &StudyRun<'_>, outcome: &Outcome, out: &Path) -> Map<String, Value> {
    let posterior: Vec<Value> = outcome
        .samples
        .iter()
        .map(|samples| json!(samples.summary()))
        .collect();
    let value = json!({
        "study": run.study().config().study.name,
        "seed": run.study().config().study.seed,
        "out": out,
        "verdict": outcome.verdict.verdict,
        "reasons": outcome.verdict.reasons,
        "posterior": posterior,
        "report": out.join("report.html"),
    });
    value.as_object().cloned().unwrap_or_default()
}
