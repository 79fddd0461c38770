//! Which parts of a study each stage depends on.

use serde_json::Value;

use super::config::StudyConfig;
use super::method::Method;
use super::model_choice;
use super::record::{Inputs, Stage};

/// Everything that the result of `stage` depends on, as dotted keys and their values.
///
/// `facts` are values that the study only points to: the hashes of files, the observation.
pub(super) fn inputs(stage: Stage, config: &StudyConfig, facts: &Inputs) -> Inputs {
    let value = serde_json::to_value(config).expect("a study can be written as JSON");
    let mut all = facts.clone();
    flatten("", &value, &mut all);
    // Importance weights are for simulations near the observation.
    let given = config.inference.given_rounds.as_ref();
    let weighted = given.is_some_and(|given| given.weights.is_some());
    let sequential = config.inference.is_sequential() || weighted;
    all.retain(|key, _| {
        depends(stage, key, config.simulator.data.is_some())
            || (sequential && stage == Stage::Fit && aims(key))
    });
    // A population is of one observation.
    if config.method() == Method::AbcSmc
        && stage == Stage::Fit
        && let Some(observation) = facts.get("observation")
    {
        all.insert("observation".into(), observation.clone());
    }
    // Of the simulations of a study, some are made by the method.
    if let Some(n) = config
        .prior_simulations()
        .filter(|_| stage == Stage::Simulate)
    {
        all.insert("inference.simulations".into(), n.to_string());
    }
    all
}

/// Whether a stage depends on a key. Each stage depends on what those before it depend on.
fn depends(stage: Stage, key: &str, from_data: bool) -> bool {
    let under = |prefix: &str| {
        key.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let last = key.rsplit('.').next().unwrap_or(key);
    let shown_only = under("parameters") && (last == "label" || last == "unit");
    if shown_only || under("study.name") {
        return stage == Stage::Report;
    }
    // How many work side by side, how many failures are tolerated and where the files lie change
    // no number; the content of files and of the observation are facts of their own.
    let no_number = (under("simulator") && matches!(last, "workers" | "batch" | "startup_timeout"))
        || under("simulator.max_failed")
        || under("inference.synthetic_likelihood.max_simulations")
        || under("study.folder")
        || (key.starts_with("observation.") && last != "trials");
    if no_number {
        return false;
    }
    if under("simulator.function.tests") {
        return matches!(stage, Stage::SimulateTests | Stage::Check | Stage::Report);
    }
    let simulated = under("study") || under("parameters") || under("simulator") || under("file");
    match stage {
        // With `data`, the rows to test with are taken from the same files.
        Stage::Simulate => {
            simulated
                || under("inference.simulations")
                || under("inference.rounds")
                || under("inference.restriction")
                || (from_data && under("check.test_simulations"))
        }
        Stage::SimulateTests => {
            simulated
                || under("check.test_simulations")
                || under("inference.restriction")
                || (from_data && under("inference.simulations"))
        }
        Stage::Fit => {
            simulated
                || (under("inference")
                    && !SAMPLING.into_iter().any(under)
                    && !EXPLORING.into_iter().any(under))
                || (from_data && under("check.test_simulations"))
        }
        Stage::Sample => {
            depends(Stage::Fit, key, from_data)
                || SAMPLING.into_iter().any(under)
                || under("observation")
                || (under("posterior") && !EXPLORING.into_iter().any(under))
        }
        Stage::Explore => {
            depends(Stage::Sample, key, from_data) || EXPLORING.into_iter().any(under)
        }
        Stage::Check => depends(Stage::Sample, key, from_data) || under("check"),
        Stage::Report => depends(Stage::Explore, key, from_data) || under("check"),
    }
}

/// What later rounds are aimed by: the observation, and the sampler of their proposals. The stages after
/// the fit depend on them in any case.
fn aims(key: &str) -> bool {
    key == "observation" || key == "observation.trials" || key.starts_with("inference.sampler.")
}
/// The sections that say how draws are made from what was fitted.
const SAMPLING: [&str; 4] = [
    "inference.correction",
    "inference.sampler",
    "inference.field_sampler",
    "inference.composition",
];

/// What is asked about a posterior beside its draws.
const EXPLORING: [&str; 5] = [
    "inference.model_choice",
    model_choice::FACT,
    "posterior.map",
    "posterior.sensitivity",
    "posterior.conditional",
];

/// Keys whose change makes a stage run again rather than refuse: the result is cheap to make again,
/// and what was there before is contained in it or can be made again from the same study.
pub(super) fn may_be_redone(stage: Stage, key: &str) -> bool {
    match stage {
        // Finished simulations stay: a larger number adds to them, a smaller one uses the first.
        Stage::Simulate | Stage::SimulateTests => {
            matches!(key, "inference.simulations" | "check.test_simulations")
        }
        Stage::Fit => false,
        Stage::Sample => key == "posterior.draws",
        Stage::Explore | Stage::Check | Stage::Report => true,
    }
}

fn flatten(prefix: &str, value: &Value, out: &mut Inputs) {
    if let Value::Object(map) = value {
        for (key, value) in map {
            let path = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            flatten(&path, value, out);
        }
        return;
    }
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    out.insert(prefix.to_string(), text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Source, parse};

    const STAGES: [Stage; 7] = [
        Stage::Simulate,
        Stage::SimulateTests,
        Stage::Fit,
        Stage::Sample,
        Stage::Explore,
        Stage::Check,
        Stage::Report,
    ];

    fn of(stage: Stage, text: &str) -> Inputs {
        let head = "[study]\nname = \"a\"\n[simulator]\nworker = { command = [\"./sim\"] }\n";
        let source = Source::new("study.toml", format!("{head}{text}"));
        inputs(stage, &parse(&source).unwrap(), &Inputs::new())
    }

    #[test]
    fn a_change_reaches_exactly_the_stages_that_rest_on_it() {
        use Stage::{Check, Explore, Fit, Report, Sample, Simulate, SimulateTests};
        let plain = "[parameters]\nb = { prior = \"normal\", mean = 0.0, sd = 1.0 }\n";
        let table: [(&str, &[Stage]); 8] = [
            (
                "[parameters]\nb = { prior = \"normal\", mean = 0.0, sd = 2.0 }\n",
                &STAGES,
            ),
            (
                "[parameters]\nb = { prior = \"normal\", mean = 0.0, sd = 1.0, unit = \"m\" }\n",
                &[Report],
            ),
            (
                "[parameters]\nb = { prior = \"normal\", mean = 0.0, sd = 1.0 }\n[inference]\nsimulations = 500\n",
                &[Simulate, Fit, Sample, Explore, Check, Report],
            ),
            (
                "[parameters]\nb = { prior = \"normal\", mean = 0.0, sd = 1.0 }\n[inference.train]\nmax_epochs = 3\n",
                &[Fit, Sample, Explore, Check, Report],
            ),
            (
                "[parameters]\nb = { prior = \"normal\", mean = 0.0, sd = 1.0 }\n[posterior]\ndraws = 300\n",
                &[Sample, Explore, Check, Report],
            ),
            (
                "[parameters]\nb = { prior = \"normal\", mean = 0.0, sd = 1.0 }\n[posterior.conditional]\nat = { b = 0.5 }\n",
                &[Explore, Report],
            ),
            (
                "[parameters]\nb = { prior = \"normal\", mean = 0.0, sd = 1.0 }\n[check]\nposterior_draws = 300\n",
                &[Check, Report],
            ),
            (
                "[parameters]\nb = { prior = \"normal\", mean = 0.0, sd = 1.0 }\n[check]\ntest_simulations = 30\n",
                &[SimulateTests, Check, Report],
            ),
        ];
        for (text, changed) in table {
            let reached: Vec<Stage> = STAGES
                .into_iter()
                .filter(|&stage| of(stage, plain) != of(stage, text))
                .collect();
            assert_eq!(reached, changed, "{text}");
        }
    }

    #[test]
    fn how_many_work_side_by_side_changes_nothing() {
        let study = |workers: &str| {
            let text = format!(
                "[study]\nname = \"a\"\n[simulator]\nmax_failed = 0.9\nworker = {{ command = [\"./sim\"]{workers} }}\n"
            );
            parse(&Source::new("study.toml", text)).unwrap()
        };
        for stage in STAGES {
            let [one, four] =
                ["", ", workers = 4, batch = 10"].map(|w| inputs(stage, &study(w), &Inputs::new()));
            assert_eq!(one, four);
        }
    }
}
