//! Rows of (θ, x) with the times and the noise that a vector field is trained on.

use crate::error::Result;
use crate::estimator::{Examples, VectorField, Workspace};
use crate::seed::{Random, Seed, Stream};
use crate::train::{Batches, TrainingRows, order_stream};

/// Rows that a vector field is trained on.
#[derive(Debug)]
pub struct NoisyRows<'a> {
    /// The field.
    pub field: &'a VectorField,
    /// Rows of (y, x).
    pub rows: &'a Examples,
    /// How often each stands in an epoch, every time with a time and noise of its own.
    pub passes: usize,
}

/// Epochs of a member have streams of their own; no run has this many.
const MAX_EPOCHS: u64 = 1 << 32;
/// The fractional parts of the multiples of this (the golden ratio) fill [0, 1) as evenly as any.
const GOLDEN: f64 = 0.618_033_988_749_894_9;
/// Times at which each row held out is scored, unless there are many rows.
const VALIDATION_TIMES: usize = 8;
/// With more rows than this, one time each is enough.
const VALIDATION_ROWS: usize = 16_000;

impl TrainingRows for NoisyRows<'_> {
    fn n_rows(&self) -> usize {
        self.rows.len() * self.passes
    }

    fn batches(&self, seed: Seed, member: usize) -> Box<dyn Batches + '_> {
        Box::new(NoisyBatches {
            from: self,
            order: Vec::new(),
            next: 0,
            row: vec![0.0; self.field.n_values()],
            random: seed.stream(Stream::FieldNoise, member as u64 * MAX_EPOCHS),
            start: 0.0,
            seed,
            member,
        })
    }
}

struct NoisyBatches<'a> {
    from: &'a NoisyRows<'a>,
    order: Vec<usize>,
    next: usize,
    row: Vec<f32>,
    /// The noise of this epoch, taken in the order of its rows.
    random: Random,
    /// The level of the first time.
    start: f64,
    seed: Seed,
    member: usize,
}

impl Batches for NoisyBatches<'_> {
    fn begin(&mut self, epoch: usize) {
        let (n, passes) = (self.from.rows.len(), self.from.passes);
        self.order.clear();
        for pass in 0..passes {
            let from = self.order.len();
            self.order.extend(0..n);
            order_stream(self.seed, self.member, epoch * passes + pass)
                .shuffle(&mut self.order[from..]);
        }
        let index = self.member as u64 * MAX_EPOCHS + epoch as u64;
        self.random = self.seed.stream(Stream::FieldNoise, index);
        self.start = self.random.uniform();
        self.next = 0;
    }

    /// An epoch depends on no other.
    fn skip(&mut self, _: usize, _: usize) -> Result<()> {
        Ok(())
    }

    fn load(&mut self, n: usize, workspace: &mut Workspace) -> Result<()> {
        let NoisyRows { field, rows, .. } = self.from;
        workspace.resize(n);
        for lane in 0..n {
            let i = self.order[self.next];
            // Any run of rows has its times spread evenly: less noise in the gradient.
            let level = (self.start + GOLDEN * self.next as f64).fract();
            add_noise(field, rows.value(i), level, &mut self.random, &mut self.row);
            workspace.set_row(lane, &self.row, rows.context(i));
            self.next += 1;
        }
        workspace.pad();
        Ok(())
    }
}

/// Rows held out, each at several times spread evenly over the path, with noise that stays the same
/// from epoch to epoch: early stopping compares weights, not noise.
pub(super) fn held_out(field: &VectorField, rows: &Examples, seed: Seed) -> Examples {
    let n_times = (VALIDATION_ROWS / rows.len().max(1)).clamp(1, VALIDATION_TIMES);
    let mut examples = Examples::new(field.n_values(), field.n_data());
    examples.reserve(rows.len() * n_times);
    let mut row = vec![0.0; field.n_values()];
    for i in 0..rows.len() {
        let mut random = seed.stream(Stream::FieldNoise, u64::MAX - i as u64);
        for k in 0..n_times {
            let level = (k as f64 + random.uniform()) / n_times as f64;
            add_noise(field, rows.value(i), level, &mut random, &mut row);
            examples.push(&row, rows.context(i));
        }
    }
    examples
}

fn add_noise(field: &VectorField, y: &[f32], level: f64, random: &mut Random, row: &mut [f32]) {
    row[..y.len()].copy_from_slice(y);
    for noise in &mut row[y.len()..2 * y.len()] {
        *noise = random.normal() as f32;
    }
    field.finish_row(level, row);
}
