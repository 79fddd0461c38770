//! Which part of a workspace each layer of a flow computes in.

use std::ops::Range;

/// Where the layers of a flow, and its base behind them, keep what they compute.
#[derive(Debug)]
pub(super) struct Layout {
    /// How many outputs of layers are kept.
    pub(super) n_outputs: usize,
    pub(super) cache_rows: usize,
    /// Of each layer, then of the base, in rows.
    caches: Vec<Range<usize>>,
}

impl Layout {
    /// Everything is kept for the way back.
    pub(super) fn separate(cache_rows: &[usize]) -> Self {
        let mut end = 0;
        let caches = cache_rows.iter().map(|rows| {
            end += rows;
            end - rows..end
        });
        Self {
            caches: caches.collect(),
            // Even without a layer there is one output, for sampling to copy through.
            n_outputs: (cache_rows.len() - 1).max(1),
            cache_rows: end,
        }
    }

    /// Each layer overwrites what the one before left; outputs alternate between two places.
    pub(super) fn shared(cache_rows: &[usize]) -> Self {
        Self {
            caches: cache_rows.iter().map(|&rows| 0..rows).collect(),
            n_outputs: 2,
            cache_rows: cache_rows.iter().copied().max().unwrap_or(0),
        }
    }

    /// The rows of cache of layer `k`, or of the base behind the last layer.
    pub(super) fn cache(&self, k: usize) -> &Range<usize> {
        &self.caches[k]
    }

    /// The place of the output of layer `k`.
    pub(super) fn output(&self, k: usize) -> usize {
        k % self.n_outputs
    }

    /// The outputs of the layer before `k`, if there is one, and of `k` itself.
    pub(super) fn around<'a>(
        &self,
        k: usize,
        outputs: &'a mut [f32],
        width: usize,
    ) -> (&'a [f32], &'a mut [f32]) {
        let here = self.output(k) * width;
        let Some(before) = k.checked_sub(1).map(|k| self.output(k) * width) else {
            return (&[], &mut outputs[here..][..width]);
        };
        let (low, high) = outputs.split_at_mut(here.max(before));
        if before < here {
            (&low[before..][..width], &mut high[..width])
        } else {
            (&high[..width], &mut low[here..][..width])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_before_and_behind_a_layer_never_overlap() {
        let rows = [3, 5, 2, 4, 1];
        for layout in [Layout::separate(&rows), Layout::shared(&rows)] {
            let mut outputs: Vec<f32> = (0..layout.n_outputs * 2).map(|i| i as f32).collect();
            for k in 1..4 {
                let places = [layout.output(k - 1), layout.output(k)].map(|p| 2.0 * p as f32);
                let (before, here) = layout.around(k, &mut outputs, 2);
                assert_eq!([before[0], here[0]], places);
                assert_ne!(before[0], here[0]);
            }
        }
        assert_eq!(Layout::separate(&rows).cache(3), &(10..14));
        assert_eq!(Layout::separate(&rows).cache_rows, 15);
        assert_eq!(Layout::shared(&rows).cache_rows, 5);
    }
}
