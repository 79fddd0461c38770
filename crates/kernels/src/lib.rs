//! Fused kernels for the small networks of simulation-based inference: the only SIMD and the only
//! `unsafe` code of Retrodict.
//!
//! Everything is `f32` and *feature-major*: a batch of `n` rows with `d` features is `d` runs of
//! `stride` numbers, where `stride` is `n` rounded up to [`PADDING`], so that the batch lies along
//! the SIMD lanes. What stands in the padding is computed like everything else; a caller keeps it
//! finite on the way forward and hands in zero gradients there on the way back, and then it adds
//! nothing to any result.
//!
//! Each kernel is a struct with named fields and a `run(kernels)` method; [`Kernels`] says which
//! instruction set to use. Nothing here allocates. [`scalar`] holds the same formulas once more in
//! plain `f64`, as their definition and for tests.
//!
//! ```
//! use retrodict_kernels::{Activation, Dense, DenseForward, Kernels, padded};
//! let layer = Dense::full(2, 1);
//! let stride = padded(1);
//! let mut x = vec![0.0; 2 * stride];
//! (x[0], x[stride]) = (3.0, 4.0);
//! let mut y = vec![0.0; stride];
//! DenseForward {
//!     layer: &layer,
//!     outputs: 0..1,
//!     weights: &[0.5, 0.25, 1.0], // two weights, then the bias
//!     inputs: [&x, &[]],
//!     stride,
//!     activation: Activation::Relu,
//!     accumulate: false,
//!     output: &mut y,
//!     before: None,
//! }
//! .run(Kernels::detect());
//! assert_eq!(y[0], 3.5);
//! ```

#![allow(
    clippy::inline_always,
    reason = "a vector operation outside a function compiled for its instruction set is a call"
)]

mod activation;
mod affine;
mod buffer;
mod cross_entropy;
mod dense;
mod functions;
mod gate;
mod lanes;
mod layer_norm;
mod layout;
mod linear;
mod mixture;
mod optimizer;
pub mod scalar;
mod spline;
mod squared_error;
#[cfg(test)]
mod testing;
mod tier;
mod time_embedding;

pub use activation::{Activate, Activation};
pub use affine::{AffineBackward, AffineForward, AffineInverse, IDENTITY_SCALE, MIN_SCALE};
pub use buffer::Buffer;
pub use cross_entropy::{BinaryCrossEntropy, CrossEntropy};
pub use dense::{Dense, DenseForward, DenseInputGradient, DenseWeightGradient};
pub use functions::{Function, Map};
pub use gate::{GateBackward, GateForward};
pub use layer_norm::{LAYER_NORM_EPSILON, LayerNormBackward, LayerNormForward};
pub use layout::{PADDING, pack, pack_f64, padded, unpack, unpack_f64};
pub use linear::{axpy, dot, sum_of_squares};
pub use mixture::{MixtureBackward, MixtureForward, MixtureShape};
pub use optimizer::{Adam, Average};
pub use spline::{MIN_BIN, SplineBackward, SplineForward, SplineInverse, SplineShape, Tail};
pub use squared_error::SquaredError;
pub use tier::{Kernels, Tier, UnknownTier};
pub use time_embedding::TimeEmbedding;
