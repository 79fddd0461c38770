//! The prior that a study states, or that its built-in simulator brings.

use super::config::StudyConfig;
use super::source::Source;
use crate::error::Result;
use crate::prior::Prior;
use crate::simulate::builtin::Builtin;

/// Writes a built-in simulator's prior into `config` where that has none.
pub(super) fn prior(
    config: &mut StudyConfig,
    source: &Source,
    builtin: Option<&Builtin>,
) -> Result<Prior> {
    if config.parameters.0.is_empty() {
        let Some(builtin) = builtin else {
            return Err(source.error(
                "parameters",
                "is missing; expected a prior for each parameter",
                "Add, for example, `[parameters]` and `mu = { prior = \"uniform\", low = -2.0, high = 2.0 }`.",
            ));
        };
        config.parameters = builtin.prior.to_config()?;
    }
    let prior = Prior::from_config_with(&config.parameters, source.functions())
        .map_err(|error| source.restated_at("parameters", error))?;
    let several = config.inference.is_sequential();
    let takes_discrete = !several && config.method().takes_discrete_parameters();
    if let Some(discrete) = prior.discrete_parameters().first()
        && !takes_discrete
    {
        return Err(source.error(
            &format!("parameters.{discrete}"),
            format!(
                "a discrete prior, which `{}`{} does not take",
                config.inference.method.name(),
                if several { " in rounds" } else { "" }
            ),
            "Use `npe`, `nle` or `nre` in one round, or give it a continuous prior.",
        ));
    }
    if let Some(builtin) = builtin
        && builtin.simulator.n_parameters() != prior.n_parameters()
    {
        return Err(source.error(
            "parameters",
            format!(
                "given {} parameters, expected {}: as many as `{}` takes",
                prior.n_parameters(),
                builtin.simulator.n_parameters(),
                builtin.name
            ),
            "Give one prior for each, or leave [parameters] out for the simulator's own.",
        ));
    }
    Ok(prior)
}
