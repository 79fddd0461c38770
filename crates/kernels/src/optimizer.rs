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

/// An exponential average of the weights, kept up in the same pass.
#[derive(Debug)]
pub struct Average<'a> {
    /// average ← decay · average + (1 − decay) · weights, after the step.
    pub decay: f32,
    /// The average.
    pub weights: &'a mut [f32],
}

impl Adam {
    /// Changes `weights` and both moments, sets `gradient` to zero, and keeps up the average, if there
    /// is one.
    ///
    /// # Panics
    /// If the lengths differ or `step` is zero.
    pub fn run(
        self,
        kernels: Kernels,
        weights: &mut [f32],
        gradient: &mut [f32],
        moments: [&mut [f32]; 2],
        average: Option<Average<'_>>,
    ) {
        let [first_moment, second_moment] = moments;
        assert!(self.step > 0, "steps count from one");
        assert_eq!(weights.len(), gradient.len());
        assert_eq!(weights.len(), first_moment.len());
        assert_eq!(weights.len(), second_moment.len());
        let (decay, average) = average.map_or((1.0, None), |a| (a.decay, Some(a.weights)));
        assert!(average.as_ref().is_none_or(|a| a.len() == weights.len()));
        kernels.dispatch(Step {
            adam: self,
            decay,
            weights,
            gradient,
            first_moment,
            second_moment,
            average,
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
    decay: f32,
    weights: &'a mut [f32],
    gradient: &'a mut [f32],
    first_moment: &'a mut [f32],
    second_moment: &'a mut [f32],
    average: Option<&'a mut [f32]>,
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (w, w_rest) = S::as_mut_simd_f32s(self.weights);
        let (g, g_rest) = S::as_mut_simd_f32s(self.gradient);
        let (m, m_rest) = S::as_mut_simd_f32s(self.first_moment);
        let (v, v_rest) = S::as_mut_simd_f32s(self.second_moment);
        let factors = Factors::new(simd, self.adam, self.decay);
        let rest = Factors::new(pulp::Scalar, self.adam, self.decay);
        let (arrays, rests) = ((&mut *w, g, m, v), (&mut *w_rest, g_rest, m_rest, v_rest));
        if let Some(average) = self.average {
            let (a, a_rest) = S::as_mut_simd_f32s(average);
            factors.update_both(arrays, a);
            rest.update_both(rests, a_rest);
        } else {
            factors.update(arrays);
            rest.update(rests);
        }
    }
}

type Arrays<'a, T> = (&'a mut [T], &'a mut [T], &'a mut [T], &'a mut [T]);

/// What is the same for all weights.
#[derive(Clone, Copy)]
struct Factors<S: Simd> {
    beta_1: Lanes<S>,
    beta_2: Lanes<S>,
    rest_1: Lanes<S>,
    rest_2: Lanes<S>,
    rate: Lanes<S>,
    correction_2: Lanes<S>,
    keep: Lanes<S>,
    scale: Lanes<S>,
    epsilon: Lanes<S>,
    decay: Lanes<S>,
    rest_decay: Lanes<S>,
}

impl<S: Simd> Factors<S> {
    #[inline(always)]
    fn new(simd: S, adam: Adam, decay: f32) -> Self {
        let rate = adam.learning_rate * Adam::bias_correction(adam.beta_1, adam.step);
        let correction_2 = Adam::bias_correction(adam.beta_2, adam.step);
        Self {
            beta_1: Lanes::splat(simd, adam.beta_1),
            beta_2: Lanes::splat(simd, adam.beta_2),
            rest_1: Lanes::splat(simd, 1.0 - adam.beta_1),
            rest_2: Lanes::splat(simd, 1.0 - adam.beta_2),
            rate: Lanes::splat(simd, rate),
            correction_2: Lanes::splat(simd, correction_2),
            keep: Lanes::splat(simd, 1.0 - adam.learning_rate * adam.weight_decay),
            scale: Lanes::splat(simd, adam.gradient_scale),
            epsilon: Lanes::splat(simd, adam.epsilon),
            decay: Lanes::splat(simd, decay),
            rest_decay: Lanes::splat(simd, 1.0 - decay),
        }
    }

    #[inline(always)]
    fn update(self, (weights, gradient, first, second): Arrays<'_, S::f32s>) {
        for (((w, g), m), v) in weights.iter_mut().zip(gradient).zip(first).zip(second) {
            self.step(w, g, m, v);
        }
    }

    #[inline(always)]
    fn update_both(self, arrays: Arrays<'_, S::f32s>, average: &mut [S::f32s]) {
        let (weights, gradient, first, second) = arrays;
        let weights = weights.iter_mut().zip(average);
        for ((((w, a), g), m), v) in weights.zip(gradient).zip(first).zip(second) {
            let weight = self.step(w, g, m, v);
            let average = Lanes::new(weight.simd, *a);
            *a = weight.mul_add(self.rest_decay, average * self.decay).vector;
        }
    }

    /// One vector of weights; returns them.
    #[inline(always)]
    fn step(self, w: &mut S::f32s, g: &mut S::f32s, m: &mut S::f32s, v: &mut S::f32s) -> Lanes<S> {
        let lanes = |vector| Lanes::new(self.scale.simd, vector);
        let slope = normal(lanes(*g) * self.scale, LEAST_SLOPE);
        *g = slope.all(0.0).vector;
        let mean = normal(
            lanes(*m).mul_add(self.beta_1, self.rest_1 * slope),
            LEAST_MEAN,
        );
        let square = lanes(*v).mul_add(self.beta_2, self.rest_2 * slope * slope);
        let square = normal(square, LEAST_SQUARE);
        let step = self.rate * mean / ((square * self.correction_2).sqrt() + self.epsilon);
        *m = mean.vector;
        *v = square.vector;
        let weight = lanes(*w) * self.keep - step;
        *w = weight.vector;
        weight
    }
}

/// What is smaller counts as zero. Next to ε = 10⁻⁸ it moves no weight, but the moments of a unit that
/// is no longer used would fade into denormal numbers, with which processors are a hundred times
/// slower, and rounding would keep them there for ever.
const LEAST_SLOPE: f32 = 1e-17;
const LEAST_MEAN: f32 = 1e-30;
const LEAST_SQUARE: f32 = 1e-36;

/// x, or zero where |x| is below `least`.
#[inline(always)]
fn normal<S: Simd>(x: Lanes<S>, least: f32) -> Lanes<S> {
    // Asked this way round, NaN stays NaN.
    x.abs().lt(x.all(least)).select(x.all(0.0), x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar;

    /// A few roundings of numbers near one, over five steps.
    const TOLERANCE: f64 = 2e-6;

    #[test]
    fn moments_without_a_gradient_fade_to_zero_and_not_to_denormal_numbers() {
        for kernels in Kernels::available() {
            let (mut weights, mut gradient) = (vec![1.0; 17], vec![1e-3; 17]);
            let (mut first, mut second) = (vec![0.0; 17], vec![1e-34; 17]);
            for step in 1..=2000 {
                let adam = Adam {
                    step,
                    beta_2: 0.99,
                    ..Adam::default()
                };
                let moments = [&mut first[..], &mut second];
                adam.run(kernels, &mut weights, &mut gradient, moments, None);
                // Too small to be squared.
                gradient.fill(1e-20);
                let both = first.iter().chain(&second);
                assert!(both.clone().all(|x| *x == 0.0 || x.is_normal()));
            }
            assert!(first.iter().all(|x| *x == 0.0));
        }
    }

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
                let (mut plain, mut average) = (weights.clone(), weights.clone());
                let (mut plain_m, mut plain_v) = (m.clone(), v.clone());
                let mut exact_average: Vec<f64> = first.iter().map(|w| f64::from(*w)).collect();
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
                    let mut plain_g = g.clone();
                    let moments = [&mut plain_m[..], &mut plain_v];
                    adam.run(kernels, &mut plain, &mut plain_g, moments, None);
                    let average = Some(Average {
                        decay: 0.75,
                        weights: &mut average,
                    });
                    adam.run(kernels, &mut weights, &mut g, [&mut m, &mut v], average);
                    assert!(g.iter().chain(&plain_g).all(|g| *g == 0.0));
                    assert_eq!(weights, plain);
                    for (average, exact) in exact_average.iter_mut().zip(&exact) {
                        *average = 0.75 * *average + 0.25 * exact.weight;
                    }
                }
                for (average, exact) in average.iter().zip(&exact_average) {
                    assert!((f64::from(*average) - exact).abs() < TOLERANCE);
                }
                for (w, exact) in weights.iter().zip(&exact) {
                    assert!((f64::from(*w) - exact.weight).abs() < TOLERANCE);
                }
            }
        }
    }
}
