//! A whole run on more simulations than the memory for training holds: from a campaign, and from
//! files.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::fs;
use std::path::Path;

use retrodict::study::{Run, Source, StopFlag, Study};
use retrodict::{Seed, Stream, npy};
use serde_json::Value;

const ROWS: usize = 60_000;

/// θ uniform on (−2, 2)², x = θ₁ + ε, θ₂ + ε, θ₁ θ₂ + ε with sd 0.5, sorted by θ₁; row 100 without
/// data.
fn write_data(folder: &Path) {
    let mut random = Seed(1).stream(Stream::Test, 0);
    let mut rows: Vec<[f64; 2]> = (0..ROWS)
        .map(|_| [0, 1].map(|_| 4.0 * random.uniform() - 2.0))
        .collect();
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut x: Vec<f64> = rows
        .iter()
        .flat_map(|[a, b]| [*a, *b, a * b].map(|mean| mean + 0.5 * random.normal()))
        .collect();
    x[300] = f64::NAN;
    npy::write(folder.join("theta.npy"), &[ROWS, 2], rows.as_flattened()).unwrap();
    npy::write(folder.join("x.npy"), &[ROWS, 3], &x).unwrap();
}

/// Runs a study with this simulator, and gives the run's folder.
fn run(folder: &Path, simulator: &str, name: &str) -> std::path::PathBuf {
    let text = format!(
        "[study]\nname = \"large\"\n[parameters]\n\
         a = {{ prior = \"uniform\", low = -2.0, high = 2.0 }}\n\
         b = {{ prior = \"uniform\", low = -2.0, high = 2.0 }}\n\
         [simulator]\n{simulator}\n[observation]\nvalues = [1.0, -1.0, -1.0]\n\
         [inference.estimator]\nkind = \"maf\"\ntransforms = 2\n\
         [inference.train]\nmemory = \"10 MB\"\nmax_steps = 300\nensemble_size = 1\n\
         [posterior]\ndraws = 2000\n[check]\ntest_simulations = 100\nposterior_draws = 100\n"
    );
    let study = Study::from_source(Source::new(folder.join("study.toml"), text), None).unwrap();
    let out = folder.join(name);
    let outcome = Run::open(study, &out, &|_| (), StopFlag::default())
        .unwrap()
        .all()
        .unwrap();
    for summary in outcome.samples[0].summary() {
        let truth = if summary.name == "a" { 1.0 } else { -1.0 };
        assert!((summary.mean - truth).abs() < 0.3, "{summary:?}");
    }
    assert!(out.join("report.html").exists());
    out
}

fn json(path: impl AsRef<Path>) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn files_that_do_not_fit_into_memory_are_trained_on_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    write_data(folder.path());
    let data = "data = { theta = \"theta.npy\", x = \"x.npy\" }";
    let out = run(folder.path(), data, "a");
    let tests = json(out.join("simulations/test/rows.json"));
    assert_eq!(tests["rows"].as_array().unwrap().len(), 100);
    let note = json(out.join("simulations/round-000/rows.json"));
    assert_eq!(note["all_but"], tests["rows"]);
    let counts = json(out.join("provenance.json"))["simulations"]["training"].clone();
    assert_eq!(counts["total"], ROWS - 100);
    assert_eq!(counts["failed"]["not_finite"], 1);
    let log = json(out.join("model/training.json"));
    let trained = log["n_train"].as_u64().unwrap() + log["n_validation"].as_u64().unwrap();
    assert_eq!(trained as usize, ROWS - 101);
    // The folder of a second run holds the same draws.
    let again = run(folder.path(), data, "b");
    let draws = |out: &Path| fs::read(out.join("posterior/samples.npy")).unwrap();
    assert_eq!(draws(&out), draws(&again));
}

#[test]
fn a_campaign_that_does_not_fit_into_memory_is_trained_on_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[study]\nname = \"toy\"\n[simulator]\nbuiltin = \"gaussian_toy\"\n\
         [inference]\nsimulations = {ROWS}\n\
         [inference.estimator]\nkind = \"maf\"\ntransforms = 2\n\
         [inference.train]\nmemory = \"10 MB\"\nmax_steps = 300\nensemble_size = 1\n\
         [check]\ntest_simulations = 100\nposterior_draws = 100\n"
    );
    let study = Study::from_source(Source::new("study.toml", text), None).unwrap();
    let out = folder.path().join("run");
    let mut run = Run::open(study, &out, &|_| (), StopFlag::default()).unwrap();
    run.all().unwrap();
    let log = json(out.join("model/training.json"));
    let trained = log["n_train"].as_u64().unwrap() + log["n_validation"].as_u64().unwrap();
    assert_eq!(trained as usize, ROWS);
}
