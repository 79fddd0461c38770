//! The gradients of the log density.

use super::MixtureShape;
use crate::functions::softplus_and_sigmoid;
use crate::lanes::{Lanes, Rows, RowsMut, vectors_per_row};
use crate::{Kernels, MIN_SCALE};
use pulp::{Simd, WithSimd};

/// The gradients of [`super::MixtureForward`].
#[derive(Debug)]
pub struct MixtureBackward<'a> {
    /// The mixture.
    pub shape: MixtureShape,
    /// The raw outputs, `n_outputs × stride`.
    pub raw: &'a [f32],
    /// v, `n_features × stride`.
    pub values: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// As `MixtureForward` left it.
    pub cache: &'a [f32],
    /// ∂L/∂(log density); `stride`.
    pub log_density_gradient: &'a [f32],
    /// Out: ∂L/∂(raw outputs).
    pub raw_gradient: &'a mut [f32],
    /// Added to: ∂L/∂v; left alone if absent.
    pub value_gradient: Option<&'a mut [f32]>,
}

impl MixtureBackward<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or `stride` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let (raw, values, cache) = (self.raw.len(), self.values.len(), self.cache.len());
        self.shape.check(raw, values, cache, self.stride);
        assert_eq!(self.log_density_gradient.len(), self.stride);
        assert_eq!(self.raw_gradient.len(), raw);
        assert!(
            self.value_gradient
                .as_ref()
                .is_none_or(|v| v.len() == values)
        );
        kernels.dispatch(self);
    }
}

impl WithSimd for MixtureBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n = self.shape.n_components();
        let cache = Rows::new(simd, self.cache, self.stride);
        let upstream = Rows::new(simd, self.log_density_gradient, self.stride);
        let mut component = Component {
            shape: self.shape,
            raw: Rows::new(simd, self.raw, self.stride),
            values: Rows::new(simd, self.values, self.stride),
            raw_gradient: RowsMut::new(simd, self.raw_gradient, self.stride),
            value_gradient: self
                .value_gradient
                .map(|v| RowsMut::new(simd, v, self.stride)),
        };
        for v in 0..vectors_per_row::<S>(self.stride) {
            let upstream = upstream.get(0, v);
            for k in 0..n {
                let responsibility = cache.get(k, v);
                let d_logit = upstream * (responsibility - cache.get(n + k, v));
                component
                    .raw_gradient
                    .set(self.shape.logit_row(k), v, d_logit);
                component.add_gradients(k, v, upstream * responsibility);
            }
        }
    }
}

struct Component<'a, S: Simd> {
    shape: MixtureShape,
    raw: Rows<'a, S>,
    values: Rows<'a, S>,
    raw_gradient: RowsMut<'a, S>,
    value_gradient: Option<RowsMut<'a, S>>,
}

impl<S: Simd> Component<'_, S> {
    /// With w = A(v − μ): ∂/∂μ = Aᵀw, ∂/∂v = −Aᵀw, ∂/∂Aᵢⱼ = −wᵢ(v − μ)ⱼ, and 1/Aᵢᵢ from ln Aᵢᵢ.
    #[inline(always)]
    fn add_gradients(&mut self, k: usize, v: usize, weight: Lanes<S>) {
        let (shape, d) = (self.shape, self.shape.n_features());
        for j in 0..d {
            self.raw_gradient
                .set(shape.mean_row(k, j), v, weight.all(0.0));
        }
        for i in 0..d {
            let (softplus, sigmoid) =
                softplus_and_sigmoid(self.raw.get(shape.diagonal_row(k, i), v));
            let diagonal = softplus + softplus.all(MIN_SCALE);
            let offset = self.offset(k, i, v);
            let mut whitened = diagonal * offset;
            for j in i + 1..d {
                let entry = self.raw.get(shape.upper_row(k, i, j), v);
                whitened = entry.mul_add(self.offset(k, j, v), whitened);
            }
            let pull = weight * whitened;
            let d_diagonal = (weight / diagonal - pull * offset) * sigmoid;
            self.raw_gradient
                .set(shape.diagonal_row(k, i), v, d_diagonal);
            self.pull(k, i, v, diagonal * pull);
            for j in i + 1..d {
                let row = shape.upper_row(k, i, j);
                self.raw_gradient
                    .set(row, v, -(pull * self.offset(k, j, v)));
                self.pull(k, j, v, self.raw.get(row, v) * pull);
            }
        }
    }

    #[inline(always)]
    fn offset(&self, k: usize, j: usize, v: usize) -> Lanes<S> {
        self.values.get(j, v) - self.raw.get(self.shape.mean_row(k, j), v)
    }

    /// Moves the mean towards the value, and the value towards the mean.
    #[inline(always)]
    fn pull(&mut self, k: usize, j: usize, v: usize, by: Lanes<S>) {
        self.raw_gradient.add(self.shape.mean_row(k, j), v, by);
        if let Some(values) = &mut self.value_gradient {
            values.add(j, v, -by);
        }
    }
}
