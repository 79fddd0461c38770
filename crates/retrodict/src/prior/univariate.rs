//! One-dimensional distributions: what each of them gives, and the closed set of them.

use super::{
    Beta, Cauchy, Discrete, Exponential, Gamma, HalfNormal, Interval, LogNormal, LogUniform,
    Mixture, Normal, Poisson, StudentT, Truncated, Uniform, UniformInteger,
};
use crate::seed::Random;

/// P(X ≤ x) and P(X > x); the smaller keeps its digits, however small it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// P(X ≤ x), the cumulative distribution function.
    pub lower: f64,
    /// P(X > x), the survival function.
    pub upper: f64,
}

impl Tails {
    /// The smaller of the two, but not zero, whose quantile would be infinite.
    pub(crate) fn smaller(self) -> Tail {
        if self.lower < self.upper {
            Tail::Lower(self.lower.max(f64::MIN_POSITIVE))
        } else {
            Tail::Upper(self.upper.max(f64::MIN_POSITIVE))
        }
    }
}

/// A probability, counted from the lower or from the upper end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// The x with P(X ≤ x) = p is meant.
    Lower(f64),
    /// The x with P(X > x) = p is meant.
    Upper(f64),
}

impl Tail {
    /// The same point of the distribution by the smaller of its two probabilities.
    pub(super) fn smaller(self) -> Self {
        match self {
            Self::Lower(p) if p > 0.5 => Self::Upper(1.0 - p),
            Self::Upper(p) if p > 0.5 => Self::Lower(1.0 - p),
            tail => tail,
        }
    }
}

/// Mean and standard deviation, where they exist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: Option<f64>,
    /// The standard deviation.
    pub sd: Option<f64>,
}

impl Moments {
    pub(super) fn both(mean: f64, sd: f64) -> Self {
        Self {
            mean: Some(mean),
            sd: Some(sd),
        }
    }
}

/// A one-dimensional distribution.
pub trait Law {
    /// The smallest interval that holds the distribution.
    fn support(&self) -> Interval;

    /// The logarithm of the density (for a discrete distribution, of the probability): −∞ outside
    /// the support, never NaN and never +∞.
    fn log_density(&self, x: f64) -> f64;

    /// The probabilities on both sides of `x`, which is not NaN.
    fn tails(&self, x: f64) -> Tails;

    /// The point at which a tail has a given probability.
    fn quantile(&self, tail: Tail) -> f64;

    /// Mean and standard deviation.
    fn moments(&self) -> Moments;

    /// One draw, by inversion unless there is something better.
    fn sample(&self, random: &mut Random) -> f64 {
        self.quantile(Tail::Lower(random.uniform_open()))
    }

    /// Whether `x` lies in the support.
    fn contains(&self, x: f64) -> bool {
        let Interval { low, high } = self.support();
        x.is_finite() && (low < x && x < high || self.log_density(x) > f64::NEG_INFINITY)
    }
}

/// A one-dimensional distribution, checked when it was made.
///
/// # Example
/// ```
/// use retrodict::prior::{Law, Tail, Uniform, Univariate};
/// let uniform = Univariate::from(Uniform::new(-2.0, 2.0)?);
/// assert_eq!(uniform.tails(1.0).lower, 0.75);
/// assert_eq!(uniform.quantile(Tail::Upper(0.25)), 1.0);
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Univariate {
    /// Constant between two ends.
    Uniform(Uniform),
    /// Constant on the logarithm.
    LogUniform(LogUniform),
    /// Normal (Gaussian).
    Normal(Normal),
    /// The exponential of a normal variable.
    LogNormal(LogNormal),
    /// The absolute value of a centred normal variable.
    HalfNormal(HalfNormal),
    /// Gamma.
    Gamma(Gamma),
    /// Beta.
    Beta(Beta),
    /// Exponential.
    Exponential(Exponential),
    /// Student's t.
    StudentT(StudentT),
    /// Cauchy.
    Cauchy(Cauchy),
    /// A continuous distribution cut to an interval.
    Truncated(Truncated),
    /// A weighted mixture.
    Mixture(Mixture),
    /// Finitely many values.
    Discrete(Discrete),
    /// Whole numbers between two ends.
    UniformInteger(UniformInteger),
    /// Poisson counts.
    Poisson(Poisson),
}

impl Univariate {
    /// Whether it has a density.
    pub fn is_continuous(&self) -> bool {
        !matches!(
            self,
            Self::Discrete(_) | Self::UniformInteger(_) | Self::Poisson(_)
        )
    }

    /// The values of a discrete distribution that have a positive probability, in increasing order: of
    /// a Poisson distribution, all but 10⁻⁹ of probability on each side. None if there are more than
    /// `most`, or the distribution is continuous.
    pub fn levels(&self, most: usize) -> Option<Vec<f64>> {
        let whole = |[low, high]: [f64; 2]| {
            let n = high - low + 1.0;
            (n <= most as f64).then(|| (0..n as usize).map(|i| low + i as f64).collect())
        };
        match self {
            Self::Discrete(law) => {
                let possible = law.values().iter().copied().filter(|v| law.contains(*v));
                let values: Vec<f64> = possible.collect();
                (values.len() <= most).then_some(values)
            }
            Self::UniformInteger(law) => whole(law.ends()),
            Self::Poisson(law) => whole(law.central()),
            _ => None,
        }
    }

    /// Whether its support is one interval, without gaps.
    pub fn is_connected(&self) -> bool {
        match self {
            Self::Discrete(_) | Self::UniformInteger(_) | Self::Poisson(_) => false,
            Self::Mixture(mixture) => mixture.is_connected(),
            Self::Truncated(truncated) => truncated.is_connected(),
            _ => true,
        }
    }

    fn law(&self) -> &dyn Law {
        match self {
            Self::Uniform(law) => law,
            Self::LogUniform(law) => law,
            Self::Normal(law) => law,
            Self::LogNormal(law) => law,
            Self::HalfNormal(law) => law,
            Self::Gamma(law) => law,
            Self::Beta(law) => law,
            Self::Exponential(law) => law,
            Self::StudentT(law) => law,
            Self::Cauchy(law) => law,
            Self::Truncated(law) => law,
            Self::Mixture(law) => law,
            Self::Discrete(law) => law,
            Self::UniformInteger(law) => law,
            Self::Poisson(law) => law,
        }
    }
}

impl Law for Univariate {
    fn support(&self) -> Interval {
        self.law().support()
    }

    fn log_density(&self, x: f64) -> f64 {
        if x.is_finite() {
            self.law().log_density(x)
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        if x.is_nan() {
            return Tails {
                lower: f64::NAN,
                upper: f64::NAN,
            };
        }
        let Interval { low, high } = self.support();
        if x < low {
            Tails {
                lower: 0.0,
                upper: 1.0,
            }
        } else if x >= high {
            Tails {
                lower: 1.0,
                upper: 0.0,
            }
        } else {
            self.law().tails(x)
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        self.law().quantile(tail)
    }

    fn moments(&self) -> Moments {
        self.law().moments()
    }

    fn sample(&self, random: &mut Random) -> f64 {
        let x = self.law().sample(random);
        if self.is_continuous() {
            // A draw may round to an end, or overflow; both are moved to the nearest number inside.
            self.support().inside(x)
        } else {
            x
        }
    }

    fn contains(&self, x: f64) -> bool {
        self.law().contains(x)
    }
}

/// A distribution of this module as a [`Univariate`].
macro_rules! from {
    ($($law:ident)*) => {$(
        impl From<$law> for Univariate {
            fn from(law: $law) -> Self {
                Self::$law(law)
            }
        }
    )*};
}
from!(Uniform LogUniform Normal LogNormal HalfNormal Gamma Beta Exponential StudentT Cauchy);
from!(Truncated Mixture Discrete UniformInteger Poisson);
