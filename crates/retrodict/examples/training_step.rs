//! How long one training step takes: `cargo run --release -p retrodict --example training_step`.
//!
//! Five autoregressive transforms with three hidden layers of 50 tanh units (what `sbi` calls its
//! default MAF), 5 parameters, 5 data, batch 200: forward, backward, norm, Adam, on one thread. Prints
//! the least and the median over many steps (or as many as the argument says) for every instruction
//! set of this machine, or the one that `RETRODICT_TIER` names.

use retrodict::network::{Activation, NetworkConfig};
use retrodict::transform::{
    AutoregressiveAffine, AutoregressiveSpline, Batch, CouplingSpline, Gradients, Permutation,
    SplineShape, Tail, Transform,
};
use retrodict::{Seed, Stream};
use retrodict_kernels::{Adam, Buffer, Kernels, padded, sum_of_squares};
use std::time::Instant;

const N_FEATURES: usize = 5;
const N_CONTEXT: usize = 5;
const N_TRANSFORMS: usize = 5;
const BATCH: usize = 200;
const STEPS: usize = 400;

/// The tiers to measure.
fn tiers() -> Vec<Kernels> {
    match std::env::var_os("RETRODICT_TIER") {
        Some(_) => vec![Kernels::detect()],
        None => Kernels::available().collect(),
    }
}

fn main() -> retrodict::Result<()> {
    let plain = |hidden: &[usize], linear_skip| NetworkConfig {
        hidden: hidden.to_vec(),
        residual: false,
        activation: Activation::Tanh,
        linear_skip,
        ..NetworkConfig::default()
    };
    let residual = NetworkConfig {
        residual: true,
        activation: Activation::Relu,
        ..NetworkConfig::default()
    };
    let shape = SplineShape::new(10, 3.0, vec![Tail::Linear; N_FEATURES]);
    println!("batch {BATCH}, {N_TRANSFORMS} transforms; milliseconds: least / median");
    for kernels in tiers() {
        let affine = |config: &NetworkConfig| {
            let transform = AutoregressiveAffine::new(config, N_CONTEXT, N_FEATURES)?;
            Ok(Box::new(transform.with_kernels(kernels)) as Box<dyn Transform>)
        };
        let name = format!("{:?}", kernels.tier());
        let three = plain(&[50, 50, 50], false);
        measure(&format!("{name:7} affine [50, 50, 50]"), kernels, |_| {
            affine(&three)
        })?;
        let skip = plain(&[50, 50, 50], true);
        measure(&format!("{name:7} the same with skip"), kernels, |_| {
            affine(&skip)
        })?;
        let two = plain(&[50, 50], true);
        measure(&format!("{name:7} affine [50, 50], skip"), kernels, |_| {
            affine(&two)
        })?;
        measure(&format!("{name:7} spline [50, 50], skip"), kernels, |_| {
            let transform = AutoregressiveSpline::new(&two, N_CONTEXT, shape.clone())?;
            Ok(Box::new(transform.with_kernels(kernels)))
        })?;
        measure(&format!("{name:7} coupling, residual"), kernels, |layer| {
            let transform = CouplingSpline::alternating(&residual, N_CONTEXT, &shape, layer)?;
            Ok(Box::new(transform.with_kernels(kernels)))
        })?;
    }
    Ok(())
}

/// One transform of the flow, with its part of the workspace.
struct Stage {
    transform: Box<dyn Transform>,
    weights: std::ops::Range<usize>,
    x: Buffer,
    cache: Buffer,
}

/// A flow and everything a training step touches.
struct Step {
    stages: Vec<Stage>,
    context: Buffer,
    y: Buffer,
    log_det: Buffer,
    d_log_det: Buffer,
    scratch: Buffer,
    weights: Buffer,
    gradient: Buffer,
    moments: [Buffer; 2],
    kernels: Kernels,
}

fn measure(
    name: &str,
    kernels: Kernels,
    make: impl Fn(usize) -> retrodict::Result<Box<dyn Transform>>,
) -> retrodict::Result<()> {
    let mut step = Step::new(kernels, make)?;
    let mut times = [const { Vec::new() }; 4];
    let steps = std::env::args().nth(1).and_then(|steps| steps.parse().ok());
    for t in 1..=steps.unwrap_or(STEPS) {
        let start = Instant::now();
        let mut marks = [0.0; 3];
        let mut mark = |i: usize| marks[i] = start.elapsed().as_secs_f64() * 1e3;
        step.forward();
        mark(0);
        step.backward();
        mark(1);
        step.optimize(t as u64);
        mark(2);
        let [forward, backward, all] = marks;
        let parts = [all, forward, backward - forward, all - backward];
        for (times, time) in times.iter_mut().zip(parts) {
            times.push(time);
        }
    }
    print!("{name:32} {:6} weights", step.weights.len());
    for (label, times) in ["all", "forward", "backward", "optimiser"]
        .iter()
        .zip(&mut times)
    {
        times.sort_by(f64::total_cmp);
        print!("  {label} {:.3} / {:.3}", times[0], times[times.len() / 2]);
    }
    println!();
    Ok(())
}

// The three phases are calls, so that `make benchmark-instructions` can count them one by one.
impl Step {
    fn new(
        kernels: Kernels,
        make: impl Fn(usize) -> retrodict::Result<Box<dyn Transform>>,
    ) -> retrodict::Result<Self> {
        let stride = padded(BATCH);
        let mut random = Seed(1).stream(Stream::Test, 0);
        let mut stages = Vec::new();
        let (mut n_weights, mut scratch) = (0, 0);
        for layer in 0..N_TRANSFORMS {
            let reverse = Box::new(Permutation::reverse(N_FEATURES));
            for transform in [make(layer)?, reverse as Box<dyn Transform>] {
                let weights = n_weights..n_weights + transform.n_weights();
                n_weights = weights.end;
                scratch = scratch.max(transform.scratch_rows());
                stages.push(Stage {
                    weights,
                    x: Buffer::zeros(N_FEATURES * stride),
                    cache: Buffer::zeros(transform.cache_rows() * stride),
                    transform,
                });
            }
        }
        let mut weights = Buffer::zeros(n_weights);
        for stage in &stages {
            stage
                .transform
                .initialize(&mut weights[stage.weights.clone()], &mut random);
        }
        let mut step = Self {
            stages,
            context: Buffer::zeros(N_CONTEXT * stride),
            y: Buffer::zeros(N_FEATURES * stride),
            log_det: Buffer::zeros(stride),
            d_log_det: Buffer::zeros(stride),
            scratch: Buffer::zeros(scratch * stride),
            gradient: Buffer::zeros(n_weights),
            moments: [Buffer::zeros(n_weights), Buffer::zeros(n_weights)],
            weights,
            kernels,
        };
        step.context.fill_with(|| random.normal() as f32);
        step.stages[0].x.fill_with(|| random.normal() as f32);
        step.d_log_det[..BATCH].fill(-1.0 / BATCH as f32);
        Ok(step)
    }

    #[inline(never)]
    fn forward(&mut self) {
        let stride = padded(BATCH);
        self.log_det.fill(0.0);
        for i in 0..self.stages.len() {
            let (before, behind) = self.stages.split_at_mut(i + 1);
            let stage = &mut before[i];
            let y = behind.first_mut().map_or(&mut self.y, |next| &mut next.x);
            let batch = Batch {
                x: &stage.x,
                context: &self.context,
                stride,
            };
            stage.transform.forward(
                &self.weights[stage.weights.clone()],
                batch,
                y,
                &mut self.log_det,
                &mut stage.cache,
                &mut self.scratch,
            );
        }
    }

    /// The gradient of the mean of ½ |y|² − log |det|.
    #[inline(never)]
    fn backward(&mut self) {
        let stride = padded(BATCH);
        for row in self.y.chunks_exact_mut(stride) {
            row[..BATCH].iter_mut().for_each(|y| *y /= BATCH as f32);
            row[BATCH..].fill(0.0);
        }
        for stage in self.stages.iter().rev() {
            let gradients = Gradients {
                values: &mut self.y,
                log_det: &self.d_log_det,
                context: None,
                weights: Some(&mut self.gradient[stage.weights.clone()]),
            };
            let batch = Batch {
                x: &stage.x,
                context: &self.context,
                stride,
            };
            let weights = &self.weights[stage.weights.clone()];
            stage
                .transform
                .backward(weights, batch, gradients, &stage.cache, &mut self.scratch);
        }
    }

    #[inline(never)]
    fn optimize(&mut self, step: u64) {
        let norm = sum_of_squares(self.kernels, &self.gradient).sqrt();
        let [first, second] = &mut self.moments;
        Adam {
            gradient_scale: (5.0 / norm).min(1.0) as f32,
            step,
            ..Adam::default()
        }
        .run(
            self.kernels,
            &mut self.weights,
            &mut self.gradient,
            [first, second],
            None,
        );
    }
}
