//! Neural posterior estimation: a conditional density trained on simulations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conservative::fit_conservatively;
use super::discrete::{self, DiscreteColumn};
use super::missing::{Missing, Seen, fit_standardization, masked};
use super::model_file::ModelConfig;
use super::neural::NeuralPosterior;
use super::target::{Target, check_varies};
use super::usable_rows::{check_shapes, notes, real_table, usable_rows, usable_rows_with_gaps};
use crate::embed::{Column, LinearGuess, Standardization, StandardizationMethod};
use crate::error::{Error, Result};
use crate::estimator::{EstimatorConfig, Examples};
use crate::prior::{Prior, SupportKind, SupportMap};
use crate::sample::pick_levels;
use crate::samples::effective_number;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Fitted, Observer, Split, TrainConfig, TrainLog, fit};

/// How a posterior is estimated. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NpeConfig {
    /// Which conditional density is trained.
    pub estimator: EstimatorConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// How the prior's support is mapped to the space in which the density lives.
    pub support: SupportKind,
    /// How the data are standardised.
    pub standardization: StandardizationMethod,
    /// Whether the density starts from the linear-Gaussian guess of θ given x; with `support =
    /// "box"` that normal distribution is cut off at the prior's bounds.
    pub linear_guess: bool,
    /// What NaN in the data means: a mistake, or with `mask` a number that is missing, for which the
    /// network is then trained (Wang et al. 2024).
    #[serde(skip_serializing_if = "is_refused")]
    pub missing: Missing,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference over"
)]
fn is_refused(missing: &Missing) -> bool {
    *missing == Missing::Refuse
}

impl Default for NpeConfig {
    fn default() -> Self {
        Self {
            estimator: EstimatorConfig::default(),
            train: TrainConfig::default(),
            support: SupportKind::default(),
            standardization: StandardizationMethod::default(),
            linear_guess: true,
            missing: Missing::Refuse,
        }
    }
}

impl NpeConfig {
    /// The same, with what is left out of the estimator as it is in rounds.
    #[must_use]
    pub(super) fn settled(&self) -> Self {
        Self {
            estimator: self.estimator.settled(),
            ..self.clone()
        }
    }

    /// The same, with what is left out of the estimator as it is in one round with so many rows to train on.
    #[must_use]
    pub(super) fn settled_for(&self, n_rows: usize) -> Self {
        Self {
            estimator: self.estimator.settled_for(n_rows),
            ..self.clone()
        }
    }
}

/// A linear guess is made of at least so many rows.
const FEWEST_ROWS: f64 = 20.0;

/// What becomes of a posterior when simulations fail.
pub(super) const GIVEN_SUCCESS: &str = "the posterior is that given that a simulation succeeds";

/// Trains q(θ | x) on simulations whose θ were drawn from the prior: the mean of −log q(θᵢ | xᵢ) is
/// smallest where q is the posterior, for every x at once.
///
/// Rows of simulations that failed are left out. θ goes through the map of the prior's support, so
/// q has no mass outside the prior; θ and x are standardised with the training rows. Discrete parameters
/// have probabilities, each given x and those before it, and the continuous ones a density given both
/// (Boelts et al. 2022, eLife 11:e77220).
///
/// # Errors
/// If a setting makes no sense, the tables do not fit the prior, there are fewer than 20 valid
/// rows, a number is not finite or lies outside the prior, a parameter never changes, a discrete one has
/// more than 500 values; if training fails, or the observer stops it.
///
/// # Reference
/// Papamakarios and Murray 2016, arXiv:1605.06376; Greenberg et al. 2019, arXiv:1905.07488.
pub fn npe(
    prior: &Prior,
    simulations: &Simulations,
    config: &NpeConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralPosterior, TrainLog)> {
    let prepared = Prepared::new(prior, simulations, config, None, seed)?;
    let config = &config.settled_for(prepared.split.train.len());
    if config.train.is_conservative() {
        let fitted = fit_conservatively(&prepared, prior, config, seed, observer)?;
        return prepared.finish(prior, config, fitted);
    }
    let Prepared { target, .. } = &prepared;
    let levels = discrete::counts(&target.discrete);
    let width = prepared.told().width();
    let flow = config
        .estimator
        .build_mixed(&levels, &target.bounded(), width)?;
    let fitted = fit(
        &flow,
        &prepared.examples(&prepared.split.train),
        &prepared.examples(&prepared.split.validation),
        &config.train,
        seed,
        observer,
    )?;
    prepared.finish(prior, config, fitted)
}

/// What is known of simulations in memory before training begins.
pub(super) struct Prepared {
    /// The positions among the simulations of the rows with data.
    pub(super) rows: Vec<usize>,
    /// θ and x of these rows; if some data may be missing, followed by θ and masked x of all of them again.
    pub(super) theta: Table,
    pub(super) x: Table,
    pub(super) split: Split,
    pub(super) target: Target,
    pub(super) standard_x: Standardization,
    masked: bool,
    n_failed: usize,
}

impl Prepared {
    /// With the importance weight of each simulation, the linear guess is made of rows drawn in proportion to
    /// them.
    pub(super) fn new(
        prior: &Prior,
        simulations: &Simulations,
        config: &NpeConfig,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Self> {
        config.train.validate()?;
        config.estimator.validate()?;
        check_shapes(prior, simulations)?;
        let gaps = takes_gaps(config.missing)?;
        let rows = if gaps {
            usable_rows_with_gaps(simulations)?
        } else {
            usable_rows(simulations)?
        };
        let mut x = simulations.x.select(&rows);
        let mut theta = simulations.theta.select(&rows);
        let mut split = Split::random(rows.len(), config.train.validation_fraction, seed);
        let map = prior.continuous_map(config.support)?;
        let discrete = discrete::of_parameters(prior, &theta)?;
        let mut real = real_table(&map, simulations, &rows)?;
        let seen = [&real, &x].map(|table| table.select(&split.train));
        let standard_x = if gaps {
            fit_standardization(&seen[1], config.standardization)
        } else {
            Standardization::fit(&seen[1], config.standardization)
        };
        let seen = if gaps {
            add_masked([&mut real, &mut theta, &mut x], &mut split, seed);
            [&real, &x].map(|table| table.select(&split.train))
        } else {
            seen
        };
        let seen = match weights {
            None => seen,
            Some(weights) => {
                let own = split.train.iter().map(|&row| weights[rows[row]]);
                let drawn = in_proportion(&own.collect::<Vec<_>>(), seed);
                seen.map(|table| table.select(&drawn))
            }
        };
        let told = Seen {
            standardization: &standard_x,
            masked: gaps,
        };
        let fitted_z = Standardization::fit(&seen[0], StandardizationMethod::Linear);
        let target = fit_target(map, config, &seen, (&fitted_z, told), discrete)?;
        let names = simulations.theta.names().iter();
        let names = names.filter(|name| !prior.discrete_parameters().contains(&name.as_str()));
        check_varies(&target.standardization, &names.cloned().collect::<Vec<_>>())?;
        Ok(Self {
            n_failed: simulations.len() - rows.len(),
            masked: gaps,
            rows,
            theta,
            x,
            split,
            target,
            standard_x,
        })
    }

    /// Rows of (θ, x) as a network sees them.
    pub(super) fn examples(&self, rows: &[usize]) -> Examples {
        let mut examples = Examples::new(self.target.n_features(), self.told().width());
        let rows = rows
            .iter()
            .map(|&row| (self.theta.row(row), self.x.row(row)));
        add_examples(&self.target, self.told(), rows, &mut examples);
        examples
    }

    /// How a network sees the data.
    pub(super) fn told(&self) -> Seen<'_> {
        Seen {
            standardization: &self.standard_x,
            masked: self.masked,
        }
    }

    /// The posterior of the networks trained on these rows.
    pub(super) fn finish(
        self,
        prior: &Prior,
        config: &NpeConfig,
        fitted: Fitted,
    ) -> Result<(NeuralPosterior, TrainLog)> {
        let failures = (self.n_failed, GIVEN_SUCCESS);
        let notes = notes(&self.standard_x, self.x.names(), failures);
        finish(prior, config, self.target, self.standard_x, (fitted, notes))
    }
}

/// Positions drawn in proportion to the weights, as many as the effective number of them, by systematic
/// resampling: more would be the same rows again, which a regression takes for news.
fn in_proportion(weights: &[f64], seed: Seed) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return (0..weights.len()).collect();
    }
    let n = effective_number(weights).round().max(FEWEST_ROWS);
    let shift = seed.stream(Stream::WeightedRows, 0).uniform();
    let level = |k: usize| (k as f64 + shift) * total / n;
    pick_levels(weights, &(0..n as usize).map(level).collect::<Vec<f64>>())
}

/// Whether NaN is a number that is missing.
fn takes_gaps(missing: Missing) -> Result<bool> {
    match missing {
        Missing::Refuse => Ok(false),
        Missing::Mask => Ok(true),
        Missing::Marginalize => Err(Error::invalid(
            "missing",
            "`marginalize`",
            "`mask`",
            "Neural likelihood estimation integrates missing data out; a posterior is trained for them.",
        )),
    }
}

/// Adds every row once more, without some of its data, to the same side of the split.
fn add_masked([real, theta, x]: [&mut Table; 3], split: &mut Split, seed: Seed) {
    let n = x.n_rows();
    let copies = [real.clone(), theta.clone(), masked(x, seed)];
    for (table, copy) in [real, theta, x].into_iter().zip(copies) {
        table.append(|values| values.extend_from_slice(copy.values()));
    }
    for side in [&mut split.train, &mut split.validation] {
        let copies: Vec<usize> = side.iter().map(|row| row + n).collect();
        side.extend(copies);
    }
}

/// Puts the posterior together once its networks are trained.
pub(super) fn finish(
    prior: &Prior,
    config: &NpeConfig,
    target: Target,
    standard_x: Standardization,
    (fitted, notes): (Fitted, Vec<String>),
) -> Result<(NeuralPosterior, TrainLog)> {
    let mut log = fitted.log;
    log.notes = notes;
    if config.linear_guess && log.members.iter().all(|member| member.best_epoch == 0) {
        log.notes.push(
            "no network predicts held-out simulations better than the linear guess, which is kept"
                .into(),
        );
    }
    let model = ModelConfig::new(
        config.estimator.clone(),
        config.support,
        prior.parameters().iter().map(|p| p.name.clone()).collect(),
        [target.standardization, standard_x],
        target.guess,
        target.discrete,
        log.mixture.clone(),
    );
    let model = ModelConfig {
        masked: config.missing == Missing::Mask,
        ..model
    };
    let posterior = NeuralPosterior::assemble(prior, model, fitted.weights)?;
    Ok((posterior, log))
}

/// The space of the density, from rows of θ in real space, discrete parameters behind it, and of x, and
/// what standardises each.
pub(super) fn fit_target(
    map: SupportMap,
    config: &NpeConfig,
    [real, x]: &[Table; 2],
    (fitted_z, told): (&Standardization, Seen<'_>),
    discrete: Vec<DiscreteColumn>,
) -> Result<Target> {
    let confined = map.bounded();
    let edge = config.estimator.bound().filter(|_| !config.linear_guess);
    let standardization = standardize_target(fitted_z, confined, edge.unwrap_or(1.0));
    let n = confined.len();
    let guess = (config.linear_guess && n > 0).then(|| {
        let (mut z, mut context) = (Vec::new(), Vec::new());
        let mut as_seen = vec![0.0; told.width()];
        for (real, x) in real.rows().zip(x.rows()) {
            let from = z.len();
            z.extend_from_slice(&real[..n]);
            standardization.standardize(&mut z[from..]);
            told.apply(x, &mut as_seen);
            context.extend(as_seen.iter().map(|&v| f64::from(v)));
            let codes = discrete.iter().zip(&real[n..]).map(|(d, v)| d.code(*v));
            let hot = discrete::one_hot(&discrete, &codes.collect::<Vec<_>>());
            context.extend(hot.into_iter().map(f64::from));
        }
        let z = Table::numbered("z", n, z)?;
        let n_hot: usize = discrete::counts(&discrete).iter().sum();
        let context = Table::numbered("x", told.width() + n_hot, context)?;
        Ok(LinearGuess::fit(&z, &context, confined))
    });
    Ok(Target {
        map,
        standardization,
        guess: guess.transpose()?,
        discrete,
    })
}

/// Bounded coordinates go from [−1, 1] to a box with this edge; the others get zero mean and unit
/// spread.
fn standardize_target(fitted: &Standardization, bounded: &[bool], edge: f32) -> Standardization {
    let to_box = Column::Linear {
        mean: 0.0,
        sd: 1.0 / f64::from(edge),
    };
    let columns = fitted.columns().iter().zip(bounded);
    Standardization::new(
        columns
            .map(|(column, bounded)| match (column, bounded) {
                (Column::Linear { .. }, true) => to_box,
                _ => *column,
            })
            .collect(),
    )
}

/// Adds rows of (θ, x) as the network sees them.
pub(super) fn add_examples<'a>(
    target: &Target,
    told: Seen<'_>,
    rows: impl Iterator<Item = (&'a [f64], &'a [f64])>,
    examples: &mut Examples,
) {
    let (mut y, mut context) = (
        vec![0.0; examples.n_values()],
        vec![0.0; examples.n_context()],
    );
    let mut real = vec![0.0; examples.n_values()];
    for (theta, x) in rows {
        told.apply(x, &mut context);
        target.forward(theta, &context, &mut real, &mut y);
        examples.push(&y, &context);
    }
}
