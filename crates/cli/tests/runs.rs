//! Runs from beginning to end: what they leave, what a rerun does again, and what it refuses.

mod common;
#[path = "runs/ended.rs"]
mod ended;
#[path = "runs/failures.rs"]
mod failures;
#[path = "runs/methods.rs"]
mod methods;

use std::fs;
use std::process::Stdio;
use std::time::SystemTime;

use common::{QUICK, QUICK_WORKER, Sandbox, WORKER, stderr, stdout};

fn modified(sandbox: &Sandbox, name: &str) -> SystemTime {
    fs::metadata(sandbox.file(name))
        .expect("the file is there")
        .modified()
        .expect("the system keeps times")
}

fn quick() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", QUICK);
    sandbox
}

#[test]
fn a_run_leaves_every_file_of_the_contract() {
    let sandbox = quick();
    let text = sandbox.finish(&["run", "study.toml"]);
    for name in [
        "study.toml",
        "provenance.json",
        "simulations/round-000/manifest.json",
        "model/config.json",
        "model/weights-0.safetensors",
        "train.jsonl",
        "posterior/samples.npy",
        "posterior/samples.csv",
        "posterior/summary.json",
        "posterior/posterior.zarr",
        "checks",
        "verdict.json",
        "figures",
        "report.html",
        "log.jsonl",
    ] {
        assert!(
            sandbox.file("runs/quick").join(name).exists(),
            "{name}\n{text}"
        );
    }
    for words in ["Posterior (200 draws)", "mu_1", "Verdict: ", "report.html"] {
        assert!(text.contains(words), "{words} is missing in:\n{text}");
    }
    let provenance = sandbox.json("runs/quick/provenance.json");
    assert_eq!(provenance["seed"], 1);
    assert_eq!(provenance["simulations"]["training"]["total"], 300);
    assert_eq!(provenance["simulations"]["test"]["total"], 40);
    let verdict = sandbox.json("runs/quick/verdict.json");
    assert!(["trusted", "caution", "failed"].contains(&verdict["verdict"].as_str().unwrap()));
    let draws = retrodict::npy::read(sandbox.file("runs/quick/posterior/samples.npy")).unwrap();
    assert_eq!(draws.shape, [200, 3]);
}

#[test]
fn a_learning_curve_says_what_more_simulations_would_gain() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "study.toml",
        QUICK
            .replace("[check]", "[check]\nlearning_curve = true")
            .replace("simulations = 300", "simulations = 800"),
    );
    sandbox.finish(&["run", "study.toml"]);
    let curve = fs::read_to_string(sandbox.file("runs/quick/checks/learning_curve.json"));
    let curve: serde_json::Value =
        serde_json::from_str(&curve.expect("it is there")).expect("JSON");
    let sizes: Vec<_> = curve["points"].as_array().expect("points").iter().collect();
    assert!(sizes.len() >= 3, "{curve}");
    assert!(
        sandbox
            .file("runs/quick/figures/learning_curve.svg")
            .exists()
    );
    let verdict = fs::read_to_string(sandbox.file("runs/quick/verdict.json")).expect("a verdict");
    assert!(verdict.contains("Twice as many simulations"), "{verdict}");
}

#[test]
fn the_checks_that_are_asked_for_are_made() {
    let sandbox = Sandbox::new();
    let asked = "predictive_simulations = 60\nposterior_calibration = true\nconformal = true";
    let study = QUICK.replace("predictive_simulations = 40", asked);
    sandbox.write("study.toml", &study);
    sandbox.finish(&["run", "study.toml"]);
    let found = sandbox.json("runs/quick/checks/conformal.json");
    assert_eq!(found["n_test"], 40);
    assert_eq!(found["levels"][3]["level"], 0.95);
    let found = sandbox.json("runs/quick/checks/posterior_calibration.json");
    assert_eq!(
        (&found["joined"], &found["answered"][0]),
        (&"product".into(), &60.into())
    );
    let found = sandbox.json("runs/quick/checks/misspecification.json");
    assert_eq!(found["tests"].as_array().expect("tests").len(), 4);
    assert!(sandbox.json("runs/quick/checks/log_probability.json")["mean"].is_number());
    assert!(sandbox.json("runs/quick/checks/power.json")[0]["needed"].is_number());
    for name in ["conformal", "posterior_calibration", "misspecification"] {
        let figure = format!("runs/quick/figures/{name}.svg");
        assert!(sandbox.file(&figure).exists(), "{figure}");
    }
    let report = fs::read_to_string(sandbox.file("runs/quick/report.html")).expect("a report");
    for words in ["guaranteed coverage", "What the test simulations show"] {
        assert!(report.contains(words), "{words}");
    }
}

#[test]
fn errors_of_the_data_are_allowed_for_in_training_and_at_the_observation() {
    for (at, method) in [
        ("training", "npe"),
        ("training", "nre"),
        ("observation", "npe"),
    ] {
        let sandbox = Sandbox::new();
        let inference = format!("[inference]\nmethod = \"{method}\"");
        let robust = format!("[inference.robust]\nat = \"{at}\"\n\n[check]");
        let study = QUICK
            .replace("[inference]", &inference)
            .replace("[check]", &robust);
        sandbox.write("study.toml", &study);
        sandbox.finish(&["run", "study.toml"]);
        let found = sandbox.json("runs/quick/checks/robust.json");
        assert_eq!(
            found["shifts"].as_array().expect("shifts").len(),
            3,
            "{at} {method}"
        );
        assert_eq!(found["r_hat"].is_number(), at == "observation");
        let report = fs::read_to_string(sandbox.file("runs/quick/report.html")).expect("a report");
        assert!(report.contains("With and without errors of the data"));
        assert_eq!(report.contains("Suspected data"), at == "observation");
        assert!(sandbox.file("runs/quick/figures/robust.svg").exists());
    }
}

#[test]
fn few_simulations_are_trained_on_with_caution() {
    for penalty in ["coverage_penalty = 5.0", "balance = 100.0"] {
        let sandbox = Sandbox::new();
        let train = format!("[inference.train]\n{penalty}");
        let study = if QUICK.contains("[inference.train]") {
            QUICK.replace("[inference.train]", &train)
        } else {
            QUICK.replace("[check]", &format!("{train}\n\n[check]"))
        };
        sandbox.write("study.toml", &study);
        sandbox.finish(&["run", "study.toml"]);
        let resolved = fs::read_to_string(sandbox.file("runs/quick/study.toml")).expect("a study");
        assert!(resolved.contains(penalty), "{resolved}");
    }
}

#[test]
fn a_rerun_does_nothing_again() {
    let sandbox = quick();
    sandbox.finish(&["run", "study.toml"]);
    let names = [
        "simulations/round-000/manifest.json",
        "model/config.json",
        "posterior/samples.npy",
        "report.html",
    ]
    .map(|name| format!("runs/quick/{name}"));
    let before: Vec<SystemTime> = names.iter().map(|name| modified(&sandbox, name)).collect();
    let text = sandbox.finish(&["run", "study.toml"]);
    let after: Vec<SystemTime> = names.iter().map(|name| modified(&sandbox, name)).collect();
    assert_eq!(before, after);
    assert!(text.contains("there already"), "{text}");
}

#[test]
fn stages_one_by_one_give_what_one_run_gives() {
    let together = quick();
    together.finish(&["run", "study.toml"]);
    let apart = quick();
    for stage in ["simulate", "fit", "sample", "check", "report"] {
        apart.finish(&[stage, "study.toml"]);
    }
    for name in [
        "posterior/samples.npy",
        "model/weights-0.safetensors",
        "verdict.json",
        "checks/calibration.json",
    ] {
        let name = format!("runs/quick/{name}");
        assert!(together.read(&name) == apart.read(&name), "{name} differs");
    }
}

#[test]
fn the_bits_depend_on_the_seed_and_not_on_the_threads() {
    let sandbox = quick();
    sandbox.finish(&["run", "study.toml", "--out", "one", "--threads", "1"]);
    sandbox.finish(&["run", "study.toml", "--out", "two", "--threads", "2"]);
    sandbox.finish(&["run", "study.toml", "--out", "other", "--seed", "2"]);
    let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
    assert!(draws("one") == draws("two"));
    assert!(draws("one") != draws("other"));
    assert!(sandbox.read("one/verdict.json") == sandbox.read("two/verdict.json"));
}

#[test]
fn another_seed_in_the_same_folder_is_refused_and_nothing_changes() {
    let sandbox = quick();
    sandbox.finish(&["run", "study.toml"]);
    let before = sandbox.read("runs/quick/posterior/samples.npy");
    let output = sandbox.expect(2, &["run", "study.toml", "--seed", "2"]);
    let message = stderr(&output);
    for words in ["study.seed was 1 and is now 2", "--out", "delete"] {
        assert!(message.contains(words), "{message}");
    }
    assert!(before == sandbox.read("runs/quick/posterior/samples.npy"));
    let resolved = String::from_utf8(sandbox.read("runs/quick/study.toml")).unwrap();
    assert!(resolved.contains("seed = 1"));
}

#[test]
fn another_observation_is_refused_until_the_old_draws_are_deleted() {
    let sandbox = quick();
    sandbox.finish(&["run", "study.toml"]);
    let model = modified(&sandbox, "runs/quick/model/config.json");
    sandbox.write(
        "study.toml",
        format!("{QUICK}\n[observation]\nvalues = [1.0, 1.0, 1.0]\n"),
    );
    let output = sandbox.expect(2, &["run", "study.toml"]);
    assert!(
        stderr(&output).contains("observation was [[0.8, 0.6, 0.4]] and is now [[1.0, 1.0, 1.0]]")
    );
    fs::remove_dir_all(sandbox.file("runs/quick/posterior")).unwrap();
    let report = modified(&sandbox, "runs/quick/report.html");
    sandbox.finish(&["run", "study.toml"]);
    assert_eq!(
        model,
        modified(&sandbox, "runs/quick/model/config.json"),
        "the model is kept"
    );
    assert!(
        report < modified(&sandbox, "runs/quick/report.html"),
        "the report is new"
    );
}

#[test]
fn more_draws_and_other_checks_redo_only_what_rests_on_them() {
    let sandbox = quick();
    sandbox.finish(&["run", "study.toml"]);
    let model = modified(&sandbox, "runs/quick/model/config.json");
    let simulations = modified(&sandbox, "runs/quick/simulations/round-000/manifest.json");
    let changed = QUICK
        .replace("\ndraws = 200", "\ndraws = 300")
        .replace("posterior_draws = 50", "posterior_draws = 60");
    sandbox.write("study.toml", changed);
    sandbox.finish(&["run", "study.toml"]);
    let draws = retrodict::npy::read(sandbox.file("runs/quick/posterior/samples.npy")).unwrap();
    assert_eq!(draws.shape, [300, 3]);
    assert_eq!(model, modified(&sandbox, "runs/quick/model/config.json"));
    assert_eq!(
        simulations,
        modified(&sandbox, "runs/quick/simulations/round-000/manifest.json")
    );
    let resolved = String::from_utf8(sandbox.read("runs/quick/study.toml")).unwrap();
    assert!(resolved.contains("draws = 300"));
}

#[test]
fn the_resolved_study_gives_the_same_bits_from_anywhere() {
    let sandbox = Sandbox::new();
    let study = QUICK_WORKER.replace("values = [0.5, -0.2]", "file = \"x.csv\"");
    sandbox.write("mine/study.toml", study);
    sandbox.write("mine/simulator.py", WORKER);
    sandbox.write("mine/x.csv", "0.5,-0.2\n");
    sandbox.finish(&["run", "mine/study.toml", "--out", "mine/runs/first"]);
    sandbox.finish(&["run", "mine/runs/first/study.toml", "--out", "inside"]);
    sandbox.finish(&["run", "inside/study.toml", "--out", "again"]);
    let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
    assert!(draws("mine/runs/first") == draws("inside"));
    assert!(draws("inside") == draws("again"));
    // In its own folder it has nothing left to do.
    let text = sandbox.finish(&["run", "again/study.toml", "--out", "again"]);
    assert!(!text.contains(" s)"), "{text}");
}

#[test]
fn a_simulator_in_twenty_lines_of_python_gives_the_right_posterior() {
    let sandbox = Sandbox::new();
    let study = QUICK_WORKER
        .replace("simulations = 300", "simulations = 3000")
        .replace("transforms = 1", "transforms = 3")
        .replace("hidden = [8]", "hidden = [32]")
        .replace("max_epochs = 5", "max_epochs = 100")
        .replace("\ndraws = 200", "\ndraws = 4000");
    sandbox.write("study.toml", study);
    sandbox.write("simulator.py", WORKER);
    sandbox.finish(&["run", "study.toml"]);
    let summary = sandbox.json("runs/quick/posterior/summary.json");
    let text = summary.to_string();
    let draws = retrodict::npy::read(sandbox.file("runs/quick/posterior/samples.npy")).unwrap();
    let column = |j: usize| {
        draws
            .values
            .iter()
            .skip(j)
            .step_by(2)
            .copied()
            .collect::<Vec<f64>>()
    };
    for (j, center) in [(0, 0.5), (1, -0.2)] {
        let values = column(j);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let sd =
            (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        // The exact posterior: mean within 0.002 of the observation, sd 0.1.
        assert!(
            (mean - center).abs() < 0.05,
            "parameter {j}: mean {mean}\n{text}"
        );
        assert!((0.06..0.16).contains(&sd), "parameter {j}: sd {sd}\n{text}");
    }
}

#[test]
fn json_output_is_one_object() {
    let sandbox = quick();
    let text = sandbox.finish(&["run", "study.toml", "--json"]);
    assert_eq!(text.lines().count(), 1);
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["command"], "run");
    assert_eq!(object["posterior"][0][0]["name"], "mu_1");
    assert!(object["verdict"].is_string());
    for command in ["tasks", "schema", "version"] {
        let output = sandbox.expect(0, &[command, "--json"]);
        let object: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert!(object.is_object(), "{command}");
    }
    assert_eq!(stdout(&sandbox.expect(0, &["tasks", "--quiet"])), "");
}

#[test]
fn several_observations_leave_several_sets_of_draws() {
    let sandbox = Sandbox::new();
    let study = format!("{QUICK}\n[observation]\nvalues = [[0.8, 0.6, 0.4], [1.0, 1.0, 1.0]]\n");
    sandbox.write("study.toml", study);
    sandbox.finish(&["run", "study.toml"]);
    let first = sandbox.read("runs/quick/posterior/samples-000.npy");
    assert!(first != sandbox.read("runs/quick/posterior/samples-001.npy"));
}

#[test]
fn new_observations_go_through_the_fitted_posterior() {
    let sandbox = quick();
    sandbox.finish(&["run", "study.toml"]);
    sandbox.write("x.csv", "0.8,0.6,0.4\n");
    sandbox.expect(
        0,
        &[
            "sample",
            "study.toml",
            "--x",
            "x.csv",
            "-n",
            "200",
            "-o",
            "draws.npy",
        ],
    );
    // The same observation, number of draws and seed as the study's: the same draws.
    assert!(sandbox.read("draws.npy") == sandbox.read("runs/quick/posterior/samples.npy"));
    let output = sandbox.expect(0, &["sample", "study.toml", "--x", "x.csv", "-n", "5"]);
    let text = stdout(&output);
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(text.starts_with("mu_1,mu_2,mu_3"), "{text}");
    sandbox.write("bad.csv", "0.8,0.6\n");
    let output = sandbox.expect(2, &["sample", "study.toml", "--x", "bad.csv", "-n", "5"]);
    assert!(
        stderr(&output).contains("2 values, expected 3"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn simulations_that_exist_already_are_enough() {
    let sandbox = Sandbox::new();
    let n = 400;
    let theta: Vec<f64> = (0..2 * n).map(|i| (f64::from(i) * 0.37).sin()).collect();
    let x: Vec<f64> = theta
        .iter()
        .enumerate()
        .map(|(i, t)| t + 0.1 * (i as f64 * 1.7).cos())
        .collect();
    retrodict::npy::write(sandbox.file("theta.npy"), &[n as usize, 2], &theta).unwrap();
    retrodict::npy::write(sandbox.file("x.npy"), &[n as usize, 2], &x).unwrap();
    let from = "worker = { command = [\"python3\", \"simulator.py\"], protocol = \"text\", timeout = 5.0 }";
    let to = "data = { theta = \"theta.npy\", x = \"x.npy\" }";
    sandbox.write(
        "study.toml",
        QUICK_WORKER
            .replace(from, to)
            .replace("simulations = 300\n", ""),
    );
    sandbox.finish(&["run", "study.toml"]);
    let provenance = sandbox.json("runs/quick/provenance.json");
    assert_eq!(provenance["simulations"]["training"]["total"], 360);
    assert_eq!(provenance["simulations"]["test"]["total"], 40);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = Sandbox::new();
    for command in ["tasks", "schema"] {
        let mut child = sandbox
            .command(&[command])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn every_template_is_a_study_and_some_run_here() {
    let languages = [
        ("python", true),
        ("command", true),
        ("data", true),
        ("r", false),
        ("julia", false),
        ("c", false),
        ("fortran", false),
        ("rust", false),
    ];
    let settings = QUICK.split_once("[inference.estimator]").unwrap().1;
    for (language, runs) in languages {
        let sandbox = Sandbox::new();
        sandbox.expect(0, &["init", "new", "--simulator", language]);
        let study = String::from_utf8(sandbox.read("new/study.toml")).unwrap();
        let study = study
            .replace("simulations = 10_000", "simulations = 200")
            .replace("simulations = 2_000", "simulations = 200");
        sandbox.write(
            "new/study.toml",
            format!("{study}\n[inference.estimator]{settings}"),
        );
        if runs {
            sandbox.finish(&["run", "new/study.toml"]);
        } else {
            // The study is understood: what is missing is the stage before.
            let output = sandbox.expect(2, &["fit", "new/study.toml"]);
            assert!(
                stderr(&output).contains("retrodict simulate"),
                "{}",
                stderr(&output)
            );
        }
    }
}
