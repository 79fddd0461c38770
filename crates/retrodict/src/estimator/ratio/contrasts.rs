//! Pairs of x with θ that made it and θ that did not, from the rows of one batch.

use std::ops::Range;

use retrodict_kernels::{PADDING, padded};

use super::config::RatioLoss;
use crate::network::Network;

/// About so many pairs go through the network at a time, so that its layers stay in the processor's
/// second-level cache.
const LANES: usize = 256;

/// Which θ each row of a batch is paired with: its own, and those of the rows that follow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contrasts<'a> {
    loss: &'a RatioLoss,
    n_rows: usize,
    /// How many θ each x is paired with, its own among them.
    n_theta: usize,
}

impl<'a> Contrasts<'a> {
    pub(super) fn new(loss: &'a RatioLoss, n_rows: usize) -> Self {
        assert!(n_rows >= 2, "a contrast needs another row");
        Self {
            loss,
            n_rows,
            n_theta: wanted(loss).min(n_rows),
        }
    }

    pub(super) fn loss(&self) -> &'a RatioLoss {
        self.loss
    }

    /// How many rows the batch has.
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How many θ each x is paired with, its own among them.
    pub(super) fn n_theta(&self) -> usize {
        self.n_theta
    }

    /// The batch in pieces that go through the network one after another; of the losses whose rows
    /// depend on each other, in one piece.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (length, n) = (piece_rows(self.loss), self.n_rows);
        let starts = (0..n).step_by(length);
        starts.map(move |start| start..start.saturating_add(length).min(n))
    }

    /// How many lanes a piece of so many rows takes: one for each pair, padded.
    pub(super) fn lanes(&self, n_rows: usize) -> usize {
        self.n_theta * padded(n_rows)
    }

    /// The most lanes that a piece of a batch of up to `max_rows` takes.
    pub(super) fn most_lanes(loss: &RatioLoss, max_rows: usize) -> usize {
        wanted(loss) * padded(piece_rows(loss).min(max_rows))
    }
}

fn wanted(loss: &RatioLoss) -> usize {
    match loss {
        RatioLoss::NreA(_) | RatioLoss::Bnre(_) => 2,
        RatioLoss::NreB(loss) => loss.classes,
        RatioLoss::NreC(loss) => loss.classes + 1,
    }
}

fn piece_rows(loss: &RatioLoss) -> usize {
    match loss {
        RatioLoss::Bnre(_) => usize::MAX,
        _ => (LANES / wanted(loss) / PADDING).max(1) * PADDING,
    }
}

/// All pairs of a piece side by side: first each x with its own θ, then each with the next row's, and
/// so on, `padded(rows of the piece)` lanes each.
pub(super) struct Pairs<'a> {
    /// θ, features × lanes.
    pub(super) values: &'a mut [f32],
    /// x, features × lanes.
    pub(super) context: &'a mut [f32],
    /// f of each pair.
    pub(super) logits: &'a mut [f32],
    /// ∂(sum of the rows' losses)/∂f.
    pub(super) slopes: &'a mut [f32],
    /// As much again, to compute in.
    pub(super) room: [&'a mut [f32]; 2],
    /// One for a pair of a row, zero in the padding.
    pub(super) present: &'a mut [f32],
    /// The loss of each row.
    pub(super) losses: &'a mut [f32],
}

/// Numbers of a lane beside θ and x.
const OTHERS: usize = 6;

impl<'a> Pairs<'a> {
    pub(super) fn rows(network: &Network) -> usize {
        network.n_features() + network.n_context() + OTHERS
    }

    pub(super) fn cut(arena: &'a mut [f32], network: &Network, lanes: usize) -> Self {
        let (values, rest) = arena.split_at_mut(network.n_features() * lanes);
        let (context, rest) = rest.split_at_mut(network.n_context() * lanes);
        let (logits, rest) = rest.split_at_mut(lanes);
        let (slopes, rest) = rest.split_at_mut(lanes);
        let (first, rest) = rest.split_at_mut(lanes);
        let (second, rest) = rest.split_at_mut(lanes);
        let (present, losses) = rest.split_at_mut(lanes);
        Self {
            values,
            context,
            logits,
            slopes,
            room: [first, second],
            present,
            losses,
        }
    }

    /// Puts the pairs of the rows of a piece in, from the whole batch's values, context and stride.
    pub(super) fn fill(
        &mut self,
        (values, context, stride): (&[f32], &[f32], usize),
        contrasts: &Contrasts<'_>,
        piece: Range<usize>,
    ) {
        let (lanes, own) = (self.logits.len(), padded(piece.len()));
        let from = values.chunks_exact(stride);
        for (run, from) in self.values.chunks_exact_mut(lanes).zip(from) {
            for (shift, run) in run.chunks_exact_mut(own).enumerate() {
                copy_cyclically(
                    &from[..contrasts.n_rows],
                    piece.start + shift,
                    piece.len(),
                    run,
                );
            }
        }
        let from = context.chunks_exact(stride);
        for (run, from) in self.context.chunks_exact_mut(lanes).zip(from) {
            for run in run.chunks_exact_mut(own) {
                copy_cyclically(&from[..contrasts.n_rows], piece.start, piece.len(), run);
            }
        }
        for present in self.present.chunks_exact_mut(own) {
            let (rows, padding) = present.split_at_mut(piece.len());
            rows.fill(1.0);
            padding.fill(0.0);
        }
    }
}

/// `n` numbers of `from`, beginning with number `first` and going on at its start; the padding of
/// `to` repeats the first of them.
fn copy_cyclically(from: &[f32], first: usize, n: usize, to: &mut [f32]) {
    let first = first % from.len();
    let straight = n.min(from.len() - first);
    to[..straight].copy_from_slice(&from[first..first + straight]);
    to[straight..n].copy_from_slice(&from[..n - straight]);
    to[n..].fill(from[first]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::ratio::{ContrastiveLoss, RatioLoss};

    #[test]
    fn rows_go_on_at_the_start() {
        let from = [0.0, 1.0, 2.0, 3.0, 4.0];
        let mut to = [9.0; 6];
        copy_cyclically(&from, 8, 4, &mut to);
        assert_eq!(to, [3.0, 4.0, 0.0, 1.0, 3.0, 3.0]);
    }

    #[test]
    fn pieces_cover_the_batch_and_fit_into_the_lanes() {
        for (classes, n_rows) in [(2, 200), (10, 112), (10, 7), (500, 17)] {
            let loss = RatioLoss::NreB(ContrastiveLoss { classes });
            let contrasts = Contrasts::new(&loss, n_rows);
            let mut end = 0;
            for piece in contrasts.pieces() {
                assert_eq!(piece.start, end);
                end = piece.end;
                let most = Contrasts::most_lanes(&loss, n_rows);
                assert!(contrasts.lanes(piece.len()) <= most);
            }
            assert_eq!(end, n_rows);
            assert_eq!(contrasts.n_theta(), classes.min(n_rows));
        }
    }
}
