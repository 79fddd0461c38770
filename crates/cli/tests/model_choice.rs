//! Which of several models made the observation, through the command line.

mod common;

use common::{Sandbox, stderr};

const NARROW: &str = "[study]\nname = \"narrow\"\n[simulator]\nbuiltin = \"linear_gaussian\"\n\
    [observation]\nvalues = [1.4, 0.9]\n\
    [inference]\nmethod = \"abc_rejection\"\nsimulations = 20_000\n\
    [inference.abc]\ntolerance = 0.3\ndistance = { kind = \"norm\", scale = \"none\" }\n\
    [inference.model_choice]\nmodels = [{ study = \"wide.toml\", weight = 2.0 }]\n\
    [posterior]\ndraws = 200\n\
    [check]\ntest_simulations = 0\npredictive_simulations = 50\n";

const WIDE: &str = "[study]\nname = \"wide\"\n[parameters]\n\
    theta_1 = { prior = \"normal\", mean = 0.0, sd = 3.0 }\n\
    theta_2 = { prior = \"normal\", mean = 0.0, sd = 3.0 }\n\
    [simulator]\nbuiltin = \"linear_gaussian\"\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("study.toml", NARROW);
    sandbox.write("wide.toml", WIDE);
    sandbox
}

fn found(sandbox: &Sandbox) -> [f64; 2] {
    let explored = sandbox.json("runs/narrow/posterior/exploration.json");
    let models = explored["observations"][0]["models"].clone();
    assert_eq!([&models[0]["name"], &models[1]["name"]], ["narrow", "wide"]);
    ["probability", "standard_error"].map(|key| models[0][key].as_f64().expect("a number"))
}

/// x ~ N(0, s² + ¼ [[1, 0.8], [0.8, 1]]), along (1, 1) / √2 and (1, −1) / √2.
fn exact() -> f64 {
    let density = |sd: f64| {
        let [with, against] = [1.8, 0.2].map(|noise| sd * sd + 0.25 * noise);
        let [u, v] = [2.3_f64.powi(2) / 2.0, 0.5_f64.powi(2) / 2.0];
        (-0.5 * (u / with + v / against)).exp() / (with * against).sqrt()
    };
    density(1.0) / (density(1.0) + 2.0 * density(3.0))
}

#[test]
fn two_priors_are_weighed_as_their_evidence_says_and_a_changed_one_is_refused() {
    let sandbox = sandbox();
    sandbox.finish(&["run", "study.toml"]);
    let [probability, error] = found(&sandbox);
    assert!(error < 0.03, "{error}");
    // And what the tolerance does.
    assert!(
        (probability - exact()).abs() < 5.0 * error + 0.01,
        "{probability} {}",
        exact()
    );
    let report = String::from_utf8(sandbox.read("runs/narrow/report.html")).unwrap();
    assert!(report.contains("Which model"));
    // Another weight takes no simulation.
    let simulated = sandbox.read("runs/narrow/models/wide/stages.json");
    sandbox.write(
        "study.toml",
        NARROW.replace("weight = 2.0", "weight = 200.0"),
    );
    sandbox.finish(&["run", "study.toml"]);
    assert!(found(&sandbox)[0] < 0.1);
    assert_eq!(
        sandbox.read("runs/narrow/models/wide/stages.json"),
        simulated
    );
    // Another model is not the one that was simulated.
    sandbox.write("wide.toml", WIDE.replace("3.0", "4.0"));
    let message = stderr(&sandbox.expect(2, &["run", "study.toml"]));
    assert!(
        message.contains("models/wide") && message.contains("sd"),
        "{message}"
    );
}

#[test]
fn models_that_cannot_be_compared_are_refused() {
    let sandbox = sandbox();
    let wrong = |from: &str, to: &str, words: &[&str]| {
        assert!(NARROW.contains(from), "{from}");
        sandbox.write("wrong.toml", NARROW.replace(from, to));
        let message = stderr(&sandbox.expect(2, &["run", "wrong.toml"]));
        for words in words {
            assert!(message.contains(words), "{message}");
        }
    };
    let own = "[{ study = \"wide.toml\", weight = 2.0 }]";
    let field = "inference.model_choice.models";
    wrong("wide.toml", "none.toml", &[field, "none.toml"]);
    wrong("weight = 2.0", "weight = -2.0", &[field, "-2", "positive"]);
    wrong(own, "[]", &[field, "empty"]);
    wrong(
        "\"wide.toml\", weight",
        "\"study.toml\", weight",
        &[field, "`narrow`", "name"],
    );
    wrong(
        "method = \"abc_rejection\"",
        "method = \"npe\"",
        &["inference.abc", "`abc_rejection`"],
    );
    let summaries = "tolerance = 0.3\nsummaries = { kind = \"semi_automatic\", degree = 1 }";
    wrong("tolerance = 0.3", summaries, &["model_choice", "summaries"]);
    // Of other data.
    sandbox.write(
        "other.toml",
        "[study]\nname = \"other\"\n[simulator]\nbuiltin = \"gaussian_toy\"\n",
    );
    wrong("wide.toml", "other.toml", &["other.toml", "observation"]);
}
