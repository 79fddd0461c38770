//! The dense layer, with an optional staircase mask.

mod forward;
mod input_gradient;
mod lane_sums;
mod packing;
mod product;
mod tile;
mod weight_gradient;

pub use forward::DenseForward;
pub use input_gradient::DenseInputGradient;
pub use weight_gradient::DenseWeightGradient;

/// A dense layer y = W x + b, in which output `o` sees the first `reach[o]` inputs.
///
/// With hidden units sorted by degree, every mask of an autoregressive network (Germain et al.
/// 2015, arXiv:1502.03509) is such a staircase, and what it hides can be skipped in blocks.
///
/// The weights are `n_outputs × n_inputs` row-major, then `n_outputs` biases if it has them. The
/// hidden ones stand in the array too and **must be zero**: a block on the edge of the staircase
/// multiplies with them. No kernel ever writes to their gradient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dense {
    n_inputs: usize,
    reach: Vec<usize>,
    /// For each input the first output that sees it.
    first: Vec<usize>,
    bias: bool,
}

impl Dense {
    /// Every output sees every input.
    pub fn full(n_inputs: usize, n_outputs: usize) -> Self {
        Self::staircase(n_inputs, vec![n_inputs; n_outputs])
    }

    /// Output `o` sees the first `reach[o]` inputs.
    ///
    /// # Panics
    /// If `reach` decreases somewhere or exceeds `n_inputs`.
    pub fn staircase(n_inputs: usize, reach: Vec<usize>) -> Self {
        assert!(reach.is_sorted(), "the reach must not decrease");
        assert!(reach.last().is_none_or(|last| *last <= n_inputs));
        let first = (0..n_inputs)
            .map(|input| reach.partition_point(|reach| *reach <= input))
            .collect();
        Self {
            n_inputs,
            reach,
            first,
            bias: true,
        }
    }

    /// The same layer without biases.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self {
            bias: false,
            ..self
        }
    }

    /// Columns of W.
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    /// Rows of W.
    pub fn n_outputs(&self) -> usize {
        self.reach.len()
    }

    /// How many inputs output `o` sees, for every `o`.
    pub fn reach(&self) -> &[usize] {
        &self.reach
    }

    /// Whether there are biases.
    pub fn has_bias(&self) -> bool {
        self.bias
    }

    /// Length of the weights: W, hidden entries included, and the biases.
    pub fn n_weights(&self) -> usize {
        self.n_outputs() * self.n_inputs + self.bias_start().map_or(0, |_| self.n_outputs())
    }

    /// Where the biases start.
    fn bias_start(&self) -> Option<usize> {
        self.bias.then_some(self.n_outputs() * self.n_inputs)
    }

    fn check_weights(&self, weights: &[f32]) {
        assert_eq!(weights.len(), self.n_weights(), "weights of the layer");
    }

    fn check_inputs(&self, inputs: [&[f32]; 2], stride: usize) {
        assert!(stride > 0);
        assert!(inputs.iter().all(|x| x.len().is_multiple_of(stride)));
        let rows = (inputs[0].len() + inputs[1].len()) / stride;
        assert_eq!(rows, self.n_inputs, "rows of input");
    }
}

#[cfg(test)]
mod tests;
