//! Settings that exclude each other.

use crate::error::Result;
use crate::infer::Missing;
use crate::study::inference_section::InferenceSection;
use crate::study::source::Source;

/// The name of a setting, and whether it is given.
type Setting = (&'static str, fn(&InferenceSection) -> bool);

/// Every setting that changes what networks are trained on, or by which loss.
const ALL: &[Setting] = &[
    ("rounds", InferenceSection::is_sequential),
    ("given_rounds", |own| own.given_rounds.is_some()),
    ("search", |own| own.search.is_some()),
    ("robust", |own| own.robust.is_some()),
    ("restriction", |own| own.restriction.is_some()),
    ("correction", |own| own.correction.is_some()),
    ("missing", |own| own.missing != Missing::Refuse),
    ("summaries", |own| !own.summaries.is_none()),
    ("train.balance", |own| own.train.balance.is_some()),
    ("train.coverage_penalty", |own| {
        own.train.coverage_penalty.is_some()
    }),
];

/// Refuses `inference.field`, which is given, together with any of `others`; `because` says what those are.
pub(super) fn not_together(
    inference: &InferenceSection,
    source: &Source,
    field: &str,
    others: &[&str],
    because: &str,
) -> Result<()> {
    let given = |(key, is_given): &&Setting| others.contains(key) && is_given(inference);
    match ALL.iter().find(given) {
        Some((key, _)) => Err(source.error(
            &format!("inference.{field}"),
            format!("given together with `{key}`, which {because}"),
            "Remove one of the two.",
        )),
        None => Ok(()),
    }
}
