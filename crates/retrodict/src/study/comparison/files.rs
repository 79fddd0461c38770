//! The files of a comparison: numbers, figures, report and verdict.

use std::fs;

use serde::Serialize;
use serde_json::json;

use super::table::Comparison;
use super::{ComparisonRun, page};
use crate::error::{Error, Result};
use crate::npy;
use crate::study::{Versions, clock};

/// The numbers as a table.
const TABLE: &str = "comparison.csv";
/// The numbers as JSON.
const SUMMARY: &str = "summary.json";

pub(super) fn write(run: &ComparisonRun<'_>, comparison: &Comparison) -> Result<()> {
    let folder = &run.folder;
    json_file(run, SUMMARY, comparison)?;
    let csv = comparison.to_csv();
    npy::write_atomically(folder.path().join(TABLE), csv.as_bytes())?;
    let text = pretty(&comparison.verdict);
    npy::write_atomically(folder.verdict(), text.as_bytes())?;
    let figures = folder.figures();
    if figures.exists() {
        fs::remove_dir_all(&figures).map_err(Error::io(&figures, "remove"))?;
    }
    fs::create_dir_all(&figures).map_err(Error::io(&figures, "create the folder"))?;
    let input = page::input(run, comparison)?;
    for observation in input.comparison.iter().flat_map(|c| &c.observations) {
        for figure in &observation.figures {
            figure.write(&figures)?;
        }
    }
    input.write(folder.report())?;
    let provenance = json!({
        "study": run.study.config().study.name,
        "seed": run.study.config().study.seed,
        "written": clock::now(),
        "versions": Versions::current(),
        "methods": comparison.methods.iter().map(|m| json!({
            "method": m.method,
            "seconds": m.seconds,
            "simulations": m.simulations,
            "provenance": format!("methods/{}/provenance.json", m.method),
        })).collect::<Vec<_>>(),
    });
    npy::write_atomically(folder.provenance(), pretty(&provenance).as_bytes())
}

fn json_file(run: &ComparisonRun<'_>, name: &str, value: &impl Serialize) -> Result<()> {
    npy::write_atomically(run.folder.path().join(name), pretty(value).as_bytes())
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("a comparison is plain data") + "\n"
}
