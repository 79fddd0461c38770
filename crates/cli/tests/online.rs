//! Methods that ask the simulator themselves, through the command line.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

mod common;

use std::time::Duration;

use common::{QUICK, QUICK_WORKER, Sandbox, WORKER, stderr};

const ABC_SMC: &str = "\n[inference.abc_smc]\npopulation = 100\nquantile = 0.5\n";
const SYNTHETIC: &str = "\n[inference.synthetic_likelihood]\nsimulations = 20\n
[inference.sampler]\nkind = \"random_walk\"\nchains = 4\nwarmup = 50\nthin = 2\ncandidates = 50\n";
const SLICE: &str = "\n[inference.sampler]\nkind = \"slice\"\nchains = 4\nwarmup = 20\n";

/// A quick study with another method.
fn with_method(study: &str, method: &str, sections: &str) -> String {
    let head = format!("[inference]\nmethod = \"{method}\"\n");
    format!("{}{sections}", study.replace("[inference]\n", &head))
}

fn linear(method: &str, sections: &str) -> String {
    let study = QUICK
        .replace(
            "builtin = \"gaussian_toy\"",
            "builtin = \"linear_gaussian\"",
        )
        .replace("simulations = 300", "simulations = 1000");
    with_method(&study, method, sections)
}

#[test]
fn each_runs_with_the_same_bits_for_any_number_of_threads() {
    for (method, sections, tested) in [
        ("abc_smc", ABC_SMC, false),
        ("synthetic_likelihood", SYNTHETIC, false),
        ("likelihood", SLICE, true),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("study.toml", linear(method, sections));
        for threads in ["1", "2"] {
            let arguments = ["run", "study.toml", "--threads", threads, "--out", threads];
            assert!(sandbox.finish(&arguments).contains("Verdict"), "{method}");
        }
        let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
        assert!(draws("1") == draws("2"), "{method}");
        sandbox.finish(&["run", "1/study.toml", "--out", "again"]);
        assert!(
            draws("1") == draws("again"),
            "{method}, from the resolved study"
        );
        let verdict = String::from_utf8(sandbox.read("1/verdict.json")).unwrap();
        assert_eq!(verdict.contains("repeated_inferences"), !tested, "{method}");
        let report = String::from_utf8(sandbox.read("1/report.html")).unwrap();
        assert!(report.contains(&format!("({method})")), "{method}");
        let simulations = &sandbox.json("1/provenance.json")["simulations"];
        assert_eq!(simulations[method].is_object(), !tested, "{simulations}");
    }
}

#[test]
fn methods_that_simulate_for_one_observation_are_calibrated_where_it_is_affordable() {
    for (method, sections) in [("abc_smc", ABC_SMC), ("synthetic_likelihood", SYNTHETIC)] {
        let sandbox = Sandbox::new();
        let study = linear(method, sections);
        let study = study.replace("[check]\n", "[check]\nrepeated_inferences = 20\n");
        sandbox.write("study.toml", &study);
        for threads in ["1", "2"] {
            let arguments = ["run", "study.toml", "--threads", threads, "--out", threads];
            sandbox.finish(&arguments);
        }
        let calibration = |run: &str| sandbox.json(&format!("{run}/checks/calibration.json"));
        let found = calibration("1");
        assert_eq!(found, calibration("2"), "{method}");
        assert_eq!(found["rows"].as_array().unwrap().len(), 20, "{method}");
        // Means of posteriors of other data are other means.
        let means = found["posterior_means"].as_array().unwrap();
        assert_ne!(means[0], means[2], "{method}");
    }
    let sandbox = Sandbox::new();
    let study = linear("abc_smc", ABC_SMC);
    let study = study.replace("[check]\n", "[check]\nrepeated_inferences = 41\n");
    sandbox.write("study.toml", study);
    let message = stderr(&sandbox.expect(2, &["run", "study.toml"]));
    assert!(
        message.contains("check.test_simulations") && message.contains("41"),
        "{message}"
    );
}

#[test]
fn sequential_monte_carlo_keeps_to_its_budget_and_says_what_it_reached() {
    let sandbox = Sandbox::new();
    let observations = "\n[observation]\nvalues = [[0.6, -0.2], [-1.0, 0.5]]\n";
    sandbox.write("study.toml", linear("abc_smc", ABC_SMC) + observations);
    let said = sandbox.finish(&["run", "study.toml", "--out", "run"]);
    assert!(said.contains("observation 2: "), "{said}");
    for i in 0..2 {
        let population = sandbox.json(&format!("run/model/population-{i:03}.json"));
        let n = population["n_simulations"].as_u64().unwrap();
        assert!((300..=1000).contains(&n), "{n}");
        assert!(population["generations"].as_array().unwrap().len() > 1);
        assert!(said.contains(&format!("{n} simulations")), "{said}");
        assert!(population["tolerance"].as_f64().unwrap() > 0.0);
    }
    // 200 from the prior are shared; each observation has the rest by itself.
    let counts = sandbox.json("run/provenance.json")["simulations"].clone();
    assert_eq!(counts["training"]["total"], 200);
    assert!(counts["abc_smc"]["total"].as_u64().unwrap() <= 1600);
    let verdict = String::from_utf8(sandbox.read("run/verdict.json")).unwrap();
    assert!(verdict.contains("tolerance: observation 2"), "{verdict}");
    // Of another observation nothing is known.
    sandbox.write("other.csv", "0.1,0.2\n");
    let arguments = [
        "sample",
        "study.toml",
        "--out",
        "run",
        "--x",
        "other.csv",
        "-n",
        "100",
    ];
    let output = sandbox.expect(2, &arguments);
    assert!(
        stderr(&output).contains("simulates for each observation"),
        "{}",
        stderr(&output)
    );
    // Another observation needs another population.
    let moved = linear("abc_smc", ABC_SMC) + "\n[observation]\nvalues = [0.5, -0.2]\n";
    sandbox.write("study.toml", moved);
    let output = sandbox.expect(2, &["run", "study.toml", "--out", "run"]);
    assert!(
        stderr(&output).contains("observation was"),
        "{}",
        stderr(&output)
    );
}

/// The worker, slow and with a line in a file for every simulation.
const SLOW: &str = r#"import json, os, random, sys, time

print(json.dumps({"retrodict": 1, "parameters": 2, "data": [2]}), flush=True)
for line in sys.stdin:
    seed, *theta = line.split()
    time.sleep(0.001)
    generator = random.Random(int(seed))
    theta = [float(value) for value in theta]
    with open("simulated.txt", "a") as file:
        file.write(line)
    if generator.random() < 0.02:
        print("failed as planned", flush=True)
    else:
        print(*[value + 0.3 * generator.gauss(0, 1) for value in theta], flush=True)
"#;

#[cfg(unix)]
#[test]
fn killed_at_any_moment_a_rerun_gives_the_same_bits_and_simulates_nothing_twice() {
    let quick = "\n[inference.synthetic_likelihood]\nsimulations = 10\n
[inference.sampler]\nkind = \"random_walk\"\nchains = 4\nwarmup = 10\nthin = 1\ncandidates = 20\n";
    for (method, sections) in [("abc_smc", ABC_SMC), ("synthetic_likelihood", quick)] {
        let sandbox = Sandbox::new();
        let study = QUICK_WORKER.replace("simulations = 300", "simulations = 700");
        let study = study.replace("draws = 200", "draws = 100");
        sandbox.write("study.toml", with_method(&study, method, sections));
        sandbox.write("simulator.py", SLOW);
        let lines = || {
            String::from_utf8(sandbox.read("simulated.txt"))
                .unwrap()
                .lines()
                .count()
        };
        sandbox.finish(&["run", "study.toml", "--out", "whole"]);
        let whole = lines();
        for milliseconds in [300, 500, 800] {
            let arguments = ["run", "study.toml", "--out", "killed"];
            sandbox.kill_after(milliseconds, &arguments);
            // The workers end with their input, a moment later.
            std::thread::sleep(Duration::from_millis(100));
        }
        sandbox.finish(&["run", "study.toml", "--out", "killed"]);
        let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
        assert!(draws("whole") == draws("killed"), "{method}");
        let again = lines() - whole;
        // What two workers, or the θ under way, were at when they were killed is run again.
        println!("{method}: {whole} simulations, {again} with three kills");
        assert!(again < whole + 3 * 150, "{method}: {whole} {again}");
        let counts = &sandbox.json("killed/provenance.json")["simulations"][method];
        assert!(counts["failed"]["failed"].as_u64().unwrap() > 0, "{counts}");
    }
}

#[test]
fn a_budget_that_is_spent_is_raised_and_the_run_goes_on() {
    let sandbox = Sandbox::new();
    let slice =
        "\n[inference.sampler]\nkind = \"slice\"\nchains = 4\nwarmup = 5\ncandidates = 20\n";
    let study = |budget: usize| {
        let section = format!(
            "\n[inference.synthetic_likelihood]\nsimulations = 20\nmax_simulations = {budget}\n"
        );
        linear("synthetic_likelihood", &(section + slice))
    };
    sandbox.write("study.toml", study(2000));
    let output = sandbox.expect(2, &["run", "study.toml", "--out", "run"]);
    assert!(
        stderr(&output).contains("the budget of 2000 simulations"),
        "{}",
        stderr(&output)
    );
    sandbox.write("study.toml", study(1_000_000));
    sandbox.finish(&["run", "study.toml", "--out", "run"]);
    sandbox.finish(&["run", "study.toml", "--out", "once"]);
    let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
    assert!(draws("run") == draws("once"));
}

/// x = θ + 0.1 ε, with its likelihood.
fn with_likelihood() -> String {
    let hello = WORKER.replace("\"data\": [2]", "\"data\": [2], \"log_likelihood\": True");
    hello.replace(
        "    seed, *theta = line.split()\n",
        "    if line.startswith(\"log_likelihood\"):
        a, b, x, y = map(float, line.split()[1:])
        print(-50 * ((x - a) ** 2 + (y - b) ** 2), flush=True)
        continue
    seed, *theta = line.split()\n",
    )
}

#[test]
fn the_likelihood_of_a_worker_gives_the_exact_posterior() {
    let sandbox = Sandbox::new();
    let study = with_method(QUICK_WORKER, "likelihood", SLICE);
    sandbox.write("study.toml", study.replace("draws = 200", "draws = 2000"));
    sandbox.write("simulator.py", with_likelihood());
    for threads in ["1", "2"] {
        sandbox.finish(&["run", "study.toml", "--threads", threads, "--out", threads]);
    }
    let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
    assert!(draws("1") == draws("2"));
    // a: N(0.5, 0.1²), the prior being flat; b: N(−0.2 / 1.01, 0.1² / 1.01).
    let summary = sandbox.json("1/posterior/summary.json");
    for (name, mean, sd) in [("a", 0.5, 0.1), ("b", -0.2 / 1.01, 0.1 / 1.01_f64.sqrt())] {
        let of = |key: &str| summary[name][key].as_f64().unwrap();
        // Worth 500 draws or more: five standard errors.
        assert!((of("mean") - mean).abs() < 0.025, "{summary}");
        assert!((of("sd") / sd - 1.0).abs() < 0.17, "{summary}");
    }
}

#[test]
fn what_cannot_be_is_refused_before_anything_runs() {
    let sandbox = Sandbox::new();
    sandbox.write("simulator.py", WORKER);
    let synthetic = |line: &str| {
        linear(
            "synthetic_likelihood",
            &format!("\n[inference.synthetic_likelihood]\n{line}\n"),
        )
    };
    let cases = [
        (
            linear(
                "abc_smc",
                "\n[inference.abc_smc]\npopulation = 600\nquantile = 0.5\n",
            ),
            vec![
                "inference.simulations",
                "at least 1800",
                "1200 from the prior",
            ],
        ),
        (
            linear("abc_smc", "\n[inference.abc_smc]\nmax_simulations = 5000\n"),
            vec!["inference.abc_smc.max_simulations", "Leave it out"],
        ),
        (
            linear("abc_smc", "\n[inference.abc_smc]\nquantile = 1.5\n"),
            vec!["inference.abc_smc.quantile", "between 0 and 1"],
        ),
        (
            linear("npe", ABC_SMC),
            vec!["inference.abc_smc", "does not use it"],
        ),
        (
            synthetic("simulations = 3"),
            vec![
                "inference.synthetic_likelihood.simulations",
                "at least 4 for 2 data",
            ],
        ),
        (
            synthetic("max_simulations = 5000"),
            vec![
                "inference.synthetic_likelihood.max_simulations",
                "the sampler will ask for",
            ],
        ),
        (
            linear("likelihood", "").replace("linear_gaussian", "lotka_volterra_summaries"),
            vec!["inference.method", "has no closed form"],
        ),
        (
            with_method(QUICK_WORKER, "likelihood", ""),
            vec!["gives no log-likelihood", "first line"],
        ),
    ];
    for (study, says) in cases {
        sandbox.write("study.toml", &study);
        let output = sandbox.expect(2, &["run", "study.toml"]);
        for words in says {
            assert!(
                stderr(&output).contains(words),
                "{words}:\n{study}\n{}",
                stderr(&output)
            );
        }
        let _ = std::fs::remove_dir_all(sandbox.file("runs"));
    }
}

#[test]
fn another_method_in_the_same_study_takes_the_simulations_that_are_there() {
    let sandbox = Sandbox::new();
    let shards = || {
        let folder = sandbox.file("run/simulations/round-000");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .flatten()
            .map(|entry| {
                (
                    entry.file_name(),
                    entry.metadata().unwrap().modified().unwrap(),
                )
            })
            .filter(|(name, _)| name.to_string_lossy().ends_with(".npy"))
            .collect();
        names.sort();
        names
    };
    sandbox.write("study.toml", linear("npe", ""));
    sandbox.finish(&["run", "study.toml", "--out", "run"]);
    let made = shards();
    assert!(!made.is_empty());
    for (method, sections) in [("abc_smc", ABC_SMC), ("likelihood", SLICE), ("nle", SLICE)] {
        sandbox.write("study.toml", linear(method, sections));
        let output = sandbox.expect(2, &["run", "study.toml", "--out", "run"]);
        assert!(
            stderr(&output).contains("do not match this study"),
            "{}",
            stderr(&output)
        );
        for folder in ["model", "posterior"] {
            std::fs::remove_dir_all(sandbox.file("run").join(folder)).unwrap();
        }
        sandbox.finish(&["run", "study.toml", "--out", "run"]);
        assert_eq!(shards(), made, "{method}");
    }
}

/// The quick study with several methods.
fn several(methods: &str, sections: &str) -> String {
    let study = linear("npe", sections);
    study.replace("method = \"npe\"", &format!("method = {methods}"))
}

#[test]
fn several_methods_share_their_simulations_and_end_in_one_comparison() {
    let sandbox = Sandbox::new();
    let sections = format!("{ABC_SMC}{SLICE}");
    let methods = "[\"npe\", \"abc_smc\", \"likelihood\"]\nreference = \"likelihood\"";
    sandbox.write("study.toml", several(methods, &sections));
    for threads in ["1", "2"] {
        let said = sandbox.finish(&["run", "study.toml", "--threads", threads, "--out", threads]);
        assert!(said.contains("C2ST to likelihood"), "{said}");
    }
    for file in [
        "summary.json",
        "comparison.csv",
        "verdict.json",
        "provenance.json",
        "report.html",
        "study.toml",
        "figures/comparison.svg",
        "figures/comparison.png",
        "figures/comparison-intervals.png",
        "simulations/round-000/manifest.json",
        "methods/npe/model/weights-0.safetensors",
        "methods/npe/report.html",
        "methods/abc_smc/posterior/samples.npy",
        "methods/likelihood/verdict.json",
    ] {
        assert!(sandbox.file("1").join(file).exists(), "{file}");
    }
    assert!(
        !sandbox.file("1/methods/npe/simulations/round-000").exists(),
        "they are shared"
    );
    // Each method gives what it gives alone.
    for (method, sections) in [("npe", ""), ("abc_smc", ABC_SMC), ("likelihood", SLICE)] {
        let draws =
            |run: &str| sandbox.read(&format!("{run}/methods/{method}/posterior/samples.npy"));
        assert!(draws("1") == draws("2"), "{method}");
        sandbox.write("alone.toml", linear(method, sections));
        sandbox.finish(&["run", "alone.toml", "--out", &format!("alone-{method}")]);
        let alone = sandbox.read(&format!("alone-{method}/posterior/samples.npy"));
        assert!(draws("1") == alone, "{method}");
    }
    let summary = sandbox.json("1/summary.json");
    assert_eq!(summary["reference"], "likelihood");
    let observation = summary["observations"][0].as_array().unwrap();
    assert_eq!(observation.len(), 3);
    assert!(observation[2]["c2st"].is_null());
    let c2st = observation[1]["c2st"].as_f64().unwrap();
    assert!((0.4..=1.0).contains(&c2st), "{c2st}");
    // A thousand for each; those from the prior are counted for each that used them.
    assert_eq!(summary["methods"][0]["simulations"], 1000);
    assert!(summary["methods"][1]["simulations"].as_u64().unwrap() <= 1000);
    let csv = String::from_utf8(sandbox.read("1/comparison.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 3 * 2, "{csv}");
    let report = String::from_utf8(sandbox.read("1/report.html")).unwrap();
    for words in [
        "The methods compared",
        "C2ST to likelihood",
        "figure-comparison-intervals",
    ] {
        assert!(report.contains(words), "{words}");
    }
    // A rerun does nothing again, and the resolved study is the same study.
    let again = sandbox.finish(&["run", "study.toml", "--out", "1"]);
    assert_eq!(again.matches("there already").count(), 3 * 5 + 3, "{again}");
    sandbox.finish(&["run", "1/study.toml", "--out", "resolved"]);
    assert!(
        sandbox.read("resolved/methods/npe/posterior/samples.npy")
            == sandbox.read("1/methods/npe/posterior/samples.npy")
    );
}

#[test]
fn stages_of_several_methods_go_one_by_one_and_one_method_answers_for_other_observations() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "study.toml",
        several(
            "[\"npe\", \"abc_rejection\"]",
            "\n[inference.abc]\nquantile = 0.2\n",
        ),
    );
    for stage in ["simulate", "fit", "sample", "check", "report"] {
        sandbox.finish(&[stage, "study.toml", "--out", "run"]);
    }
    assert!(sandbox.file("run/figures/comparison.svg").exists());
    sandbox.write("x.csv", "0.1,0.2\n");
    let of = |study: &str, out: &str| {
        sandbox.run(&[
            "sample",
            study,
            "--out",
            out,
            "--x",
            "x.csv",
            "-n",
            "100",
            "-o",
            "draws.csv",
        ])
    };
    let refused = of("study.toml", "run");
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("methods/npe"),
        "{}",
        stderr(&refused)
    );
    let drawn = of(
        "run/methods/abc_rejection/study.toml",
        "run/methods/abc_rejection",
    );
    assert_eq!(drawn.status.code(), Some(0), "{}", stderr(&drawn));
    // One more method takes what is there.
    sandbox.write(
        "study.toml",
        several(
            "[\"npe\", \"abc_rejection\", \"nle\"]",
            &format!("\n[inference.abc]\nquantile = 0.2\n{SLICE}"),
        ),
    );
    let said = sandbox.finish(&["run", "study.toml", "--out", "run"]);
    assert!(said.contains("Posterior by nle"), "{said}");
}
