//! A posterior that a trained network gives directly.

use std::path::Path;

use rayon::prelude::*;

use super::discrete::counts;
use super::maximum::maximum;
use super::model_file::{self, ModelConfig};
use super::posterior::{Posterior, check_pairs, check_theta};
use super::target::Target;
use crate::error::{Error, Result};
use crate::estimator::{EVALUATED, Estimator, MixedDensity, Purpose, Workspace};
use crate::prior::{Parameter, Prior};
use crate::samples::Samples;
use crate::seed::{Random, Seed, Stream};
use crate::table::Table;

/// Draws that share a stream of random numbers.
pub(super) const BLOCK: usize = 1024;

/// q(θ | x) = Σₖ wₖ qₖ(θ | x), a mixture of trained conditional densities in a space that maps onto
/// the prior's support.
///
/// Every draw lies in the support by construction, log q is −∞ outside it, and the density needs
/// no correction for leakage. Made by [`super::npe`]; amortised, that is, good for any observation.
#[derive(Debug)]
pub struct NeuralPosterior {
    pub(super) parameters: Vec<Parameter>,
    pub(super) names: Vec<String>,
    pub(super) config: ModelConfig,
    pub(super) target: Target,
    pub(super) flow: MixedDensity,
    /// The weights of each member's network.
    pub(super) members: Vec<Vec<f32>>,
}

impl NeuralPosterior {
    /// What the model consists of, as it stands in its `config.json`.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Writes the model into a folder: `config.json`, and one `weights-K.safetensors` a network
    /// with the same configuration in its metadata.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        model_file::save(folder.as_ref(), &self.config, &self.members)
    }

    /// Reads a model that [`NeuralPosterior::save`] wrote; `prior` is the one it was trained with.
    ///
    /// # Errors
    /// If a file is missing, damaged, or of another prior. A file can do nothing but be numbers.
    pub fn load(folder: impl AsRef<Path>, prior: &Prior) -> Result<Self> {
        let folder = folder.as_ref();
        let config = model_file::read_config(folder)?;
        let path = folder.join(model_file::CONFIG);
        let posterior = Self::assemble(prior, config, Vec::new())
            .map_err(|error| model_file::damaged(&path, error.to_string()))?;
        let n_weights = posterior.flow.n_weights();
        let members = model_file::read_weights(folder, &posterior.config, n_weights)?;
        Ok(Self {
            members,
            ..posterior
        })
    }

    /// Puts a posterior together from its parts.
    pub(super) fn assemble(
        prior: &Prior,
        config: ModelConfig,
        members: Vec<Vec<f32>>,
    ) -> Result<Self> {
        let parameters = prior.parameters().to_vec();
        let names: Vec<String> = parameters.iter().map(|p| p.name.clone()).collect();
        if names != config.parameters {
            return Err(Error::invalid(
                "the prior's parameters",
                names.join(", "),
                config.parameters.join(", "),
                "Use the prior that the model was trained with.",
            ));
        }
        let map = prior.continuous_map(config.support)?;
        let target = Target {
            map,
            standardization: config.target.clone(),
            guess: config.linear_guess.clone(),
            discrete: config.discrete_parameters.clone(),
        };
        let bounded = target.bounded();
        let columns: Vec<usize> = target.discrete.iter().map(|own| own.column).collect();
        if columns != prior.discrete_columns() {
            return Err(Error::invalid(
                "the prior's discrete parameters",
                format!("columns {:?}", prior.discrete_columns()),
                format!("columns {columns:?}"),
                "Use the prior that the model was trained with.",
            ));
        }
        if target.map.n_unconstrained() != target.n_continuous() {
            return Err(Error::invalid(
                "the model's standardisation of θ",
                format!("{} columns", target.n_continuous()),
                format!("{}, as the prior has", target.map.n_unconstrained()),
                "Use the prior that the model was trained with.",
            ));
        }
        let levels = counts(&target.discrete);
        let width = config.seen().width();
        let flow = config.estimator.build_mixed(&levels, &bounded, width)?;
        Ok(Self {
            parameters,
            names,
            config,
            target,
            flow,
            members,
        })
    }

    /// log p(θᵢ | xᵢ) for pairs of rows: −∞ outside the prior's support, never NaN.
    ///
    /// # Errors
    /// As [`Posterior::log_prob`], and if the tables differ in their number of rows.
    pub fn log_prob_many(&self, theta: &Table, xs: &Table) -> Result<Vec<f64>> {
        check_pairs(theta, xs, self.parameters.len())?;
        let contexts: Vec<Vec<f32>> = xs.rows().map(|x| self.context(x)).collect::<Result<_>>()?;
        Ok(self.densities(theta, |row| &contexts[row]))
    }

    /// The observation as the network sees it.
    pub(super) fn context(&self, x: &[f64]) -> Result<Vec<f32>> {
        let columns = self.config.x.columns().len();
        if x.len() != columns {
            return Err(Error::invalid(
                "observation",
                format!("{} values", x.len()),
                format!("{columns}, as in the simulations"),
                "Give the observation in the form that the simulator gives its data.",
            ));
        }
        let wrong = |v: &f64| !(v.is_finite() || self.config.masked && v.is_nan());
        if let Some(i) = x.iter().position(wrong) {
            return Err(Error::invalid(
                format!("observation, value {}", i + 1),
                x[i],
                "a finite number",
                "Leave the missing value out of the data and of the simulations, or train for it: `missing = \"mask\"`.",
            ));
        }
        let seen = self.config.seen();
        let mut context = vec![0.0; seen.width()];
        seen.apply(x, &mut context);
        Ok(context)
    }

    /// One block of draws into `out`, row-major. Which network makes which draw is itself drawn.
    fn sample_block(
        &self,
        context: &[f32],
        mut random: Random,
        workspace: &mut Workspace,
        out: &mut [f64],
    ) {
        let width = self.parameters.len();
        let n_rows = out.len() / width;
        let mut rows = vec![Vec::new(); self.members.len()];
        for row in 0..n_rows {
            rows[pick(&self.config.mixture, random.uniform())].push(row);
        }
        let (mut z, mut real) = self.row_buffers();
        for (rows, weights) in rows.iter().zip(&self.members) {
            for rows in rows.chunks(EVALUATED) {
                workspace.broadcast_context(rows.len(), context);
                self.flow.sample(weights, workspace, &mut random);
                let parts = workspace.parts();
                for (lane, &row) in rows.iter().enumerate() {
                    for (feature, z) in z.iter_mut().enumerate() {
                        *z = parts.values[feature * parts.stride + lane];
                    }
                    let theta = &mut out[row * width..(row + 1) * width];
                    self.target.inverse(&z, context, &mut real, theta);
                }
            }
        }
    }

    fn row_buffers(&self) -> (Vec<f32>, Vec<f64>) {
        let n = self.target.n_features();
        (vec![0.0; n], vec![0.0; n])
    }

    fn densities<'a>(
        &self,
        theta: &Table,
        context: impl Fn(usize) -> &'a [f32] + Sync,
    ) -> Vec<f64> {
        let mut out = vec![0.0; theta.n_rows()];
        out.par_chunks_mut(EVALUATED).enumerate().for_each_init(
            || self.flow.workspace(EVALUATED, Purpose::Inference),
            |workspace, (block, out)| {
                let first = block * EVALUATED;
                self.density_block(theta, first, &context, workspace, out);
            },
        );
        out
    }

    fn density_block<'a>(
        &self,
        theta: &Table,
        first: usize,
        context: &impl Fn(usize) -> &'a [f32],
        workspace: &mut Workspace,
        out: &mut [f64],
    ) {
        let (mut z, mut real) = self.row_buffers();
        workspace.resize(out.len());
        let log_dets: Vec<f64> = (0..out.len())
            .map(|lane| {
                let (theta, context) = (theta.row(first + lane), context(first + lane));
                let log_det = self.target.forward(theta, context, &mut real, &mut z);
                workspace.set_row(lane, &z, context);
                log_det
            })
            .collect();
        workspace.pad();
        self.mixture_log_prob(workspace, out);
        for (out, log_det) in out.iter_mut().zip(log_dets) {
            *out = finite_or_zero_density(*out + log_det);
        }
    }

    /// log Σₖ wₖ qₖ of each row of the workspace's batch.
    fn mixture_log_prob(&self, workspace: &mut Workspace, out: &mut [f64]) {
        out.fill(f64::NEG_INFINITY);
        for (weights, &share) in self.members.iter().zip(&self.config.mixture) {
            self.flow.log_prob(weights, workspace);
            for (out, &log_prob) in out.iter_mut().zip(workspace.log_prob()) {
                *out = log_sum_exp(
                    *out,
                    finite_or_zero_density(f64::from(log_prob)) + share.ln(),
                );
            }
        }
    }
}

impl Posterior for NeuralPosterior {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let context = self.context(x)?;
        let width = self.parameters.len();
        let mut draws = vec![0.0; n * width];
        draws
            .par_chunks_mut(BLOCK * width)
            .enumerate()
            .for_each_init(
                || self.flow.workspace(EVALUATED, Purpose::Inference),
                |workspace, (block, out)| {
                    let random = seed.stream(Stream::Posterior, block as u64);
                    self.sample_block(&context, random, workspace, out);
                },
            );
        let mut samples = Samples::from_rows(self.names.iter().cloned(), draws)?;
        let provenance = [
            ("method", self.config.method.clone()),
            ("version", env!("CARGO_PKG_VERSION").to_string()),
            ("seed", seed.0.to_string()),
        ];
        samples.provenance = provenance
            .into_iter()
            .map(|(key, value)| (key.to_string(), value))
            .collect();
        Ok(samples)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        check_theta(theta, self.parameters.len())?;
        let context = self.context(x)?;
        Ok(self.densities(theta, |_| &context))
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        maximum(self, x, seed)
    }
}

/// The member at `level` of the cumulative mixture.
fn pick(mixture: &[f64], level: f64) -> usize {
    let mut below = 0.0;
    for (k, share) in mixture.iter().enumerate() {
        below += share;
        if level < below {
            return k;
        }
    }
    // Rounding may leave the sum just under one.
    mixture.len() - 1
}

/// NaN, which only overflow on the way can make, counts as no density.
pub(super) fn finite_or_zero_density(log_prob: f64) -> f64 {
    if log_prob.is_nan() {
        f64::NEG_INFINITY
    } else {
        log_prob
    }
}

pub(super) fn log_sum_exp(a: f64, b: f64) -> f64 {
    let largest = a.max(b);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + (-(a - b).abs()).exp().ln_1p()
}
