//! Posterior estimation by a vector field: flow matching and diffusion.

mod continued;
mod flow;
mod maximum;
mod model;
mod noisy_rows;
mod ode;
mod posterior;
mod sampler;
mod sde;
#[cfg(test)]
mod tests;
mod trials;

pub use continued::{fmpe_continued, npse_continued};
pub use model::FieldModel;
pub use ode::OdeConfig;
pub use posterior::FieldPosterior;
pub use sampler::FieldSamplerConfig;
pub use sde::SdeConfig;
pub use trials::{CompositionConfig, FactorizedComposition, FieldTrials, GaussianComposition};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::missing::Seen;
use super::npe::{GIVEN_SUCCESS, NpeConfig, add_examples, fit_target};
use super::screening::screened;
use super::target::{Target, check_varies};
use super::usable_rows::{check_shapes, notes, real_table, usable_rows};
use crate::embed::{Standardization, StandardizationMethod};
use crate::error::{Error, Result};
use crate::estimator::{Examples, ExplodingPath, PathConfig, StraightPath, VectorFieldConfig};
use crate::prior::{Prior, SupportKind};
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Observer, Split, TrainConfig, TrainLog, fit_from};
pub use noisy_rows::NoisyRows;
use noisy_rows::held_out;

/// How a posterior is estimated by a vector field. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FieldConfig {
    /// Which field is trained, and on which path.
    pub estimator: VectorFieldConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// How draws are made.
    pub sampler: FieldSamplerConfig,
    /// How the prior's support is mapped to real space. Independent trials of one observation need
    /// `probit`, under which the prior is standard normal.
    pub support: SupportKind,
    /// How the data are standardised.
    pub standardization: StandardizationMethod,
    /// Whether the field starts from the linear-Gaussian guess of θ given x.
    pub linear_guess: bool,
    /// Whether numbers of the data that are independent of the parameters and of the others are set aside, if there are more
    /// than ten.
    pub screening: bool,
}

impl Default for FieldConfig {
    fn default() -> Self {
        Self {
            estimator: VectorFieldConfig::default(),
            train: TrainConfig::default(),
            sampler: FieldSamplerConfig::default(),
            support: SupportKind::default(),
            standardization: StandardizationMethod::default(),
            linear_guess: true,
            screening: true,
        }
    }
}

/// Flow matching posterior estimation: trains the velocity that carries noise along straight lines to
/// draws from p(θ | x).
///
/// θ goes through the map of the prior's support and, unless the configuration says otherwise, the
/// linear guess, as in [`super::npe`]; so no draw falls outside the prior. The networks of an ensemble are
/// averaged as one field.
///
/// # Errors
/// If a setting makes no sense, the path is one of diffusion, the tables do not fit the prior, there
/// are fewer than 20 valid rows, a number is not finite or lies outside the prior, a parameter never
/// changes or is discrete; if training fails, or the observer stops it.
///
/// # Reference
/// Wildberger et al. 2023, arXiv:2305.17161.
pub fn fmpe(
    prior: &Prior,
    simulations: &Simulations,
    config: &FieldConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(FieldPosterior, TrainLog)> {
    let config = config.with_path("fmpe")?;
    train(prior, simulations, &config, seed, observer)
}

/// Neural posterior score estimation: trains the score of p(θ | x) diffused by noise of every size, and
/// runs the diffusion backwards.
///
/// # Errors
/// As [`fmpe`], and if the path is that of flow matching.
///
/// # Reference
/// Geffner et al. 2023, arXiv:2209.14249; Sharrock et al. 2022, arXiv:2210.04872.
pub fn npse(
    prior: &Prior,
    simulations: &Simulations,
    config: &FieldConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(FieldPosterior, TrainLog)> {
    let config = config.with_path("npse")?;
    train(prior, simulations, &config, seed, observer)
}

impl FieldConfig {
    /// The same with the method's default path if none is given.
    fn with_path(&self, method: &str) -> Result<Self> {
        let mut config = self.clone();
        let path = config.estimator.path.get_or_insert_with(|| match method {
            "fmpe" => PathConfig::FlowMatching(StraightPath::default()),
            _ => PathConfig::VarianceExploding(ExplodingPath::default()),
        });
        if path.method() != method {
            return Err(Error::invalid_option(
                "vector field",
                "path",
                format!("one of `{}`", path.method()),
                format!("a path of `{method}`"),
            ));
        }
        Ok(config)
    }

    /// How it is trained: the noise that comes new with every row keeps networks from learning their rows
    /// by heart, and a weight decay only keeps them from following a posterior that is thin.
    pub(crate) fn train_config(&self) -> TrainConfig {
        TrainConfig {
            weight_decay: self.train.weight_decay.or(Some(0.0)),
            ..self.train.clone()
        }
    }

    /// What it has in common with neural posterior estimation.
    fn npe(&self) -> NpeConfig {
        NpeConfig {
            support: self.support,
            standardization: self.standardization,
            linear_guess: self.linear_guess,
            train: self.train.clone(),
            ..NpeConfig::default()
        }
    }
}

fn train(
    prior: &Prior,
    simulations: &Simulations,
    config: &FieldConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(FieldPosterior, TrainLog)> {
    let rows = Rows::read(prior, simulations, config, seed)?;
    let map = prior.support_map(config.support)?;
    let real = real_table(&map, simulations, &rows.usable)?;
    let seen = [&real, &rows.x].map(|table| table.select(&rows.split.train));
    let fitted_x = Standardization::fit(&seen[1], config.standardization);
    let standard_x = screened(fitted_x, config.screening, [&rows.theta, &rows.x]);
    let fitted_z = Standardization::fit(&seen[0], StandardizationMethod::Linear);
    let told = Seen {
        standardization: &standard_x,
        masked: false,
    };
    // The map of the prior's support has refused discrete parameters.
    let target = fit_target(map, &config.npe(), &seen, (&fitted_z, told), Vec::new())?;
    drop((seen, real));
    check_varies(&target.standardization, simulations.theta.names())?;
    check_unbounded(&target)?;
    let spaces = (target, standard_x);
    let (posterior, mut log) = rows.train(prior, spaces, (config, &[]), seed, observer)?;
    if config.linear_guess && log.members.iter().all(|member| member.best_epoch == 0) {
        log.notes.push(
            "no network predicts held-out simulations better than the linear guess, which is kept"
                .into(),
        );
    }
    Ok((posterior, log))
}

/// The simulations that gave data, and which of them are held out.
struct Rows {
    /// Their positions among all.
    usable: Vec<usize>,
    theta: Table,
    x: Table,
    split: Split,
    n_failed: usize,
}

impl Rows {
    /// Reads them, once the settings make sense.
    fn read(
        prior: &Prior,
        simulations: &Simulations,
        config: &FieldConfig,
        seed: Seed,
    ) -> Result<Self> {
        config.train.validate()?;
        config.train.refuse_conservative()?;
        config.estimator.validate()?;
        config.sampler.validate()?;
        check_shapes(prior, simulations)?;
        let usable = usable_rows(simulations)?;
        Ok(Self {
            theta: simulations.theta.select(&usable),
            x: simulations.x.select(&usable),
            split: Split::random(usable.len(), config.train.validation_fraction, seed),
            n_failed: simulations.len() - usable.len(),
            usable,
        })
    }

    /// Trains networks in these spaces that begin with the weights `start`, or fresh ones if there are none.
    fn train(
        self,
        prior: &Prior,
        (target, standard_x): (Target, Standardization),
        (config, start): (&FieldConfig, &[Vec<f32>]),
        seed: Seed,
        observer: Observer<'_>,
    ) -> Result<(FieldPosterior, TrainLog)> {
        let n_data = standard_x.n_seen();
        let field = config.estimator.build(target.n_features(), n_data)?;
        let [rows, validation] = [&self.split.train, &self.split.validation]
            .map(|rows| self.examples((&target, &standard_x), rows));
        let noisy = NoisyRows {
            field: &field,
            rows: &rows,
            passes: config.estimator.passes,
        };
        let fitted = fit_from(
            &field,
            start,
            (&noisy, &held_out(&field, &validation, seed)),
            &config.train_config().resolved(rows.len(), n_data),
            seed,
            observer,
        )?;
        let mut log = fitted.log;
        (log.n_train, log.n_validation) = (rows.len(), validation.len());
        log.mix_evenly();
        log.notes = notes(&standard_x, self.x.names(), (self.n_failed, GIVEN_SUCCESS));
        let model = FieldModel::new(
            prior,
            config,
            [target.standardization, standard_x],
            target.guess,
            fitted.weights.len(),
        );
        Ok((FieldPosterior::assemble(prior, model, fitted.weights)?, log))
    }

    /// Rows as the field sees them, without times and noise.
    fn examples(
        &self,
        (target, standard_x): (&Target, &Standardization),
        rows: &[usize],
    ) -> Examples {
        let told = Seen {
            standardization: standard_x,
            masked: false,
        };
        let mut examples = Examples::new(target.n_features(), told.width());
        let rows = rows
            .iter()
            .map(|&row| (self.theta.row(row), self.x.row(row)));
        add_examples(target, told, rows, &mut examples);
        examples
    }
}

/// Refuses a space with edges: a field may carry a point over them.
fn check_unbounded(target: &Target) -> Result<()> {
    if !target.bounded().contains(&true) {
        return Ok(());
    }
    Err(Error::invalid(
        "inference option `support`",
        "`box` without `linear_guess`, for a vector field",
        "another `support`, or the linear guess, which maps the box to real space",
        "Set `linear_guess = true`, or choose `logit` or `probit`.",
    ))
}
