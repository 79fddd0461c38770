//! What rounds need.

use super::counts::MIN_SIMULATIONS;
use crate::error::{Error, Result};
use crate::infer::sequential::SequentialMethod;
use crate::prior::Prior;
use crate::sample::SamplerConfig;
use crate::study::config::StudyConfig;
use crate::study::method::Method;
use crate::study::resolved::DEFAULT_SIMULATIONS;
use crate::study::source::Source;
use crate::table::Table;

/// What several rounds need: a method that can be aimed, a simulator to run, one posterior to aim at, and
/// enough simulations for each.
pub(in crate::study) fn rounds(
    config: &StudyConfig,
    source: &Source,
    (prior, observations): (&Prior, &Table),
) -> Result<()> {
    let inference = &config.inference;
    if config.method() == Method::Tmnre {
        let checked = inference.tmnre().marginals.check(prior);
        checked.map_err(|error| match error {
            Error::Invalid { ref what, .. } if what.starts_with("parameters.") => {
                source.restated(error, str::to_string)
            }
            error => source.restated_option("inference.tmnre", error),
        })?;
    }
    let field = "inference.rounds";
    let refuse = |problem: String, advice: &str| Err(source.error(field, problem, advice));
    if inference.rounds == Some(0) {
        return refuse(
            "given 0, expected at least 1".into(),
            "Leave it out for one round.",
        );
    }
    if !inference.is_sequential() {
        return match inference.sequential {
            Some(_) => Err(source.error(
                "inference.sequential",
                "given with `rounds = 1`, which does not use it",
                "Remove the section, or give `rounds`.",
            )),
            None => Ok(()),
        };
    }
    let rounds = inference.rounds();
    let method = config.method();
    if config.simulator.data.is_some() {
        return refuse(
            format!("given {rounds} with simulations that exist already"),
            "Later rounds simulate where the earlier ones point to: give a simulator that can be run, or leave `rounds` out.",
        );
    }
    if inference.search.is_some() {
        return refuse(
            format!("given {rounds} with a search for hyper-parameters, which knows one round"),
            "Search with one round, write what it finds into the study, and remove the search.",
        );
    }
    if let Some(sequential) = &inference.sequential {
        let sampler = SamplerConfig::default;
        let check = |method: SequentialMethod| sequential.check_method(&method, prior);
        let checked = match method {
            Method::Auto => sequential.check_auto(),
            Method::Nle => check(SequentialMethod::Nle(inference.nle(), sampler())),
            Method::Nre => check(SequentialMethod::Nre(inference.nre(), sampler())),
            Method::Tmnre => check(SequentialMethod::Tmnre(inference.tmnre())),
            _ => check(SequentialMethod::Npe(inference.npe())),
        };
        checked.map_err(|error| source.restated_option("inference.sequential", error))?;
    }
    let n = observations.n_rows();
    if n > 1 && !config.trials() {
        return refuse(
            format!("given {rounds} with {n} observations, expected one to aim at"),
            "Give each observation a study of its own, or leave `rounds` out: one round serves all of them.",
        );
    }
    let each = inference.simulations.unwrap_or(DEFAULT_SIMULATIONS) / rounds;
    if each < MIN_SIMULATIONS {
        return refuse(
            format!(
                "given {rounds}, which leaves {each} simulations a round, expected at least {MIN_SIMULATIONS}"
            ),
            "Give more simulations or fewer rounds.",
        );
    }
    Ok(())
}
