//! Runs whose training goes on with the networks of another.

mod common;

use common::{QUICK, Sandbox, stderr};

/// The quick study with `npe` by name, five epochs and nothing to check, or what is to stand in their place.
fn study(name: &str, inference: &str, epochs: usize) -> String {
    QUICK
        .replace("name = \"quick\"", &format!("name = \"{name}\""))
        .replace(
            "[inference]\n",
            &format!("[inference]\nmethod = \"npe\"\n{inference}"),
        )
        .replace(
            "max_epochs = 5",
            &format!("max_epochs = {epochs}\nmin_improvement = 0.0"),
        )
        .replace("test_simulations = 40", "test_simulations = 0")
        .replace("predictive_simulations = 40", "predictive_simulations = 0")
}

fn begun() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("first.toml", study("first", "", 3));
    sandbox.expect(0, &["run", "first.toml"]);
    sandbox
}

#[test]
fn a_fit_begins_where_that_of_another_run_ended() {
    let sandbox = begun();
    sandbox.write(
        "further.toml",
        study("further", "continue_from = \"runs/first\"\n", 30),
    );
    sandbox.expect(0, &["run", "further.toml"]);
    let member =
        |run: &str| sandbox.json(&format!("runs/{run}/model/training.json"))["members"][0].clone();
    let (first, further) = (member("first"), member("further"));
    // The same seed holds the same simulations out.
    assert_eq!(
        further["initial_validation_loss"],
        first["best_validation_loss"]
    );
    let loss =
        |member: &serde_json::Value| member["best_validation_loss"].as_f64().expect("a number");
    assert!(loss(&further) <= loss(&first));
    let notes = sandbox.json("runs/further/model/training.json")["notes"].to_string();
    assert!(
        notes.contains("went on from the networks of runs/first"),
        "{notes}"
    );
    // The study that the run wrote means the same networks, from where it lies.
    sandbox.expect(0, &["run", "runs/further/study.toml", "--out", "again"]);
    assert_eq!(
        sandbox.read("again/posterior/samples.npy"),
        sandbox.read("runs/further/posterior/samples.npy")
    );
}

#[test]
fn a_fit_is_not_taken_for_that_of_networks_which_changed() {
    let sandbox = begun();
    let further = study("further", "continue_from = \"runs/first\"\n", 5);
    sandbox.write("further.toml", further);
    sandbox.expect(0, &["run", "further.toml"]);
    sandbox.expect(0, &["run", "further.toml"]);
    sandbox.write("first.toml", study("first", "", 4));
    std::fs::remove_dir_all(sandbox.file("runs/first")).expect("it is there");
    sandbox.expect(0, &["run", "first.toml"]);
    let message = stderr(&sandbox.expect(2, &["run", "further.toml"]));
    assert!(message.contains("inference.continue_from"), "{message}");
    assert!(!message.contains("its simulations"), "{message}");
}

#[test]
fn what_training_cannot_go_on_with_is_refused() {
    let sandbox = begun();
    let refused = |inference: &str, arguments: &[&str], words: &[&str]| {
        sandbox.write("wrong.toml", study("wrong", inference, 5));
        let output = sandbox.expect(2, &[&["run", "wrong.toml"], arguments].concat());
        let message = stderr(&output);
        for word in words {
            assert!(message.contains(word), "{word}: {message}");
        }
    };
    let field = "inference.continue_from";
    refused(
        "continue_from = \"runs/none\"\n",
        &[],
        &[field, "no model", "wrong.toml"],
    );
    refused(
        "continue_from = \"runs/first\"\nrounds = 2\n",
        &[],
        &[field, "rounds", "wrong.toml"],
    );
    refused(
        "continue_from = \"runs/first\"\nrestriction = {}\n",
        &[],
        &[field, "restriction", "wrong.toml"],
    );
    refused(
        "continue_from = \"runs/first\"\nlinear_guess = false\n",
        &[],
        &["linear_guess"],
    );
    refused(
        "continue_from = \"runs/first\"\n",
        &["--out", "runs/first"],
        &[field, "--out"],
    );
}

#[test]
fn networks_of_another_prior_or_method_are_refused() {
    let sandbox = begun();
    let further = study("further", "continue_from = \"runs/first\"\n", 5);
    let refused = |from: &str, to: &str, words: &[&str]| {
        assert!(further.contains(from), "{from}");
        sandbox.write("wrong.toml", further.replace(from, to));
        let message = stderr(&sandbox.expect(2, &["run", "wrong.toml"]));
        for word in words {
            assert!(message.contains(word), "{word}: {message}");
        }
    };
    refused(
        "gaussian_toy",
        "two_moons",
        &["inference.continue_from", "another prior"],
    );
    refused(
        "method = \"npe\"",
        "method = \"nle\"",
        &["inference.continue_from", "networks of `npe`", "says `nle`"],
    );
    // Nothing was simulated for it.
    assert!(!sandbox.file("runs/further").exists());
}

#[test]
fn likelihoods_ratios_and_fields_go_on_as_posteriors_do() {
    let sandbox = Sandbox::new();
    for method in ["nle", "nre", "fmpe", "npse"] {
        let of = |name: &str, inference: &str, epochs| {
            let own = format!("method = \"{method}\"");
            study(name, inference, epochs).replace("method = \"npe\"", &own)
        };
        sandbox.write("first.toml", of(method, "", 3));
        for stage in ["simulate", "fit"] {
            sandbox.expect(0, &[stage, "first.toml"]);
        }
        let further = format!("{method}-further");
        let inference = format!("continue_from = \"runs/{method}\"\n");
        sandbox.write("further.toml", of(&further, &inference, 20));
        for stage in ["simulate", "fit"] {
            sandbox.expect(0, &[stage, "further.toml"]);
        }
        let log = |run: &str| sandbox.json(&format!("runs/{run}/model/training.json"));
        assert_eq!(
            log(&further)["members"][0]["initial_validation_loss"],
            log(method)["members"][0]["best_validation_loss"],
            "{method}"
        );
        let notes = log(&further)["notes"].to_string();
        assert!(notes.contains("went on from the networks"), "{notes}");
    }
}
