//! The worked studies of `studies/`: all are valid, and one that has a simulator of its own runs.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Sandbox, stderr, stdout};
use retrodict::study::{Method, Study};

fn studies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../studies")
}

/// All study files, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() && !path.ends_with("runs") {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_worked_study_is_valid_and_compares_with_the_known_likelihood() {
    let found = files(&studies());
    assert!(found.len() >= 8, "{found:?}");
    let mut compared = Vec::new();
    for path in found {
        let study = Study::open(&path, None).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let methods = study.members().iter().map(|m| m.config().inference.method);
        let methods: Vec<Method> = methods.collect();
        if path
            .parent()
            .is_some_and(|folder| folder.ends_with("methods"))
        {
            let reference = study.config().inference.reference;
            assert_eq!(reference, Some(Method::Likelihood), "{}", path.display());
            compared.extend(methods);
        }
    }
    for method in [
        Method::Npe,
        Method::Nle,
        Method::Nre,
        Method::Tmnre,
        Method::Fmpe,
        Method::Npse,
        Method::AbcRejection,
        Method::AbcSmc,
        Method::ClassicalKde,
        Method::ClassicalHistogram,
        Method::SyntheticLikelihood,
    ] {
        assert!(compared.contains(&method), "no study has {method:?}");
    }
}

#[test]
fn the_study_with_a_whole_number_and_a_worker_runs() {
    let sandbox = Sandbox::new();
    let folder = studies().join("methods");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("the study is there");
    sandbox.write("atoms.py", read("atoms.py"));
    let mut text = read("discrete.toml");
    let budgets = [
        ("simulations = 10_000", "simulations = 300"),
        ("draws = 4_000", "draws = 200"),
    ];
    for (from, to) in budgets {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let tests = text
        .find("test_simulations")
        .expect("the study has a check");
    text.replace_range(tests.., "test_simulations = 0\n");
    text.push_str("\n[inference.train]\nmax_epochs = 2\nensemble_size = 1\n");
    sandbox.write("study.toml", text);
    let output = sandbox.run(&["run", "study.toml"]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}\n{}",
        stdout(&output),
        stderr(&output)
    );
    let table = String::from_utf8(sandbox.read("runs/discrete/comparison.csv")).expect("text");
    for method in ["likelihood", "npe", "nle", "nre"] {
        let rows = table
            .lines()
            .filter(|l| l.split(',').nth(1) == Some(method));
        assert_eq!(rows.count(), 2, "{method}\n{table}");
    }
}
