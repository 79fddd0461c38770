//! Variational inference with a flow, corrected by importance weights.

mod flow;

use retrodict_kernels::{Adam, Kernels, sum_of_squares};

use self::flow::{Memory, NoiseFlow, Trained};
use super::config::{ImportanceConfig, VariationalConfig};
use super::drawn::Drawn;
use super::evaluator::Evaluator;
use super::importance::weighted;
use super::start::{ALL, Start, start};
use super::{LogDensity, Reference};
use crate::error::{Error, Result};
use crate::seed::{Seed, Stream};

/// A flow q(z) trained to make KL(q ‖ π) small (Rezende and Mohamed 2015, arXiv:1505.05770), then the
/// proposal of importance sampling with Pareto-smoothed weights, whose k̂ says whether q is near enough
/// (Yao, Vehtari, Simpson and Gelman 2018, arXiv:1802.02538) and whose weights correct what is left.
///
/// With z = f(ε), ε ~ N(0, I), KL = E[log N(ε) − log |det ∂f/∂ε| − log π(f(ε))] + constant; its gradient is
/// estimated with `particles` draws of ε a step.
///
/// # Errors
/// If the density has no gradient, is zero wherever one could start, or the budget is spent.
pub(super) fn variational(
    target: &dyn LogDensity,
    reference: &dyn Reference,
    n: usize,
    config: &VariationalConfig,
    seed: Seed,
) -> Result<Drawn> {
    let mut evaluator = Evaluator::new(target, config.max_evaluations);
    let start = start(
        &mut evaluator,
        reference,
        config.particles,
        config.candidates,
        ALL,
        seed,
    )?;
    let mut training = Training::new(config, &start, seed)?;
    for step in 0..config.steps {
        training.step(step, &mut evaluator)?;
    }
    let correction = ImportanceConfig {
        oversampling: config.oversampling,
        resample: true,
        max_evaluations: config.max_evaluations,
    };
    let own = seed.derive(Stream::Start, 3);
    let mut drawn = weighted(&mut evaluator, &training.trained, n, &correction, own)?;
    drawn.report.sampler = "variational".to_string();
    Ok(drawn)
}

/// Gradients longer than this are shortened to it.
const MAX_NORM: f64 = 10.0;

struct Training<'a> {
    config: &'a VariationalConfig,
    trained: Trained,
    memory: Memory,
    seed: Seed,
    kernels: Kernels,
    gradient: Vec<f32>,
    moments: [Vec<f32>; 2],
}

impl<'a> Training<'a> {
    /// Starts as a normal density with the mean and spread of the starts.
    fn new(config: &'a VariationalConfig, start: &Start, seed: Seed) -> Result<Self> {
        let d = start.spread.len();
        let (location, _) = super::covariance::moments(&start.points, d);
        let flow = NoiseFlow::new(config, location, start.spread.clone())?;
        let mut weights = vec![0.0; flow.n_weights()];
        flow.initialize(&mut weights, &mut seed.stream(Stream::Start, 2));
        Ok(Self {
            config,
            memory: Memory::new(&flow, config.particles),
            seed,
            kernels: Kernels::detect(),
            gradient: vec![0.0; weights.len()],
            moments: [vec![0.0; weights.len()], vec![0.0; weights.len()]],
            trained: Trained { flow, weights },
        })
    }

    fn step(&mut self, step: usize, evaluator: &mut Evaluator<'_>) -> Result<()> {
        let (d, n) = (evaluator.dimension(), self.config.particles);
        let stride = self.memory.stride;
        let mut random = self.seed.stream(Stream::Chain, step as u64);
        for run in self.memory.values[0].chunks_exact_mut(stride) {
            run[..n].fill_with(|| random.normal() as f32);
        }
        let Trained { flow, weights } = &mut self.trained;
        flow.forward(weights, &mut self.memory);
        let mut points = vec![0.0; n * d];
        for (row, z) in points.chunks_exact_mut(d).enumerate() {
            for (j, z) in z.iter_mut().enumerate() {
                let standard = f64::from(self.memory.last()[j * stride + row]);
                *z = flow.location[j] + flow.scale[j] * standard;
            }
        }
        let (mut values, mut slopes) = (vec![0.0; n], vec![0.0; n * d]);
        let steps = self.config.steps;
        evaluator.with_gradient(&points, &mut values, &mut slopes, || {
            format!("after {step} of {steps} training steps")
        })?;
        let mut through = vec![0.0; d * stride];
        let mut log_det = vec![0.0; stride];
        log_det[..n].fill(-1.0 / n as f32);
        for (row, slope) in slopes.chunks_exact(d).enumerate() {
            for j in 0..d {
                through[j * stride + row] = (-slope[j] * flow.scale[j] / n as f64) as f32;
            }
        }
        let gradients = [&mut through[..], &mut log_det[..]];
        flow.backward(weights, &mut self.memory, gradients, &mut self.gradient);
        self.update(step)
    }

    /// A step of Adam, at a rate that rises over the first tenth and then falls to zero.
    fn update(&mut self, step: usize) -> Result<()> {
        let norm = sum_of_squares(self.kernels, &self.gradient).sqrt();
        if !norm.is_finite() {
            return Err(Error::Sampling {
                problem: format!("the gradient of variational inference overflowed in step {step}"),
                advice: "Lower the sampler option `learning_rate`, or choose another sampler."
                    .to_string(),
            });
        }
        let progress = step as f64 / self.config.steps as f64;
        let warmup = (10.0 * progress).min(1.0);
        let rate = self.config.learning_rate
            * warmup
            * 0.5
            * (1.0 + (std::f64::consts::PI * progress).cos());
        let adam = Adam {
            learning_rate: rate as f32,
            gradient_scale: (MAX_NORM / norm).min(1.0) as f32,
            step: step as u64 + 1,
            ..Adam::default()
        };
        let [first, second] = &mut self.moments;
        adam.run(
            self.kernels,
            &mut self.trained.weights,
            &mut self.gradient,
            [first, second],
            None,
        );
        Ok(())
    }
}
