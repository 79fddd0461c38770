//! Arguments that name earlier parameters: are there such parameters, and do they always fit?

use super::{Argument, DistributionConfig, Interval, Parameter};
use crate::error::{Error, Result};

/// What is known about the parameters that stand before the one being checked.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) parameters: Vec<Parameter>,
    /// An interval that holds every value the parameter can take.
    pub(super) supports: Vec<Interval>,
    /// For each parameter, those that can never be larger than it.
    not_above: Vec<Vec<usize>>,
}

impl Known {
    /// Adds a parameter with the interval that holds it.
    pub(super) fn push(&mut self, parameter: Parameter, support: Interval) {
        self.parameters.push(parameter);
        self.supports.push(support);
        self.not_above.push(Vec::new());
    }

    /// Remembers what the bounds of the parameter added last say about the order of parameters.
    pub(super) fn remember_order(&mut self, config: &DistributionConfig) {
        use DistributionConfig as D;
        let (low, high) = match config {
            D::Uniform { low, high } | D::LogUniform { low, high } => (Some(low), Some(high)),
            D::Truncated { low, high, .. } => (low.as_ref(), high.as_ref()),
            _ => return,
        };
        let last = self.parameters.len() - 1;
        if let Some(below) = low.and_then(|low| self.index(low)) {
            let mut smaller = self.not_above[below].clone();
            smaller.push(below);
            self.not_above[last] = smaller;
        }
        if let Some(above) = high.and_then(|high| self.index(high)) {
            let mut smaller = self.not_above[last].clone();
            smaller.push(last);
            self.not_above[above].extend(smaller);
        }
    }

    /// An interval that holds every value of a one-dimensional distribution.
    ///
    /// # Errors
    /// If an argument names no earlier parameter, or one that can take values which the argument
    /// cannot: a standard deviation below zero, an upper end below the lower.
    pub(super) fn support(&self, config: &DistributionConfig) -> Result<Interval> {
        use DistributionConfig as D;
        match config {
            D::Uniform { low, high } | D::UniformInteger { low, high } => self.between(low, high),
            D::LogUniform { low, high } => {
                self.positive("low", low)?;
                self.between(low, high)
            }
            D::Normal { mean: centre, sd } => self.real_line("mean", centre, "sd", sd),
            D::Cauchy { location, scale } => self.real_line("location", location, "scale", scale),
            D::StudentT {
                degrees_of_freedom,
                location,
                scale,
            } => {
                self.positive("degrees_of_freedom", degrees_of_freedom)?;
                self.real_line("location", location, "scale", scale)
            }
            D::LogNormal { mean_log, sd_log } => {
                self.real_line("mean_log", mean_log, "sd_log", sd_log)?;
                Ok(Interval::POSITIVE)
            }
            D::HalfNormal { scale } => self.half_line(&[("scale", scale)]),
            D::Exponential { rate } | D::Poisson { rate } => self.half_line(&[("rate", rate)]),
            D::Gamma { shape, rate } => self.half_line(&[("shape", shape), ("rate", rate)]),
            D::Beta { alpha, beta } => {
                self.half_line(&[("alpha", alpha), ("beta", beta)])?;
                Ok(Interval::new(0.0, 1.0))
            }
            D::Truncated {
                distribution,
                low,
                high,
            } => self.truncated(distribution, low.as_ref(), high.as_ref()),
            D::Mixture { components, .. } => self.mixture(components),
            D::Discrete { values, .. } => Ok(hull_of(values)),
            D::Categorical { probabilities } => {
                Ok(Interval::new(0.0, probabilities.len() as f64 - 1.0))
            }
            D::Bernoulli { probability } => {
                self.share(probability)?;
                Ok(Interval::new(0.0, 1.0))
            }
            D::Binomial {
                trials,
                probability,
            } => {
                self.share(probability)?;
                Ok(Interval::new(0.0, f64::from(*trials)))
            }
            D::Dirichlet { .. } => Ok(Interval::new(0.0, 1.0)),
            D::MultivariateNormal { .. } | D::Function { .. } => Ok(Interval::REAL),
        }
    }

    fn real_line(
        &self,
        centre_key: &str,
        centre: &Argument,
        scale_key: &str,
        scale: &Argument,
    ) -> Result<Interval> {
        self.range(centre_key, centre)?;
        self.positive(scale_key, scale)?;
        Ok(Interval::REAL)
    }

    fn half_line(&self, positive: &[(&str, &Argument)]) -> Result<Interval> {
        for (key, argument) in positive {
            self.positive(key, argument)?;
        }
        Ok(Interval::POSITIVE)
    }

    fn truncated(
        &self,
        distribution: &DistributionConfig,
        low: Option<&Argument>,
        high: Option<&Argument>,
    ) -> Result<Interval> {
        let parent = self
            .support(distribution)
            .map_err(|error| error.within("distribution"))?;
        let low = low.cloned().unwrap_or(Argument::Number(f64::NEG_INFINITY));
        let high = high.cloned().unwrap_or(Argument::Number(f64::INFINITY));
        let wanted = self.between(&low, &high)?;
        Ok(Interval::new(
            wanted.low.max(parent.low),
            wanted.high.min(parent.high),
        ))
    }

    fn mixture(&self, components: &[DistributionConfig]) -> Result<Interval> {
        let mut hull = Interval::new(f64::INFINITY, f64::NEG_INFINITY);
        for (i, component) in components.iter().enumerate() {
            let support = self.support(component);
            hull = hull.hull(support.map_err(|error| error.within(&format!("components[{i}]")))?);
        }
        Ok(hull)
    }

    /// The values that an argument can take.
    fn range(&self, key: &str, argument: &Argument) -> Result<Interval> {
        let Argument::Parameter(name) = argument else {
            return Ok(self
                .index(argument)
                .map_or_else(|| number(argument), |at| self.supports[at]));
        };
        let at = self
            .index(argument)
            .ok_or_else(|| self.unknown(key, name))?;
        Ok(self.supports[at])
    }

    fn positive(&self, key: &str, argument: &Argument) -> Result<()> {
        let range = self.range(key, argument)?;
        // Numbers are checked by the distribution itself.
        if matches!(argument, Argument::Parameter(_)) && range.low < 0.0 {
            return Err(Error::invalid(
                key,
                format!(
                    "the parameter {argument}, which can be as low as {}",
                    range.low
                ),
                "a parameter that is always positive",
                "Give that parameter a positive prior, such as `half_normal` or `log_normal`.",
            ));
        }
        Ok(())
    }

    /// A parameter that stands for a probability has to lie between 0 and 1.
    fn share(&self, argument: &Argument) -> Result<()> {
        let range = self.range("probability", argument)?;
        let named = matches!(argument, Argument::Parameter(_));
        if named && (range.low < 0.0 || range.high > 1.0) {
            return Err(Error::invalid(
                "probability",
                format!(
                    "the parameter {argument}, which lies between {} and {}",
                    range.low, range.high
                ),
                "a parameter that always lies between 0 and 1",
                "Give that parameter a `beta` prior, or a `uniform` one from 0 to 1.",
            ));
        }
        Ok(())
    }

    fn between(&self, low: &Argument, high: &Argument) -> Result<Interval> {
        let (lows, highs) = (self.range("low", low)?, self.range("high", high)?);
        let numbers = [low, high].map(|a| matches!(a, Argument::Number(_))) == [true, true];
        // Two numbers are checked by the distribution itself.
        if numbers || lows.high <= highs.low || self.is_ordered(low, high) {
            return Ok(Interval::new(lows.low, highs.high));
        }
        Err(Error::invalid(
            "high",
            format!("{high}, while `low` is {low}"),
            "an upper end that can never lie below the lower",
            "Choose the priors of the parameters named so that their ranges do not overlap, or \
             bound one of them by the other.",
        ))
    }

    fn is_ordered(&self, low: &Argument, high: &Argument) -> bool {
        let pair = self.index(low).zip(self.index(high));
        pair.is_some_and(|(low, high)| self.not_above[high].contains(&low))
    }

    fn index(&self, argument: &Argument) -> Option<usize> {
        match argument {
            Argument::Number(_) => None,
            Argument::Parameter(name) => self.parameters.iter().position(|p| p.name == *name),
        }
    }

    fn unknown(&self, key: &str, name: &str) -> Error {
        let names: Vec<&str> = self.parameters.iter().map(|p| p.name.as_str()).collect();
        let expected = if names.is_empty() {
            "a number, because no parameter stands before this one".to_string()
        } else {
            format!(
                "a number or one of the parameters before this one: {}",
                names.join(", ")
            )
        };
        Error::invalid(
            key,
            format!("`{name}`"),
            expected,
            "Correct the name, or move the parameter it names further up.",
        )
    }
}

fn number(argument: &Argument) -> Interval {
    match argument {
        Argument::Number(value) => Interval::new(*value, *value),
        Argument::Parameter(_) => Interval::REAL,
    }
}

fn hull_of(values: &[f64]) -> Interval {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Interval::new(low, high)
}

impl DistributionConfig {
    /// Whether an argument names another parameter.
    pub(super) fn is_conditional(&self) -> bool {
        let named = |arguments: &[&Argument]| {
            arguments
                .iter()
                .any(|argument| matches!(argument, Argument::Parameter(_)))
        };
        match self {
            Self::Uniform { low, high }
            | Self::LogUniform { low, high }
            | Self::UniformInteger { low, high } => named(&[low, high]),
            Self::Bernoulli { probability: a } | Self::Binomial { probability: a, .. } => {
                named(&[a])
            }
            Self::Normal { mean: a, sd: b }
            | Self::LogNormal {
                mean_log: a,
                sd_log: b,
            }
            | Self::Gamma { shape: a, rate: b }
            | Self::Beta { alpha: a, beta: b }
            | Self::Cauchy {
                location: a,
                scale: b,
            } => named(&[a, b]),
            Self::HalfNormal { scale: a }
            | Self::Exponential { rate: a }
            | Self::Poisson { rate: a } => named(&[a]),
            Self::StudentT {
                degrees_of_freedom,
                location,
                scale,
            } => named(&[degrees_of_freedom, location, scale]),
            Self::Truncated {
                distribution,
                low,
                high,
            } => {
                let ends: Vec<&Argument> = low.iter().chain(high).collect();
                distribution.is_conditional() || named(&ends)
            }
            Self::Mixture { components, .. } => components.iter().any(Self::is_conditional),
            Self::Discrete { .. }
            | Self::Categorical { .. }
            | Self::Dirichlet { .. }
            | Self::MultivariateNormal { .. }
            | Self::Function { .. } => false,
        }
    }
}
