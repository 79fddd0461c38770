//! What networks need with which training begins.

use std::path::Path;

use super::together::not_together;
use crate::error::Result;
use crate::study::config::StudyConfig;
use crate::study::continued::model_method;
use crate::study::method::Method;
use crate::study::read::read;
use crate::study::source::Source;

/// Refuses what goes on with networks cannot be combined with: losses of their own, networks of other forms, and
/// another prior.
pub(in crate::study) fn continue_from(
    config: &StudyConfig,
    source: &Source,
    folder: &Path,
) -> Result<()> {
    let inference = &config.inference;
    let Some(name) = &inference.continue_from else {
        return Ok(());
    };
    let others = [
        "rounds",
        "given_rounds",
        "search",
        "restriction",
        "robust",
        "train.balance",
        "train.coverage_penalty",
    ];
    let because = "trains in a way of its own";
    not_together(inference, source, "continue_from", &others, because)?;
    of_this_method(inference.method, source, (folder, name))?;
    // Weights mean something in the space that the prior's support is mapped to. A model alone does not know it.
    match read(folder.join(name).join("study.toml")) {
        Ok((begun, _)) if begun.parameters != config.parameters => Err(source.error(
            "inference.continue_from",
            format!("the networks of {name} were trained for another prior"),
            "Give `[parameters]` as that run has them, or train fresh networks.",
        )),
        _ => Ok(()),
    }
}

/// Refuses the networks of another method, which a model says of itself. Paths of vector fields are compared later.
fn of_this_method(method: Method, source: &Source, (folder, name): (&Path, &str)) -> Result<()> {
    let expected = match method {
        Method::Fmpe | Method::Npse => "vector_field",
        other => other.name(),
    };
    match model_method(folder, name) {
        Some(given) if given != expected => {
            // Two methods of a study share the name that stands in their models.
            let given = given.replace("vector_field", "fmpe` or `npse");
            Err(source.error(
                "inference.continue_from",
                format!(
                    "{name} has networks of `{given}`, and this study says `{}`",
                    method.name()
                ),
                "Give the method of that run, or train fresh networks.",
            ))
        }
        _ => Ok(()),
    }
}
