//! Truncated marginal neural ratio estimation.

mod bounds;
mod marginals;
#[cfg(test)]
mod tests;

pub use marginals::{MarginalRatio, TruncatedMarginals, TruncationRound};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::bounds::Bounds;
use super::nre::{NeuralRatio, NreConfig, nre};
use crate::error::{Error, Result};
use crate::prior::{DistributionConfig as D, Prior};
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::Observer;

/// How marginals are estimated and the prior is truncated. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TmnreConfig {
    /// The classifier of each marginal, and how it is trained.
    pub ratio: NreConfig,
    /// New simulations a round; those of earlier rounds that lie within the bounds are used again.
    pub simulations: usize,
    /// There are never more rounds than this.
    pub max_rounds: usize,
    /// Where the ratio falls below this share of its largest value, the prior is cut off.
    pub epsilon: f64,
    /// Rounds end when one leaves more than this share of the volume.
    pub stop_share: f64,
    /// The pairs of parameters whose joint marginals are estimated in the end.
    pub pairs: Vec<[String; 2]>,
}

impl Default for TmnreConfig {
    fn default() -> Self {
        Self {
            ratio: NreConfig::default(),
            simulations: 2000,
            max_rounds: 5,
            epsilon: 1e-3,
            stop_share: 0.8,
            pairs: Vec::new(),
        }
    }
}

/// Simulates every row of θ.
pub type Simulate<'a> = &'a dyn Fn(&Table, Seed) -> Result<Simulations>;

/// The marginal posteriors of one observation, round by round: a ratio p(θⱼ | x) / p(θⱼ) for each parameter
/// from simulations within the bounds, then bounds that hold all θⱼ whose ratio is above ε of its
/// largest, until they do not shrink any more.
///
/// Only what a marginal needs is learned, so many parameters need no more simulations than few, and all
/// of them are spent where the posterior is. Within the bounds the ratios are amortised: good for
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
    observation: &[f64],
    simulate: Simulate<'_>,
    config: &TmnreConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<TruncatedMarginals> {
    validate(config)?;
    let mut bounds = Bounds::whole(prior)?;
    let pairs = columns(prior, &config.pairs)?;
    let mut pool: Option<Simulations> = None;
    let mut rounds = Vec::new();
    loop {
        let own = seed.derive(Stream::Truncation, rounds.len() as u64);
        let theta = bounds.sample(config.simulations, own);
        let new = simulate(&theta, own)?;
        let all = joined(pool.take(), new, &bounds)?;
        let mut ratios = Vec::new();
        for j in 0..prior.n_parameters() {
            ratios.push(marginal(&bounds, &[j], &all, config, own, observer)?);
        }
        let next = bounds.truncated(&ratios, observation, config.epsilon)?;
        let share = next.volume() / bounds.volume();
        rounds.push(TruncationRound {
            bounds: bounds.values(),
            volume: bounds.volume(),
            n_simulations: all.len(),
        });
        if share > config.stop_share || rounds.len() == config.max_rounds {
            for pair in &pairs {
                ratios.push(marginal(&bounds, pair, &all, config, own, observer)?);
            }
            return Ok(TruncatedMarginals::new(bounds, ratios, rounds));
        }
        bounds = next;
        pool = Some(all);
    }
}

fn validate(config: &TmnreConfig) -> Result<()> {
    let shares = [
        ("epsilon", config.epsilon),
        ("stop_share", config.stop_share),
    ];
    for (field, value) in shares {
        if !(value > 0.0 && value < 1.0) {
            return Err(Error::invalid_option(
                "tmnre",
                field,
                value,
                "between 0 and 1",
            ));
        }
    }
    for (field, value) in [
        ("simulations", config.simulations),
        ("max_rounds", config.max_rounds),
    ] {
        if value == 0 {
            return Err(Error::invalid_option("tmnre", field, value, "at least 1"));
        }
    }
    Ok(())
}

/// The positions of named parameters.
fn columns(prior: &Prior, pairs: &[[String; 2]]) -> Result<Vec<[usize; 2]>> {
    let names = prior.names();
    let position = |name: &String| {
        names.iter().position(|known| known == name).ok_or_else(|| {
            Error::invalid_option(
                "tmnre",
                "pairs",
                format!("`{name}`"),
                format!("parameters: {}", names.join(", ")),
            )
        })
    };
    pairs
        .iter()
        .map(|[a, b]| Ok([position(a)?, position(b)?]))
        .collect()
}

/// The simulations of earlier rounds that lie within the bounds, and the new ones: all of them are draws
/// from the prior truncated to the bounds.
fn joined(pool: Option<Simulations>, new: Simulations, bounds: &Bounds) -> Result<Simulations> {
    if new.theta.names() != bounds.prior().names() {
        return Err(Error::invalid(
            "simulations, columns of θ",
            new.theta.names().join(", "),
            bounds.prior().names().join(", "),
            "Simulate with the parameters that were given.",
        ));
    }
    let Some(pool) = pool else { return Ok(new) };
    let inside = (0..pool.len()).filter(|&i| bounds.contains(pool.theta.row(i)));
    let mut all = pool.select(&inside.collect::<Vec<_>>());
    all.theta
        .append(|values| values.extend_from_slice(new.theta.values()));
    all.x
        .append(|values| values.extend_from_slice(new.x.values()));
    all.status.extend(new.status);
    Ok(all)
}

/// Learns the ratio of some parameters, in the coordinates in which their prior is uniform.
fn marginal(
    bounds: &Bounds,
    columns: &[usize],
    simulations: &Simulations,
    config: &TmnreConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<MarginalRatio> {
    let names = bounds.prior().names();
    let own = columns.iter().map(|&j| {
        let [low, high] = bounds.levels()[j];
        (names[j].clone(), D::uniform(low, high))
    });
    let prior = Prior::new(own)?;
    let mut levels = Vec::with_capacity(simulations.len() * columns.len());
    for theta in simulations.theta.rows() {
        levels.extend(columns.iter().map(|&j| bounds.level(j, theta[j])));
    }
    let seen = Simulations {
        theta: Table::new(prior.names(), levels)?,
        x: simulations.x.clone(),
        status: simulations.status.clone(),
    };
    let index = columns.iter().fold(0, |all, j| all * names.len() + j + 1);
    let seed = seed.derive(Stream::Truncation, index as u64);
    let (ratio, log): (NeuralRatio, _) = nre(&prior, &seen, &config.ratio, seed, observer)?;
    Ok(MarginalRatio {
        columns: columns.to_vec(),
        ratio,
        log,
    })
}
