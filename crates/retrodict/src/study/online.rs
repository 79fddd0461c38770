//! What a study of a method that asks the simulator has to say.

use super::config::StudyConfig;
use super::method::Method;
use super::source::Source;
use super::synthetic_section;
use crate::error::{Error, Result};
use crate::infer::classical::SyntheticEstimator;
use crate::infer::{AbcSmcConfig, Missing, SummariesConfig};
use crate::simulate::builtin::Builtin;

/// What can be checked without a simulator.
pub(super) fn validate(config: &StudyConfig, method: Method, source: &Source) -> Result<()> {
    let simulator = &config.simulator;
    if method.is_online() && simulator.data.is_some() {
        return Err(source.error(
            "inference.method",
            format!(
                "`{}` with simulations that exist already: it asks the simulator itself",
                method.name()
            ),
            "Give the simulator, or choose a method that learns from a table, such as `npe`.",
        ));
    }
    correction(config, source)?;
    match method {
        Method::Likelihood if simulator.command.is_some() => Err(source.error(
            "inference.method",
            "`likelihood` with a command, which only simulates",
            "Wrap it in a worker that answers requests for `log_likelihood` (see the guide, \"Your own simulator\").",
        )),
        Method::AbcSmc => abc_smc(config, source),
        Method::SyntheticLikelihood => synthetic_likelihood(config, source),
        _ => Ok(()),
    }
}

/// A correction asks for the likelihood of complete data.
fn correction(config: &StudyConfig, source: &Source) -> Result<()> {
    if config.inference.correction.is_none() {
        return Ok(());
    }
    let simulator = &config.simulator;
    let given = if simulator.data.is_some() {
        Some("simulations that exist already")
    } else {
        simulator
            .command
            .as_ref()
            .map(|_| "a command, which only simulates")
    };
    if let Some(given) = given {
        return Err(source.error(
            "inference.correction",
            format!("given with {given}, expected a simulator that knows its likelihood"),
            "Remove the section, or give a worker that answers requests for `log_likelihood` (see the guide, \"Your own simulator\").",
        ));
    }
    if config.inference.missing != Missing::Refuse {
        return Err(source.error(
            "inference.correction",
            "given with `missing`: no likelihood of incomplete data is known",
            "Remove one of the two.",
        ));
    }
    Ok(())
}

fn abc_smc(config: &StudyConfig, source: &Source) -> Result<()> {
    let section = config.inference.abc_smc.clone().unwrap_or_default();
    let error = |error| source.restated_option("inference.abc_smc", error);
    section.validate().map_err(error)?;
    let budget = config
        .inference
        .simulations
        .unwrap_or(super::resolved::DEFAULT_SIMULATIONS);
    let unset = AbcSmcConfig::default().max_simulations;
    if section.max_simulations != unset && section.max_simulations != budget {
        return Err(source.error(
            "inference.abc_smc.max_simulations",
            format!(
                "given {}, and `inference.simulations` is {budget}",
                section.max_simulations
            ),
            "Leave it out: the budget is `inference.simulations`.",
        ));
    }
    let cost = |n: usize| (section.first_simulations(n), section.population(n));
    // A population that is left out grows with the budget, so that what this one lacks is not all that is missing.
    let mut needed = budget;
    while needed < cost(needed).0 + cost(needed).1 {
        needed += 1;
    }
    if needed == budget {
        return Ok(());
    }
    let (first, population) = cost(needed);
    Err(source.error(
        "inference.simulations",
        format!(
            "given {budget}, expected at least {needed} for `abc_smc`: {first} from the prior, and a population of {population}"
        ),
        "Give more, or a smaller `population` in `[inference.abc_smc]`.",
    ))
}

fn synthetic_likelihood(config: &StudyConfig, source: &Source) -> Result<()> {
    let section = config.inference.synthetic_likelihood.unwrap_or_default();
    if section.estimator == SyntheticEstimator::Unbiased && config.trials() {
        return Err(source.error(
            "inference.synthetic_likelihood.estimator",
            "given `unbiased` with several trials: the product of such estimates from the same simulations is biased",
            "Choose `normal`.",
        ));
    }
    let sampler = config.inference.sampler.clone();
    let sampler = sampler.unwrap_or_else(synthetic_section::sampler);
    let draws = config.posterior.draws;
    let cost = section
        .known_cost(&sampler, draws)
        .unwrap_or(section.simulations);
    if cost <= section.max_simulations {
        return Ok(());
    }
    Err(source.error(
        "inference.synthetic_likelihood.max_simulations",
        format!(
            "given {}, but the sampler will ask for {cost} to draw {draws} times: {} at each θ",
            section.max_simulations, section.simulations
        ),
        format!("Give {cost}, or ask for fewer `posterior.draws`, a shorter `warmup` or fewer `candidates` in `[inference.sampler]`."),
    ))
}

/// What can be checked once the simulator and the length of the data are known.
pub(super) fn validate_data(
    config: &StudyConfig,
    source: &Source,
    builtin: Option<&Builtin>,
    n_data: usize,
) -> Result<()> {
    let method = config.method();
    if method == Method::Likelihood
        && let Some(builtin) = builtin
        && builtin.log_likelihood.is_none()
    {
        return Err(source.error(
            "inference.method",
            format!(
                "`likelihood`, but that of `{}` has no closed form",
                builtin.name
            ),
            "Choose another method, or another simulator.",
        ));
    }
    if config.inference.correction.is_some()
        && let Some(builtin) = builtin
        && builtin.log_likelihood.is_none()
    {
        return Err(source.error(
            "inference.correction",
            format!(
                "given, but the likelihood of `{}` has no closed form",
                builtin.name
            ),
            "Remove the section.",
        ));
    }
    if method != Method::SyntheticLikelihood {
        return Ok(());
    }
    let section = config.inference.synthetic_likelihood.unwrap_or_default();
    if section.summaries != SummariesConfig::None {
        return Ok(());
    }
    let named = |error: Error| source.restated_option("inference.synthetic_likelihood", error);
    section.likelihood().validate(n_data).map_err(named)
}
