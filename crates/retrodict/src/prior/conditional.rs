//! A one-dimensional distribution from its configuration, at given values of earlier parameters.

use super::{
    Argument, Beta, Cauchy, Discrete, DistributionConfig, Exponential, Gamma, HalfNormal,
    LogNormal, LogUniform, Mixture, Normal, Parameter, Poisson, StudentT, Truncated, Uniform,
    UniformInteger, Univariate,
};
use crate::error::{Error, Result};

/// Where arguments that name a parameter find its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    /// The parameters whose values are known.
    pub(super) parameters: &'a [Parameter],
    /// Their values.
    pub(super) theta: &'a [f64],
    /// Whether a value at which the distribution degenerates (a standard deviation of zero, an
    /// interval without width or mass) is moved by the smallest step that repairs it. Such values
    /// have probability zero, but rounding can reach them from far out in real space.
    pub(super) lenient: bool,
}

impl Values<'_> {
    /// For distributions whose arguments are all numbers.
    pub(super) const NONE: Values<'static> = Values {
        parameters: &[],
        theta: &[],
        lenient: false,
    };

    /// The distribution at these values.
    ///
    /// # Errors
    /// What the distribution's own `new` says, or that it fills more than one column.
    pub(super) fn build(&self, config: &DistributionConfig) -> Result<Univariate> {
        use DistributionConfig as D;
        Ok(match config {
            D::Uniform { low, high } => {
                let (low, high) = self.bounds(low, high);
                Uniform::new(low, high)?.into()
            }
            D::LogUniform { low, high } => {
                let low = Argument::Number(self.positive(low));
                let (low, high) = self.bounds(&low, high);
                LogUniform::new(low, high)?.into()
            }
            D::Normal { mean, sd } => Normal::new(self.real(mean), self.positive(sd))?.into(),
            D::LogNormal { mean_log, sd_log } => {
                LogNormal::new(self.real(mean_log), self.positive(sd_log))?.into()
            }
            D::HalfNormal { scale } => HalfNormal::new(self.positive(scale))?.into(),
            D::Gamma { shape, rate } => {
                Gamma::new(self.positive(shape), self.positive(rate))?.into()
            }
            D::Beta { alpha, beta } => Beta::new(self.positive(alpha), self.positive(beta))?.into(),
            D::Exponential { rate } => Exponential::new(self.positive(rate))?.into(),
            D::StudentT {
                degrees_of_freedom,
                location,
                scale,
            } => {
                let degrees_of_freedom = self.positive(degrees_of_freedom);
                StudentT::new(
                    degrees_of_freedom,
                    self.real(location),
                    self.positive(scale),
                )?
                .into()
            }
            D::Cauchy { location, scale } => {
                Cauchy::new(self.real(location), self.positive(scale))?.into()
            }
            D::Truncated {
                distribution,
                low,
                high,
            } => self
                .truncated(distribution, low.as_ref(), high.as_ref())?
                .into(),
            D::Mixture {
                weights,
                components,
            } => self.mixture(weights, components)?.into(),
            D::Discrete {
                values,
                probabilities,
            } => Discrete::new(values, probabilities)?.into(),
            D::Categorical { probabilities } => Discrete::categorical(probabilities)?.into(),
            D::Bernoulli { probability } => Discrete::bernoulli(self.share(probability))?.into(),
            D::Binomial {
                trials,
                probability,
            } => Discrete::binomial(*trials, self.share(probability))?.into(),
            D::UniformInteger { low, high } => {
                UniformInteger::new(self.real(low), self.real(high))?.into()
            }
            D::Poisson { rate } => Poisson::new(self.count_rate(rate))?.into(),
            D::Dirichlet { .. } | D::MultivariateNormal { .. } | D::Function { .. } => {
                return Err(not_univariate());
            }
        })
    }

    fn truncated(
        &self,
        distribution: &DistributionConfig,
        low: Option<&Argument>,
        high: Option<&Argument>,
    ) -> Result<Truncated> {
        let parent = self
            .build(distribution)
            .map_err(|error| error.within("distribution"))?;
        let low = low.map_or(f64::NEG_INFINITY, |low| self.real(low));
        let high = high.map_or(f64::INFINITY, |high| self.real(high));
        if self.lenient {
            Ok(Truncated::lenient(parent, low, high))
        } else {
            Truncated::new(parent, low, high)
        }
    }

    fn mixture(&self, weights: &[f64], components: &[DistributionConfig]) -> Result<Mixture> {
        let build = |(i, component): (usize, &DistributionConfig)| {
            let built = self.build(component);
            built.map_err(|error| error.within(&format!("components[{i}]")))
        };
        let components = components.iter().enumerate().map(build);
        Mixture::new(weights, components.collect::<Result<_>>()?)
    }

    fn real(&self, argument: &Argument) -> f64 {
        match argument {
            Argument::Number(value) => *value,
            Argument::Parameter(name) => self.value(name),
        }
    }

    fn positive(&self, argument: &Argument) -> f64 {
        match argument {
            Argument::Number(value) => *value,
            // The bounds keep squares and inverses within the range of f64.
            Argument::Parameter(name) if self.lenient => self.value(name).clamp(1e-150, 1e150),
            Argument::Parameter(name) => self.value(name),
        }
    }

    /// A probability; the value of a parameter may leave [0, 1] by rounding.
    fn share(&self, argument: &Argument) -> f64 {
        match argument {
            Argument::Parameter(name) if self.lenient => self.value(name).clamp(0.0, 1.0),
            _ => self.real(argument),
        }
    }

    fn count_rate(&self, argument: &Argument) -> f64 {
        match argument {
            Argument::Parameter(name) if self.lenient => self.value(name).clamp(1e-150, 1e12),
            _ => self.positive(argument),
        }
    }

    fn bounds(&self, low: &Argument, high: &Argument) -> (f64, f64) {
        let (low, high) = (self.real(low), self.real(high));
        if self.lenient && high <= low {
            (low, low.next_up())
        } else {
            (low, high)
        }
    }

    fn value(&self, name: &str) -> f64 {
        let at = self.parameters.iter().position(|p| p.name == name);
        self.theta[at.expect("names were checked when the prior was made")]
    }
}

fn not_univariate() -> Error {
    Error::invalid(
        "prior",
        "a distribution of several columns",
        "a one-dimensional distribution",
        "`dirichlet` and `multivariate_normal` can only stand on their own.",
    )
}

impl Error {
    /// The same error, about something inside `outer`: `low` becomes `outer.low`.
    pub(super) fn within(self, outer: &str) -> Self {
        match self {
            Self::Invalid {
                what,
                given,
                expected,
                advice,
            } => Self::Invalid {
                what: format!("{outer}.{what}"),
                given,
                expected,
                advice,
            },
            other => other,
        }
    }
}
