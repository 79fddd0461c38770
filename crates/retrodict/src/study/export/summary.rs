//! What one says about each parameter in a table, and about the sampler.

use serde_json::{Map, Number, Value, json};

use crate::sample::Diagnostics;
use crate::samples::Samples;

/// Where a summary says that its draws come from several rounds, among the parameters' names.
const SEQUENTIAL: &str = "_sequential";

/// A JSON object: the name of each parameter, and its mean, sd, median, `interval_68` and
/// `interval_95`; of chains also `r_hat`, `ess_bulk`, `ess_tail`, `mcse_mean` and `mcse_sd`. A number that
/// does not exist, such as the sd of one draw, is null. Draws that several rounds aimed at one observation
/// also have `_sequential`, with `amortised` and `rounds`, and what `auto` has `chosen` and `because` of what.
pub(super) fn json(samples: &Samples) -> Vec<u8> {
    let mut all = Map::new();
    for (j, summary) in samples.summary().into_iter().enumerate() {
        let name = summary.name.clone();
        let value = serde_json::to_value(summary).expect("a summary is plain data");
        let Value::Object(mut fields) = value else {
            unreachable!("a struct becomes an object");
        };
        fields.remove("name");
        if samples.n_chains > 1 {
            let column = samples.draws.column(j);
            let own = Diagnostics::of(&column, samples.n_chains);
            let Value::Object(own) = serde_json::to_value(own).expect("numbers are plain data")
            else {
                unreachable!("a struct becomes an object");
            };
            fields.extend(own);
        }
        all.insert(name, Value::Object(fields));
    }
    if let Some(rounds) = samples.provenance.get("rounds") {
        let rounds: Option<usize> = rounds.parse().ok();
        let amortised = samples
            .provenance
            .get("amortised")
            .is_some_and(|v| v == "true");
        let mut words = json!({ "amortised": amortised, "rounds": rounds });
        for key in ["chosen", "because"] {
            if let Some(text) = samples.provenance.get(key) {
                words[key] = json!(text);
            }
        }
        all.insert(SEQUENTIAL.into(), words);
    }
    let mut bytes = serde_json::to_vec_pretty(&all).expect("a map of numbers is plain data");
    bytes.push(b'\n');
    bytes
}

/// What the sampler says about its run, if one drew: words and numbers by their names.
pub(super) fn sampler(samples: &Samples) -> Option<Vec<u8>> {
    samples.provenance.get("sampler")?;
    let value = |text: &String| {
        // Counts and seeds stay whole: a float has not enough digits for every seed.
        let whole = text.parse::<u64>().ok().map(Number::from);
        let number = || text.parse::<f64>().ok().and_then(Number::from_f64);
        whole
            .or_else(number)
            .map_or_else(|| Value::String(text.clone()), Value::Number)
    };
    let entries = samples.provenance.iter();
    let all: Map<String, Value> = entries.map(|(k, text)| (k.clone(), value(text))).collect();
    let mut bytes = serde_json::to_vec_pretty(&all).expect("words and numbers are plain data");
    bytes.push(b'\n');
    Some(bytes)
}
