//! `provenance.json`: where a run comes from.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::record::Stage;
use super::run::Run;
use super::versions::Versions;
use super::{clock, hash};
use crate::error::Result;
use crate::npy;
use crate::simulate::Failures;

/// Writes the file anew with what is known by now.
pub(super) fn write(run: &Run<'_>) -> Result<()> {
    let config = run.study().config();
    let resolved = run.resolved();
    let value = json!({
        "study": config.study.name,
        "seed": config.study.seed,
        "written": clock::now(),
        "versions": Versions::current(),
        "threads": rayon::current_num_threads(),
        "study_file": run.study().source().path(),
        "sha256": hashes(run, &resolved),
        "simulator": config.simulator.kinds().first(),
        "simulations": run.counts()?,
        "stages": stages(run),
    });
    let text = serde_json::to_string_pretty(&value).expect("a JSON value can be written");
    npy::write_atomically(run.folder().provenance(), (text + "\n").as_bytes())
}

fn hashes(run: &Run<'_>, resolved: &str) -> Map<String, Value> {
    let source = run.study().source().text();
    let mut hashes = Map::new();
    hashes.insert("study".into(), json!(hash::of_bytes(source.as_bytes())));
    hashes.insert(
        "study.toml".into(),
        json!(hash::of_bytes(resolved.as_bytes())),
    );
    for (key, value) in run.study().facts() {
        if let Some(name) = key.strip_prefix("file.") {
            hashes.insert(name.into(), json!(value));
        }
    }
    hashes
}

fn stages(run: &Run<'_>) -> BTreeMap<Stage, Value> {
    let seconds = run.records().seconds();
    seconds
        .into_iter()
        .map(|(stage, seconds)| {
            let finished = run
                .records()
                .get(stage)
                .is_some_and(|record| record.finished);
            (stage, json!({ "finished": finished, "seconds": seconds }))
        })
        .collect()
}

/// How many simulations there are, how many gave data, and how many failed, by kind.
pub(super) fn counts(failures: &Failures, total: usize) -> Value {
    let failed: usize = failures.values().sum();
    json!({
        "total": total,
        "succeeded": total - failed,
        "failed": failures,
    })
}
