//! Every kind of wrong study file, array and observation gives one clear message, exit code 2 and
//! no panic.

#[path = "wrong_studies/arrays.rs"]
mod arrays;
mod common;
#[path = "wrong_studies/forms.rs"]
mod forms;
#[path = "wrong_studies/observations.rs"]
mod observations;
#[path = "wrong_studies/values.rs"]
mod values;

use common::{QUICK, QUICK_WORKER, Sandbox, WORKER, stderr, stdout};

/// What is wrong, the files, and what the message has to say.
struct Wrong {
    name: &'static str,
    study: String,
    files: Vec<(&'static str, Vec<u8>)>,
    says: &'static [&'static str],
}

fn study(name: &'static str, study: impl Into<String>, says: &'static [&'static str]) -> Wrong {
    Wrong {
        name,
        study: study.into(),
        files: Vec::new(),
        says,
    }
}

/// The quick study with one piece of text replaced.
fn toy(name: &'static str, from: &str, to: &str, says: &'static [&'static str]) -> Wrong {
    assert!(QUICK.contains(from), "{name}: {from}");
    study(name, QUICK.replace(from, to), says)
}

/// The study with a worker, with one piece of text replaced.
fn worker(name: &'static str, from: &str, to: &str, says: &'static [&'static str]) -> Wrong {
    assert!(QUICK_WORKER.contains(from), "{name}: {from}");
    let mut wrong = study(name, QUICK_WORKER.replace(from, to), says);
    wrong.files.push(("simulator.py", WORKER.into()));
    wrong
}

/// The study with a worker and an observation from a file.
fn observed(
    name: &'static str,
    file: &'static str,
    content: &[u8],
    says: &'static [&'static str],
) -> Wrong {
    let to = format!("file = {file:?}");
    let mut wrong = worker(name, "values = [0.5, -0.2]", &to, says);
    wrong.files.push((file, content.to_vec()));
    wrong
}

/// A study from arrays.
fn data(name: &'static str, theta: &[u8], x: &[u8], says: &'static [&'static str]) -> Wrong {
    let from = "worker = { command = [\"python3\", \"simulator.py\"], protocol = \"text\", timeout = 5.0 }";
    let to = "data = { theta = \"theta.npy\", x = \"x.npy\" }";
    let text = QUICK_WORKER
        .replace(from, to)
        .replace("simulations = 300", "");
    let mut wrong = study(name, text.replace("test_40", "test_simulations = 40"), says);
    wrong.files.push(("theta.npy", theta.to_vec()));
    wrong.files.push(("x.npy", x.to_vec()));
    wrong
}

/// An array as NumPy writes it.
fn npy(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("a.npy");
    retrodict::npy::write(&path, shape, values).expect("the file can be written");
    std::fs::read(path).expect("the file can be read")
}

fn in_prior(n: usize) -> Vec<u8> {
    let values: Vec<f64> = (0..2 * n).map(|i| (i as f64 * 0.37).sin()).collect();
    npy(&[n, 2], &values)
}

#[test]
fn every_wrong_study_gives_one_clear_message() {
    let all: Vec<Wrong> = [
        forms::forms(),
        values::values(),
        observations::observations(),
        arrays::arrays(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(all.len() >= 50, "{} kinds", all.len());
    let mut complaints = Vec::new();
    for wrong in &all {
        let sandbox = Sandbox::new();
        sandbox.write("study.toml", &wrong.study);
        for (name, content) in &wrong.files {
            sandbox.write(name, content);
        }
        let output = sandbox.run(&["run", "study.toml", "--quiet"]);
        let message = stderr(&output);
        let good = output.status.code() == Some(2)
            && message.starts_with("error: ")
            && message.lines().count() == 1
            && !message.contains("panicked")
            && wrong.says.iter().all(|part| message.contains(part));
        if !good {
            complaints.push(format!(
                "{}: exit {:?}\n  {message}  expected {:?}\n  {}",
                wrong.name,
                output.status.code(),
                wrong.says,
                stdout(&output)
            ));
        }
    }
    assert!(
        complaints.is_empty(),
        "{} of {}:\n{}",
        complaints.len(),
        all.len(),
        complaints.join("\n")
    );
}

#[test]
fn wrong_commands_are_refused_with_exit_code_2() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK);
    sandbox.write("full/thesis.tex", "x");
    for (arguments, says) in [
        (&["run"][..], "STUDY.toml"),
        (&["run", "gone.toml"], "there is no such file"),
        (&["run", "."], "is a folder"),
        (&["rum", "study.toml"], "rum"),
        (&["run", "study.toml", "--threads", "0"], "--threads"),
        (&["run", "study.toml", "--seed", "x"], "--seed"),
        (
            &["run", "study.toml", "--out", "full"],
            "holds files, but no run",
        ),
        (&["run", "study.toml", "--out", "study.toml"], "is a file"),
        (&["init", "full"], "not empty"),
        (&["init", "new", "--simulator", "cobol"], "cobol"),
        (&["fit", "study.toml"], "retrodict simulate"),
        (&["check", "study.toml"], "retrodict"),
        (
            &["sample", "study.toml", "--x", "x.csv", "-n", "10"],
            "retrodict fit",
        ),
        (&["sample", "study.toml", "-n", "10"], "--x"),
    ] {
        let output = sandbox.expect(2, arguments);
        assert!(
            stderr(&output).contains(says),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    assert!(!sandbox.file("full/study.toml").exists());
}

#[test]
fn an_instruction_set_that_is_not_there_is_refused_by_name() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_retrodict"))
        .arg("tasks")
        .env("RETRODICT_TIER", "sse9")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    for part in ["RETRODICT_TIER", "given sse9", "scalar", "unset it"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

#[test]
fn an_error_is_one_json_object_too() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK.replace("seed = 1", "sead = 1"));
    let output = sandbox.expect(2, &["run", "study.toml", "--json"]);
    let object: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(object["exit_code"], 2);
    assert_eq!(object["error"]["kind"], "study");
    assert!(
        object["error"]["message"]
            .as_str()
            .unwrap()
            .contains("Did you mean `seed`?")
    );
    let output = sandbox.expect(2, &["run", "--json", "--nonsense"]);
    let object: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(object["error"]["kind"], "usage");
}
