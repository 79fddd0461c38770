use std::collections::BTreeMap;

use serde_json::Value;

use super::*;

fn samples() -> Samples {
    let values = vec![0.1, 1e-300, -2.5, 3.0, 1.0 / 3.0, f64::MAX, 0.25, -0.0];
    let mut samples = Samples::from_rows(["mu, total", "a/b"], values).unwrap();
    samples.n_chains = 2;
    samples.statistics = BTreeMap::from([("log_prob".to_string(), vec![-1.0, -2.0, -3.0, -4.0])]);
    samples
}

fn parameters() -> Vec<Parameter> {
    let mut first = Parameter::named("mu, total");
    first.label = Some("μ".into());
    first.unit = Some("km/s".into());
    vec![first, Parameter::named("a/b")]
}

fn export<'a>(samples: &'a Samples, parameters: &'a [Parameter]) -> PosteriorExport<'a> {
    PosteriorExport {
        samples,
        parameters,
        observation: &[0.5, 1.5, 2.5],
        observation_shape: &[3],
        predictive: None,
        created_at: None,
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_digit_survives_npy_and_csv() {
    let folder = tempfile::tempdir().unwrap();
    let (samples, parameters) = (samples(), parameters());
    export(&samples, &parameters)
        .write(folder.path(), None)
        .unwrap();
    let array = npy::read(folder.path().join("samples.npy")).unwrap();
    assert_eq!(array.shape, [4, 2]);
    assert_eq!(array.values, samples.draws.values());
    let mut reader = csv::Reader::from_path(folder.path().join("samples.csv")).unwrap();
    assert_eq!(reader.headers().unwrap(), vec!["mu, total", "a/b"]);
    let read: Vec<f64> = reader
        .records()
        .flat_map(|row| {
            row.unwrap()
                .iter()
                .map(|v| v.parse().unwrap())
                .collect::<Vec<f64>>()
        })
        .collect();
    assert_eq!(read, samples.draws.values());
}

#[test]
fn the_summary_is_keyed_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let samples = Samples::from_rows(["b", "a"], (0..200).map(f64::from).collect()).unwrap();
    let parameters = [Parameter::named("b"), Parameter::named("a")];
    export(&samples, &parameters)
        .write(folder.path(), Some(7))
        .unwrap();
    let summary = json(&folder.path().join("summary-007.json"));
    let names: Vec<&String> = summary.as_object().unwrap().keys().collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(summary["a"]["mean"], 100.0);
    assert!(summary["a"]["interval_68"][0].as_f64() < summary["a"]["median"].as_f64());
    for name in ["samples-007.npy", "samples-007.csv", "posterior-007.zarr"] {
        assert!(folder.path().join(name).exists());
    }
}

#[test]
fn the_store_says_what_its_chunks_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (samples, parameters) = (samples(), parameters());
    export(&samples, &parameters)
        .write(folder.path(), None)
        .unwrap();
    let root = folder.path().join("posterior.zarr");
    let consolidated = &json(&root.join("zarr.json"))["consolidated_metadata"]["metadata"];
    for (node, metadata) in consolidated.as_object().unwrap() {
        assert_eq!(
            *metadata,
            json(&root.join(node).join("zarr.json")),
            "{node}"
        );
    }
    let mu = &consolidated["posterior/mu__total"];
    assert_eq!(mu["shape"], serde_json::json!([2, 2]));
    assert_eq!(mu["attributes"]["units"], "km/s");
    assert_eq!(
        consolidated["posterior/a_b"]["attributes"]["parameter"],
        "a/b"
    );
    let bytes = fs::read(root.join("posterior/mu__total/c/0/0")).unwrap();
    let values: Vec<f64> = bytes
        .chunks_exact(8)
        .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
        .collect();
    assert_eq!(values, samples.draws.column(0));
    assert!(root.join("sample_stats/log_prob/c/0/0").exists());
    assert!(root.join("observed_data/x/c/0").exists());
}

#[test]
fn names_that_cannot_be_folders_are_changed_and_kept_apart() {
    let names = ["chain", "..", "__a", "zarr.json", "a/b", "a\\b", "A_b", "θ"];
    let parameters = names.map(Parameter::named);
    let samples = Samples::from_rows(names, vec![0.5; 8]).unwrap();
    let export = export(&samples, &parameters);
    let found: Vec<String> = groups::groups(&export)[0]
        .arrays
        .iter()
        .map(|array| array.name.clone())
        .collect();
    let expected = [
        "chain_2",
        "p..",
        "p__a",
        "pzarr.json",
        "a_b",
        "a_b_2",
        "A_b_3",
        "θ",
        "chain",
        "draw",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_same_draws_give_the_same_bytes_and_replace_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (first, parameters) = (samples(), parameters());
    let bytes = || fs::read(folder.path().join("posterior.zarr/zarr.json")).unwrap();
    export(&first, &parameters)
        .write(folder.path(), None)
        .unwrap();
    let before = bytes();
    export(&first, &parameters)
        .write(folder.path(), None)
        .unwrap();
    assert_eq!(bytes(), before);
    let mut plain = first.clone();
    plain.statistics.clear();
    export(&plain, &parameters)
        .write(folder.path(), None)
        .unwrap();
    assert!(!folder.path().join("posterior.zarr/sample_stats").exists());
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        4,
        "nothing is left beside"
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (mut samples, parameters) = (samples(), parameters());
    samples.n_chains = 3;
    let refused = export(&samples, &parameters)
        .write(folder.path(), None)
        .unwrap_err();
    assert!(refused.to_string().contains("4 draws from 3 chains"));
    samples.n_chains = 1;
    let mut wrong = export(&samples, &parameters);
    wrong.observation_shape = &[2, 2];
    let refused = wrong.write(folder.path(), None).unwrap_err();
    assert!(refused.to_string().contains("observation: given 3 values"));
}

#[test]
fn no_draws_make_empty_arrays() {
    let folder = tempfile::tempdir().unwrap();
    let samples = Samples::from_rows(["a"], vec![]).unwrap();
    let parameters = [Parameter::named("a")];
    export(&samples, &parameters)
        .write(folder.path(), None)
        .unwrap();
    let array = json(&folder.path().join("posterior.zarr/posterior/a/zarr.json"));
    assert_eq!(array["shape"], serde_json::json!([1, 0]));
    assert!(!folder.path().join("posterior.zarr/posterior/a/c").exists());
}

#[test]
#[ignore = "needs Python: RETRODICT_PYTHON=/path/to/python (with xarray and zarr) and --ignored"]
fn xarray_opens_the_store_without_a_warning() {
    let python = std::env::var("RETRODICT_PYTHON").expect("RETRODICT_PYTHON names a Python");
    let folder = tempfile::tempdir().unwrap();
    let (samples, parameters) = (samples(), parameters());
    let predictive = Table::numbered("x", 3, (0..12).map(f64::from).collect()).unwrap();
    let mut export = export(&samples, &parameters);
    export.predictive = Some(&predictive);
    export.write(folder.path(), None).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/open_zarr.py");
    let status = std::process::Command::new(python)
        .args(["-W", "error", script])
        .arg(folder.path())
        .status();
    assert!(status.unwrap().success());
}
