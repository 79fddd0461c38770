//! A likelihood-to-evidence ratio that trained networks give.

use std::path::Path;

use super::model::RatioModel;
use crate::error::Result;
use crate::estimator::{EVALUATED, Estimator, Purpose, RatioEstimator, Workspace};
use crate::infer::LogLikelihood;
use crate::infer::model_file;
use crate::infer::pairs::{self, Data, Desks, PairFunction, Room};
use crate::infer::parameter_space::ParameterSpace;
use crate::prior::Prior;
use crate::table::Table;

/// log r(θ, x) = 1/K Σₖ fₖ(θ, x), the mean of trained classifiers' logits; made by [`super::nre`].
///
/// As a [`LogLikelihood`] it is log p(x | θ) up to a constant in θ. The ratio of independent trials is the
/// product of their ratios.
#[derive(Debug)]
pub struct NeuralRatio {
    model: RatioModel,
    space: ParameterSpace,
    estimator: RatioEstimator,
    /// The weights of each member's network.
    pub(super) members: Vec<Vec<f32>>,
    desks: Desks,
}

impl NeuralRatio {
    /// What the model consists of, as it stands in its `config.json`.
    pub fn model(&self) -> &RatioModel {
        &self.model
    }

    /// log r(θᵢ, xᵢ) for pairs of rows; −∞ for θ outside the prior's support, never NaN.
    ///
    /// # Errors
    /// If the tables do not have as many rows, a column a parameter and a column a number of the data,
    /// or a number of x is not finite.
    pub fn log_ratio_many(&self, theta: &Table, x: &Table) -> Result<Vec<f64>> {
        let mut values = vec![0.0; theta.n_rows()];
        let data = Data::Paired(x.values());
        pairs::evaluate(self, &self.desks, theta.values(), data, &mut values, None)?;
        Ok(values)
    }

    /// Each network of the ensemble alone.
    pub(in crate::infer) fn alone(&self) -> Result<Vec<Self>> {
        let each = self.members.iter().map(|weights| {
            let model = self.model.of_one();
            Self::assemble(self.space.map.prior(), model, vec![weights.clone()])
        });
        each.collect()
    }

    /// Writes the model into a folder: `config.json`, and one `weights-K.safetensors` a network with the
    /// same configuration in its metadata.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        model_file::save(folder.as_ref(), &self.model, &self.members)
    }

    /// Reads a model that [`NeuralRatio::save`] wrote; `prior` is the one it was trained with.
    ///
    /// # Errors
    /// If a file is missing, damaged, of another method or another prior. A file can do nothing but
    /// be numbers.
    pub fn load(folder: impl AsRef<Path>, prior: &Prior) -> Result<Self> {
        let folder = folder.as_ref();
        let path = folder.join(model_file::CONFIG);
        let model: RatioModel = model_file::read_config(folder)?;
        let ratio = Self::assemble(prior, model, Vec::new())
            .map_err(|error| model_file::damaged(&path, error.to_string()))?;
        let n_weights = ratio.estimator.n_weights();
        let members = model_file::read_weights(folder, &ratio.model, n_weights)?;
        Ok(Self { members, ..ratio })
    }

    /// Puts a ratio together from its parts.
    pub(super) fn assemble(
        prior: &Prior,
        model: RatioModel,
        members: Vec<Vec<f32>>,
    ) -> Result<Self> {
        let theta = (model.theta.clone(), model.discrete_parameters.clone());
        let space = ParameterSpace::assemble(prior, model.support, &model.parameters, theta)?;
        let n_seen = model.x.n_seen();
        Ok(Self {
            estimator: model.estimator.build(space.n_features(), n_seen)?,
            space,
            model,
            members,
            desks: Desks::default(),
        })
    }
}

impl PairFunction for NeuralRatio {
    fn space(&self) -> &ParameterSpace {
        &self.space
    }

    fn n_data(&self) -> usize {
        self.model.x.columns().len()
    }

    fn workspace(&self, purpose: Purpose) -> Workspace {
        self.estimator.workspace(EVALUATED, purpose)
    }

    fn set_row(
        &self,
        workspace: &mut Workspace,
        row: usize,
        features: &[f32],
        x: &[f64],
        room: &mut Room,
    ) -> f64 {
        let seen = &mut room.narrow[..self.model.x.n_seen()];
        self.model.x.apply(x, seen);
        workspace.set_row(row, features, seen);
        0.0
    }

    fn evaluate(
        &self,
        workspace: &mut Workspace,
        _: &mut Room,
        values: &mut [f64],
        mut slopes: Option<&mut [f64]>,
    ) {
        values.fill(0.0);
        if let Some(slopes) = slopes.as_deref_mut() {
            slopes.fill(0.0);
        }
        let share = 1.0 / self.members.len() as f64;
        let d = self.space.n_features();
        for weights in &self.members {
            if let Some(slopes) = slopes.as_deref_mut() {
                self.estimator.value_gradient(weights, workspace);
                for (i, slope) in slopes.iter_mut().enumerate() {
                    *slope += share * f64::from(workspace.value_gradient(i / d, i % d));
                }
            } else {
                self.estimator.log_ratio(weights, workspace);
            }
            for (value, &log_ratio) in values.iter_mut().zip(workspace.log_prob()) {
                *value += share * f64::from(log_ratio);
            }
        }
    }
}

impl LogLikelihood for NeuralRatio {
    fn n_data(&self) -> usize {
        self.model.x.columns().len()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        pairs::evaluate(self, &self.desks, theta, Data::Trials(x), values, None)
    }

    fn with_gradient(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) -> Result<bool> {
        let data = Data::Trials(x);
        pairs::evaluate(self, &self.desks, theta, data, values, Some(gradients))?;
        Ok(true)
    }

    /// One row fills a vector as a whole batch does.
    fn gains_from_batches(&self) -> bool {
        true
    }
}
