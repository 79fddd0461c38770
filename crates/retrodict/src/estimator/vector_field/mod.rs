//! Vector fields that carry noise to a posterior: flow matching and diffusion.

mod batch;
mod config;
mod path;
#[cfg(test)]
mod tests;

pub use batch::FieldBatch;
pub use config::VectorFieldConfig;
pub use path::{ExplodingPath, PathConfig, PreservingPath, StraightPath, Weighting};

use retrodict_kernels::{Kernels, SquaredError, TimeEmbedding};

use super::Estimator;
use super::workspace::{Purpose, Workspace};
use crate::error::Result;
use crate::network::{InputGradients, Inputs, Network};
use crate::seed::Random;

/// w(u, φ; x), the velocity with which noise becomes a draw from q(y | x).
///
/// Every path θₜ = α y + σ ε of [`PathConfig`], divided by √(α² + σ²), is the same quarter of a circle,
/// u = y cos φ + ε sin φ with tan φ = σ/α; paths differ in which φ they reach, how often each is trained
/// on and how much its error counts. The network learns w = E[ε cos φ − y sin φ | u, x], which is du/dφ
/// of the flow, and everything else follows from it:
///
/// E[ε | u] = u sin φ + w cos φ, E[y | u] = u cos φ − w sin φ, ∇ log p(u) = −E[ε | u] / sin φ.
///
/// Both u and w have unit variance at all φ if y has, and where y is standard normal given x, as the
/// linear guess makes it in linear problems, w is zero: a network that starts at zero starts there.
///
/// A batch's values are y, ε, φ and the weight of the loss (made by `NoisyRows`); its context is x.
///
/// # Reference
/// Lipman et al. 2023, arXiv:2210.02747; Wildberger et al. 2023, arXiv:2305.17161; Song et al. 2021,
/// arXiv:2011.13456; Geffner et al. 2023, arXiv:2209.14249; Sharrock et al. 2022, arXiv:2210.04872;
/// Salimans and Ho 2022, arXiv:2202.00512 (the angle).
#[derive(Debug)]
pub struct VectorField {
    network: Network,
    path: PathConfig,
    frequencies: Vec<f32>,
    n_data: usize,
    /// The angles that are trained on; beyond, the field is that at the nearest of them.
    angles: [f64; 2],
}

/// The logarithm of tan φ is seen from minus this to this.
const LOG_RANGE: f64 = 8.0;

impl VectorFieldConfig {
    /// Builds the field for so many numbers that stand for θ, and so many that stand for x.
    ///
    /// # Errors
    /// As [`VectorFieldConfig::validate`].
    pub fn build(&self, n_theta: usize, n_data: usize) -> Result<VectorField> {
        self.validate()?;
        assert!(n_theta > 0, "a field has a dimension");
        let n_context = n_data + 2 * self.time_frequencies;
        let path = self.path();
        // From half a turn over the whole range on, each twice as fast as the one before.
        let frequencies = (0..self.time_frequencies).map(|k| 0.5 * (k as f32).exp2());
        Ok(VectorField {
            network: Network::new(&self.network, n_context, n_theta, n_theta)?,
            frequencies: frequencies.collect(),
            angles: path.times().map(|t| path.angle(t)),
            n_data,
            path,
        })
    }
}

/// How the network sees an angle: ln tan φ, as a number from −½ to ½.
fn log_ratio(angle: f64) -> f32 {
    let log = angle.tan().max(0.0).ln();
    (log.clamp(-LOG_RANGE, LOG_RANGE) / (2.0 * LOG_RANGE)) as f32
}

/// The arena of a workspace, cut for training.
struct Memory<'a> {
    /// u, features × stride.
    points: &'a mut [f32],
    /// ε cos φ − y sin φ.
    targets: &'a mut [f32],
    velocity: &'a mut [f32],
    slopes: &'a mut [f32],
    /// x, and then the time.
    context: &'a mut [f32],
    time: &'a mut [f32],
    weights: &'a mut [f32],
    cache: &'a mut [f32],
    scratch: &'a mut [f32],
}

impl VectorField {
    /// How many numbers stand for θ.
    pub fn n_theta(&self) -> usize {
        self.network.n_features()
    }

    /// How many numbers stand for x.
    pub fn n_data(&self) -> usize {
        self.n_data
    }

    /// The path that it is trained on.
    pub fn path(&self) -> &PathConfig {
        &self.path
    }

    /// The angles that are trained on.
    pub fn angles(&self) -> [f64; 2] {
        self.angles
    }

    /// Fills a row to train on: y is there, and so is ε in the numbers behind it; `level`, from 0 to 1,
    /// says at which time of the path.
    pub fn finish_row(&self, level: f64, row: &mut [f32]) {
        let t = self.path.time(level);
        let at = 2 * self.n_theta();
        row[at] = self.path.angle(t) as f32;
        row[at + 1] = self.path.weight(t) as f32;
    }

    /// Numbers of a row to train on.
    pub fn n_values(&self) -> usize {
        2 * self.n_theta() + 2
    }

    fn kernels(&self) -> Kernels {
        self.network.kernels()
    }

    fn arena_rows(&self) -> usize {
        let network = &self.network;
        let own = 4 * network.n_features() + network.n_context() + 2;
        own + network.cache_rows() + network.scratch_rows()
    }

    fn cut<'a>(&self, arena: &'a mut [f32], stride: usize) -> Memory<'a> {
        let d = self.n_theta() * stride;
        let (points, rest) = arena.split_at_mut(d);
        let (targets, rest) = rest.split_at_mut(d);
        let (velocity, rest) = rest.split_at_mut(d);
        let (slopes, rest) = rest.split_at_mut(d);
        let (context, rest) = rest.split_at_mut(self.network.n_context() * stride);
        let (time, rest) = rest.split_at_mut(stride);
        let (weights, rest) = rest.split_at_mut(stride);
        let (cache, rest) = rest.split_at_mut(self.network.cache_rows() * stride);
        Memory {
            points,
            targets,
            velocity,
            slopes,
            context,
            time,
            weights,
            cache,
            scratch: &mut rest[..self.network.scratch_rows() * stride],
        }
    }

    /// Puts u, its target and the network's context in place.
    fn prepare(&self, values: &[f32], data: &[f32], memory: &mut Memory<'_>, stride: usize) {
        let d = self.n_theta();
        let (y, rest) = values.split_at(d * stride);
        let (noise, rest) = rest.split_at(d * stride);
        let (angles, weights) = rest.split_at(stride);
        memory.weights.copy_from_slice(weights);
        for (lane, &angle) in angles.iter().enumerate() {
            memory.time[lane] = log_ratio(f64::from(angle));
            let (sin, cos) = angle.sin_cos();
            for at in (lane..d * stride).step_by(stride) {
                memory.points[at] = cos * y[at] + sin * noise[at];
                memory.targets[at] = cos * noise[at] - sin * y[at];
            }
        }
        self.fill_context(data, memory.time, memory.context);
    }

    /// x, and the features of time behind it.
    fn fill_context(&self, data: &[f32], time: &[f32], context: &mut [f32]) {
        let (of_data, of_time) = context.split_at_mut(data.len());
        of_data.copy_from_slice(data);
        self.fill_time(time, of_time);
    }

    fn fill_time(&self, time: &[f32], of_time: &mut [f32]) {
        TimeEmbedding {
            frequencies: &self.frequencies,
            time,
            output: of_time,
        }
        .run(self.kernels());
    }

    /// Fills `log_prob` with minus the loss of each row times `share`, and adds the gradient.
    fn run(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        share: f32,
        gradient: Option<&mut [f32]>,
    ) {
        let n_rows = workspace.n_rows();
        let parts = workspace.parts();
        let stride = parts.stride;
        let mut memory = self.cut(parts.arena, stride);
        self.prepare(parts.values, parts.context, &mut memory, stride);
        memory.weights.iter_mut().for_each(|w| *w *= share);
        memory.weights[n_rows..].fill(0.0);
        let inputs = Inputs {
            context: memory.context,
            features: memory.points,
            stride,
        };
        self.network
            .forward(weights, inputs, memory.velocity, memory.cache);
        SquaredError {
            prediction: memory.velocity,
            target: memory.targets,
            stride,
            weights: memory.weights,
            loss: parts.log_prob,
            prediction_gradient: memory.slopes,
        }
        .run(self.kernels());
        parts.log_prob.iter_mut().for_each(|loss| *loss = -*loss);
        let Some(gradient) = gradient else { return };
        let wanted = InputGradients {
            weights: Some(gradient),
            ..InputGradients::default()
        };
        let (slopes, cache) = (&*memory.slopes, &*memory.cache);
        self.network
            .backward(weights, inputs, slopes, wanted, cache, memory.scratch);
    }
}

impl Estimator for VectorField {
    fn n_weights(&self) -> usize {
        self.network.n_weights()
    }

    fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        self.network.initialize(weights, random);
    }

    fn workspace(&self, max_rows: usize, purpose: Purpose) -> Workspace {
        let arena = |stride: usize| self.arena_rows() * stride;
        Workspace::new(self.n_values(), self.n_data, max_rows, arena).for_purpose(purpose)
    }

    fn log_scores(&self, weights: &[f32], workspace: &mut Workspace) {
        self.run(weights, workspace, 1.0, None);
    }

    fn loss_and_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        gradient: &mut [f32],
    ) -> f64 {
        gradient.fill(0.0);
        let share = 1.0 / workspace.n_rows() as f32;
        self.run(weights, workspace, share, Some(gradient));
        let scores = workspace.log_prob();
        -scores.iter().map(|&score| f64::from(score)).sum::<f64>()
    }
}
