//! What simulations of several rounds, which exist already, need.

use super::together::not_together;
use crate::error::Result;
use crate::prior::Prior;
use crate::study::config::StudyConfig;
use crate::study::source::Source;

const FIELD: &str = "inference.given_rounds";

/// They have to exist already, and the loss that corrects for their proposals is that of one fit without
/// anything else that changes the loss.
pub(in crate::study) fn given_rounds(
    config: &StudyConfig,
    source: &Source,
    prior: &Prior,
) -> Result<()> {
    let inference = &config.inference;
    let Some(given) = &inference.given_rounds else {
        return Ok(());
    };
    if !config.simulator.is_given() {
        return Err(source.error(
            FIELD,
            "given with a simulator that is run: its simulations come from the prior",
            "Use `rounds`, which makes them, or name simulations that exist.",
        ));
    }
    let others = [
        "rounds",
        "search",
        "robust",
        "restriction",
        "missing",
        "train.balance",
        "train.coverage_penalty",
    ];
    let because = "is for simulations from the prior";
    not_together(inference, source, "given_rounds", &others, because)?;
    // Simulations to test with are taken from the same files, whose rows are not all from the prior.
    let check = &config.check;
    if config.simulator.data.is_some() && check.test_simulations > 0 {
        return Err(source.error(
            FIELD,
            format!(
                "given with {} test simulations, which would be taken from rows that proposals made",
                check.test_simulations
            ),
            "Set `check.test_simulations = 0`: a posterior of several rounds is not calibrated.",
        ));
    }
    let others = [
        ("posterior_calibration", check.posterior_calibration),
        ("conformal", check.conformal),
        ("learning_curve", check.learning_curve),
    ];
    if let Some((key, _)) = others.iter().find(|(_, given)| *given) {
        return Err(source.error(
            &format!("check.{key}"),
            "given with several rounds, whose posterior serves one observation only",
            "Remove it.",
        ));
    }
    given
        .validate(&inference.npe(), prior)
        .map_err(|error| source.restated_option(FIELD, error))
}
