//! What a study may ask about its posterior beside draws, and the correction of draws.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

mod common;

use common::{QUICK, QUICK_WORKER, Sandbox, WORKER, stderr};

const ASKING: &str = "draws = 200\nsensitivity = true\nconditional = { at = { mu_1 = 0.5 } }";

#[test]
fn maximum_conditionals_and_sensitivity_are_written_and_shown() {
    let sandbox = Sandbox::new();
    sandbox.write("plain.toml", QUICK);
    sandbox.finish(&["run", "plain.toml", "--out", "run"]);
    let maximum = |name: &str| {
        let found = sandbox.json("run/posterior/exploration.json");
        found["observations"][0]["map"][name].as_f64().unwrap()
    };
    let before = maximum("mu_1");
    assert!((-2.0..2.0).contains(&before), "{before}");
    let draws = sandbox.read("run/posterior/samples.npy");

    // More questions are asked of the same draws.
    sandbox.write("study.toml", QUICK.replace("draws = 200", ASKING));
    let said = sandbox.finish(&["run", "study.toml", "--out", "run"]);
    assert!(
        said.contains("maximum, conditional densities, sensitivity"),
        "{said}"
    );
    assert!(draws == sandbox.read("run/posterior/samples.npy"));
    assert_eq!(before, maximum("mu_1"));
    let found = sandbox.json("run/posterior/exploration.json");
    let found = &found["observations"][0];
    assert_eq!(found["conditional"]["at"]["mu_1"], 0.5);
    assert_eq!(found["conditional"]["at"]["mu_2"], found["map"]["mu_2"]);
    let correlation = &found["conditional"]["correlation"];
    assert_eq!(correlation[0][0], 1.0);
    assert_eq!(correlation[0][1], correlation[1][0]);
    let csv = String::from_utf8(sandbox.read("run/posterior/sensitivity.csv")).unwrap();
    let mut lines = csv.lines();
    assert_eq!(lines.next().unwrap(), "eigenvalue,share,mu_1,mu_2,mu_3");
    let values: Vec<f64> = lines
        .map(|line| line.split(',').next().unwrap().parse().unwrap())
        .collect();
    assert!(
        values.len() == 3 && values.is_sorted_by(|a, b| a >= b),
        "{values:?}"
    );
    for name in ["conditional.svg", "conditional.png"] {
        assert!(sandbox.file("run/figures").join(name).exists(), "{name}");
    }
    let report = String::from_utf8(sandbox.read("run/report.html")).unwrap();
    for words in [
        "Maximum",
        "Conditional correlations",
        "Sensitivity",
        "figure-conditional",
    ] {
        assert!(report.contains(words), "{words}");
    }
    sandbox.finish(&["run", "run/study.toml", "--out", "again"]);
    assert!(
        sandbox.read("run/posterior/exploration.json")
            == sandbox.read("again/posterior/exploration.json")
    );
}

#[test]
fn a_likelihood_corrects_what_a_network_has_learned_badly() {
    // Five epochs on 1,000 simulations: the network alone is far off.
    let study = QUICK
        .replace(
            "builtin = \"gaussian_toy\"",
            "builtin = \"linear_gaussian\"",
        )
        .replace("simulations = 300", "simulations = 1000")
        .replace("draws = 200", "draws = 2000");
    let corrected = study.replace("[inference]\n", "[inference.correction]\n\n[inference]\n");
    let exact = study.replace("[inference]\n", "[inference]\nmethod = \"likelihood\"\n");
    let sandbox = Sandbox::new();
    sandbox.write("corrected.toml", corrected);
    sandbox.write("exact.toml", exact);
    for name in ["corrected", "exact"] {
        sandbox.finish(&["run", &format!("{name}.toml"), "--out", name]);
    }
    let [own, reference] =
        ["corrected", "exact"].map(|run| sandbox.json(&format!("{run}/posterior/summary.json")));
    for (name, fields) in reference.as_object().unwrap() {
        let of = |key: &str| {
            (
                own[name][key].as_f64().unwrap(),
                fields[key].as_f64().unwrap(),
            )
        };
        let ((mean, exact_mean), (sd, exact_sd)) = (of("mean"), of("sd"));
        assert!(
            (mean - exact_mean).abs() < 0.2 * exact_sd,
            "{name}: {mean} {exact_mean}"
        );
        assert!((sd / exact_sd - 1.0).abs() < 0.2, "{name}: {sd} {exact_sd}");
    }
    let sampler = sandbox.json("corrected/posterior/sampler.json");
    assert_eq!(sampler["evaluations"], 8000);
    assert!(
        sampler["effective_size"].as_f64().unwrap() > 100.0,
        "{sampler}"
    );
    let verdict = String::from_utf8(sandbox.read("corrected/verdict.json")).unwrap();
    assert!(verdict.contains("importance weights"), "{verdict}");
    let report = String::from_utf8(sandbox.read("corrected/report.html")).unwrap();
    assert!(report.contains("corrected by the likelihood"));
}

#[test]
fn a_report_says_that_particles_drew_where_chains_cannot() {
    let study = QUICK
        .replace("gaussian_toy", "two_moons")
        .replace("[inference]\n", "[inference]\nmethod = \"likelihood\"\n");
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", study);
    sandbox.finish(&["run", "study.toml", "--out", "run"]);
    let sampler = sandbox.json("run/posterior/sampler.json");
    let note = sampler["notes"].as_str().unwrap();
    assert!(note.contains("Tempered sequential Monte Carlo"), "{note}");
    assert!(sampler["seed"].is_u64(), "{sampler}");
    let report = String::from_utf8(sandbox.read("run/report.html")).unwrap();
    assert!(report.contains("Tempered sequential Monte Carlo drew"));
}

#[test]
fn a_worker_without_a_likelihood_is_told_before_training() {
    let sandbox = Sandbox::new();
    sandbox.write("simulator.py", WORKER);
    let text = QUICK_WORKER.replace("[inference]\n", "[inference.correction]\n\n[inference]\n");
    sandbox.write("study.toml", text);
    let output = sandbox.run(&["run", "study.toml"]);
    assert!(!matches!(output.status.code(), Some(0 | 3)));
    assert!(
        stderr(&output).contains("no log-likelihood"),
        "{}",
        stderr(&output)
    );
    assert!(!sandbox.file("runs/quick/model/config.json").exists());
}

/// Fails wherever a is above −0.5.
const FAILING: &str = r#"import json, random, sys

print(json.dumps({"retrodict": 1, "parameters": 2, "data": [2]}), flush=True)
for line in sys.stdin:
    seed, *theta = line.split()
    generator = random.Random(int(seed))
    theta = [float(value) for value in theta]
    if theta[0] > -0.5:
        print("failed no equilibrium", flush=True)
        continue
    print(*[value + 0.1 * generator.gauss(0, 1) for value in theta], flush=True)
"#;

#[test]
fn a_restricted_prior_spends_simulations_where_they_succeed() {
    let study = QUICK_WORKER
        .replace("values = [0.5, -0.2]", "values = [-1.0, -0.2]")
        .replace("simulations = 300", "simulations = 1000");
    let sandbox = Sandbox::new();
    sandbox.write("simulator.py", FAILING);
    sandbox.write("plain.toml", &study);
    sandbox.expect(4, &["simulate", "plain.toml", "--out", "plain"]);
    let sections = "[inference.restriction]\nfirst_simulations = 400\n\n[inference]\n";
    let restricted = study.replace("[inference]\n", sections);
    for (method, threads) in [("npe", "1"), ("npe", "2"), ("nle", "2")] {
        let out = format!("{method}-{threads}");
        let mut text = restricted.replace(
            "[inference]\n",
            &format!("[inference]\nmethod = \"{method}\"\n"),
        );
        if method == "nle" {
            text.push_str("\n[inference.sampler]\nkind = \"slice\"\nchains = 4\nwarmup = 20\n");
        }
        sandbox.write("study.toml", text);
        sandbox.finish(&["run", "study.toml", "--out", &out, "--threads", threads]);
        let counts = sandbox.json(&format!("{out}/provenance.json"))["simulations"].clone();
        assert_eq!(counts["training"]["total"], 1000);
        // 62.5 % of the first 400 fail, and hardly any of the others.
        let failed = 1000 - counts["training"]["succeeded"].as_u64().unwrap();
        assert!((200..330).contains(&failed), "{failed}");
        let draws = retrodict::npy::read(sandbox.file(&format!("{out}/posterior/samples.npy")));
        let draws = draws.unwrap().values;
        assert!(draws.chunks(2).all(|theta| theta[0] < 0.0), "{out}");
        let report = String::from_utf8(sandbox.read(&format!("{out}/report.html"))).unwrap();
        assert!(report.contains("given that a simulation succeeds"), "{out}");
    }
    let samples = |out: &str| sandbox.read(&format!("{out}/posterior/samples.npy"));
    assert!(samples("npe-1") == samples("npe-2"));
    // What is there is kept, the classifier included.
    let said = sandbox.finish(&["run", "npe-1/study.toml", "--out", "npe-1"]);
    assert!(said.contains("there already"), "{said}");
}
