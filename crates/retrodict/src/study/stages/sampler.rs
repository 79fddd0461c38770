//! What a sampler left about its run: what it says to a reader, and what of it has to be checked.

use serde_json::{Map, Value};

use crate::check::{Check, SamplerRun};
use crate::error::Result;
use crate::report::html::Fact;
use crate::study::Run;
use crate::study::export::file_name;

use super::check::read_json;

impl Run<'_> {
    /// The words and numbers of the run for observation `i` of `n`, if a sampler drew.
    fn sampler_run(&self, i: usize, n: usize) -> Result<Option<Map<String, Value>>> {
        let name = file_name("sampler", (n > 1).then_some(i), "json");
        let path = self.folder().posterior().join(name);
        path.exists().then(|| read_json(&path)).transpose()
    }

    /// What the sampler met, as checks.
    pub(super) fn sampler_checks(&self, i: usize, n: usize) -> Result<Vec<Check>> {
        let Some(run) = self.sampler_run(i, n)? else {
            return Ok(Vec::new());
        };
        let count = |key: &str| run.get(key).and_then(Value::as_f64).unwrap_or(0.0) as usize;
        let run = SamplerRun {
            k_hat: run.get("k_hat").map(|v| v.as_f64().unwrap_or(f64::NAN)),
            divergences: count("divergences"),
            evaluations: count("evaluations"),
            invalid: count("invalid_log_likelihoods"),
        };
        Ok(run.checks())
    }

    /// How the draws were made, for the report.
    pub(super) fn sampler_facts(&self, i: usize, n: usize) -> Result<Vec<Fact>> {
        let Some(run) = self.sampler_run(i, n)? else {
            return Ok(Vec::new());
        };
        let corrected = self.study().config().inference.correction.is_some();
        let mut facts = if corrected {
            correction_facts(&run)
        } else {
            Vec::new()
        };
        let notes = run.get("notes").and_then(Value::as_str);
        facts.extend(notes.map(|notes| Fact::new("note", notes.to_string())));
        Ok(facts)
    }
}

/// What the weights of a correction are worth.
fn correction_facts(run: &Map<String, Value>) -> Vec<Fact> {
    let number = |key: &str| run.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let (effective, all) = (number("effective_size"), number("evaluations"));
    let share = 100.0 * effective / all;
    let evidence = number("log_evidence");
    let error = number("log_evidence_standard_error");
    vec![
        Fact::new(
            "corrected by the likelihood",
            format!(
                "{all} draws of the network, whose weights are worth {effective:.0} equal ones ({share:.1} %); k̂ = {:.2}",
                number("k_hat")
            ),
        ),
        Fact::new("log evidence", format!("{evidence:.3} ± {error:.3}")),
    ]
}
