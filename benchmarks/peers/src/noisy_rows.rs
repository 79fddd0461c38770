//! Rows of a vector field: each time one is loaded, it gets a time and noise of its own, as in `fmpe`.

use retrodict::estimator::{Examples, VectorField, Workspace};
use retrodict::train::{Batches, order_stream};
use retrodict::{Random, Result, Seed, Stream};

/// Batches of (y, ε, time; x) in a shuffled order.
pub(crate) struct NoisyRows<'a> {
    pub(crate) field: &'a VectorField,
    rows: &'a Examples,
    order: Vec<usize>,
    next: usize,
    row: Vec<f32>,
    random: Random,
}

impl<'a> NoisyRows<'a> {
    pub(crate) fn new(field: &'a VectorField, rows: &'a Examples) -> Self {
        Self {
            field,
            rows,
            order: (0..rows.len()).collect(),
            next: 0,
            row: vec![0.0; field.n_values()],
            random: Seed(1).stream(Stream::FieldNoise, 0),
        }
    }
}

impl Batches for NoisyRows<'_> {
    fn begin(&mut self, epoch: usize) {
        order_stream(Seed(1), 0, epoch).shuffle(&mut self.order);
        self.next = 0;
    }

    fn load(&mut self, n: usize, workspace: &mut Workspace) -> Result<()> {
        workspace.resize(n);
        for lane in 0..n {
            let i = self.order[self.next];
            self.next += 1;
            let y = self.rows.value(i);
            self.row[..y.len()].copy_from_slice(y);
            for noise in &mut self.row[y.len()..2 * y.len()] {
                *noise = self.random.normal() as f32;
            }
            self.field.finish_row(self.random.uniform(), &mut self.row);
            workspace.set_row(lane, &self.row, self.rows.context(i));
        }
        workspace.pad();
        Ok(())
    }
}
