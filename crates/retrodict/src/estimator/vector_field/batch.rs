//! The field at many points at once.

use retrodict_kernels::{Buffer, axpy, padded};

use super::{VectorField, log_ratio};
use crate::network::{InputGradients, Inputs};

/// Points with their data, the velocity there, and room to compute in; feature-major.
#[derive(Debug)]
pub struct FieldBatch {
    n_rows: usize,
    stride: usize,
    /// x of each row, and the features of time.
    context: Buffer,
    time: Buffer,
    velocity: Buffer,
    own: Buffer,
    direction: Buffer,
    product: Buffer,
    cache: Buffer,
    scratch: Buffer,
}

/// Where the divergence is estimated instead of computed: above this many dimensions.
const MAX_EXACT: usize = 20;

impl FieldBatch {
    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The length of one feature's run.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Sets x of one row.
    pub fn set_data(&mut self, row: usize, x: &[f32]) {
        for (run, value) in self.context.chunks_exact_mut(self.stride).zip(x) {
            run[row] = *value;
        }
    }

    /// Gives the rows from `first` on, padding included, the same x.
    pub fn fill_data(&mut self, first: usize, x: &[f32]) {
        for (run, value) in self.context.chunks_exact_mut(self.stride).zip(x) {
            run[first..].fill(*value);
        }
    }

    /// w of each row as computed last, features × stride.
    pub fn velocity(&self) -> &[f32] {
        &self.velocity
    }
}

impl VectorField {
    /// Room for `n_rows` points.
    pub fn batch(&self, n_rows: usize) -> FieldBatch {
        let stride = padded(n_rows);
        let d = self.n_theta() * stride;
        FieldBatch {
            n_rows,
            stride,
            context: Buffer::zeros(self.network.n_context() * stride),
            time: Buffer::zeros(stride),
            velocity: Buffer::zeros(d),
            own: Buffer::zeros(d),
            direction: Buffer::zeros(d),
            product: Buffer::zeros(d),
            cache: Buffer::zeros(self.network.cache_rows() * stride),
            scratch: Buffer::zeros(self.network.scratch_rows() * stride),
        }
    }

    /// Whether [`VectorField::flow`] computes the divergence itself; otherwise it takes the quadratic form
    /// of the Jacobian with a probe, whose mean over probes of independent signs is the divergence
    /// (Hutchinson 1989).
    pub fn has_exact_divergence(&self) -> bool {
        self.n_theta() <= MAX_EXACT
    }

    /// Fills the batch's velocity with w(u, φ; x), the mean over `members`, at `points` u.
    pub fn velocity(
        &self,
        members: &[Vec<f32>],
        angle: f64,
        points: &[f32],
        batch: &mut FieldBatch,
    ) {
        self.set_angle(angle, batch);
        batch.velocity.fill(0.0);
        let share = 1.0 / members.len() as f32;
        for weights in members {
            self.add_velocity(weights, share, points, batch);
        }
    }

    /// As [`VectorField::velocity`], and fills `divergence` with Σⱼ ∂wⱼ/∂uⱼ of each row, or with its
    /// estimate from `probe` (features × stride, each ±1).
    pub fn flow(
        &self,
        members: &[Vec<f32>],
        angle: f64,
        points: &[f32],
        (divergence, probe): (&mut [f32], &[f32]),
        batch: &mut FieldBatch,
    ) {
        self.set_angle(angle, batch);
        batch.velocity.fill(0.0);
        divergence.fill(0.0);
        let share = 1.0 / members.len() as f32;
        for weights in members {
            self.add_velocity(weights, share, points, batch);
            if self.has_exact_divergence() {
                for j in 0..self.n_theta() {
                    let lanes = j * batch.stride..(j + 1) * batch.stride;
                    batch.direction.fill(0.0);
                    batch.direction[lanes.clone()].fill(1.0);
                    self.transposed_product(weights, points, batch);
                    axpy(self.kernels(), share, &batch.product[lanes], divergence);
                }
            } else {
                batch.direction.copy_from_slice(probe);
                self.transposed_product(weights, points, batch);
                let runs = batch.product.chunks_exact(batch.stride);
                for (run, probe) in runs.zip(probe.chunks_exact(batch.stride)) {
                    for ((out, product), probe) in divergence.iter_mut().zip(run).zip(probe) {
                        *out += share * product * probe;
                    }
                }
            }
        }
    }

    fn set_angle(&self, angle: f64, batch: &mut FieldBatch) {
        let [low, high] = self.angles;
        batch.time.fill(log_ratio(angle.clamp(low, high)));
        let from = self.n_data * batch.stride;
        self.fill_time(&batch.time, &mut batch.context[from..]);
    }

    fn add_velocity(&self, weights: &[f32], share: f32, points: &[f32], batch: &mut FieldBatch) {
        let inputs = Inputs {
            context: &batch.context,
            features: points,
            stride: batch.stride,
        };
        let (own, cache) = (&mut batch.own, &mut batch.cache);
        self.network.forward(weights, inputs, own, cache);
        axpy(self.kernels(), share, own, &mut batch.velocity);
    }

    /// (∂w/∂u)ᵀ times the batch's direction, after `add_velocity` with the same weights and points.
    fn transposed_product(&self, weights: &[f32], points: &[f32], batch: &mut FieldBatch) {
        batch.product.fill(0.0);
        let inputs = Inputs {
            context: &batch.context,
            features: points,
            stride: batch.stride,
        };
        let wanted = InputGradients {
            features: Some(&mut batch.product),
            ..InputGradients::default()
        };
        let (direction, cache) = (&batch.direction, &batch.cache);
        self.network.backward(
            weights,
            inputs,
            direction,
            wanted,
            cache,
            &mut batch.scratch,
        );
    }
}
