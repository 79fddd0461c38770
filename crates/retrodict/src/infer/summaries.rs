//! Summaries of data that are learned from simulations.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::least_squares::{LinearFit, Rows};
use crate::error::{Error, Result};
use crate::prior::{Prior, SupportKind};
use crate::simulate::Simulations;
use crate::table::Table;

/// What stands for the data when they are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SummariesConfig {
    /// The data themselves.
    #[default]
    None,
    /// The estimate of each parameter's posterior mean by [`SemiAutomatic`] regression.
    SemiAutomatic {
        /// The highest power of the data among the regressors.
        #[serde(default = "default_degree")]
        degree: usize,
    },
}

fn default_degree() -> usize {
    3
}

/// The powers that a regression may end with: higher ones than these tell rounding from rounding.
const DEGREES: RangeInclusive<usize> = 1..=10;

impl SummariesConfig {
    /// Whether the data stand for themselves.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// With the name of the option.
    pub fn validate(self) -> Result<()> {
        match self {
            Self::SemiAutomatic { degree } if !DEGREES.contains(&degree) => {
                let expected = format!("from {} to {}", DEGREES.start(), DEGREES.end());
                Err(Error::invalid_option(
                    "summaries",
                    "degree",
                    degree,
                    expected,
                ))
            }
            _ => Ok(()),
        }
    }

    /// From fewer simulations of so many numbers there is no regression: it has a slope for each power of each, and an
    /// intercept.
    pub(crate) fn fewest_simulations(self, n_data: usize) -> usize {
        match self {
            Self::None => 0,
            Self::SemiAutomatic { degree } => degree * n_data + 2,
        }
    }

    /// The summaries learned from simulations with data.
    pub(crate) fn fit(
        self,
        prior: &Prior,
        simulations: &Simulations,
    ) -> Result<Option<SemiAutomatic>> {
        match self {
            Self::None => Ok(None),
            Self::SemiAutomatic { degree } => {
                SemiAutomatic::fit(prior, simulations, degree).map(Some)
            }
        }
    }

    /// As [`SemiAutomatic::with_left_out`].
    pub(crate) fn with_left_out(
        self,
        prior: &Prior,
        simulations: &Simulations,
    ) -> Result<Option<(SemiAutomatic, Table)>> {
        match self {
            Self::None => Ok(None),
            Self::SemiAutomatic { degree } => {
                SemiAutomatic::with_left_out(prior, simulations, degree).map(Some)
            }
        }
    }
}

/// Semi-automatic summaries: one for each parameter, its linear regression on powers of the data.
///
/// The posterior mean is the summary with the smallest quadratic loss; the regression of θ on
/// (x, x², …, x^k) estimates it. Bounded parameters are regressed as they are, half-bounded ones by
/// their logarithm. Regressors that repeat each other do no harm.
///
/// # Reference
/// Fearnhead and Prangle (2012), arXiv:1004.1112.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SemiAutomatic {
    powers: Powers,
    fit: LinearFit,
    n_summaries: usize,
}

/// Powers of standardised data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Powers {
    degree: usize,
    middle: Vec<f64>,
    scale: Vec<f64>,
}

/// Standardised data beyond this do not get further in powers: x³ would rule the regression.
const LARGEST: f64 = 10.0;

impl SemiAutomatic {
    /// Learns the summaries from the simulations that gave data.
    ///
    /// # Errors
    /// If `degree` makes no sense, or there are too few simulations for the regressors.
    pub fn fit(prior: &Prior, simulations: &Simulations, degree: usize) -> Result<Self> {
        let (powers, examples) = Examples::new(prior, simulations, degree)?;
        Ok(Self {
            powers,
            fit: LinearFit::new(examples.rows()),
            n_summaries: examples.n_targets,
        })
    }

    /// The same, and for each simulation that gave data the summaries that the others alone would have given: its own
    /// are nearer to its parameters than those of data that were not learned from.
    ///
    /// # Errors
    /// As [`SemiAutomatic::fit`].
    pub fn with_left_out(
        prior: &Prior,
        simulations: &Simulations,
        degree: usize,
    ) -> Result<(Self, Table)> {
        let (powers, examples) = Examples::new(prior, simulations, degree)?;
        let (fit, left_out) = LinearFit::with_left_out(examples.rows());
        let n_summaries = examples.n_targets;
        let own = Self {
            powers,
            fit,
            n_summaries,
        };
        Ok((own, Table::numbered("s", n_summaries, left_out)?))
    }

    /// How many summaries there are.
    pub fn n_summaries(&self) -> usize {
        self.n_summaries
    }

    /// Of how many numbers they are the summaries.
    pub fn n_data(&self) -> usize {
        self.powers.middle.len()
    }

    /// What they were asked for with.
    pub fn config(&self) -> SummariesConfig {
        SummariesConfig::SemiAutomatic {
            degree: self.powers.degree,
        }
    }

    /// How many numbers are learned for each of them.
    pub(crate) fn n_regressors(&self) -> usize {
        self.powers.degree * self.n_data()
    }

    /// Says what is wrong with summaries from a file.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        let n = self.n_data();
        let positive = |scale: &f64| *scale > 0.0 && scale.is_finite();
        let powers = DEGREES.contains(&self.powers.degree)
            && self.powers.scale.len() == n
            && self.powers.scale.iter().all(positive)
            && self.powers.middle.iter().all(|v| v.is_finite());
        if n > 0 && powers && self.fit.fits(self.n_regressors(), self.n_summaries) {
            return Ok(());
        }
        Err("summaries whose parts do not fit together, or are not finite".into())
    }

    /// The summaries of rows of data, one row after the other.
    ///
    /// # Errors
    /// If there is no whole number of rows, or a number is not finite.
    pub fn of_rows(&self, x: &[f64]) -> Result<Vec<f64>> {
        let n = self.n_data();
        if x.is_empty() || !x.len().is_multiple_of(n) {
            return Err(Error::invalid(
                "x",
                format!("{} numbers", x.len()),
                format!("{n} in each row"),
                "Give data of the simulator whose summaries were learned.",
            ));
        }
        if let Some(at) = x.iter().position(|v| !v.is_finite()) {
            return Err(Error::invalid(
                format!("x, row {}, value {}", at / n + 1, at % n + 1),
                x[at],
                "a finite number",
                "Learned summaries need all of the data.",
            ));
        }
        Ok(x.chunks_exact(n).flat_map(|x| self.apply(x)).collect())
    }

    /// The same as a table.
    ///
    /// # Errors
    /// As [`SemiAutomatic::of_rows`].
    pub fn of_table(&self, x: &Table) -> Result<Table> {
        Table::numbered("s", self.n_summaries, self.of_rows(x.values())?)
    }

    /// The summaries of one row of data.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        self.fit.predict(&self.powers.of(x))
    }
}

impl Powers {
    fn of(&self, x: &[f64]) -> Vec<f64> {
        let mut features = Vec::with_capacity(self.degree * x.len());
        for ((x, middle), scale) in x.iter().zip(&self.middle).zip(&self.scale) {
            let z = (x - middle) / scale;
            let clamped = z.clamp(-LARGEST, LARGEST);
            // The first power stays as it is: what is linear is not bent.
            features
                .extend((1..=self.degree as i32).map(|k| if k == 1 { z } else { clamped.powi(k) }));
        }
        features
    }
}

/// What the regression learns from.
struct Examples {
    features: Vec<f64>,
    n_features: usize,
    targets: Vec<f64>,
    n_targets: usize,
    weights: Vec<f64>,
}

impl Examples {
    fn new(prior: &Prior, simulations: &Simulations, degree: usize) -> Result<(Powers, Self)> {
        let config = SummariesConfig::SemiAutomatic { degree };
        config.validate()?;
        let rows = simulations.valid_rows();
        let n_features = degree * simulations.x.n_columns();
        let fewest = config.fewest_simulations(simulations.x.n_columns());
        if rows.len() < fewest {
            return Err(Error::invalid(
                "summaries `semi_automatic`",
                format!("{} simulations with data", rows.len()),
                format!("at least {fewest}, for {n_features} regressors"),
                "Simulate more, or choose a lower degree.",
            ));
        }
        let (targets, n_targets) = targets(prior, simulations, &rows);
        let (middle, scale) = standardization(simulations, &rows);
        let powers = Powers {
            degree,
            middle,
            scale,
        };
        let x = rows.iter().map(|&i| simulations.x.row(i));
        let examples = Self {
            features: x.flat_map(|x| powers.of(x)).collect(),
            n_features,
            targets,
            n_targets,
            weights: vec![1.0; rows.len()],
        };
        Ok((powers, examples))
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            n_features: self.n_features,
            targets: &self.targets,
            n_targets: self.n_targets,
            weights: &self.weights,
        }
    }
}

/// θ where the regression is made: the bounded space if the prior has one.
fn targets(prior: &Prior, simulations: &Simulations, rows: &[usize]) -> (Vec<f64>, usize) {
    let theta = &simulations.theta;
    let Ok(map) = prior.support_map(SupportKind::Box) else {
        return (theta.select(rows).values().to_vec(), theta.n_columns());
    };
    let n = map.n_unconstrained();
    let mut targets = vec![0.0; rows.len() * n];
    for (z, &i) in targets.chunks_exact_mut(n).zip(rows) {
        map.forward(theta.row(i), z);
    }
    (targets, n)
}

fn standardization(simulations: &Simulations, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let n = rows.len() as f64;
    let moments = |j: usize| {
        let column = rows.iter().map(|&i| simulations.x.row(i)[j]);
        let mean = column.clone().sum::<f64>() / n;
        let sd = (column.map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        (mean, if sd > 1e-14 * mean.abs() { sd } else { 1.0 })
    };
    (0..simulations.x.n_columns()).map(moments).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::DistributionConfig as D;
    use crate::seed::{Seed, Stream};
    use crate::simulate::builtin::{LinearGaussian, LinearGaussianConfig};
    use crate::simulate::{Noise, simulate};

    #[test]
    fn on_a_linear_gaussian_model_the_summaries_are_the_posterior_mean() {
        let model = LinearGaussian::from_config(LinearGaussianConfig {
            n_data: 6,
            ..LinearGaussianConfig::default()
        })
        .unwrap();
        let builtin = model.clone().into_builtin(vec![0.0; 6]).unwrap();
        let theta = builtin
            .prior
            .sample_table(20_000, Seed(1), Stream::Parameters);
        let noise = Noise {
            seed: Seed(1),
            purpose: Stream::Simulator,
            first: 0,
        };
        let simulations = simulate(&model, theta, noise, &()).unwrap();
        for degree in [1, 3] {
            let summaries = SemiAutomatic::fit(&builtin.prior, &simulations, degree).unwrap();
            assert_eq!(summaries.n_summaries(), 2);
            for i in 0..20 {
                let x = simulations.x.row(i);
                let exact = model.posterior(x).unwrap().mean;
                for (found, exact) in summaries.apply(x).iter().zip(exact) {
                    // Slopes have standard errors of 0.005; posterior sds are 0.3.
                    assert!((found - exact).abs() < 0.06, "{degree}: {found} {exact}");
                }
            }
        }
    }

    #[test]
    fn powers_find_what_is_not_linear() {
        // x = (noise, θ + …) enters θ by its square root: x₂ = ±√…: θ = x².
        let prior = Prior::new([("a", D::uniform(0.0, 4.0))]).unwrap();
        let theta = prior.sample_table(4000, Seed(2), Stream::Parameters);
        let mut random = Seed(2).stream(Stream::Test, 0);
        let x = theta.values().iter().flat_map(|a| {
            let sign = if random.below(2) == 0 { -1.0 } else { 1.0 };
            [sign * a.sqrt(), random.normal()]
        });
        let x = Table::numbered("x", 2, x.collect()).unwrap();
        let status = vec![crate::simulate::Status::Ok; 4000];
        let simulations = Simulations { theta, x, status };
        let summaries = SemiAutomatic::fit(&prior, &simulations, 2).unwrap();
        // The bounded space of (0, 4) is (−1, 1): θ = 1 is −½.
        assert!((summaries.apply(&[1.0, 0.3])[0] + 0.5).abs() < 1e-9);
        let message = SemiAutomatic::fit(&prior, &simulations.select(&[0, 1, 2]), 2).unwrap_err();
        assert!(message.to_string().contains("3 simulations"), "{message}");
        assert!(SemiAutomatic::fit(&prior, &simulations, 0).is_err());
    }
}
