//! A likelihood that trained networks give.

use std::path::Path;

use super::model::LikelihoodModel;
use crate::error::Result;
use crate::estimator::{EVALUATED, Estimator, MixedDensity, Purpose, Workspace};
use crate::infer::LogLikelihood;
use crate::infer::model_file;
use crate::infer::pairs::{self, Data, Desks, PairFunction, Room};
use crate::infer::parameter_space::ParameterSpace;
use crate::prior::Prior;
use crate::table::Table;

/// q(x | θ) = Σₖ wₖ qₖ(x | θ), a mixture of trained conditional densities; made by [`super::nle`].
///
/// It is a density of the data as they are given, or of their learned summaries: the Jacobians of standardisation
/// and linear guess are part of it. Of several independent trials with the same θ it is the product.
#[derive(Debug)]
pub struct NeuralLikelihood {
    pub(super) model: LikelihoodModel,
    pub(super) space: ParameterSpace,
    pub(super) flow: MixedDensity,
    /// The weights of each member's network.
    pub(super) members: Vec<Vec<f32>>,
    pub(super) desks: Desks,
    /// Whether NaN stands for a number that is missing.
    marginalizes: bool,
}

impl NeuralLikelihood {
    /// What the model consists of, as it stands in its `config.json`.
    pub fn model(&self) -> &LikelihoodModel {
        &self.model
    }

    /// The same, for which NaN in an observation stands for a number that is missing: its likelihood is
    /// that of the other numbers, the missing ones integrated out.
    ///
    /// Exact for mixture density networks (`mdn`). Other densities can leave out discrete data, or all
    /// the continuous ones; what they cannot is refused when it is asked for. There are then no
    /// gradients with respect to θ. Learned summaries need all of the data, so with them nothing changes.
    #[must_use]
    pub fn marginalizing(self) -> Self {
        Self {
            marginalizes: self.model.summaries.is_none(),
            ..self
        }
    }

    /// log q(xᵢ | θᵢ) for pairs of rows; −∞ for θ outside the prior's support, never NaN.
    ///
    /// # Errors
    /// If the tables do not have as many rows, a column a parameter and a column a number of the data,
    /// or a number of x is not finite.
    pub fn log_prob_many(&self, theta: &Table, x: &Table) -> Result<Vec<f64>> {
        let mut values = vec![0.0; theta.n_rows()];
        let seen = self.model.seen(x.values())?;
        let data = Data::Paired(&seen);
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

    /// Reads a model that [`NeuralLikelihood::save`] wrote; `prior` is the one it was trained with.
    ///
    /// # Errors
    /// If a file is missing, damaged, of another method or another prior. A file can do nothing but
    /// be numbers.
    pub fn load(folder: impl AsRef<Path>, prior: &Prior) -> Result<Self> {
        let folder = folder.as_ref();
        let path = folder.join(model_file::CONFIG);
        let model: LikelihoodModel = model_file::read_config(folder)?;
        let likelihood = Self::assemble(prior, model, Vec::new())
            .map_err(|error| model_file::damaged(&path, error.to_string()))?;
        let n_weights = likelihood.flow.n_weights();
        let members = model_file::read_weights(folder, &likelihood.model, n_weights)?;
        Ok(Self {
            members,
            ..likelihood
        })
    }

    /// Puts a likelihood together from its parts.
    pub(super) fn assemble(
        prior: &Prior,
        model: LikelihoodModel,
        members: Vec<Vec<f32>>,
    ) -> Result<Self> {
        let theta = (model.theta.clone(), model.discrete_parameters.clone());
        let space = ParameterSpace::assemble(prior, model.support, &model.parameters, theta)?;
        model.x.check_guess(space.n_features())?;
        Ok(Self {
            flow: model.x.build(&model.estimator, space.n_features())?,
            space,
            model,
            members,
            desks: Desks::default(),
            marginalizes: false,
        })
    }

    /// log Σₖ wₖ qₖ of each row.
    fn densities(&self, workspace: &mut Workspace, values: &mut [f64]) {
        values.fill(f64::NEG_INFINITY);
        for (weights, share) in self.members.iter().zip(&self.model.mixture) {
            self.flow.log_prob(weights, workspace);
            for (value, &log_prob) in values.iter_mut().zip(workspace.log_prob()) {
                join(value, share.ln() + f64::from(log_prob));
            }
        }
    }

    /// The same, and Σₖ wₖ qₖ ∇ log qₖ / Σₖ wₖ qₖ, member by member.
    fn slopes(
        &self,
        workspace: &mut Workspace,
        room: &mut Room,
        values: &mut [f64],
        slopes: &mut [f64],
    ) {
        values.fill(f64::NEG_INFINITY);
        slopes.fill(0.0);
        for (weights, share) in self.members.iter().zip(&self.model.mixture) {
            self.flow.context_gradient(weights, workspace);
            let rows = slopes.chunks_exact_mut(self.space.n_features());
            for (row, (slopes, value)) in rows.zip(&mut *values).enumerate() {
                let log_prob = f64::from(workspace.log_prob()[row]);
                let part = join(value, share.ln() + log_prob);
                // A member without any density may have no slope either.
                if part > 0.0 {
                    self.row_slope(workspace, row, room);
                    for (slope, own) in slopes.iter_mut().zip(&room.slopes) {
                        *slope += part * (own - *slope);
                    }
                }
            }
        }
    }

    /// Leaves in the room the slope of log qₖ in one row, with respect to the features of θ.
    fn row_slope(&self, workspace: &Workspace, row: usize, room: &mut Room) {
        let own = &mut room.slopes;
        for (j, own) in own.iter_mut().enumerate() {
            *own = f64::from(workspace.context_gradient(row, j));
        }
        let n_discrete = self.flow.n_discrete();
        let of_y = &mut room.wide[..self.flow.n_features() - n_discrete];
        for (j, of_y) in of_y.iter_mut().enumerate() {
            *of_y = f64::from(workspace.value_gradient(row, n_discrete + j));
        }
        self.model.x.add_feature_gradient(of_y, own);
    }
}

/// Adds the exponential of `more` under the logarithm, and returns its share of the new sum. What
/// is not a number counts as no density.
pub(super) fn join(total: &mut f64, more: f64) -> f64 {
    if more.is_nan() || more == f64::NEG_INFINITY {
        return 0.0;
    }
    let largest = total.max(more);
    *total = largest + (-(*total - more).abs()).exp().ln_1p();
    (more - *total).exp()
}

impl PairFunction for NeuralLikelihood {
    fn space(&self) -> &ParameterSpace {
        &self.space
    }

    fn n_data(&self) -> usize {
        self.model.x.n_data()
    }

    fn workspace(&self, purpose: Purpose) -> Workspace {
        self.flow.workspace(EVALUATED, purpose)
    }

    fn set_row(
        &self,
        workspace: &mut Workspace,
        row: usize,
        features: &[f32],
        x: &[f64],
        room: &mut Room,
    ) -> f64 {
        let y = &mut room.narrow[..self.flow.n_features()];
        let log_det = self.model.x.forward(x, features, &mut room.wide, y);
        workspace.set_row(row, y, features);
        log_det
    }

    fn evaluate(
        &self,
        workspace: &mut Workspace,
        room: &mut Room,
        values: &mut [f64],
        slopes: Option<&mut [f64]>,
    ) {
        match slopes {
            Some(slopes) => self.slopes(workspace, room, values, slopes),
            None => self.densities(workspace, values),
        }
    }
}

impl LogLikelihood for NeuralLikelihood {
    fn n_data(&self) -> usize {
        self.model.n_data()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        if self.marginalizes && x.iter().any(|v| v.is_nan()) {
            return self.marginal_log_likelihood(theta, x, values);
        }
        let seen = self.model.seen(x)?;
        self.model.x.check_levels("observation", &seen)?;
        pairs::evaluate(self, &self.desks, theta, Data::Trials(&seen), values, None)
    }

    fn takes_missing(&self) -> bool {
        self.marginalizes
    }

    fn with_gradient(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) -> Result<bool> {
        if self.marginalizes && x.iter().any(|v| v.is_nan()) {
            return Ok(false);
        }
        let seen = self.model.seen(x)?;
        self.model.x.check_levels("observation", &seen)?;
        let data = Data::Trials(&seen);
        pairs::evaluate(self, &self.desks, theta, data, values, Some(gradients))?;
        Ok(true)
    }

    /// One row fills a vector as a whole batch does.
    fn gains_from_batches(&self) -> bool {
        true
    }
}
