//! A study of several methods: `retrodict run`, or one stage of each.

use std::path::Path;

use retrodict::study::{Comparison, ComparisonRun, Event, Run, Study};
use retrodict::{Error, Result};
use serde_json::{Map, Value, json};

use super::run::{code, describe_verdict, word};
use super::stage::Which;
use crate::console::Console;
use crate::exit::ExitCode;
use crate::progress::Progress;
use crate::{interrupt, posterior_table};

/// More observations than this are left to the files.
const SHOWN_OBSERVATIONS: usize = 3;

/// Runs every stage of every method and says how they compare.
pub(crate) fn whole(study: Study, out: &Path, console: Console) -> Result<ExitCode> {
    let progress = Progress::new(console);
    let observer = |event: &Event| progress.show(event);
    let mut run = ComparisonRun::open(study, out, &observer, &interrupt::watch())?;
    let comparison = run.all()?;
    let code = code(&comparison.verdict);
    console.say(&describe(&run, &comparison, out));
    console.result("run", code, fields(&run, &comparison, out));
    Ok(code)
}

/// One stage of every method; the report is that of the comparison.
pub(crate) fn stage(study: Study, out: &Path, console: Console, which: Which) -> Result<ExitCode> {
    let progress = Progress::new(console);
    let observer = |event: &Event| progress.show(event);
    let mut run = ComparisonRun::open(study, out, &observer, &interrupt::watch())?;
    run.each(|run: &mut Run<'_>| match which {
        Which::Simulate => run.simulate(),
        Which::Fit => run.fit(),
        Which::Sample => run.sample().map(|_| ()),
        Which::Check => run.check().map(|_| ()),
        Which::Report => run.report().map(|_| ()),
    })?;
    let mut fields = Map::new();
    fields.insert("out".into(), json!(out));
    let mut code = ExitCode::Done;
    if matches!(which, Which::Check | Which::Report) {
        let comparison = run.compare()?;
        code = super::run::code(&comparison.verdict);
        console.say(&describe_verdict(&comparison.verdict));
        fields.insert("verdict".into(), json!(comparison.verdict.verdict));
        fields.insert("reasons".into(), json!(comparison.verdict.reasons));
    }
    if which == Which::Report {
        code = ExitCode::Done;
        console.say(&format!("\nReport: {}", run.report().display()));
        fields.insert("report".into(), json!(run.report()));
    }
    console.result(which.name(), code, fields);
    Ok(code)
}

/// Draws for another observation come from one method.
pub(crate) fn one_method(study: &Study, out: &Path) -> Result<()> {
    let Some(first) = study.config().methods.first() else {
        return Ok(());
    };
    let folder = out.join("methods").join(first.name());
    Err(Error::invalid(
        "--x",
        "a study of several methods",
        "one method",
        format!(
            "Draw from one of them, for example with `retrodict sample {0}/study.toml --out {0} --x FILE`.",
            folder.display()
        ),
    ))
}

fn describe(run: &ComparisonRun<'_>, comparison: &Comparison, out: &Path) -> String {
    let parameters = run.study().prior().parameters();
    let n = comparison.observations.len();
    let mut parts = Vec::new();
    for (i, observation) in comparison
        .observations
        .iter()
        .take(SHOWN_OBSERVATIONS)
        .enumerate()
    {
        for (compared, method) in observation.iter().zip(&comparison.methods) {
            let of = if n > 1 {
                format!(" of observation {}", i + 1)
            } else {
                String::new()
            };
            let apart = compared.c2st.map_or_else(String::new, |c| {
                format!("; C2ST to {} {c:.2}", comparison.reference)
            });
            parts.push(format!(
                "\nPosterior{of} by {} ({}; {} simulations, {:.1} s{apart}):",
                compared.method,
                word(method.verdict),
                method.simulations,
                method.seconds
            ));
            parts.push(posterior_table::render(parameters, &compared.parameters));
        }
    }
    parts.push(describe_verdict(&comparison.verdict));
    parts.push(format!("\nReport: {}", out.join("report.html").display()));
    parts.join("\n")
}

fn fields(run: &ComparisonRun<'_>, comparison: &Comparison, out: &Path) -> Map<String, Value> {
    let value = json!({
        "study": run.study().config().study.name,
        "seed": run.study().config().study.seed,
        "out": out,
        "verdict": comparison.verdict.verdict,
        "reasons": comparison.verdict.reasons,
        "reference": comparison.reference,
        "methods": comparison.methods,
        "observations": comparison.observations,
        "report": out.join("report.html"),
    });
    value.as_object().cloned().unwrap_or_default()
}
