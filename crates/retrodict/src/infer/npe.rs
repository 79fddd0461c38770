//! Neural posterior estimation: a conditional density trained on simulations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model_file::ModelConfig;
use super::neural::NeuralPosterior;
use super::target::{Target, check_varies};
use super::usable_rows::{check_shapes, notes, real_table, usable_rows};
use crate::embed::{Column, LinearGuess, Standardization, StandardizationMethod};
use crate::error::Result;
use crate::estimator::{EstimatorConfig, Examples};
use crate::prior::{Prior, SupportKind, SupportMap};
use crate::seed::Seed;
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
}

impl Default for NpeConfig {
    fn default() -> Self {
        Self {
            estimator: EstimatorConfig::default(),
            train: TrainConfig::default(),
            support: SupportKind::default(),
            standardization: StandardizationMethod::default(),
            linear_guess: true,
        }
    }
}

/// What becomes of a posterior when simulations fail.
pub(super) const GIVEN_SUCCESS: &str = "the posterior is that given that a simulation succeeds";

/// Trains q(θ | x) on simulations whose θ were drawn from the prior: the mean of −log q(θᵢ | xᵢ) is
/// smallest where q is the posterior, for every x at once.
///
/// Rows of simulations that failed are left out. θ goes through the map of the prior's support, so
/// q has no mass outside the prior; θ and x are standardised with the training rows.
///
/// # Errors
/// If a setting makes no sense, the tables do not fit the prior, there are fewer than 20 valid
/// rows, a number is not finite or lies outside the prior, a parameter never changes or is
/// discrete; if training fails, or the observer stops it.
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
    let prepared = Prepared::new(prior, simulations, config, seed)?;
    let n_data = prepared.x.n_columns();
    let target = &prepared.target;
    let flow = config.estimator.build(&target.bounded(), n_data)?;
    let pick = |rows: &[usize]| {
        let mut examples = Examples::new(target.n_features(), n_data);
        let of = |&row: &usize| (prepared.theta.row(row), prepared.x.row(row));
        let rows = rows.iter().map(of);
        add_examples(target, &prepared.standard_x, rows, &mut examples);
        examples
    };
    let fitted = fit(
        &flow,
        &pick(&prepared.split.train),
        &pick(&prepared.split.validation),
        &config.train,
        seed,
        observer,
    )?;
    let failures = (prepared.n_failed, GIVEN_SUCCESS);
    let notes = notes(&prepared.standard_x, prepared.x.names(), failures);
    let Prepared {
        target, standard_x, ..
    } = prepared;
    finish(prior, config, target, standard_x, (fitted, notes))
}

/// What is known of simulations in memory before training begins.
pub(super) struct Prepared {
    /// The positions of the rows with data among the simulations.
    pub(super) rows: Vec<usize>,
    /// θ and x of these rows.
    pub(super) theta: Table,
    pub(super) x: Table,
    pub(super) split: Split,
    pub(super) target: Target,
    pub(super) standard_x: Standardization,
    pub(super) n_failed: usize,
}

impl Prepared {
    pub(super) fn new(
        prior: &Prior,
        simulations: &Simulations,
        config: &NpeConfig,
        seed: Seed,
    ) -> Result<Self> {
        config.train.validate()?;
        config.estimator.validate()?;
        check_shapes(prior, simulations)?;
        let rows = usable_rows(simulations)?;
        let x = simulations.x.select(&rows);
        let split = Split::random(rows.len(), config.train.validation_fraction, seed);
        let map = prior.support_map(config.support)?;
        let real = real_table(&map, simulations, &rows)?;
        let seen = [&real, &x].map(|table| table.select(&split.train));
        let standard_x = Standardization::fit(&seen[1], config.standardization);
        let fitted_z = Standardization::fit(&seen[0], StandardizationMethod::Linear);
        let target = fit_target(map, config, &seen, [&fitted_z, &standard_x])?;
        check_varies(&target.standardization, simulations.theta.names())?;
        Ok(Self {
            theta: simulations.theta.select(&rows),
            n_failed: simulations.len() - rows.len(),
            rows,
            x,
            split,
            target,
            standard_x,
        })
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
        log.mixture.clone(),
    );
    let posterior = NeuralPosterior::assemble(prior, model, fitted.weights)?;
    Ok((posterior, log))
}

/// The space of the density, from rows of θ in real space and of x, and what standardises each.
pub(super) fn fit_target(
    map: SupportMap,
    config: &NpeConfig,
    [real, x]: &[Table; 2],
    [fitted_z, standard_x]: [&Standardization; 2],
) -> Result<Target> {
    let confined = map.bounded();
    let edge = config.estimator.bound().filter(|_| !config.linear_guess);
    let standardization = standardize_target(fitted_z, confined, edge.unwrap_or(1.0));
    let guess = config.linear_guess.then(|| {
        let (mut z, mut context) = (Vec::new(), Vec::new());
        let mut as_seen = vec![0.0; x.n_columns()];
        for (real, x) in real.rows().zip(x.rows()) {
            let from = z.len();
            z.extend_from_slice(real);
            standardization.standardize(&mut z[from..]);
            standard_x.apply(x, &mut as_seen);
            context.extend(as_seen.iter().map(|&v| f64::from(v)));
        }
        let z = Table::numbered("z", real.n_columns(), z)?;
        let context = Table::numbered("x", x.n_columns(), context)?;
        Ok(LinearGuess::fit(&z, &context, confined))
    });
    Ok(Target {
        map,
        standardization,
        guess: guess.transpose()?,
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
    standard_x: &Standardization,
    rows: impl Iterator<Item = (&'a [f64], &'a [f64])>,
    examples: &mut Examples,
) {
    let (mut y, mut context) = (
        vec![0.0; examples.n_values()],
        vec![0.0; examples.n_context()],
    );
    let mut real = vec![0.0; examples.n_values()];
    for (theta, x) in rows {
        standard_x.apply(x, &mut context);
        target.forward(theta, &context, &mut real, &mut y);
        examples.push(&y, &context);
    }
}
