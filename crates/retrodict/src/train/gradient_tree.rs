//! The gradients of a batch's blocks, added in an order that depends on their number alone.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use retrodict_kernels::{Kernels, axpy, sum_of_squares};

use crate::estimator::Workspace;

/// The last two are added in parts of this many numbers.
const PART: usize = 1 << 14;

/// The mean loss of a block of rows, or of several, and its gradient.
#[derive(Debug)]
pub(super) struct BlockGradient {
    pub(super) values: Vec<f32>,
    pub(super) loss: f64,
    /// The block's share of the batch's rows; one once it is weighted with that.
    pub(super) share: f64,
}

/// Adds the gradients of halves of a batch, and these of halves of their own, each where it was computed: what another
/// core has in its cache takes longer to fetch than to add.
pub(super) struct GradientTree<'a> {
    pub(super) kernels: Kernels,
    pub(super) together: Together,
    pub(super) run: &'a (dyn Fn(&mut Workspace, &mut BlockGradient) + Sync),
}

impl GradientTree<'_> {
    /// Leaves the sums of both halves in their first gradients; a single block has one.
    pub(super) fn halves(&self, workspaces: &mut [Workspace], gradients: &mut [BlockGradient]) {
        if gradients.len() == 1 {
            return self.sum(workspaces, gradients);
        }
        let middle = half(gradients.len());
        let (left, right) = gradients.split_at_mut(middle);
        let (left_rows, right_rows) = workspaces.split_at_mut(middle);
        rayon::join_context(
            |_| {
                self.sum(left_rows, left);
                self.together.linger();
            },
            |context| {
                self.sum(right_rows, right);
                if context.migrated() {
                    self.together.linger();
                }
            },
        );
    }

    /// Leaves the sum in the first gradient.
    fn sum(&self, workspaces: &mut [Workspace], gradients: &mut [BlockGradient]) {
        if let ([workspace], [gradient]) = (&mut *workspaces, &mut *gradients) {
            return self.together.run(|| (self.run)(workspace, gradient));
        }
        self.halves(workspaces, gradients);
        let (left, right) = gradients.split_at_mut(half(gradients.len()));
        let shares = left[0].take_loss(&right[0]);
        add(self.kernels, shares, &mut left[0].values, &right[0].values);
    }
}

impl BlockGradient {
    /// Adds the other's loss. Returns with what both gradients have to be multiplied.
    fn take_loss(&mut self, other: &Self) -> [f64; 2] {
        let shares = [self.share, other.share];
        self.loss = shares[0] * self.loss + shares[1] * other.loss;
        self.share = 1.0;
        shares
    }
}

/// The weighted sum of two gradients, in place of the first.
fn add(kernels: Kernels, shares: [f64; 2], own: &mut [f32], theirs: &[f32]) {
    let [share, other] = shares.map(|share| share as f32);
    if share < 1.0 {
        for g in own.iter_mut() {
            *g *= share;
        }
    }
    axpy(kernels, other, theirs, own);
}

/// Keeps threads awake that work on the same thing: one that has gone to sleep takes longer to wake
/// than a small step lasts.
#[derive(Debug)]
pub(super) struct Together {
    /// Pieces of work that no thread has begun, and that none has ended.
    waiting: AtomicUsize,
    unfinished: AtomicUsize,
}

impl Together {
    pub(super) fn new(n_pieces: usize) -> Self {
        Self {
            waiting: AtomicUsize::new(n_pieces),
            unfinished: AtomicUsize::new(n_pieces),
        }
    }

    /// Does one piece.
    fn run(&self, piece: impl FnOnce()) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let _in_work = InWork(self);
        piece();
    }

    /// Waits for the other pieces if all are in work: they need no thread any more.
    fn linger(&self) {
        while self.waiting.load(Ordering::Relaxed) == 0
            && self.unfinished.load(Ordering::Relaxed) > 0
        {
            std::thread::yield_now();
        }
    }
}

/// A piece that ends with this, even in a panic, for which nobody shall wait.
struct InWork<'a>(&'a Together);

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        self.0.unfinished.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The sums of both halves, if there are two, make the gradient of the batch in the first; its length.
pub(super) fn combine(
    kernels: Kernels,
    first: &mut BlockGradient,
    second: Option<&BlockGradient>,
) -> f64 {
    let shares = second.map(|second| first.take_loss(second));
    let join = |(k, part): (usize, &mut [f32])| {
        if let (Some(second), Some(shares)) = (second, shares) {
            let theirs = &second.values[k * PART..][..part.len()];
            add(kernels, shares, part, theirs);
        }
        sum_of_squares(kernels, part)
    };
    let parts = first.values.par_chunks_mut(PART).enumerate();
    let squares: Vec<f64> = parts.map(join).collect();
    squares.iter().sum::<f64>().sqrt()
}

/// How many of so many blocks are the first half.
pub(super) fn half(n_blocks: usize) -> usize {
    n_blocks.div_ceil(2)
}
