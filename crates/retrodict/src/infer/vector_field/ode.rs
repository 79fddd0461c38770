//! Ordinary differential equations for many rows at once, with adaptive steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::simulate::dormand_prince::{ERROR, NODES, WEIGHTS};

/// How the flow is followed: Dormand and Prince's pair of orders 5 and 4 (1980), whose steps adapt to
/// the error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OdeConfig {
    /// The error a step may have, as the root of its mean square over rows and coordinates, in standard
    /// deviations of θ as the network sees it.
    pub tolerance: f64,
    /// No more steps are tried than this; what is left of the way is then one step, and a note says
    /// so.
    pub max_steps: usize,
}

impl Default for OdeConfig {
    fn default() -> Self {
        Self {
            tolerance: 1e-3,
            max_steps: 300,
        }
    }
}

impl OdeConfig {
    pub(super) fn validate(&self) -> Result<()> {
        let tolerance = self.tolerance;
        // Below that, a step's error is the rounding of f32.
        if !(1e-6..=0.1).contains(&tolerance) {
            let expected = "from 10⁻⁶ to 0.1";
            return Err(Error::invalid_option(
                "sampler",
                "tolerance",
                tolerance,
                expected,
            ));
        }
        if !(1..=1_000_000).contains(&self.max_steps) {
            let expected = "from 1 to 1,000,000";
            return Err(Error::invalid_option(
                "sampler",
                "max_steps",
                self.max_steps,
                expected,
            ));
        }
        Ok(())
    }
}

/// How a solution went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Solved {
    /// How often the derivative was computed.
    pub(super) evaluations: usize,
    /// Whether the steps sufficed.
    pub(super) finished: bool,
}

/// The first step's share of the way.
const FIRST: f64 = 0.1;
/// Steps change by this factor at most, and aim a little below the tolerance.
const CHANGE: [f64; 2] = [0.2, 5.0];
const SAFETY: f64 = 0.9;

/// f(s, y), which fills its last argument.
type Slope<'a> = &'a mut dyn FnMut(f64, &[f32], &mut [f32]);

/// dy/ds = f(s, y), followed through `span` in place.
pub(super) struct Ode {
    slopes: [Vec<f32>; 7],
    next: Vec<f32>,
}

impl Ode {
    /// Room for a state of so many numbers.
    pub(super) fn new(n: usize) -> Self {
        Self {
            slopes: [(); 7].map(|()| vec![0.0; n]),
            next: vec![0.0; n],
        }
    }

    pub(super) fn solve(
        &mut self,
        config: &OdeConfig,
        [from, to]: [f64; 2],
        state: &mut [f32],
        slope: Slope<'_>,
    ) -> Solved {
        let (mut at, mut step) = (from, FIRST * (to - from));
        let mut solved = Solved::default();
        slope(at, state, &mut self.slopes[0]);
        solved.evaluations += 1;
        for tried in 1..=config.max_steps {
            let last = tried == config.max_steps;
            if last || (to - at - step) / (to - from) < 1e-9 {
                step = to - at;
            }
            self.try_step([at, step], state, slope);
            solved.evaluations += 6;
            let error = self.error(state, step) / config.tolerance;
            if error <= 1.0 || last {
                state.copy_from_slice(&self.next);
                at += step;
                if at == to || last {
                    solved.finished = error <= 1.0;
                    return solved;
                }
                self.slopes.swap(0, 6);
            }
            // NaN, which a step that is far too long may make, counts as a large error.
            let change = SAFETY * error.powf(-0.2);
            step *= if change.is_nan() {
                CHANGE[0]
            } else {
                change.clamp(CHANGE[0], CHANGE[1])
            };
        }
        solved
    }

    fn try_step(&mut self, [at, step]: [f64; 2], state: &[f32], slope: Slope<'_>) {
        for (stage, weights) in WEIGHTS.iter().enumerate() {
            self.next.copy_from_slice(state);
            for (weight, slope) in weights[..=stage].iter().zip(&self.slopes) {
                add((step * weight) as f32, slope, &mut self.next);
            }
            let node = at + NODES[stage + 1] * step;
            slope(node, &self.next, &mut self.slopes[stage + 1]);
        }
    }

    /// The root mean square of the error, relative to numbers above one.
    fn error(&self, state: &[f32], step: f64) -> f64 {
        let factors = ERROR.map(|e| (step * e) as f32);
        let mut total = 0.0;
        for (i, (before, after)) in state.iter().zip(&self.next).enumerate() {
            let mut error = 0.0;
            for (factor, slope) in factors.iter().zip(&self.slopes) {
                error += factor * slope[i];
            }
            let scale = 1.0_f32.max(before.abs()).max(after.abs());
            total += f64::from(error / scale).powi(2);
        }
        (total / state.len() as f64).sqrt()
    }
}

fn add(factor: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oscillator_comes_round_with_the_error_that_was_asked_for() {
        for (tolerance, bound) in [(1e-3, 1e-2), (1e-5, 1e-4)] {
            let config = OdeConfig {
                tolerance,
                ..OdeConfig::default()
            };
            let mut state = vec![1.0, 0.0];
            let mut count = 0;
            let mut slope = |_: f64, y: &[f32], out: &mut [f32]| {
                count += 1;
                out[0] = y[1];
                out[1] = -y[0];
            };
            let span = [5.0, 5.0 - std::f64::consts::TAU];
            let solved = Ode::new(2).solve(&config, span, &mut state, &mut slope);
            assert!(solved.finished && solved.evaluations == count);
            assert!(
                (state[0] - 1.0).abs() < bound && state[1].abs() < bound,
                "{state:?}"
            );
        }
    }

    #[test]
    fn a_budget_that_is_spent_is_reported_and_nothing_loops() {
        let config = OdeConfig {
            tolerance: 1e-6,
            max_steps: 3,
        };
        let mut state = vec![1.0];
        let mut slope = |s: f64, _: &[f32], out: &mut [f32]| out[0] = (50.0 * s).sin() as f32;
        let solved = Ode::new(1).solve(&config, [0.0, 1.0], &mut state, &mut slope);
        assert_eq!(
            solved,
            Solved {
                evaluations: 19,
                finished: false
            }
        );
        let mut wild = |_: f64, _: &[f32], out: &mut [f32]| out[0] = f32::NAN;
        let solved = Ode::new(1).solve(&config, [0.0, 1.0], &mut state, &mut wild);
        assert!(!solved.finished);
    }

    #[test]
    fn the_order_is_five() {
        // y' = y with fixed steps: the error falls with the fifth power of the step.
        let error = |n: usize| {
            let mut ode = Ode::new(1);
            let mut slope = |_: f64, y: &[f32], out: &mut [f32]| out[0] = y[0];
            let mut state = vec![1.0];
            for _ in 0..n {
                slope(0.0, &state, &mut ode.slopes[0]);
                ode.try_step([0.0, 4.0 / n as f64], &state, &mut slope);
                state.copy_from_slice(&ode.next);
            }
            (f64::from(state[0]) / 4.0_f64.exp() - 1.0).abs()
        };
        let ratio = error(2) / error(4);
        assert!((16.0..64.0).contains(&ratio), "{ratio}");
    }
}
