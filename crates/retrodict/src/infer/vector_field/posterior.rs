//! A posterior that noise is carried to.

use std::path::Path;

use rayon::prelude::*;
use retrodict_kernels::unpack_f64;

use super::flow::{Carrier, ROWS};
use super::maximum::maximum;
use super::model::FieldModel;
use super::ode::{OdeConfig, Solved};
use super::sampler::FieldSamplerConfig;
use super::trials::pack;
use crate::error::{Error, Result};
use crate::estimator::{Estimator, VectorField};
use crate::infer::model_file;
use crate::infer::neural::finite_or_zero_density;
use crate::infer::posterior::{Posterior, check_pairs, check_theta};
use crate::infer::target::Target;
use crate::prior::{Parameter, Prior};
use crate::samples::Samples;
use crate::seed::{Random, Seed, Stream};
use crate::table::Table;

/// q(θ | x), the law of noise that a trained field has carried to θ.
///
/// Every draw lies in the prior's support by construction, and log q is −∞ outside it. Made by
/// [`super::fmpe`] and [`super::npse`]; amortised, that is, good for any observation.
#[derive(Debug)]
pub struct FieldPosterior {
    parameters: Vec<Parameter>,
    model: FieldModel,
    pub(super) target: Target,
    pub(super) field: VectorField,
    /// The weights of each member's network.
    pub(super) members: Vec<Vec<f32>>,
}

/// How draws were made.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    blocks: usize,
    evaluations: usize,
    unfinished: usize,
    /// Draws that came out as no number, and were put at the centre of the guess.
    lost: usize,
}

impl FieldPosterior {
    /// What the model consists of, as it stands in its `config.json`.
    pub fn model(&self) -> &FieldModel {
        &self.model
    }

    /// The same with another way to make draws.
    ///
    /// # Errors
    /// If an option makes no sense.
    pub fn with_sampler(mut self, sampler: FieldSamplerConfig) -> Result<Self> {
        sampler.validate()?;
        self.model.sampler = sampler;
        Ok(self)
    }

    /// Writes the model into a folder: `config.json`, and one `weights-K.safetensors` a network
    /// with the same configuration in its metadata.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        model_file::save(folder.as_ref(), &self.model, &self.members)
    }

    /// Reads a model that [`FieldPosterior::save`] wrote; `prior` is the one it was trained with.
    ///
    /// # Errors
    /// If a file is missing, damaged, of another method or another prior. A file can do nothing but
    /// be numbers.
    pub fn load(folder: impl AsRef<Path>, prior: &Prior) -> Result<Self> {
        let folder = folder.as_ref();
        let path = folder.join(model_file::CONFIG);
        let model: FieldModel = model_file::read_config(folder)?;
        let posterior = Self::assemble(prior, model, Vec::new())
            .map_err(|error| model_file::damaged(&path, error.to_string()))?;
        let n_weights = posterior.field.n_weights();
        let members = model_file::read_weights(folder, &posterior.model, n_weights)?;
        Ok(Self {
            members,
            ..posterior
        })
    }

    /// Puts a posterior together from its parts.
    pub(super) fn assemble(
        prior: &Prior,
        model: FieldModel,
        members: Vec<Vec<f32>>,
    ) -> Result<Self> {
        let advice = "Use the prior that the model was trained with.";
        if prior.names() != model.parameters {
            return Err(Error::invalid(
                "the prior's parameters",
                prior.names().join(", "),
                model.parameters.join(", "),
                advice,
            ));
        }
        let target = Target {
            map: prior.support_map(model.support)?,
            standardization: model.target.clone(),
            guess: model.linear_guess.clone(),
            discrete: Vec::new(),
        };
        if target.map.n_unconstrained() != target.n_features() {
            return Err(Error::invalid(
                "the model's standardisation of θ",
                format!("{} columns", target.n_features()),
                format!("{}, as the prior has", target.map.n_unconstrained()),
                advice,
            ));
        }
        super::check_unbounded(&target)?;
        let n_seen = model.x.n_seen();
        Ok(Self {
            parameters: prior.parameters().to_vec(),
            field: model.estimator.build(target.n_features(), n_seen)?,
            target,
            model,
            members,
        })
    }

    /// log q(θᵢ | xᵢ) for pairs of rows: −∞ outside the prior's support, never NaN.
    ///
    /// # Errors
    /// As [`Posterior::log_prob`], and if the tables differ in their number of rows.
    pub fn log_prob_many(&self, theta: &Table, xs: &Table) -> Result<Vec<f64>> {
        check_pairs(theta, xs, self.parameters.len())?;
        let contexts: Vec<Vec<f32>> = xs.rows().map(|x| self.context(x)).collect::<Result<_>>()?;
        Ok(self.densities(theta.values(), |row| &contexts[row]))
    }

    pub(super) fn carrier(&self) -> Carrier<'_> {
        Carrier {
            field: &self.field,
            members: &self.members,
        }
    }

    pub(super) fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    /// The observation as the network sees it.
    pub(super) fn context(&self, x: &[f64]) -> Result<Vec<f32>> {
        let columns = self.model.x.columns().len();
        if x.len() != columns {
            return Err(Error::invalid(
                "observation",
                format!("{} values", x.len()),
                format!("{columns}, as in the simulations"),
                "Give the observation in the form that the simulator gives its data.",
            ));
        }
        if let Some(i) = x.iter().position(|v| !v.is_finite()) {
            return Err(Error::invalid(
                format!("observation, value {}", i + 1),
                x[i],
                "a finite number",
                "Leave the missing value out of the data and of the simulations.",
            ));
        }
        let mut context = vec![0.0; self.model.x.n_seen()];
        self.model.x.apply(x, &mut context);
        Ok(context)
    }

    /// Draws of one observation, row-major, in blocks that each have a stream of their own.
    fn draws(&self, context: &[f32], n: usize, seed: Seed) -> (Vec<f64>, Tally) {
        let width = self.n_parameters();
        let mut draws = vec![0.0; n * width];
        let blocks = draws.par_chunks_mut(ROWS * width).enumerate();
        let tallies: Vec<Tally> = blocks
            .map(|(block, out)| {
                let random = seed.stream(Stream::Posterior, block as u64);
                self.draw_block(context, random, out)
            })
            .collect();
        (
            draws,
            tallies.into_iter().fold(Tally::default(), Tally::and),
        )
    }

    fn draw_block(&self, context: &[f32], mut random: Random, out: &mut [f64]) -> Tally {
        let mut batch = self.field.batch(out.len() / self.n_parameters());
        batch.fill_data(0, context);
        let mut points = vec![0.0; self.target.n_features() * batch.stride()];
        let sampler = &self.model.sampler;
        let solved = self
            .carrier()
            .draw(sampler, &mut random, &mut batch, &mut points);
        let lost = self.to_parameters(&points, batch.stride(), context, out);
        Tally::of(solved, lost)
    }

    /// The draws of y that rows of standard normal noise become.
    pub(super) fn carried(&self, context: &[f32], noise: &[f64]) -> Vec<f64> {
        let d = self.target.n_features();
        let mut draws = noise.to_vec();
        let config = self.model.sampler.ode();
        draws.par_chunks_mut(ROWS * d).for_each(|out| {
            let mut batch = self.field.batch(out.len() / d);
            batch.fill_data(0, context);
            let mut points = vec![0.0; d * batch.stride()];
            pack(out, d, batch.stride(), &mut points);
            self.carrier().follow(&config, &mut batch, &mut points);
            unpack_f64(&points, d, batch.stride(), out);
        });
        draws
    }

    /// θ of rows of y, features × `stride`; how many were no numbers.
    pub(super) fn to_parameters(
        &self,
        points: &[f32],
        stride: usize,
        context: &[f32],
        out: &mut [f64],
    ) -> usize {
        let d = self.target.n_features();
        let (mut y, mut real) = (vec![0.0; d], vec![0.0; d]);
        let mut lost = 0;
        for (row, theta) in out.chunks_exact_mut(self.n_parameters()).enumerate() {
            for (j, y) in y.iter_mut().enumerate() {
                *y = points[j * stride + row];
            }
            if !y.iter().all(|y| y.is_finite()) {
                lost += 1;
                y.fill(0.0);
            }
            self.target.inverse(&y, context, &mut real, theta);
        }
        lost
    }

    /// log q of rows of θ, each with its context.
    pub(super) fn densities<'a>(
        &self,
        theta: &[f64],
        context: impl Fn(usize) -> &'a [f32] + Sync,
    ) -> Vec<f64> {
        let width = self.n_parameters();
        let mut out = vec![0.0; theta.len() / width];
        let config = self.model.sampler.ode();
        let blocks = out.par_chunks_mut(ROWS).zip(theta.par_chunks(ROWS * width));
        blocks.enumerate().for_each(|(block, (out, theta))| {
            self.density_block(&config, theta, |row| context(block * ROWS + row), out);
        });
        out
    }

    fn density_block<'a>(
        &self,
        config: &OdeConfig,
        theta: &[f64],
        context: impl Fn(usize) -> &'a [f32],
        out: &mut [f64],
    ) {
        let d = self.target.n_features();
        let mut batch = self.field.batch(out.len());
        batch.fill_data(0, context(0));
        let stride = batch.stride();
        let mut points = vec![0.0; d * stride];
        let (mut y, mut real) = (vec![0.0; d], vec![0.0; d]);
        let rows = theta.chunks_exact(self.n_parameters());
        let log_dets: Vec<f64> = rows
            .enumerate()
            .map(|(row, theta)| {
                let context = context(row);
                batch.set_data(row, context);
                let log_det = self.target.forward(theta, context, &mut real, &mut y);
                for (j, y) in y.iter().enumerate() {
                    points[j * stride + row] = *y;
                }
                log_det
            })
            .collect();
        self.carrier().log_density(config, &mut batch, &points, out);
        for (out, log_det) in out.iter_mut().zip(log_dets) {
            *out = finite_or_zero_density(*out + log_det);
        }
    }

    fn provenance(&self, samples: &mut Samples, tally: Tally, seed: Seed) {
        let path = self.model.estimator.path();
        let sampler = match self.model.sampler {
            FieldSamplerConfig::Ode(_) => "ode",
            FieldSamplerConfig::Sde(_) => "sde",
        };
        let evaluations = tally.evaluations.div_ceil(tally.blocks.max(1));
        let notes = tally.notes();
        let entries = [
            ("method", Some(path.method().to_string())),
            ("sampler", Some(sampler.to_string())),
            ("version", Some(env!("CARGO_PKG_VERSION").to_string())),
            ("seed", Some(seed.0.to_string())),
            ("evaluations_a_draw", Some(evaluations.to_string())),
            ("notes", (!notes.is_empty()).then(|| notes.join(" "))),
        ];
        samples.provenance = entries
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_string(), value?)))
            .collect();
    }
}

impl Tally {
    fn of(solved: Solved, lost: usize) -> Self {
        Self {
            blocks: 1,
            evaluations: solved.evaluations,
            unfinished: usize::from(!solved.finished),
            lost,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            blocks: self.blocks + other.blocks,
            evaluations: self.evaluations + other.evaluations,
            unfinished: self.unfinished + other.unfinished,
            lost: self.lost + other.lost,
        }
    }

    fn notes(self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.unfinished > 0 {
            notes.push(format!(
                "In {} of {} blocks of draws the steps did not suffice for the tolerance: raise `max_steps`.",
                self.unfinished, self.blocks
            ));
        }
        if self.lost > 0 {
            notes.push(format!(
                "{} draws were no numbers and stand at the centre of the linear guess.",
                self.lost
            ));
        }
        notes
    }
}

impl Posterior for FieldPosterior {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let (draws, tally) = self.draws(&self.context(x)?, n, seed);
        let mut samples = Samples::from_rows(self.model.parameters.iter().cloned(), draws)?;
        self.provenance(&mut samples, tally, seed);
        Ok(samples)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        check_theta(theta, self.parameters.len())?;
        let context = self.context(x)?;
        Ok(self.densities(theta.values(), |_| &context))
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        maximum(self, x, seed)
    }
}
