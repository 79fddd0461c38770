//! What the report says in words: the study, the training, and how to make it again.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::infer::SearchResult;
use crate::prior::ParameterConfig;
use crate::report::html::{Fact, ParameterRow, plain};
use crate::study::record::Stage;
use crate::study::settings_words::settings_words;
use crate::study::{Study, Versions};
use crate::train::{Stop, TrainLog};

/// A longer observation is described by its length.
const SHOWN: usize = 10;

/// Every column of θ with its prior.
pub(in crate::study) fn parameter_rows(study: &Study) -> Vec<ParameterRow> {
    let mut columns = study.prior().parameters().iter();
    let mut rows = Vec::new();
    for (_, config) in &study.config().parameters.0 {
        let prior = prior_words(config);
        for parameter in columns.by_ref().take(config.distribution.n_columns()) {
            let (parameter, prior) = (parameter.clone(), prior.clone());
            rows.push(ParameterRow { parameter, prior });
        }
    }
    rows
}

/// `uniform, low -2, high 2`.
fn prior_words(config: &ParameterConfig) -> String {
    let value = serde_json::to_value(&config.distribution).expect("a prior is plain data");
    let Value::Object(fields) = value else {
        return value.to_string();
    };
    let words = fields
        .iter()
        .map(|(key, value)| match (key.as_str(), value) {
            ("prior", Value::String(name)) => name.replace('_', " "),
            (key, Value::String(name)) => format!("{key} {name}"),
            (key, value) => format!("{key} {}", number_words(value)),
        });
    words.collect::<Vec<_>>().join(", ")
}

fn number_words(value: &Value) -> String {
    value.as_f64().map_or_else(|| value.to_string(), plain)
}

/// The simulator, the observation, the simulations and the method.
pub(in crate::study) fn study_facts(study: &Study, counts: &Map<String, Value>) -> Vec<Fact> {
    let config = study.config();
    let simulator = &config.simulator;
    let program = if let Some(builtin) = study.builtin() {
        format!("{} (built in): {}", builtin.name, builtin.description)
    } else if let Some(worker) = &simulator.worker {
        worker.command_line()
    } else if let Some(command) = &simulator.command {
        command.template.clone()
    } else if let Some(data) = &simulator.data {
        format!("simulations from {} and {}", data.theta, data.x)
    } else if let Some(function) = &simulator.function {
        format!("the function {}", function.name)
    } else {
        String::new()
    };
    let mut facts = vec![
        Fact::new("simulator", program),
        Fact::new("observation", observation_words(study)),
        Fact::new(
            "method",
            format!(
                "{} ({})",
                config.inference.method.words(),
                config.inference.method.name()
            ),
        ),
    ];
    let kinds = [
        ("training", "simulations to learn from"),
        ("test", "simulations to test with"),
        ("abc_smc", "simulations by sequential Monte Carlo"),
        ("synthetic_likelihood", "simulations for the likelihood"),
    ];
    for (key, name) in kinds {
        if let Some(count) = counts.get(key) {
            facts.push(Fact::new(name, count_words(count)));
        }
    }
    facts
}

fn observation_words(study: &Study) -> String {
    let observations = study.observations();
    match observations.n_rows() {
        1 if observations.n_columns() <= SHOWN => {
            let values: Vec<String> = observations.row(0).iter().map(f64::to_string).collect();
            values.join(", ")
        }
        1 => format!("{} numbers", observations.n_columns()),
        n => format!(
            "{n} observations of {} numbers each",
            observations.n_columns()
        ),
    }
}

fn count_words(count: &Value) -> String {
    let total = count["total"].as_u64().unwrap_or(0);
    let succeeded = count["succeeded"].as_u64().unwrap_or(0);
    if succeeded == total {
        return total.to_string();
    }
    let failed = count["failed"].as_object().into_iter().flatten();
    let kinds: Vec<String> = failed
        .map(|(kind, n)| format!("{n} {}", kind.replace('_', " ")))
        .collect();
    format!(
        "{total}, of which {} failed ({})",
        total - succeeded,
        kinds.join(", ")
    )
}

/// How a search for hyper-parameters went.
pub(super) fn search_facts(result: &SearchResult) -> Vec<Fact> {
    let best = &result.best;
    let with_loss = |loss: Option<f64>| loss.map_or_else(|| "failed".into(), |l| format!("{l:.4}"));
    let mut facts = vec![
        Fact::new("trainings", result.trials.len().to_string()),
        Fact::new("trials that failed", result.n_failed.to_string()),
        Fact::new("time", format!("{:.1} s", result.seconds)),
        Fact::new(
            "best",
            format!("trial {}: {}", best.index, settings_words(&best.settings)),
        ),
        Fact::new("its validation loss", with_loss(best.loss)),
    ];
    if let Some(own) = result.own() {
        let value = format!(
            "{} after at most {} steps",
            with_loss(own.loss),
            own.max_steps
        );
        facts.push(Fact::new(
            "that of the study's own settings (trial 0)",
            value,
        ));
    }
    if result.out_of_time {
        facts.push(Fact::new("ended by", "its time was over"));
    }
    facts
}

/// How the training went.
pub(super) fn training_facts(log: &TrainLog) -> Vec<Fact> {
    let list = |words: Vec<String>| words.join(", ");
    let members = &log.members;
    let end = |stop: Stop| match stop {
        Stop::NoImprovement => "no improvement",
        Stop::MaxEpochs => "all epochs used",
    };
    vec![
        Fact::new("networks", members.len().to_string()),
        Fact::new("rows trained on", log.n_train.to_string()),
        Fact::new("rows held out", log.n_validation.to_string()),
        Fact::new(
            "epochs",
            list(members.iter().map(|m| m.epochs.len().to_string()).collect()),
        ),
        Fact::new(
            "validation loss",
            list(
                members
                    .iter()
                    .map(|m| format!("{:.3}", m.best_validation_loss))
                    .collect(),
            ),
        ),
        Fact::new(
            "ended by",
            list(members.iter().map(|m| end(m.stop).to_string()).collect()),
        ),
        Fact::new(
            "weights in the mixture",
            list(log.mixture.iter().map(|w| format!("{w:.2}")).collect()),
        ),
    ]
}

/// What it takes to make the same numbers again.
pub(in crate::study) fn reproduce_facts(
    study: &Study,
    seconds: &BTreeMap<Stage, f64>,
) -> Vec<Fact> {
    let versions = Versions::current();
    let mut facts = vec![
        Fact::new("seed", study.config().study.seed.to_string()),
        Fact::new("retrodict", versions.retrodict),
        Fact::new(
            "platform",
            format!("{}, {}", versions.platform, versions.cpu.join(" ")),
        ),
    ];
    for (key, hash) in study.facts() {
        if let Some(name) = key.strip_prefix("file.") {
            facts.push(Fact::new(format!("SHA-256 of {name}"), hash.clone()));
        }
    }
    for (stage, seconds) in seconds.iter().filter(|(stage, _)| **stage != Stage::Report) {
        facts.push(Fact::new(
            format!("time for the {}", stage.words()),
            format!("{seconds:.1} s"),
        ));
    }
    facts
}
