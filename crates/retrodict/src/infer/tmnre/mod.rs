//! Truncated marginal neural ratio estimation.

mod bounds;
mod joint;
mod marginal;
mod marginals;
mod model;
mod pair_copula;
mod posterior;
#[cfg(test)]
mod tests;
mod tree;

pub(in crate::infer) use bounds::Bounds;
pub use marginals::{MarginalRatio, TruncatedMarginals};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::nre::{NreConfig, nre};
use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Observer, TrainLog};

/// How marginals are estimated and the prior is truncated. Every field has a default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TmnreConfig {
    /// The classifier of each marginal, and how it is trained.
    pub ratio: NreConfig,
    /// What is estimated, and where the prior is cut off.
    pub marginals: MarginalsConfig,
}

/// Which marginals are estimated, and where the prior is cut off. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MarginalsConfig {
    /// The pairs of parameters whose joint marginals are estimated, too, in the last round. Left out, all pairs of up
    /// to five parameters, and none of more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs: Option<Vec<[String; 2]>>,
    /// Where the ratio of a parameter falls below this share of its largest value, later rounds propose nothing.
    pub epsilon: f64,
}

impl Default for MarginalsConfig {
    fn default() -> Self {
        Self {
            pairs: None,
            epsilon: 1e-3,
        }
    }
}

/// Of more parameters than this, pairs have to be asked for: there are more than ten.
const PAIRED: usize = 5;

impl MarginalsConfig {
    /// Refuses what makes no sense with these parameters.
    ///
    /// # Errors
    /// An [`Error::Invalid`] that names the option.
    pub fn validate(&self, names: &[String]) -> Result<()> {
        let refuse = |field: &str, given: String, expected: String| {
            Err(Error::invalid_option("tmnre", field, given, expected))
        };
        if !(self.epsilon > 0.0 && self.epsilon < 1.0) {
            return refuse(
                "epsilon",
                self.epsilon.to_string(),
                "between 0 and 1".into(),
            );
        }
        let pairs = self.pairs.iter().flatten();
        for (k, [a, b]) in pairs.clone().enumerate() {
            if let Some(strange) = [a, b].into_iter().find(|name| !names.contains(name)) {
                let known = format!("parameters: {}", names.join(", "));
                return refuse("pairs", format!("`{strange}`"), known);
            }
            let again = |[c, d]: &[String; 2]| (c, d) == (a, b) || (d, c) == (a, b);
            if a == b || pairs.clone().take(k).any(again) {
                let given = format!("`{a}` and `{b}`");
                return refuse("pairs", given, "two parameters, each pair once".into());
            }
        }
        Ok(())
    }

    /// Refuses a prior whose parameters have no distribution function of their own, too.
    ///
    /// # Errors
    /// An [`Error::Invalid`] that names the option or the parameter.
    pub fn check(&self, prior: &Prior) -> Result<()> {
        self.validate(&prior.names())?;
        Bounds::whole(prior).map(|_| ())
    }

    /// The positions of the pairs.
    fn columns(&self, names: &[String]) -> Vec<Vec<usize>> {
        let n = names.len();
        match &self.pairs {
            Some(pairs) => {
                let position = |name: &String| names.iter().position(|known| known == name);
                let pair = |pair: &[String; 2]| pair.iter().filter_map(position).collect();
                pairs.iter().map(pair).collect()
            }
            None if n <= PAIRED => {
                let with = |i: usize| (i + 1..n).map(move |j| vec![i, j]);
                (0..n).flat_map(with).collect()
            }
            None => Vec::new(),
        }
    }

    /// How many ratios are learned in a round, the last or another.
    pub(crate) fn n_ratios(&self, names: &[String], last: bool) -> usize {
        names.len() + if last { self.columns(names).len() } else { 0 }
    }
}

/// The marginal posteriors of each parameter and of pairs, for any observation: ratios p(θⱼ | x) / p(θⱼ) and p(θᵢ, θⱼ |
/// x) / p(θᵢ, θⱼ).
///
/// Only what a marginal needs is learned, so many parameters need no more simulations than few. In several rounds
/// ([`sequential`](super::sequential::sequential) with
/// [`SequentialMethod::Tmnre`](super::sequential::SequentialMethod::Tmnre)) every one simulates within bounds that hold
/// all θⱼ whose ratio is above ε of its largest. Within the bounds of the last one the ratios are amortised: good for
/// every simulation there, which is how they are [tested](TruncatedMarginals::coverage).
///
/// Every classifier sees all of the data. A parameter's prior becomes uniform by its own distribution
/// function, and so does the truncated one.
///
/// # Errors
/// If an option makes no sense, a parameter's prior depends on others or is discrete, a pair names no
/// parameters, the simulations have other parameters, or training fails.
///
/// # Reference
/// Miller, Cole, Forré, Louppe and Weniger 2021, arXiv:2107.01214.
pub fn tmnre(
    prior: &Prior,
    simulations: &Simulations,
    config: &TmnreConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(TruncatedMarginals, TrainLog)> {
    config.marginals.validate(&prior.names())?;
    tmnre_within(
        Bounds::whole(prior)?,
        simulations,
        (config, true),
        seed,
        observer,
    )
}

/// The same from simulations whose θ are draws from the prior within bounds; of pairs, if they are wanted.
pub(in crate::infer) fn tmnre_within(
    bounds: Bounds,
    simulations: &Simulations,
    (config, with_pairs): (&TmnreConfig, bool),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(TruncatedMarginals, TrainLog)> {
    let names = bounds.prior().names();
    if simulations.theta.names() != names {
        return Err(Error::invalid(
            "simulations, columns of θ",
            simulations.theta.names().join(", "),
            names.join(", "),
            "Simulate with the parameters that were given.",
        ));
    }
    let mut columns: Vec<Vec<usize>> = (0..names.len()).map(|j| vec![j]).collect();
    if with_pairs {
        columns.extend(config.marginals.columns(&names));
    }
    let (mut marginals, mut logs) = (Vec::new(), Vec::new());
    for columns in columns {
        let (marginal, log) = learn(&bounds, columns, simulations, config, seed, observer)?;
        marginals.push(marginal);
        logs.push(log);
    }
    let tree = tree::tree(&bounds, &marginals, simulations)?;
    let found = TruncatedMarginals {
        bounds,
        marginals,
        tree,
    };
    Ok((found, together(logs)))
}

/// Learns the ratio of some parameters, in the coordinates in which their prior is uniform.
fn learn(
    bounds: &Bounds,
    columns: Vec<usize>,
    simulations: &Simulations,
    config: &TmnreConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(MarginalRatio, TrainLog)> {
    let prior = bounds.prior_of(&columns)?;
    let seen = Simulations {
        theta: Table::new(
            prior.names(),
            bounds.levels_of(&columns, &simulations.theta),
        )?,
        x: simulations.x.clone(),
        status: simulations.status.clone(),
    };
    let n = bounds.levels().len();
    let index = columns.iter().fold(0, |all, j| all * n + j + 1);
    let seed = seed.derive(Stream::Truncation, index as u64);
    let (ratio, log) = nre(&prior, &seen, &config.ratio, seed, observer)?;
    Ok((MarginalRatio { columns, ratio }, log))
}

/// One log of the networks of all ratios, each of the same weight; what all of them say is said once.
fn together(logs: Vec<TrainLog>) -> TrainLog {
    let mut logs = logs.into_iter();
    let mut all = logs.next().expect("there is a parameter");
    for log in logs {
        all.members.extend(log.members);
        all.mixture.extend(log.mixture);
        for note in log.notes {
            if !all.notes.contains(&note) {
                all.notes.push(note);
            }
        }
    }
    all.mix_evenly();
    all
}
