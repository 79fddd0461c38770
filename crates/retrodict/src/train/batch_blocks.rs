//! A batch cut into blocks of rows, on which threads work side by side.

use rayon::prelude::*;
use retrodict_kernels::{Kernels, PADDING, axpy};

use super::training_rows::Batches;
use crate::error::Result;
use crate::estimator::{DensityEstimator, Purpose, Workspace};

/// About so many rows make a block: fewer keep a thread busy for too short a time.
const BLOCK_ROWS: usize = 96;
/// A batch has no more blocks than this: each has a gradient of its own.
const MAX_BLOCKS: usize = 16;

/// The memory of a training step: a workspace and a gradient for each block of the batch.
///
/// How a batch is cut depends on its size alone, and gradients are added in the blocks' order, so
/// the result does not depend on the number of threads.
#[derive(Debug)]
pub struct BatchBlocks {
    kernels: Kernels,
    parts: Vec<Block>,
    /// How many of them the present batch fills.
    n_used: usize,
}

#[derive(Debug)]
struct Block {
    workspace: Workspace,
    gradient: Vec<f32>,
    loss: f64,
}

impl BatchBlocks {
    /// For batches of up to `max_rows`.
    pub fn new(estimator: &dyn DensityEstimator, max_rows: usize) -> Self {
        let block = |_| Block {
            workspace: estimator.workspace(capacity(max_rows), Purpose::Training),
            gradient: vec![0.0; estimator.n_weights()],
            loss: 0.0,
        };
        Self {
            kernels: Kernels::detect(),
            parts: cut(max_rows).map(block).collect(),
            n_used: 0,
        }
    }

    /// Puts the next `n_rows` into the blocks.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn load(&mut self, n_rows: usize, batches: &mut dyn Batches) -> Result<()> {
        self.n_used = 0;
        for (block, part) in self.parts.iter_mut().zip(cut(n_rows)) {
            batches.load(part.len(), &mut block.workspace)?;
            self.n_used += 1;
        }
        Ok(())
    }

    /// The mean of −log q over the rows that were loaded, and its gradient.
    pub fn loss_and_gradient(
        &mut self,
        estimator: &dyn DensityEstimator,
        weights: &[f32],
    ) -> (f64, &mut [f32]) {
        let run = |block: &mut Block| {
            let (workspace, gradient) = (&mut block.workspace, &mut block.gradient);
            block.loss = estimator.loss_and_gradient(weights, workspace, gradient);
        };
        match &mut self.parts[..self.n_used] {
            [only] => run(only),
            blocks => blocks.par_iter_mut().for_each(run),
        }
        self.combine()
    }

    /// The means over blocks, weighted with their rows, make the mean over the batch.
    fn combine(&mut self) -> (f64, &mut [f32]) {
        let used = &mut self.parts[..self.n_used];
        let n_rows: usize = used.iter().map(|block| block.workspace.n_rows()).sum();
        let share = |block: &Block| block.workspace.n_rows() as f64 / n_rows as f64;
        let (first, others) = used.split_first_mut().expect("at least one block");
        if others.is_empty() {
            return (first.loss, &mut first.gradient);
        }
        let own = share(first);
        let mut loss = own * first.loss;
        first.gradient.iter_mut().for_each(|g| *g *= own as f32);
        for block in others {
            loss += share(block) * block.loss;
            let (from, to) = (&block.gradient, &mut first.gradient);
            axpy(self.kernels, share(block) as f32, from, to);
        }
        (loss, &mut first.gradient)
    }
}

/// The most rows that a block of a batch of up to `max_rows` can have.
fn capacity(max_rows: usize) -> usize {
    let largest = (2 * BLOCK_ROWS).max(max_rows.div_ceil(MAX_BLOCKS));
    max_rows.min(largest + PADDING)
}

/// The blocks of a batch: all of about the same size, and all but the last full vectors.
fn cut(n_rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let n_blocks = (n_rows / BLOCK_ROWS).clamp(1, MAX_BLOCKS);
    let end = move |k: usize| {
        let even = (k * n_rows).div_ceil(n_blocks);
        even.next_multiple_of(PADDING).min(n_rows)
    };
    (0..n_blocks).map(move |k| if k == 0 { 0 } else { end(k) }..end(k + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::{EstimatorConfig, Examples};
    use crate::seed::{Seed, Stream};
    use crate::train::TrainingRows;

    #[test]
    fn blocks_cover_a_batch_in_full_vectors() {
        for n_rows in [1, 15, 96, 100, 191, 192, 200, 500, 1000, 4001] {
            let blocks: Vec<_> = cut(n_rows).collect();
            assert_eq!((blocks[0].start, blocks[blocks.len() - 1].end), (0, n_rows));
            for pair in blocks.windows(2) {
                assert_eq!(pair[0].end, pair[1].start);
                assert!(pair[0].end.is_multiple_of(PADDING) && !pair[1].is_empty());
            }
        }
        for max_rows in [10, 100, 250, 5000] {
            let largest = |n| cut(n).map(|block| block.len()).max();
            let most = (1..=max_rows).filter_map(largest).max();
            assert!(most <= Some(capacity(max_rows)), "{max_rows}: {most:?}");
        }
        assert_eq!(cut(200).collect::<Vec<_>>(), [0..112, 112..200]);
    }

    fn examples(n: usize) -> Examples {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let mut examples = Examples::new(2, 1);
        for _ in 0..n {
            let [a, b, c] = [(); 3].map(|()| random.normal() as f32);
            examples.push(&[a, b], &[c]);
        }
        examples
    }

    #[test]
    fn a_cut_batch_has_the_gradient_of_the_whole_on_any_number_of_threads() {
        let json = r#"{"kind":"maf_rqs","network":{"hidden":[20,20],"zero_last":false}}"#;
        let config: EstimatorConfig = serde_json::from_str(json).unwrap();
        let flow = config.build(&[false; 2], 1).unwrap();
        let mut weights = vec![0.0; flow.n_weights()];
        flow.initialize(&mut weights, &mut Seed(2).stream(Stream::Weights, 0));
        let data = examples(500);
        let rows: Vec<usize> = (0..500).collect();
        let mut workspace = flow.workspace(500, Purpose::Training);
        workspace.load(&data, &rows);
        let mut whole = vec![0.0; weights.len()];
        let loss = flow.loss_and_gradient(&weights, &mut workspace, &mut whole);
        let run = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads);
            let mut blocks = BatchBlocks::new(&flow, 500);
            pool.build().unwrap().install(|| {
                let mut batches = data.batches(Seed(3), 0);
                batches.begin(0);
                blocks.load(500, &mut *batches).unwrap();
                let (loss, gradient) = blocks.loss_and_gradient(&flow, &weights);
                (loss, gradient.to_vec())
            })
        };
        let serial = run(1);
        assert_eq!(serial, run(2));
        assert_eq!(serial, run(4));
        assert!((serial.0 - loss).abs() < 1e-6);
        let scale = whole.iter().fold(0.0_f32, |m, g| m.max(g.abs()));
        for (cut, whole) in serial.1.iter().zip(&whole) {
            assert!((cut - whole).abs() < 1e-5 * scale, "{cut} {whole}");
        }
    }
}
