//! What networks need with which training begins.

use std::path::Path;

use super::together::not_together;
use crate::error::Result;
use crate::study::config::StudyConfig;
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
