//! A learned density of the data alone.

use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::NleConfig;
use super::data_space::DataSpace;
use crate::error::Result;
use crate::estimator::{EVALUATED, Estimator, EstimatorConfig, Examples, MixedDensity, Purpose};
use crate::infer::discrete::of_data;
use crate::infer::model_file::{self, Description, Header, check_mixture};
use crate::infer::neural::finite_or_zero_density;
use crate::infer::usable_rows::usable_rows;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Observer, Split, TrainLog, fit};

/// p(x), the prior predictive density: what [`super::nle`] learns, with nothing given.
#[derive(Debug)]
pub struct MarginalDensity {
    model: MarginalModel,
    flow: MixedDensity,
    members: Vec<Vec<f32>>,
}

/// Everything about it but its weights, as it stands in `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarginalModel {
    /// Always `retrodict-model`.
    format: String,
    /// The version of the format.
    version: u32,
    /// Always `marginal`.
    method: String,
    /// The density of x.
    estimator: EstimatorConfig,
    /// The standardisation of x, and its normal approximation.
    x: DataSpace,
    /// The weight of each network in the mixture; there is one file of weights for each.
    mixture: Vec<f64>,
}

impl Description for MarginalModel {
    const METHOD: &'static str = "marginal";

    fn check(&self) -> std::result::Result<(), String> {
        self.estimator.validate().map_err(|e| e.to_string())?;
        self.x.check()?;
        check_mixture(&self.mixture)
    }

    fn n_networks(&self) -> usize {
        self.mixture.len()
    }
}

/// Nothing given, as a network has to see something.
const NOTHING: [f32; 1] = [0.0];

/// Trains q(x) on the data of simulations; rows of simulations that failed are left out.
///
/// # Errors
/// If a setting makes no sense, there are fewer than 20 valid rows, or all data never change; if training fails,
/// or the observer stops it.
pub fn marginal(
    simulations: &Simulations,
    config: &NleConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(MarginalDensity, TrainLog)> {
    config.train.validate()?;
    config.estimator.validate()?;
    let x = simulations.x.select(&usable_rows(simulations)?);
    let split = Split::random(x.n_rows(), config.train.validation_fraction, seed);
    let (discrete, _) = of_data(&x, config.discrete_data.as_deref())?;
    let seen = x.select(&split.train);
    let nothing = Table::numbered("c", 1, vec![0.0; seen.n_rows()])?;
    let data = DataSpace::fit([&seen, &nothing], config, discrete, &[])?;
    let flow = data.build(&config.estimator, 1)?;
    let pick = |rows: &[usize]| examples(&data, &x, rows);
    let train = config.train.resolved(split.train.len(), data.n_values());
    let [rows, held_out] = [&split.train, &split.validation].map(|rows| pick(rows));
    let fitted = fit(&flow, &rows, &held_out, &train, seed, observer)?;
    let Header {
        format,
        version,
        method,
    } = Header::of::<MarginalModel>();
    let model = MarginalModel {
        format,
        version,
        method,
        estimator: config.estimator.settled(),
        x: data,
        mixture: fitted.log.mixture.clone(),
    };
    let density = MarginalDensity {
        model,
        flow,
        members: fitted.weights,
    };
    Ok((density, fitted.log))
}

fn examples(data: &DataSpace, x: &Table, rows: &[usize]) -> Examples {
    let mut examples = Examples::new(data.n_values(), 1);
    examples.reserve(rows.len());
    let (mut room, mut y) = (vec![0.0; data.n_data()], vec![0.0; data.n_values()]);
    for &row in rows {
        data.forward(x.row(row), &NOTHING, &mut room, &mut y);
        examples.push(&y, &NOTHING);
    }
    examples
}

impl MarginalDensity {
    /// log q(x) of each row: never NaN.
    pub fn log_prob(&self, rows: &[Vec<f64>]) -> Vec<f64> {
        let mut out = vec![0.0; rows.len()];
        out.par_chunks_mut(EVALUATED)
            .zip(rows.par_chunks(EVALUATED))
            .for_each_init(
                || self.flow.workspace(EVALUATED, Purpose::Inference),
                |workspace, (out, rows)| {
                    let data = &self.model.x;
                    let (mut room, mut y) = (vec![0.0; data.n_data()], vec![0.0; data.n_values()]);
                    workspace.resize(rows.len());
                    let log_dets: Vec<f64> = rows
                        .iter()
                        .enumerate()
                        .map(|(lane, row)| {
                            let log_det = data.forward(row, &NOTHING, &mut room, &mut y);
                            workspace.set_row(lane, &y, &NOTHING);
                            log_det
                        })
                        .collect();
                    workspace.pad();
                    self.mixture(workspace, out);
                    for (out, log_det) in out.iter_mut().zip(log_dets) {
                        *out = finite_or_zero_density(*out + log_det);
                    }
                },
            );
        out
    }

    fn mixture(&self, workspace: &mut crate::estimator::Workspace, out: &mut [f64]) {
        out.fill(f64::NEG_INFINITY);
        for (weights, share) in self.members.iter().zip(&self.model.mixture) {
            self.flow.log_prob(weights, workspace);
            for (out, &log_prob) in out.iter_mut().zip(workspace.log_prob()) {
                let own = finite_or_zero_density(f64::from(log_prob)) + share.ln();
                let largest = out.max(own);
                if largest > f64::NEG_INFINITY {
                    *out = largest + (-(*out - own).abs()).exp().ln_1p();
                }
            }
        }
    }

    /// Writes the model into a folder, as every model.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        model_file::save(folder.as_ref(), &self.model, &self.members)
    }

    /// Reads a model that [`MarginalDensity::save`] wrote.
    ///
    /// # Errors
    /// If a file is missing, damaged or of another method. A file can do nothing but be numbers.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let model: MarginalModel = model_file::read_config(folder)?;
        model.x.check_guess(1)?;
        let flow = model.x.build(&model.estimator, 1)?;
        let members = model_file::read_weights(folder, &model, flow.n_weights())?;
        Ok(Self {
            model,
            flow,
            members,
        })
    }
}
