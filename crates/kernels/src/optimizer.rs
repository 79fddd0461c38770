//! The optimiser's step, fused: one pass over the model's flat arrays.

use crate::Kernels;
use crate::lanes::Lanes;
use pulp::{Simd, WithSimd};

/// One step of Adam with decoupled weight decay, in place, zeroing the gradient.
///
/// With g the scaled gradient and t the step, from 1:
/// m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²,
/// w ← w − η (m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε) + λw).
///
/// # Reference
/// Kingma & Ba (2015), arXiv:1412.6980; Loshchilov & Hutter (2019), arXiv:1711.05101.
#[derive(Debug, Clone, Copy)]
pub struct Adam {
    /// η.
    pub learning_rate: f32,
    /// β₁.
    pub beta_1: f32,
    /// β₂.
    pub beta_2: f32,
    /// ε.
    pub epsilon: f32,
    /// λ; zero for plain Adam.
    pub weight_decay: f32,
    /// What the gradient is multiplied with first: clipping to a norm is min(1, limit / norm).
    pub gradient_scale: f32,
    /// t: how many steps there will have been after this one.
    pub step: u64,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            learning_rate: 5e-4,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            gradient_scale: 1.0,
            step: 1,
        }
    }
}

impl Adam {
    /// Changes `weights`, both moments, and sets `gradient` to zero.
    ///
    /// # Panics
    /// If the lengths differ or `step` is zero.
    pub fn run(
        self,
        kernels: Kernels,
        weights: &mut [f32],
        gradient: &mut [f32],
        first_moment: &mut [f32],
        second_moment: &mut [f32],
    ) {
        assert!(self.step > 0, "steps count from one");
        assert_eq!(weights.len(), gradient.len());
        assert_eq!(weights.len(), first_moment.len());
        assert_eq!(weights.len(), second_moment.len());
        kernels.dispatch(Step {
            adam: self,
            weights,
            gradient,
            first_moment,
            second_moment,
        });
    }

    /// 1 / (1 − βᵗ), in f64 because 1 − β₂ cancels.
    fn bias_correction(beta: f32, step: u64) -> f32 {
        let power = f64::from(beta).powf(step as f64);
        (1.0 / (1.0 - power)) as f32
    }
}

struct Step<'a> {
    adam: Adam,
    weights: &'a mut [f32],
    gradient: &'a mut [f32],
    first_moment: &'a mut [f32],
    second_moment: &'a mut [f32],
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (w, w_rest) = S::as_mut_simd_f32s(self.weights);
        let (g, g_rest) = S::as_mut_simd_f32s(self.gradient);
        let (m, m_rest) = S::as_mut_simd_f32s(self.first_moment);
        let (v, v_rest) = S::as_mut_simd_f32s(self.second_moment);
        update(simd, self.adam, (w, g, m, v));
        update(pulp::Scalar, self.adam, (w_rest, g_rest, m_rest, v_rest));
    }
}

type Arrays<'a, T> = (&'a mut [T], &'a mut [T], &'a mut [T], &'a mut [T]);

#[inline(always)]
fn update<S: Simd>(simd: S, adam: Adam, (weights, gradient, first, second): Arrays<'_, S::f32s>) {
    let splat = |value| Lanes::splat(simd, value);
    let (beta_1, beta_2) = (splat(adam.beta_1), splat(adam.beta_2));
    let (rest_1, rest_2) = (splat(1.0 - adam.beta_1), splat(1.0 - adam.beta_2));
    let rate = splat(adam.learning_rate * Adam::bias_correction(adam.beta_1, adam.step));
    let correction_2 = splat(Adam::bias_correction(adam.beta_2, adam.step));
    let keep = splat(1.0 - adam.learning_rate * adam.weight_decay);
    let (scale, epsilon) = (splat(adam.gradient_scale), splat(adam.epsilon));
    for (((w, g), m), v) in weights.iter_mut().zip(gradient).zip(first).zip(second) {
        let slope = Lanes::new(simd, *g) * scale;
        *g = simd.splat_f32s(0.0);
        let mean = Lanes::new(simd, *m).mul_add(beta_1, rest_1 * slope);
        let square = Lanes::new(simd, *v).mul_add(beta_2, rest_2 * slope * slope);
        let step = rate * mean / ((square * correction_2).sqrt() + epsilon);
        *m = mean.vector;
        *v = square.vector;
        *w = (Lanes::new(simd, *w) * keep - step).vector;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar;

    /// A few roundings of numbers near one, over five steps.
    const TOLERANCE: f64 = 2e-6;

    #[test]
    fn five_steps_agree_with_the_scalar_twin_and_zero_the_gradient() {
        for kernels in Kernels::available() {
            for n in [1, 7, 16, 37] {
                let first: Vec<f32> = (0..n).map(|i| (i as f32 * 0.7).sin()).collect();
                let mut weights = first.clone();
                let mut exact: Vec<scalar::AdamState> = first
                    .iter()
                    .map(|w| scalar::AdamState::new(f64::from(*w)))
                    .collect();
                let (mut m, mut v, mut g) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
                for step in 1..=5 {
                    let adam = Adam {
                        learning_rate: 0.1,
                        weight_decay: 0.01,
                        gradient_scale: 0.5,
                        step,
                        ..Adam::default()
                    };
                    for i in 0..n {
                        g[i] = (i as f32 + step as f32).cos();
                        exact[i].step(adam, f64::from(g[i]));
                    }
                    adam.run(kernels, &mut weights, &mut g, &mut m, &mut v);
                    assert!(g.iter().all(|g| *g == 0.0));
                }
                for (w, exact) in weights.iter().zip(&exact) {
                    assert!((f64::from(*w) - exact.weight).abs() < TOLERANCE);
                }
            }
        }
    }
}
