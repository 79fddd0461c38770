//! The prior: named parameters and their joint distribution.

use rayon::prelude::*;

use super::block::{Block, Distribution};
use super::{
    CustomPrior, Interval, Law, Moments, Parameter, ParameterConfig, ParametersConfig, SupportKind,
    SupportMap, UniformInteger, Univariate,
};
use crate::error::{Error, Result};
use crate::seed::{Random, Seed, Stream};
use crate::table::Table;

/// How many draws show whether conditional distributions exist, and estimate their moments.
pub(super) const N_TRIAL_DRAWS: u64 = 10_000;

/// A distribution over named parameters, in column order.
///
/// # Example
/// ```
/// use retrodict::prior::{DistributionConfig as D, Prior};
/// let prior = Prior::new([
///     ("tau", D::HalfNormal { scale: 1.0.into() }.label("τ").unit("s")),
///     ("delay", D::uniform(0.0, "tau").into()), // between 0 and the value of tau
/// ])?;
/// assert_eq!(prior.parameters()[0].title(), "τ [s]");
/// assert!(prior.contains(&[2.0, 1.5]) && !prior.contains(&[1.0, 1.5]));
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Prior {
    pub(super) parameters: Vec<Parameter>,
    pub(super) supports: Vec<Interval>,
    pub(super) blocks: Vec<Block>,
}

impl Prior {
    /// A prior from names and distributions; a later one may refer to earlier ones by name.
    ///
    /// A distribution of k columns under the name `w` makes the parameters `w_1`, …, `w_k`.
    ///
    /// # Errors
    /// An [`Error::Invalid`] that names the parameter and argument: `parameters.mu_1.low`.
    pub fn new<N: Into<String>, D: Into<ParameterConfig>>(
        entries: impl IntoIterator<Item = (N, D)>,
    ) -> Result<Self> {
        let entries = entries.into_iter().map(|(n, d)| (n.into(), d.into()));
        Self::from_config(&ParametersConfig(entries.collect()))
    }

    /// A prior given as functions.
    ///
    /// # Errors
    /// If two parameters have the same name.
    pub fn custom(custom: CustomPrior) -> Result<Self> {
        let prior = Self {
            parameters: custom.parameters.clone(),
            supports: custom.supports.clone(),
            blocks: vec![Block {
                first: 0,
                n_columns: custom.parameters.len(),
                config: None,
                distribution: Distribution::Custom(custom),
            }],
        };
        prior.check_names()?;
        Ok(prior)
    }

    /// The product of independent priors: their columns side by side.
    ///
    /// # Errors
    /// If two parameters have the same name, or there is none.
    pub fn joint(priors: impl IntoIterator<Item = Self>) -> Result<Self> {
        let mut joint = Self {
            parameters: Vec::new(),
            supports: Vec::new(),
            blocks: Vec::new(),
        };
        for prior in priors {
            let shift = joint.parameters.len();
            joint.parameters.extend(prior.parameters);
            joint.supports.extend(prior.supports);
            joint
                .blocks
                .extend(prior.blocks.into_iter().map(|block| Block {
                    first: block.first + shift,
                    ..block
                }));
        }
        joint.check_names()?;
        Ok(joint)
    }

    /// The configuration it can be made from again.
    ///
    /// # Errors
    /// If a part of it was given as functions.
    pub fn to_config(&self) -> Result<ParametersConfig> {
        let configs = self.blocks.iter().map(|block| {
            block.config.clone().ok_or_else(|| {
                Error::invalid(
                    format!("prior of `{}`", self.parameters[block.first].name),
                    "a distribution given as functions",
                    "one that can be written to a file",
                    "Functions cannot be saved: keep the code, and make the prior from it again.",
                )
            })
        });
        Ok(ParametersConfig(configs.collect::<Result<_>>()?))
    }

    /// The parameters, in column order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The names of the parameters, in column order.
    pub fn names(&self) -> Vec<String> {
        self.parameters.iter().map(|p| p.name.clone()).collect()
    }

    /// How many columns θ has.
    pub fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    /// How many coordinates the support has: one less than columns for each simplex, and none for
    /// discrete columns.
    pub fn n_unconstrained(&self) -> usize {
        self.blocks.iter().map(Block::n_unconstrained).sum()
    }

    /// An interval that holds every value of column `j`; of a column that depends on others, the
    /// union over them.
    pub fn support(&self, j: usize) -> Interval {
        self.supports[j]
    }

    /// Whether it has a density: no column is discrete.
    pub fn is_continuous(&self) -> bool {
        self.discrete_parameters().is_empty()
    }

    /// The names of the discrete columns.
    pub fn discrete_parameters(&self) -> Vec<&str> {
        let columns = self.discrete_columns();
        let names = columns.iter().map(|&j| self.parameters[j].name.as_str());
        names.collect()
    }

    /// The positions of the discrete columns.
    pub fn discrete_columns(&self) -> Vec<usize> {
        let discrete = self.blocks.iter().filter(|block| block.is_discrete());
        discrete.map(|block| block.first).collect()
    }

    /// The values that the discrete column `j` can take, in increasing order, whatever the other
    /// parameters; of a Poisson distribution all but 10⁻⁹ of probability on each side. None if there
    /// are more than `most`, if they cannot be told (a Poisson rate that is a parameter), or if the
    /// column is continuous.
    pub fn levels(&self, j: usize, most: usize) -> Option<Vec<f64>> {
        let block = self.blocks.iter().find(|block| block.first == j)?;
        match &block.distribution {
            Distribution::Fixed(law) => law.levels(most),
            Distribution::Conditional(config) if config.is_discrete() => {
                let Interval { low, high } = self.supports[j];
                UniformInteger::new(low, high)
                    .ok()
                    .and_then(|law| Univariate::from(law).levels(most))
            }
            _ => None,
        }
    }

    /// log p of the discrete columns alone, each given the columns before it: −∞ where one cannot take
    /// its value.
    pub(crate) fn log_prob_discrete(&self, theta: &[f64]) -> f64 {
        let discrete = self.blocks.iter().filter(|block| block.is_discrete());
        discrete
            .map(|block| block.log_density(&self.parameters, theta))
            .sum()
    }

    /// One draw.
    pub fn sample(&self, random: &mut Random, theta: &mut [f64]) {
        self.check_length(theta);
        for block in &self.blocks {
            block.sample(&self.parameters, random, theta);
        }
    }

    /// `n` draws, row `i` from the stream (`stream`, `i`): the same for any number of threads, and
    /// the first rows of a longer table.
    pub fn sample_table(&self, n: usize, seed: Seed, stream: Stream) -> Table {
        let mut values = vec![0.0; n * self.n_parameters()];
        values
            .par_chunks_mut(self.n_parameters())
            .enumerate()
            .for_each(|(i, row)| self.sample(&mut seed.stream(stream, i as u64), row));
        Table::new(self.names(), values).expect("names were checked when the prior was made")
    }

    /// log p(θ): −∞ outside the support, never NaN.
    pub fn log_prob(&self, theta: &[f64]) -> f64 {
        self.check_length(theta);
        if !theta.iter().all(|x| x.is_finite()) {
            return f64::NEG_INFINITY;
        }
        let mut sum = 0.0;
        for block in &self.blocks {
            // The first block outside ends it: a later one may be undefined there.
            sum += block.log_density(&self.parameters, theta);
            if sum == f64::NEG_INFINITY {
                break;
            }
        }
        sum
    }

    /// Whether θ lies in the support; never for NaN or infinities.
    pub fn contains(&self, theta: &[f64]) -> bool {
        self.check_length(theta);
        theta.iter().all(|x| x.is_finite())
            && self
                .blocks
                .iter()
                .all(|block| block.contains(&self.parameters, theta))
    }

    /// The distribution of column `j` alone, where it is known in closed form.
    pub fn marginal(&self, j: usize) -> Option<Univariate> {
        let block = self
            .blocks
            .iter()
            .find(|block| (block.first..block.first + block.n_columns).contains(&j))?;
        match &block.distribution {
            Distribution::Fixed(law) => Some(law.clone()),
            Distribution::Dirichlet(law) => Some(law.marginal(j - block.first).into()),
            Distribution::MultivariateNormal(law) => Some(law.marginal(j - block.first).into()),
            Distribution::Conditional(_) | Distribution::Custom(_) => None,
        }
    }

    /// Mean and standard deviation of each column: exact where the marginal is known in closed
    /// form, otherwise of 10,000 draws from a fixed seed.
    pub fn moments(&self) -> Vec<Moments> {
        let exact: Vec<Option<Univariate>> =
            (0..self.n_parameters()).map(|j| self.marginal(j)).collect();
        let draws = exact
            .iter()
            .any(Option::is_none)
            .then(|| self.sample_table(N_TRIAL_DRAWS as usize, Seed(0), Stream::Parameters));
        let estimate = |j| estimate(&draws.as_ref().expect("drawn when needed").column(j));
        exact
            .iter()
            .enumerate()
            .map(|(j, law)| law.as_ref().map_or_else(|| estimate(j), Law::moments))
            .collect()
    }

    /// The bijection from the support to real space (for [`SupportKind::Box`], to a box in it).
    ///
    /// # Errors
    /// If a parameter is discrete, or a mixture's support has gaps and `kind` is not
    /// [`SupportKind::Probit`].
    pub fn support_map(&self, kind: SupportKind) -> Result<SupportMap> {
        SupportMap::new(self, kind)
    }

    /// The same for the continuous columns alone, given the discrete ones: these have no coordinate,
    /// [`SupportMap::forward`] only reads them, and [`SupportMap::inverse`] expects them in θ already.
    ///
    /// # Errors
    /// If a mixture's support has gaps and `kind` is not [`SupportKind::Probit`].
    pub fn continuous_map(&self, kind: SupportKind) -> Result<SupportMap> {
        SupportMap::of_continuous(self, kind)
    }

    /// Whether a part of it was given as functions, of whose support only a box is known.
    pub fn has_functions(&self) -> bool {
        let custom = |block: &Block| matches!(block.distribution, Distribution::Custom(_));
        self.blocks.iter().any(custom)
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn check_length(&self, theta: &[f64]) {
        assert_eq!(theta.len(), self.n_parameters(), "one value a parameter");
    }

    pub(super) fn check_names(&self) -> Result<()> {
        if self.parameters.is_empty() {
            return Err(Error::invalid(
                "parameters",
                "none",
                "at least one",
                "Give each parameter a name and a prior.",
            ));
        }
        for (i, parameter) in self.parameters.iter().enumerate() {
            let name = &parameter.name;
            if name.trim().is_empty() || name.chars().any(char::is_control) {
                return Err(Error::invalid(
                    "parameters",
                    format!("the name {name:?}"),
                    "a name of visible characters",
                    "Rename the parameter.",
                ));
            }
            if self.parameters[..i].iter().any(|p| p.name == *name) {
                return Err(Error::invalid(
                    format!("parameters.{name}"),
                    "the same name twice",
                    "names that differ",
                    "Rename one of the parameters; a block `w` makes `w_1`, `w_2`, ….",
                ));
            }
        }
        Ok(())
    }
}

fn estimate(column: &[f64]) -> Moments {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let square: f64 = column.iter().map(|x| (x - mean).powi(2)).sum();
    Moments::both(mean, (square / (n - 1.0)).sqrt())
}
