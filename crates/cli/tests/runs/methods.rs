//! Every method, on one observation and on trials.

use super::common::{QUICK, Sandbox};

/// The quick study with another method, small enough for a test.
fn with_method(method: &str, sections: &str) -> String {
    let study = QUICK.replace(
        "builtin = \"gaussian_toy\"",
        "builtin = \"linear_gaussian\"",
    );
    let study = study.replace(
        "[inference]\n",
        &format!("[inference]\nmethod = \"{method}\"\n"),
    );
    format!("{study}{sections}")
}

#[test]
fn every_method_runs_with_the_same_bits_for_any_number_of_threads() {
    let sampler = "\n[inference.sampler]\nkind = \"slice\"\nchains = 4\nwarmup = 20\n";
    let classifier = "\n[inference.classifier.network]\nhidden = [8]\n";
    let field = "\n[inference.vector_field.network]\nhidden = [8, 8]\n";
    let diffusion = "\n[inference.field_sampler]\nkind = \"sde\"\nsteps = 20\n";
    let methods = [
        ("nle", sampler.to_string(), true),
        ("nre", format!("{sampler}{classifier}"), true),
        ("tmnre", classifier.into(), false),
        (
            "abc_rejection",
            "\n[inference.abc]\nquantile = 0.2\n".into(),
            false,
        ),
        ("classical_kde", sampler.into(), true),
        ("classical_histogram", sampler.into(), true),
        ("fmpe", field.into(), false),
        ("npse", format!("{field}{diffusion}"), false),
    ];
    for (method, sections, chains) in methods {
        let sandbox = Sandbox::new();
        sandbox.write("study.toml", with_method(method, &sections));
        for threads in ["1", "2"] {
            let arguments = ["run", "study.toml", "--threads", threads, "--out", threads];
            assert!(sandbox.finish(&arguments).contains("Verdict"), "{method}");
        }
        let draws = |run: &str| sandbox.read(&format!("{run}/posterior/samples.npy"));
        assert!(draws("1") == draws("2"), "{method}");
        let summary = sandbox.json("1/posterior/summary.json");
        assert_eq!(
            summary["theta_1"].get("r_hat").is_some(),
            chains,
            "{method}"
        );
        let verdict = String::from_utf8(sandbox.read("1/verdict.json")).unwrap();
        assert_eq!(
            verdict.contains("convergence of the sampler"),
            chains,
            "{method}"
        );
        let resolved = String::from_utf8(sandbox.read("1/study.toml")).unwrap();
        assert!(
            resolved.contains(&format!("method = \"{method}\"")),
            "{resolved}"
        );
        sandbox.finish(&["run", "1/study.toml", "--out", "again"]);
        assert!(
            draws("1") == draws("again"),
            "{method}, from the resolved study"
        );
    }
}

#[test]
fn independent_trials_narrow_one_posterior() {
    for (method, resolved) in [("auto", "nle"), ("fmpe", "fmpe"), ("npse", "npse")] {
        trials_narrow_the_posterior(method, resolved);
    }
}

fn trials_narrow_the_posterior(method: &str, known_as: &str) {
    let sandbox = Sandbox::new();
    let observation = |rows: &str, trials: bool| {
        let study = with_method(method, "");
        format!("{study}\n[observation]\nvalues = {rows}\ntrials = {trials}\n")
    };
    let ten = format!("[{}]", ["[0.6, -0.2]"; 10].join(", "));
    sandbox.write("one.toml", observation("[[0.6, -0.2]]", true));
    sandbox.write("ten.toml", observation(&ten, true));
    for study in ["one.toml", "ten.toml"] {
        sandbox.finish(&["run", study, "--out", study.trim_end_matches(".toml")]);
    }
    let sd = |run: &str| {
        let summary = sandbox.json(&format!("{run}/posterior/summary.json"));
        summary["theta_1"]["sd"].as_f64().expect("a number")
    };
    // Exactly 0.44 and 0.16.
    assert!(sd("ten") < 0.6 * sd("one"), "{} {}", sd("ten"), sd("one"));
    let resolved = String::from_utf8(sandbox.read("ten/study.toml")).expect("text");
    let known_as = format!("method = \"{known_as}\"");
    assert!(resolved.contains(&known_as), "{resolved}");
    let samples = sandbox.read("ten/posterior/samples.npy");
    assert!(!samples.is_empty() && !sandbox.file("ten/posterior/samples-001.npy").exists());
}
