//! The same formulas in plain `f64`, one row at a time: their definition, and what tests compare
//! the fast ones with.

mod loss;
mod mixture;
mod spline;

pub use loss::{binary_cross_entropy, cross_entropy};
pub use mixture::mixture_log_density;
pub use spline::{spline_forward, spline_inverse, spline_knots};

use crate::{Activation, Adam, Dense, LAYER_NORM_EPSILON, MIN_SCALE};

/// ln(1 + eᵘ), without overflow.
pub fn softplus(u: f64) -> f64 {
    u.max(0.0) + (-u.abs()).exp().ln_1p()
}

/// 1 / (1 + e⁻ᵘ), without overflow.
pub fn sigmoid(u: f64) -> f64 {
    let e = (-u.abs()).exp();
    if u >= 0.0 {
        1.0 / (1.0 + e)
    } else {
        e / (1.0 + e)
    }
}

/// softplus(u) + [`MIN_SCALE`]: the positive numbers of the affine map, the spline and the mixture.
pub fn scale(u: f64) -> f64 {
    softplus(u) + f64::from(MIN_SCALE)
}

/// activation(z).
pub fn activation(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Identity => z,
        Activation::Tanh => z.tanh(),
        Activation::Relu => z.max(0.0),
        Activation::Gelu => 0.5 * z * (1.0 + gelu_inner(z).tanh()),
        Activation::Silu => z * sigmoid(z),
    }
}

/// activation′, from z or from activation(z), as [`Activation::derivative_needs_input`] says.
pub fn activation_derivative(activation: Activation, saved: f64) -> f64 {
    match activation {
        Activation::Identity => 1.0,
        Activation::Tanh => 1.0 - saved * saved,
        Activation::Relu => f64::from(u8::from(saved > 0.0)),
        Activation::Gelu => {
            let t = gelu_inner(saved).tanh();
            let slope = GELU_SCALE * (1.0 + 3.0 * GELU_CUBIC * saved * saved);
            0.5 * (1.0 + t) + 0.5 * saved * (1.0 - t * t) * slope
        }
        Activation::Silu => {
            let s = sigmoid(saved);
            s + saved * s * (1.0 - s)
        }
    }
}

const GELU_SCALE: f64 = 0.797_884_560_802_865_4;
const GELU_CUBIC: f64 = 0.044_715;

fn gelu_inner(z: f64) -> f64 {
    GELU_SCALE * (z + GELU_CUBIC * z * z * z)
}

/// W x + b, with the mask of the layer.
pub fn dense(layer: &Dense, weights: &[f32], x: &[f64]) -> Vec<f64> {
    let n_inputs = layer.n_inputs();
    let biases = &weights[layer.n_outputs() * n_inputs..];
    let row = |(output, reach): (usize, &usize)| {
        let weights = &weights[output * n_inputs..][..*reach];
        let sum: f64 = weights.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum();
        sum + biases.get(output).map_or(0.0, |b| f64::from(*b))
    };
    layer.reach().iter().enumerate().map(row).collect()
}

/// Layer normalisation of one row; the gains, then the shifts.
pub fn layer_norm(weights: &[f64], x: &[f64]) -> Vec<f64> {
    let n = x.len();
    let mean = x.iter().sum::<f64>() / n as f64;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
    let sd = (variance + f64::from(LAYER_NORM_EPSILON)).sqrt();
    let normal = |i: usize| weights[i] * (x[i] - mean) / sd + weights[n + i];
    (0..n).map(normal).collect()
}

/// One weight on its way through [`Adam`].
#[derive(Debug, Clone, Copy)]
pub struct AdamState {
    /// The weight.
    pub weight: f64,
    first_moment: f64,
    second_moment: f64,
}

impl AdamState {
    /// Before the first step.
    pub fn new(weight: f64) -> Self {
        Self {
            weight,
            first_moment: 0.0,
            second_moment: 0.0,
        }
    }

    /// One step with the given gradient.
    pub fn step(&mut self, adam: Adam, gradient: f64) {
        let (b1, b2) = (f64::from(adam.beta_1), f64::from(adam.beta_2));
        let rate = f64::from(adam.learning_rate);
        let g = gradient * f64::from(adam.gradient_scale);
        self.first_moment = b1 * self.first_moment + (1.0 - b1) * g;
        self.second_moment = b2 * self.second_moment + (1.0 - b2) * g * g;
        let mean = self.first_moment / (1.0 - b1.powf(adam.step as f64));
        let square = self.second_moment / (1.0 - b2.powf(adam.step as f64));
        let step = mean / (square.sqrt() + f64::from(adam.epsilon));
        self.weight -= rate * (step + f64::from(adam.weight_decay) * self.weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activation_derivatives_are_the_differences_of_the_activations() {
        const STEP: f64 = 1e-5;
        // Central differences of order STEP².
        const TOLERANCE: f64 = 1e-8;
        for kind in Activation::ALL {
            for i in -40..40 {
                let z = f64::from(i) / 10.0 + 0.05;
                let difference =
                    (activation(kind, z + STEP) - activation(kind, z - STEP)) / (2.0 * STEP);
                let saved = if kind.derivative_needs_input() {
                    z
                } else {
                    activation(kind, z)
                };
                assert!((activation_derivative(kind, saved) - difference).abs() < TOLERANCE);
            }
        }
    }
}
