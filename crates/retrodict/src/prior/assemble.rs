//! Making a prior from its configuration.

use std::sync::Arc;

use super::block::{Block, Distribution};
use super::conditional::Values;
use super::joint::N_TRIAL_DRAWS;
use super::reference::Known;
use super::{
    CustomPrior, Dirichlet, DistributionConfig, Interval, Law, MultivariateNormal, Parameter,
    ParameterConfig, ParametersConfig, Prior, PriorFunction, PriorFunctions,
};
use crate::error::{Error, Result};
use crate::seed::{Seed, Stream};

impl Prior {
    /// A prior from the `[parameters]` table of a study.
    ///
    /// # Errors
    /// As [`Prior::new`].
    pub fn from_config(config: &ParametersConfig) -> Result<Self> {
        Self::from_config_with(config, &PriorFunctions::default())
    }

    /// As [`Prior::from_config`], with the functions that `{ prior = "function" }` names.
    ///
    /// # Errors
    /// As [`Prior::new`], and if a function is not there.
    pub fn from_config_with(config: &ParametersConfig, functions: &PriorFunctions) -> Result<Self> {
        let mut known = Known::default();
        let mut blocks = Vec::new();
        for (name, parameter) in &config.0 {
            let block = block(&mut known, name, parameter, functions);
            blocks.push(block.map_err(|error| error.within(&format!("parameters.{name}")))?);
        }
        let prior = Self {
            parameters: known.parameters,
            supports: known.supports,
            blocks,
        };
        prior.check_names()?;
        prior.check_conditionals()?;
        Ok(prior)
    }

    /// Makes every conditional distribution at many draws of the parameters before it.
    fn check_conditionals(&self) -> Result<()> {
        let mut theta = vec![0.0; self.n_parameters()];
        let is_conditional =
            |block: &Block| matches!(block.distribution, Distribution::Conditional(_));
        if !self.blocks.iter().any(is_conditional) {
            return Ok(());
        }
        for i in 0..N_TRIAL_DRAWS {
            let random = &mut Seed(0).stream(Stream::Parameters, i);
            for block in &self.blocks {
                self.check_block(block, &theta)?;
                block.sample(&self.parameters, random, &mut theta);
            }
        }
        Ok(())
    }

    fn check_block(&self, block: &Block, theta: &[f64]) -> Result<()> {
        let Distribution::Conditional(config) = &block.distribution else {
            return Ok(());
        };
        let earlier = &self.parameters[..block.first];
        let values = Values {
            parameters: earlier,
            theta: &theta[..block.first],
            lenient: false,
        };
        values.build(config).map(drop).map_err(|error| {
            let name = &self.parameters[block.first].name;
            let at: Vec<String> = earlier
                .iter()
                .zip(theta)
                .map(|(p, v)| format!("{} = {v}", p.name))
                .collect();
            error
                .within(&format!("parameters.{name}"))
                .at(&at.join(", "))
        })
    }
}

/// Makes one block and adds its columns to what is known.
fn block(
    known: &mut Known,
    name: &str,
    config: &ParameterConfig,
    functions: &PriorFunctions,
) -> Result<Block> {
    if let DistributionConfig::Function {
        function,
        low,
        high,
    } = &config.distribution
    {
        let function = functions.get(function)?;
        return function_block(known, (name, config), &function, (low, high));
    }
    let first = known.parameters.len();
    let support = known.support(&config.distribution)?;
    let distribution = match &config.distribution {
        DistributionConfig::Dirichlet { concentration } => {
            Distribution::Dirichlet(Dirichlet::new(concentration)?)
        }
        DistributionConfig::MultivariateNormal { mean, covariance } => {
            Distribution::MultivariateNormal(MultivariateNormal::new(mean, covariance)?)
        }
        law if law.is_conditional() => Distribution::Conditional(law.clone()),
        law => Distribution::Fixed(Values::NONE.build(law)?),
    };
    let support = match &distribution {
        Distribution::Fixed(law) => law.support(),
        _ => support,
    };
    let is_block = matches!(
        distribution,
        Distribution::Dirichlet(_) | Distribution::MultivariateNormal(_)
    );
    let n_columns = config.distribution.n_columns();
    for parameter in columns(name, config, is_block) {
        known.push(parameter, support);
    }
    known.remember_order(&config.distribution);
    Ok(Block {
        distribution,
        config: Some((name.to_string(), config.clone())),
        first,
        n_columns,
    })
}

/// The columns of a distribution, numbered from one if it is a block of them.
fn columns(
    name: &str,
    config: &ParameterConfig,
    is_block: bool,
) -> impl Iterator<Item = Parameter> {
    (1..=config.distribution.n_columns()).map(move |i| {
        let numbered = |text: &str| {
            if is_block {
                format!("{text}_{i}")
            } else {
                text.to_string()
            }
        };
        Parameter {
            name: numbered(name),
            label: config.label.as_deref().map(numbered),
            unit: config.unit.clone(),
        }
    })
}

/// A block of which only its functions are known.
fn function_block(
    known: &mut Known,
    (name, config): (&str, &ParameterConfig),
    function: &Arc<dyn PriorFunction>,
    (low, high): (&[f64], &[f64]),
) -> Result<Block> {
    if low.len() != high.len() {
        return Err(Error::invalid(
            "high",
            format!("{} numbers", high.len()),
            format!("{}, as many as `low` has", low.len()),
            "Give one number a column; `inf` where there is no end.",
        ));
    }
    let first = known.parameters.len();
    let parameters: Vec<Parameter> = columns(name, config, low.len() > 1).collect();
    let ends = low.iter().zip(high);
    let supports: Vec<Interval> = ends.map(|(low, high)| Interval::new(*low, *high)).collect();
    for (parameter, support) in parameters.iter().zip(&supports) {
        known.push(parameter.clone(), *support);
    }
    Ok(Block {
        n_columns: parameters.len(),
        distribution: Distribution::Custom(CustomPrior::of(function, parameters, supports)?),
        config: None,
        first,
    })
}

impl Error {
    /// The same error, with the values of other parameters at which it shows.
    fn at(self, values: &str) -> Self {
        match self {
            Self::Invalid {
                what,
                given,
                expected,
                advice,
            } => Self::Invalid {
                what,
                given: format!("{given} at {values}"),
                expected,
                advice,
            },
            other => other,
        }
    }
}
