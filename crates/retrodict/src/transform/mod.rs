//! Bijections with log-determinants, and their hand-written gradients.
//!
//! Everything is feature-major: a batch of `n` rows with `d` features is `d` runs of `stride`
//! numbers, where `stride` is `n` rounded up to the SIMD padding. `forward` is data → noise,
//! everywhere.
//!
//! What stands in the padding must be finite on the way forward, and the gradients handed in there
//! must be zero on the way back; then the padding adds nothing to any gradient.

mod affine;
mod coupling;
mod lu;
mod permutation;
mod spline;

pub use affine::AutoregressiveAffine;
pub use coupling::CouplingSpline;
pub use lu::LuLinear;
pub use permutation::Permutation;
pub use retrodict_kernels::{SplineShape, Tail};
pub use spline::AutoregressiveSpline;

use crate::network::Inputs;
use crate::seed::Random;

/// A batch of inputs, feature-major.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The values to transform: `n_features() × stride`.
    pub x: &'a [f32],
    /// The context: `n_context × stride`.
    pub context: &'a [f32],
    /// The length of one feature's run.
    pub stride: usize,
}

impl<'a> Batch<'a> {
    /// The same batch, as a network sees it.
    fn inputs(self) -> Inputs<'a> {
        self.with_features(self.x)
    }

    /// The same context with other features, as a network sees it.
    fn with_features<'b>(self, features: &'b [f32]) -> Inputs<'b>
    where
        'a: 'b,
    {
        Inputs {
            context: self.context,
            features,
            stride: self.stride,
        }
    }
}

/// What flows back through a transform.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// In: ∂L/∂y, `n_features × stride`. Out: ∂L/∂x.
    pub values: &'a mut [f32],
    /// In: ∂L/∂(`log_det`), `stride`.
    pub log_det: &'a [f32],
    /// Added to: ∂L/∂context, `n_context × stride`; left alone if absent.
    pub context: Option<&'a mut [f32]>,
    /// Added to: ∂L/∂weights; left alone if absent.
    pub weights: Option<&'a mut [f32]>,
}

/// A conditional bijection y = f(x; context), with weights that live in the model's flat array.
///
/// `cache` and `scratch` are slices of the caller's workspace, `cache_rows() × stride` and
/// `scratch_rows() × stride` long; `forward` leaves in `cache` what `backward` needs.
pub trait Transform: Send + Sync + std::fmt::Debug {
    /// How many weights it has.
    fn n_weights(&self) -> usize;

    /// Fills its weights with their first values.
    fn initialize(&self, weights: &mut [f32], random: &mut Random);

    /// Rows of workspace kept from `forward` to `backward`.
    fn cache_rows(&self) -> usize;

    /// Rows of workspace used within a call.
    fn scratch_rows(&self) -> usize;

    /// Data → noise: fills `y` and adds log |det ∂y/∂x| to `log_det`.
    fn forward(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        y: &mut [f32],
        log_det: &mut [f32],
        cache: &mut [f32],
        scratch: &mut [f32],
    );

    /// The gradient of what `forward` computed last with this `cache`.
    fn backward(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        gradients: Gradients<'_>,
        cache: &[f32],
        scratch: &mut [f32],
    );

    /// Noise → data: `batch.x` holds y; fills `x` and adds log |det ∂x/∂y| to `log_det`.
    fn inverse(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        x: &mut [f32],
        log_det: &mut [f32],
        cache: &mut [f32],
        scratch: &mut [f32],
    );
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod twins;
