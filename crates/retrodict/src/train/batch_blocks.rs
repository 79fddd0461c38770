//! A batch cut into blocks of rows, on which threads work side by side.

use retrodict_kernels::{Kernels, PADDING};

use super::gradient_tree::{BlockGradient, GradientTree, Together, combine, half};
use super::training_rows::Batches;
use crate::error::Result;
use crate::estimator::{Estimator, Purpose, Workspace};

/// From twice as many rows on there are two blocks: fewer keep a thread busy for too short a time.
const FEWEST_ROWS: usize = 96;
/// About so many rows make a block of a large batch: every block has a gradient to be added.
const BLOCK_ROWS: usize = 125;
/// A batch has no more blocks than this: each has a gradient of its own.
const MAX_BLOCKS: usize = 16;

/// The memory of a training step: a workspace and a gradient for each block of the batch.
///
/// How a batch is cut and in what order its gradients are added depends on its size alone, so the result does not
/// depend on the number of threads.
#[derive(Debug)]
pub struct BatchBlocks {
    kernels: Kernels,
    workspaces: Vec<Workspace>,
    gradients: Vec<BlockGradient>,
    /// How many of them the present batch fills.
    n_used: usize,
}

impl BatchBlocks {
    /// For batches of up to `max_rows`.
    pub fn new(estimator: &dyn Estimator, max_rows: usize) -> Self {
        let n_blocks = cut(max_rows).count();
        let workspace = |_| estimator.workspace(capacity(max_rows), Purpose::Training);
        let gradient = |_| BlockGradient {
            values: vec![0.0; estimator.n_weights()],
            loss: 0.0,
            share: 1.0,
        };
        Self {
            kernels: Kernels::detect(),
            workspaces: (0..n_blocks).map(workspace).collect(),
            gradients: (0..n_blocks).map(gradient).collect(),
            n_used: 0,
        }
    }

    /// Puts the next `n_rows` into the blocks.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn load(&mut self, n_rows: usize, batches: &mut dyn Batches) -> Result<()> {
        self.n_used = load(&mut self.workspaces, n_rows, batches)?;
        Ok(())
    }

    /// Computes the loss and its gradient of the rows that were loaded, block by block.
    pub fn compute(&mut self, estimator: &dyn Estimator, weights: &[f32]) {
        let workspaces = &mut self.workspaces[..self.n_used];
        let n_rows: usize = workspaces.iter().map(Workspace::n_rows).sum();
        let run = |workspace: &mut Workspace, gradient: &mut BlockGradient| {
            gradient.share = workspace.n_rows() as f64 / n_rows as f64;
            gradient.loss = estimator.loss_and_gradient(weights, workspace, &mut gradient.values);
        };
        let tree = GradientTree {
            kernels: self.kernels,
            together: Together::new(self.n_used),
            run: &run,
        };
        tree.halves(workspaces, &mut self.gradients[..self.n_used]);
    }

    /// Gives `take` the mean loss over the batch, its gradient and the gradient's length, while
    /// another thread that has nothing to do puts the `next` rows into the blocks.
    ///
    /// # Errors
    /// If the rows cannot be read.
    pub fn finish<T: Send>(
        &mut self,
        next: Option<usize>,
        batches: &mut dyn Batches,
        take: impl FnOnce(f64, &mut [f32], f64) -> T + Send,
    ) -> Result<T> {
        let (kernels, workspaces) = (self.kernels, &mut self.workspaces[..]);
        let gradients = &mut self.gradients[..self.n_used];
        let (left, right) = gradients.split_at_mut(half(self.n_used));
        let (taken, loaded) = rayon::join(
            || {
                let norm = combine(kernels, &mut left[0], right.first());
                take(left[0].loss, &mut left[0].values, norm)
            },
            || next.map_or(Ok(0), |n_rows| load(workspaces, n_rows, batches)),
        );
        self.n_used = loaded?;
        Ok(taken)
    }
}

/// How many blocks the next `n_rows` fill.
fn load(workspaces: &mut [Workspace], n_rows: usize, batches: &mut dyn Batches) -> Result<usize> {
    let mut n_used = 0;
    for (workspace, part) in workspaces.iter_mut().zip(cut(n_rows)) {
        batches.load(part.len(), workspace)?;
        n_used += 1;
    }
    Ok(n_used)
}

/// The most rows that a block of a batch of up to `max_rows` can have.
fn capacity(max_rows: usize) -> usize {
    let largest = (2 * FEWEST_ROWS).max(max_rows.div_ceil(MAX_BLOCKS));
    max_rows.min(largest + PADDING)
}

/// The blocks of a batch: all of about the same size, and all but the last full vectors.
fn cut(n_rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let fewest = (n_rows / FEWEST_ROWS).clamp(1, 2);
    let n_blocks = (n_rows / BLOCK_ROWS).clamp(fewest, MAX_BLOCKS);
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
                blocks.compute(&flow, &weights);
                let copy = |loss: f64, gradient: &mut [f32], norm| (loss, gradient.to_vec(), norm);
                blocks.finish(None, &mut *batches, copy).unwrap()
            })
        };
        let serial = run(1);
        assert_eq!(serial, run(2));
        assert_eq!(serial, run(4));
        assert!((serial.0 - loss).abs() < 1e-6);
        let squares = serial.1.iter().map(|g| f64::from(*g).powi(2));
        assert!((serial.2 / squares.sum::<f64>().sqrt() - 1.0).abs() < 1e-5);
        let scale = whole.iter().fold(0.0_f32, |m, g| m.max(g.abs()));
        for (cut, whole) in serial.1.iter().zip(&whole) {
            assert!((cut - whole).abs() < 1e-5 * scale, "{cut} {whole}");
        }
    }
}
