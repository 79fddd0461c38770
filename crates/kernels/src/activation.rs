//! The activation functions of the networks, with their derivatives.

use crate::Kernels;
use crate::functions::{sigmoid, tanh};
use crate::lanes::{Lanes, Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// z.
    Identity,
    /// tanh z.
    Tanh,
    /// max(z, 0).
    Relu,
    /// z/2 · (1 + tanh(√(2/π) (z + 0.044715 z³))), the form by tanh of Hendrycks & Gimpel (2016),
    /// arXiv:1606.08415.
    Gelu,
    /// z · sigmoid z; Elfwing et al. (2018), arXiv:1702.03118.
    Silu,
}

/// √(2/π).
pub(crate) const GELU_SCALE: f32 = 0.797_884_6;
/// The weight of the cubic term.
pub(crate) const GELU_CUBIC: f32 = 0.044_715;

impl Activation {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Identity,
        Self::Tanh,
        Self::Relu,
        Self::Gelu,
        Self::Silu,
    ];

    /// Whether the derivative is computed from the input z; otherwise from the output.
    pub const fn derivative_needs_input(self) -> bool {
        matches!(self, Self::Gelu | Self::Silu)
    }

    #[inline(always)]
    pub(crate) fn apply<S: Simd>(self, z: Lanes<S>) -> Lanes<S> {
        match self {
            Self::Identity => z,
            Self::Tanh => tanh(z),
            // Asked this way round, NaN stays NaN.
            Self::Relu => z.lt(z.all(0.0)).select(z.all(0.0), z),
            Self::Gelu => z * sigmoid_of_gelu(z),
            Self::Silu => z * sigmoid(z),
        }
    }

    /// The derivative, given what `derivative_needs_input` asks for.
    #[inline(always)]
    pub(crate) fn derivative<S: Simd>(self, saved: Lanes<S>) -> Lanes<S> {
        let one = saved.all(1.0);
        match self {
            Self::Identity => one,
            Self::Tanh => saved.neg_mul_add(saved, one),
            Self::Relu => saved.gt(saved.all(0.0)).select(one, saved.all(0.0)),
            Self::Gelu => {
                let s = sigmoid_of_gelu(saved);
                let slope = (saved * saved).mul_add(
                    saved.all(6.0 * GELU_SCALE * GELU_CUBIC),
                    saved.all(2.0 * GELU_SCALE),
                );
                s + saved * s * (one - s) * slope
            }
            Self::Silu => {
                let s = sigmoid(saved);
                s * saved.mul_add(one - s, one)
            }
        }
    }
}

/// (1 + tanh t)/2 = sigmoid(2t) with GELU's t.
#[inline(always)]
fn sigmoid_of_gelu<S: Simd>(z: Lanes<S>) -> Lanes<S> {
    let inner = (z * z).mul_add(z.all(GELU_CUBIC), z.all(1.0));
    sigmoid(z * inner * z.all(2.0 * GELU_SCALE))
}

/// output = activation(input), number by number.
#[derive(Debug)]
pub struct Activate<'a> {
    /// Which activation.
    pub activation: Activation,
    /// `rows × stride`.
    pub input: &'a [f32],
    /// `rows × stride`.
    pub output: &'a mut [f32],
}

impl Activate<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths differ or are no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        assert_eq!(self.input.len(), self.output.len());
        if !self.input.is_empty() {
            kernels.dispatch(self);
        }
    }
}

impl WithSimd for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let length = self.input.len();
        let input = Rows::new(simd, self.input, length);
        let mut output = RowsMut::new(simd, self.output, length);
        for v in 0..vectors_per_row::<S>(length) {
            output.set(0, v, self.activation.apply(input.get(0, v)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar;

    /// f32 rounding of values up to about 8.
    const TOLERANCE: f64 = 4e-6;

    #[test]
    fn activations_agree_with_their_scalar_twins() {
        let input: Vec<f32> = (0..1600).map(|i| (i as f32 - 800.0) / 100.0).collect();
        for kernels in Kernels::available() {
            for activation in Activation::ALL {
                let mut output = vec![0.0; input.len()];
                Activate {
                    activation,
                    input: &input,
                    output: &mut output,
                }
                .run(kernels);
                for (x, y) in input.iter().zip(&output) {
                    let exact = scalar::activation(activation, f64::from(*x));
                    assert!(
                        (f64::from(*y) - exact).abs() < TOLERANCE,
                        "{activation:?} {x}: {y} against {exact}"
                    );
                }
            }
        }
    }
}
