//! `[posterior]`: what is drawn from the posterior, and what is asked about it beside its draws.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::config::StudyConfig;
use super::method::Method;
use super::source::Source;
use crate::error::Result;
use crate::prior::Prior;

/// `[posterior]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PosteriorSection {
    /// How many draws the run leaves for each observation.
    pub draws: usize,
    /// Whether the θ with the largest posterior density is searched for each observation. Left out, it is,
    /// unless the method would have to ask the simulator for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<bool>,
    /// Whether the directions are found along which the posterior changes most and least: those that the
    /// data decide, and those about which they say nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sensitivity: bool,
    /// The posterior of every parameter and pair where all others have given values; none unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditional: Option<ConditionalSection>,
}

/// `[posterior.conditional]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConditionalSection {
    /// The values at which parameters are held, by name. Those that are not named are held at the maximum
    /// of the posterior.
    pub at: BTreeMap<String, f64>,
}

impl Default for PosteriorSection {
    fn default() -> Self {
        Self {
            draws: 10_000,
            map: None,
            sensitivity: false,
            conditional: None,
        }
    }
}

impl PosteriorSection {
    /// Writes out the default that depends on the method.
    pub(super) fn fill_in(&mut self, method: Method) {
        self.map.get_or_insert(!method.is_online());
    }

    /// Whether the maximum is asked for.
    pub(super) fn maximum(&self) -> bool {
        self.map.unwrap_or(false)
    }

    /// Whether anything is asked for beside the draws.
    pub(super) fn explores(&self) -> bool {
        self.maximum() || self.sensitivity || self.conditional.is_some()
    }
}

/// What conditional densities and sensitivities need of the prior.
pub(super) fn validate(config: &StudyConfig, source: &Source, prior: &Prior) -> Result<()> {
    let section = &config.posterior;
    let discrete = prior.discrete_columns();
    let n_continuous = prior.n_parameters() - discrete.len();
    let simplex = prior.n_unconstrained() != n_continuous;
    let advice = "Leave it out.";
    if section.sensitivity {
        if let Some(name) = prior.discrete_parameters().first() {
            let problem = format!("given true, but `{name}` is discrete and has no gradient");
            return Err(source.error("posterior.sensitivity", problem, advice));
        }
        if simplex {
            let problem = "given true, but parameters that sum to one have no gradient each";
            return Err(source.error("posterior.sensitivity", problem, advice));
        }
    }
    let Some(conditional) = &section.conditional else {
        return Ok(());
    };
    if n_continuous == 0 || simplex {
        let problem = if simplex {
            "given, but of parameters that sum to one none can move while the others stay"
        } else {
            "given, but every parameter is discrete"
        };
        return Err(source.error("posterior.conditional", problem, advice));
    }
    conditional.at.iter().try_for_each(|(name, value)| {
        let field = format!("posterior.conditional.at.{name}");
        let names = prior.names();
        let Some(j) = names.iter().position(|known| known == name) else {
            return Err(source.error(
                &field,
                format!(
                    "given, expected one of the parameters: {}",
                    names.join(", ")
                ),
                "Correct the name.",
            ));
        };
        let support = prior.support(j);
        if support.contains(*value) {
            return Ok(());
        }
        Err(source.error(
            &field,
            format!(
                "given {value}, expected a value inside its prior, from {} to {}",
                support.low, support.high
            ),
            "Give another value, or leave it out for the maximum of the posterior.",
        ))
    })
}
