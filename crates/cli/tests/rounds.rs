//! Sequential inference through the command line.

mod common;

use std::process::Stdio;
use std::time::Duration;

use common::{QUICK, QUICK_WORKER, Sandbox, WORKER, stderr, stdout};

/// A study in three rounds.
fn in_rounds(study: &str, more: &str) -> String {
    let rounds = format!("simulations = 300\nrounds = 3\n{more}");
    study.replace("simulations = 300", &rounds)
}

#[test]
fn truncated_rounds_leave_their_files_and_say_that_they_are_not_amortised() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", in_rounds(QUICK, "method = \"npe\""));
    sandbox.finish(&["run", "study.toml"]);
    for name in [
        "simulations/round-000/manifest.json",
        "simulations/round-001/manifest.json",
        "simulations/round-002/manifest.json",
        "simulations/test/manifest.json",
        "rounds/round-001/proposal.npy",
        "rounds/round-001/proposal.json",
        "rounds/round-002/round.json",
        "rounds/round-002/model/config.json",
        "model/config.json",
        // Inside the last truncated prior, the posterior is tested as ever.
        "checks/calibration.json",
        "report.html",
    ] {
        assert!(sandbox.file("runs/quick").join(name).exists(), "{name}");
    }
    let summary = sandbox.json("runs/quick/posterior/summary.json");
    assert_eq!(summary["_sequential"]["amortised"], false);
    assert_eq!(summary["_sequential"]["rounds"], 3);
    let proposal = sandbox.json("runs/quick/rounds/round-001/proposal.json");
    assert_eq!(proposal["proposal"], "truncated prior");
    assert_eq!(proposal["simulations"], 100);
    assert!(proposal["acceptance"].as_f64().unwrap() > 0.0);
    let provenance = sandbox.json("runs/quick/provenance.json");
    assert_eq!(provenance["simulations"]["training"]["total"], 300);
    let report = String::from_utf8(sandbox.read("runs/quick/report.html")).unwrap();
    for words in [
        "not amortised: 3 rounds",
        "round 3",
        "truncated prior",
        "2210.04815",
    ] {
        assert!(report.contains(words), "{words}");
    }
}

#[test]
fn rounds_with_nothing_to_aim_serve_every_observation() {
    let sandbox = Sandbox::new();
    // Data that say nothing about the parameters.
    sandbox.write("simulator.py", WORKER.replace("value + 0.1 *", "0.1 *"));
    sandbox.write("study.toml", in_rounds(QUICK_WORKER, "method = \"npe\""));
    sandbox.finish(&["run", "study.toml"]);
    for round in ["round-001", "round-002"] {
        let report = &sandbox.json(&format!("runs/quick/rounds/{round}/round.json"))["report"];
        assert_eq!(report["proposal"], "prior");
        assert_eq!(report["threshold"], serde_json::Value::Null);
    }
    let summary = sandbox.json("runs/quick/posterior/summary.json");
    assert_eq!(summary["_sequential"]["amortised"], true);
    assert!(sandbox.file("runs/quick/checks/calibration.json").exists());
    let report = String::from_utf8(sandbox.read("runs/quick/report.html")).unwrap();
    assert!(report.contains("The rounds were not aimed"));
    assert!(!report.contains("not amortised"));
    sandbox.write("other.csv", "0.1,0.3\n");
    sandbox.expect(
        0,
        &["sample", "study.toml", "--x", "other.csv", "-n", "100"],
    );
}

#[test]
fn likelihoods_and_ratios_in_rounds_are_not_called_calibrated() {
    for method in ["nle", "nre"] {
        let sandbox = Sandbox::new();
        let more = format!("method = \"{method}\"");
        sandbox.write("study.toml", in_rounds(QUICK, &more));
        sandbox.finish(&["run", "study.toml"]);
        let verdict = sandbox.json("runs/quick/verdict.json");
        let checks = verdict["checks"].as_array().unwrap();
        let of = |name: &str| checks.iter().find(|c| c["name"] == name).unwrap();
        let calibration = of("simulation-based calibration");
        assert_eq!(calibration["status"], "caution");
        let words = calibration["explanation"].as_str().unwrap();
        assert!(words.contains("not amortised"), "{words}");
        let proposal = sandbox.json("runs/quick/rounds/round-002/proposal.json");
        assert_eq!(proposal["proposal"], "posterior");
        let round = sandbox.json("runs/quick/rounds/round-002/round.json");
        assert_eq!(round["report"]["used"], 300);
    }
}

#[test]
fn marginals_in_rounds_are_calibrated_within_their_bounds() {
    let sandbox = Sandbox::new();
    let more = "method = \"tmnre\"\ntmnre = { pairs = [] }";
    sandbox.write("study.toml", in_rounds(QUICK, more));
    sandbox.finish(&["run", "study.toml"]);
    let proposal = sandbox.json("runs/quick/rounds/round-002/proposal.json");
    assert_eq!(proposal["proposal"], "prior within bounds");
    let used = sandbox.json("runs/quick/rounds/round-002/round.json")["report"]["used"].clone();
    assert!((100..=300).contains(&used.as_u64().unwrap()), "{used}");
    let verdict = sandbox.json("runs/quick/verdict.json");
    let names: Vec<&str> = (verdict["checks"].as_array().unwrap().iter())
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    // Nothing is said of both parameters together.
    assert!(
        names.contains(&"simulation-based calibration: mu_1"),
        "{names:?}"
    );
    assert!(!names.contains(&"expected coverage"), "{names:?}");
    let report = String::from_utf8(sandbox.read("runs/quick/report.html")).unwrap();
    for words in [
        "independent of each other",
        "bounds of the last round",
        "not amortised",
    ] {
        assert!(report.contains(words), "{words}");
    }
    sandbox.write("other.csv", "0.1,0.3\n");
    sandbox.expect(
        2,
        &["sample", "study.toml", "--x", "other.csv", "-n", "100"],
    );
}

#[test]
fn pairs_of_three_parameters_have_draws_of_their_own() {
    let sandbox = Sandbox::new();
    let study = "[study]\nname = \"three\"\n[simulator]\nbuiltin = \"gaussian_toy\"\n[inference]\n\
         method = \"tmnre\"\nsimulations = 300\ntmnre = { pairs = [[\"mu_3\", \"mu_1\"]] }\n\
         [inference.train]\nmax_epochs = 2\nensemble_size = 1\n[posterior]\ndraws = 100\n\
         [check]\ntest_simulations = 30\nposterior_draws = 50\npredictive_simulations = 50\n";
    sandbox.write("study.toml", study);
    sandbox.finish(&["run", "study.toml"]);
    let pair = String::from_utf8(sandbox.read("runs/three/posterior/pair-0.csv")).unwrap();
    assert_eq!(pair.lines().next(), Some("mu_3,mu_1"));
    assert_eq!(pair.lines().count(), 101);
    for (pairs, words) in [
        ("[[\"mu_3\", \"nu\"]]", "`nu`"),
        ("[[\"mu_3\", \"mu_3\"]]", "each pair once"),
    ] {
        let wrong = study.replace("[[\"mu_3\", \"mu_1\"]]", pairs);
        sandbox.write("wrong.toml", wrong);
        let message = stderr(&sandbox.expect(2, &["run", "wrong.toml"]));
        assert!(message.contains("inference.tmnre.pairs"), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn other_proposals_run_and_say_what_they_were() {
    for (method, option, proposal) in [
        ("npe", "proposal = \"atomic\"", "posterior"),
        ("npe", "proposal = \"importance_weighted\"", "posterior"),
        ("npe", "proposal = \"mixture\"", "posterior"),
        (
            "nle",
            "acquisition = \"disagreement\"",
            "posterior, where networks disagree",
        ),
    ] {
        let sandbox = Sandbox::new();
        let more = format!("method = \"{method}\"\nsequential = {{ {option} }}");
        let mut study = in_rounds(QUICK, &more).replace("ensemble_size = 1", "ensemble_size = 2");
        if option.contains("mixture") {
            study = study
                .replace("rounds = 3", "rounds = 3\nsupport = \"probit\"")
                .replace(
                    "kind = \"maf\"\ntransforms = 1",
                    "kind = \"mdn\"\ncomponents = 2",
                );
        }
        sandbox.write("study.toml", study);
        sandbox.finish(&["run", "study.toml"]);
        let round = sandbox.json("runs/quick/rounds/round-002/round.json");
        assert_eq!(round["report"]["proposal"], proposal, "{option}");
        let text = String::from_utf8(sandbox.read("runs/quick/verdict.json")).unwrap();
        assert!(text.contains("not amortised"), "{option}");
    }
}

#[test]
fn trials_are_aimed_at_together() {
    let sandbox = Sandbox::new();
    let observation =
        "\n[observation]\nvalues = [[0.8, 0.6, 0.4], [0.9, 0.5, 0.3]]\ntrials = true\n";
    let study = in_rounds(QUICK, "method = \"nle\"") + observation;
    sandbox.write("study.toml", study);
    sandbox.finish(&["run", "study.toml"]);
    assert!(
        sandbox
            .file("runs/quick/rounds/round-002/round.json")
            .exists()
    );
}

#[test]
fn another_observation_is_refused_and_so_are_other_settings() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", in_rounds(QUICK, "method = \"npe\""));
    sandbox.finish(&["run", "study.toml"]);
    sandbox.write("same.csv", "0.8,0.6,0.4\n");
    sandbox.expect(
        0,
        &["sample", "study.toml", "--x", "same.csv", "-o", "s.csv"],
    );
    sandbox.write("other.csv", "1.0,0.6,0.4\n");
    let output = sandbox.expect(2, &["sample", "study.toml", "--x", "other.csv"]);
    assert!(
        stderr(&output).contains("not amortised"),
        "{}",
        stderr(&output)
    );
    let observation = "\n[observation]\nvalues = [1.0, 0.6, 0.4]\n";
    sandbox.write(
        "study.toml",
        in_rounds(QUICK, "method = \"npe\"") + observation,
    );
    let output = sandbox.expect(2, &["run", "study.toml"]);
    assert!(
        stderr(&output).contains("observation was"),
        "{}",
        stderr(&output)
    );
    // Without the model's record, the rounds themselves still know what they were made for.
    std::fs::remove_dir_all(sandbox.file("runs/quick/model")).unwrap();
    std::fs::remove_dir_all(sandbox.file("runs/quick/posterior")).unwrap();
    let output = sandbox.expect(2, &["run", "study.toml"]);
    assert!(
        stderr(&output).contains("its rounds were made"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn stages_one_by_one_give_what_one_run_gives() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", in_rounds(QUICK, "method = \"npe\""));
    sandbox.finish(&["run", "study.toml", "--out", "together", "--threads", "1"]);
    for stage in ["simulate", "fit", "sample", "check", "report"] {
        sandbox.finish(&[stage, "study.toml", "--out", "apart"]);
    }
    for name in [
        "posterior/samples.npy",
        "model/weights-0.safetensors",
        "verdict.json",
    ] {
        let of = |run: &str| sandbox.read(&format!("{run}/{name}"));
        assert!(of("together") == of("apart"), "{name} differs");
    }
    // The resolved study gives the same bits.
    let study = "together/study.toml";
    sandbox.finish(&["run", study, "--out", "again"]);
    let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
    assert!(draws("together") == draws("again"));
}

#[cfg(unix)]
#[test]
fn killed_in_any_round_a_rerun_gives_the_same_bits() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", in_rounds(QUICK_WORKER, ""));
    let slow = WORKER.replace(
        "    generator = ",
        "    __import__('time').sleep(0.004)\n    generator = ",
    );
    sandbox.write("simulator.py", slow);
    sandbox.finish(&["run", "study.toml", "--out", "whole"]);
    for (i, milliseconds) in [300, 700, 1100, 1500].into_iter().enumerate() {
        let out = format!("killed-{i}");
        let mut command = sandbox.command(&["run", "study.toml", "--out", &out]);
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = quiet.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        sandbox.finish(&["run", "study.toml", "--out", &out]);
        for name in ["posterior/samples.npy", "verdict.json"] {
            let of = |run: &str| sandbox.read(&format!("{run}/{name}"));
            assert!(
                of("whole") == of(&out),
                "{name}, killed after {milliseconds} ms"
            );
        }
    }
}

/// What `auto` chose can be read, and other observations have the first round's posterior.
#[test]
fn auto_says_what_it_chose_and_serves_other_observations_by_its_first_round() {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", in_rounds(QUICK, ""));
    sandbox.finish(&["run", "study.toml"]);
    let resolved = String::from_utf8(sandbox.read("runs/quick/study.toml")).unwrap();
    assert!(resolved.contains("method = \"auto\""), "{resolved}");
    let choice = sandbox.json("runs/quick/model/choice.json");
    let reasons = choice["reasons"].as_array().unwrap();
    assert!(reasons.len() >= 2, "{choice}");
    let summary = sandbox.json("runs/quick/posterior/summary.json");
    let chosen = summary["_sequential"]["chosen"].as_str().unwrap();
    assert!(chosen.contains("npe") || chosen.contains("nle"), "{chosen}");
    let because = summary["_sequential"]["because"].as_str().unwrap();
    assert!(because.contains("one observation"), "{because}");
    let report = String::from_utf8(sandbox.read("runs/quick/report.html")).unwrap();
    assert!(report.contains("chosen by"));
    let log = String::from_utf8(sandbox.read("runs/quick/log.jsonl")).unwrap();
    assert!(log.contains("auto: "), "{log}");
    sandbox.write("other.csv", "1.0,0.6,0.4\n");
    let output = sandbox.expect(
        0,
        &["sample", "study.toml", "--x", "other.csv", "-o", "o.csv"],
    );
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(said.contains("first round"), "{said}");
    // The resolved study gives the same bits.
    sandbox.finish(&["run", "runs/quick/study.toml", "--out", "again"]);
    let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
    assert!(draws("runs/quick") == draws("again"));
}

#[test]
fn auto_in_one_round_serves_every_observation() {
    let sandbox = Sandbox::new();
    let study = QUICK.replace("simulations = 300", "simulations = 300\nrounds = 1");
    sandbox.write("study.toml", study);
    sandbox.finish(&["run", "study.toml"]);
    let resolved = String::from_utf8(sandbox.read("runs/quick/study.toml")).unwrap();
    assert!(resolved.contains("method = \"npe\""), "{resolved}");
    let report = String::from_utf8(sandbox.read("runs/quick/report.html")).unwrap();
    assert!(report.contains("serves every observation"));
}
