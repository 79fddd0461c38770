//! Discrete parameters, discrete data and missing numbers through the command line.

mod common;

use common::{QUICK, QUICK_WORKER, Sandbox, stderr, stdout};

/// A coin and a size; a choice and a time.
const WORKER: &str = r#"import json, random, sys

print(json.dumps({"retrodict": 1, "parameters": 2, "data": [2]}), flush=True)
for line in sys.stdin:
    seed, coin, size = line.split()
    generator = random.Random(int(seed))
    choice = 1 if generator.random() < 0.2 + 0.6 * float(coin) else 0
    print(choice, float(size) + choice + 0.3 * generator.gauss(0, 1), flush=True)
"#;

fn study(method: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("simulator.py", WORKER);
    let study = QUICK_WORKER
        .replace(
            "a = { prior = \"uniform\", low = -2.0, high = 2.0 }",
            "a = { prior = \"bernoulli\", probability = 0.4 }",
        )
        .replace("values = [0.5, -0.2]", "values = [1, 0.7]")
        .replace(
            "[inference]\n",
            &format!("[inference]\nmethod = \"{method}\"\n{more}"),
        );
    sandbox.write("study.toml", study);
    sandbox
}

fn finish(sandbox: &Sandbox) -> String {
    let output = sandbox.run(&["run", "study.toml"]);
    let text = stdout(&output) + &stderr(&output);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{text}");
    text
}

#[test]
fn discrete_parameters_and_data_go_through_every_method_that_takes_them() {
    for method in ["npe", "nle", "nre"] {
        let sandbox = study(method, "");
        let text = finish(&sandbox);
        if method == "nle" {
            assert!(
                text.contains("taken as discrete") && text.contains("x_1"),
                "{text}"
            );
        }
        let csv = String::from_utf8(sandbox.read("runs/quick/posterior/samples.csv")).unwrap();
        let values = csv
            .lines()
            .skip(1)
            .map(|row| row.split(',').next().unwrap());
        let values: Vec<f64> = values.map(|v| v.parse().unwrap()).collect();
        assert!(values.iter().all(|v| *v == 0.0 || *v == 1.0), "{method}");
        let share = values.iter().sum::<f64>() / values.len() as f64;
        // Exactly 0.4 · 0.8 / (0.4 · 0.8 + 0.6 · 0.2) = 0.73, had the networks learned it all.
        assert!(share > 0.3, "{method}: {share}");
    }
}

#[test]
fn discrete_data_can_be_named_or_denied_and_mistakes_are_explained() {
    let text = finish(&study("nle", "discrete_data = []\n"));
    assert!(!text.contains("taken as discrete"), "{text}");
    for (method, more, words) in [
        ("nle", "discrete_data = [\"choice\"]\n", "x_1, x_2"),
        (
            "npe",
            "discrete_data = [\"x_1\"]\n",
            "inference.discrete_data",
        ),
        ("classical_kde", "", "does not take"),
    ] {
        let output = study(method, more).expect(2, &["run", "study.toml"]);
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    let sandbox = study("nle", "");
    let text = String::from_utf8(sandbox.read("study.toml")).unwrap();
    sandbox.write("study.toml", text.replace("[1, 0.7]", "[0.5, 0.7]"));
    let output = sandbox.expect(2, &["run", "study.toml"]);
    assert!(
        stderr(&output).contains("one of the values"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn missing_numbers_are_refused_unless_the_study_says_what_they_mean() {
    let observed = |method: &str, more: &str| {
        let sandbox = Sandbox::new();
        let study = QUICK.replace("gaussian_toy", "linear_gaussian").replace(
            "[inference]\n",
            &format!("[inference]\nmethod = \"{method}\"\n{more}"),
        );
        sandbox.write(
            "study.toml",
            format!("{study}\n[observation]\nvalues = [0.6, nan]\n"),
        );
        sandbox
    };
    let output = observed("npe", "").expect(2, &["run", "study.toml"]);
    assert!(
        stderr(&output).contains("inference.missing"),
        "{}",
        stderr(&output)
    );
    let output = observed("nle", "missing = \"mask\"\n").expect(2, &["run", "study.toml"]);
    assert!(
        stderr(&output).contains("marginalize"),
        "{}",
        stderr(&output)
    );
    let output = observed("nle", "missing = \"marginalize\"\n").expect(2, &["run", "study.toml"]);
    assert!(stderr(&output).contains("mdn"), "{}", stderr(&output));
    let sandbox = observed("npe", "missing = \"mask\"\n");
    finish(&sandbox);
    // New observations may lack numbers, too.
    sandbox.write("x.csv", "nan,-0.2\n");
    sandbox.expect(0, &["sample", "study.toml", "--x", "x.csv", "-n", "100"]);
    let sandbox = observed("nle", "missing = \"marginalize\"\n");
    let text = String::from_utf8(sandbox.read("study.toml")).unwrap();
    let text = text.replace(
        "kind = \"maf\"\ntransforms = 1",
        "kind = \"mdn\"\ncomponents = 2",
    );
    sandbox.write("study.toml", text);
    finish(&sandbox);
    let summary = sandbox.json("runs/quick/posterior/summary.json");
    let mean = summary["theta_1"]["mean"].as_f64().unwrap();
    // Exactly 0.48.
    assert!((mean - 0.48).abs() < 0.35, "{mean}");
}
