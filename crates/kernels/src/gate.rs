//! The gate by which the context opens and closes a residual block (GLU).

use crate::Kernels;
use crate::functions::sigmoid;
use crate::lanes::{Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// sum += value · sigmoid(gate): the gated linear unit of Dauphin et al. (2017),
/// arXiv:1612.08083, added to a residual stream.
#[derive(Debug)]
pub struct GateForward<'a> {
    /// In: the gate's logits. Out: their sigmoids.
    pub gate: &'a mut [f32],
    /// What passes the gate.
    pub value: &'a [f32],
    /// Added to.
    pub sum: &'a mut [f32],
}

/// The gradients of [`GateForward`].
#[derive(Debug)]
pub struct GateBackward<'a> {
    /// The sigmoids that `GateForward` left.
    pub gate: &'a [f32],
    /// What passed the gate.
    pub value: &'a [f32],
    /// ∂L/∂sum.
    pub sum_gradient: &'a [f32],
    /// Out: ∂L/∂value.
    pub value_gradient: &'a mut [f32],
    /// Out: ∂L/∂(the gate's logits).
    pub gate_gradient: &'a mut [f32],
}

impl GateForward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths differ or are no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        assert_eq!(self.gate.len(), self.value.len());
        assert_eq!(self.gate.len(), self.sum.len());
        kernels.dispatch(self);
    }
}

impl WithSimd for GateForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let length = self.value.len();
        let value = Rows::new(simd, self.value, length);
        let mut gate = RowsMut::new(simd, self.gate, length);
        let mut sum = RowsMut::new(simd, self.sum, length);
        for v in 0..vectors_per_row::<S>(length) {
            let open = sigmoid(gate.get(0, v));
            gate.set(0, v, open);
            sum.set(0, v, open.mul_add(value.get(0, v), sum.get(0, v)));
        }
    }
}

impl GateBackward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths differ or are no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let length = self.gate.len();
        assert_eq!(length, self.value.len());
        assert_eq!(length, self.sum_gradient.len());
        assert_eq!(length, self.value_gradient.len());
        assert_eq!(length, self.gate_gradient.len());
        kernels.dispatch(self);
    }
}

impl WithSimd for GateBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let length = self.gate.len();
        let gate = Rows::new(simd, self.gate, length);
        let value = Rows::new(simd, self.value, length);
        let upstream = Rows::new(simd, self.sum_gradient, length);
        let mut value_gradient = RowsMut::new(simd, self.value_gradient, length);
        let mut gate_gradient = RowsMut::new(simd, self.gate_gradient, length);
        for v in 0..vectors_per_row::<S>(length) {
            let open = gate.get(0, v);
            let d_value = upstream.get(0, v) * open;
            value_gradient.set(0, v, d_value);
            let closed = open.all(1.0) - open;
            gate_gradient.set(0, v, d_value * value.get(0, v) * closed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, column, differences, rows};
    use crate::{padded, scalar};

    /// A few roundings of numbers up to about three.
    const TOLERANCE: f64 = 5e-6;

    #[test]
    fn the_gate_and_its_gradients_agree_with_the_formula() {
        for (n, kernels) in [1, 17, 32]
            .into_iter()
            .flat_map(|n| Kernels::available().map(move |k| (n, k)))
        {
            let stride = padded(n);
            let [logits, value, start, d_sum] = [1, 2, 3, 4].map(|seed| rows(3, n, 3.0, seed));
            let (mut gate, mut sum) = (logits.clone(), start.clone());
            GateForward {
                gate: &mut gate,
                value: &value,
                sum: &mut sum,
            }
            .run(kernels);
            let [mut d_value, mut d_gate] = [(); 2].map(|()| vec![f32::NAN; logits.len()]);
            GateBackward {
                gate: &gate,
                value: &value,
                sum_gradient: &d_sum,
                value_gradient: &mut d_value,
                gate_gradient: &mut d_gate,
            }
            .run(kernels);
            for b in 0..n {
                let [logits, value, start, d_sum] =
                    [&logits, &value, &start, &d_sum].map(|rows| column(rows, stride, b));
                let passed = |g: &[f64], v: &[f64], i: usize| v[i] * scalar::sigmoid(g[i]);
                let exact: Vec<f64> = (0..3)
                    .map(|i| start[i] + passed(&logits, &value, i))
                    .collect();
                assert!(close(&column(&sum, stride, b), &exact, TOLERANCE));
                let loss = |g: &[f64], v: &[f64]| (0..3).map(|i| d_sum[i] * passed(g, v, i)).sum();
                let slopes = differences(|g| loss(g, &value), &logits);
                assert!(close(&column(&d_gate, stride, b), &slopes, TOLERANCE));
                let slopes = differences(|v| loss(&logits, v), &value);
                assert!(close(&column(&d_value, stride, b), &slopes, TOLERANCE));
            }
        }
    }
}
