//! Ordinary differential equations, integrated with an error bound.

use std::fmt;

use crate::simulate::dormand_prince::{ERROR, NODES, WEIGHTS};

/// How exact an integration is, and when it gives up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// The local error allowed, relative to the size of each component.
    pub relative: f64,
    /// The local error allowed where a component is near zero.
    pub absolute: f64,
    /// The largest number of steps, accepted or not.
    pub max_steps: usize,
}

impl Default for Tolerance {
    /// A local error of 10⁻⁸ relative and 10⁻⁸ absolute: far below the observation noise of the
    /// built-in models, so the integrator does not show in the data.
    fn default() -> Self {
        Self {
            relative: 1e-8,
            absolute: 1e-8,
            max_steps: 100_000,
        }
    }
}

/// Why an integration stopped before its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntegrationFailure {
    /// The time that was reached.
    pub time: f64,
    /// Whether a component became infinite or NaN; otherwise the steps were used up.
    pub diverged: bool,
}

impl fmt::Display for IntegrationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.diverged {
            "the solution is no longer finite"
        } else {
            "the number of steps is used up"
        };
        write!(f, "{what} at time {}", self.time)
    }
}

/// Integrates du/dt = f(t, u) from `times[0]`, where u is `start`, and gives u at each of `times`.
///
/// The pair of orders 5 and 4 of Dormand and Prince with steps chosen from the error estimate; a
/// step never passes over one of the times, so no interpolation is involved.
///
/// # Shapes
/// `times` increase. The result has one array of N components a time.
///
/// # Errors
/// If the solution stops being finite or the steps are used up.
///
/// # Reference
/// Dormand and Prince (1980), *A family of embedded Runge-Kutta formulae*, J. Comp. Appl. Math. 6.
/// Hairer, Nørsett and Wanner (1993), *Solving Ordinary Differential Equations I*, section II.4.
pub fn integrate<const N: usize>(
    f: impl Fn(f64, &[f64; N]) -> [f64; N],
    start: [f64; N],
    times: &[f64],
    tolerance: Tolerance,
) -> Result<Vec<[f64; N]>, IntegrationFailure> {
    let mut states = Vec::with_capacity(times.len());
    let Some((&first, rest)) = times.split_first() else {
        return Ok(states);
    };
    states.push(start);
    let mut walk = Walk {
        time: first,
        state: start,
        step: first_step(&f, first, &start, tolerance),
        slope: f(first, &start),
        steps_left: tolerance.max_steps,
    };
    for &time in rest {
        walk.go(&f, time, tolerance)?;
        states.push(walk.state);
    }
    Ok(states)
}

struct Walk<const N: usize> {
    time: f64,
    state: [f64; N],
    step: f64,
    slope: [f64; N],
    steps_left: usize,
}

impl<const N: usize> Walk<N> {
    fn go(
        &mut self,
        f: &impl Fn(f64, &[f64; N]) -> [f64; N],
        end: f64,
        tolerance: Tolerance,
    ) -> Result<(), IntegrationFailure> {
        while self.time < end {
            self.steps_left = self.steps_left.checked_sub(1).ok_or(self.failure(false))?;
            // The step that reaches the end is shortened; the natural step is kept for later.
            let reaches = self.time + self.step >= end;
            let h = if reaches { end - self.time } else { self.step };
            let attempt = step(f, self.time, &self.state, &self.slope, h);
            let error = attempt.error_norm(&self.state, tolerance);
            if !error.is_finite() {
                // A step too long can overflow where a shorter one does not.
                self.step = 0.1 * h;
                if self.time + self.step <= self.time {
                    return Err(self.failure(true));
                }
                continue;
            }
            let factor = (0.9 * error.powf(-0.2)).clamp(0.2, 5.0);
            if error <= 1.0 {
                self.time = if reaches { end } else { self.time + h };
                self.state = attempt.state;
                self.slope = attempt.slope;
                self.step = if reaches {
                    self.step.max(h * factor)
                } else {
                    h * factor
                };
            } else {
                self.step = h * factor.min(1.0);
                if self.time + self.step <= self.time {
                    return Err(self.failure(true));
                }
            }
        }
        Ok(())
    }

    fn failure(&self, diverged: bool) -> IntegrationFailure {
        IntegrationFailure {
            time: self.time,
            diverged,
        }
    }
}

struct Attempt<const N: usize> {
    state: [f64; N],
    slope: [f64; N],
    error: [f64; N],
}

impl<const N: usize> Attempt<N> {
    /// The root mean square of the error in units of the tolerance: acceptable up to 1.
    fn error_norm(&self, before: &[f64; N], tolerance: Tolerance) -> f64 {
        let square = |i: usize| {
            let size = before[i].abs().max(self.state[i].abs());
            (self.error[i] / (tolerance.absolute + tolerance.relative * size)).powi(2)
        };
        let mean = (0..N).map(square).sum::<f64>() / N as f64;
        // `max` would hide NaN, which has to reach the caller.
        if mean < 1e-20 { 1e-10 } else { mean.sqrt() }
    }
}

fn step<const N: usize>(
    f: &impl Fn(f64, &[f64; N]) -> [f64; N],
    time: f64,
    state: &[f64; N],
    slope: &[f64; N],
    h: f64,
) -> Attempt<N> {
    let mut slopes = [[0.0; N]; 7];
    slopes[0] = *slope;
    let mut point = *state;
    for (stage, weights) in WEIGHTS.iter().enumerate() {
        point = *state;
        for (slope, weight) in slopes.iter().zip(weights).take(stage + 1) {
            for (p, s) in point.iter_mut().zip(slope) {
                *p += h * weight * s;
            }
        }
        let node = NODES[stage + 1];
        slopes[stage + 1] = f(time + node * h, &point);
    }
    let mut error = [0.0; N];
    for (slope, weight) in slopes.iter().zip(ERROR) {
        for (e, s) in error.iter_mut().zip(slope) {
            *e += h * weight * s;
        }
    }
    Attempt {
        state: point,
        slope: slopes[6],
        error,
    }
}

/// A first step whose Euler part is about a hundredth of the state (Hairer et al., II.4).
fn first_step<const N: usize>(
    f: &impl Fn(f64, &[f64; N]) -> [f64; N],
    time: f64,
    state: &[f64; N],
    tolerance: Tolerance,
) -> f64 {
    let slope = f(time, state);
    let norm = |v: &[f64; N]| {
        let scaled = |i: usize| v[i] / (tolerance.absolute + tolerance.relative * state[i].abs());
        ((0..N).map(|i| scaled(i).powi(2)).sum::<f64>() / N as f64).sqrt()
    };
    let (size, speed) = (norm(state), norm(&slope));
    let step = 0.01 * size / speed;
    if step.is_finite() && step > 1e-12 {
        step
    } else {
        1e-6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn final_state<const N: usize>(
        f: impl Fn(f64, &[f64; N]) -> [f64; N],
        start: [f64; N],
        end: f64,
    ) -> [f64; N] {
        integrate(f, start, &[0.0, end], Tolerance::default()).unwrap()[1]
    }

    #[test]
    fn closed_forms_are_reached() {
        let decay = final_state(|_, u: &[f64; 1]| [-2.0 * u[0]], [3.0], 4.0);
        assert!((decay[0] - 3.0 * (-8.0_f64).exp()).abs() < 1e-8);
        let [x, v] = final_state(|_, u: &[f64; 2]| [u[1], -u[0]], [1.0, 0.0], 20.0);
        assert!((x - 20.0_f64.cos()).abs() < 1e-6 && (v + 20.0_f64.sin()).abs() < 1e-6);
        let logistic = final_state(|_, u: &[f64; 1]| [u[0] * (1.0 - u[0])], [0.01], 10.0);
        assert!((logistic[0] - 1.0 / (1.0 + 99.0 * (-10.0_f64).exp())).abs() < 1e-7);
        let forced = final_state(|t: f64, _: &[f64; 1]| [5.0 * t.powi(4)], [0.0], 2.0);
        assert!((forced[0] - 32.0).abs() < 1e-9);
    }

    #[test]
    fn halving_the_step_divides_the_error_by_two_to_the_fifth() {
        let f = |_: f64, u: &[f64; 2]| [u[1], -u[0]];
        let error = |n: usize| {
            let (h, mut u) = (1.0 / n as f64, [1.0, 0.0]);
            for i in 0..n {
                u = step(&f, i as f64 * h, &u, &f(0.0, &u), h).state;
            }
            (u[0] - 1.0_f64.cos()).hypot(u[1] + 1.0_f64.sin())
        };
        let order = (error(16) / error(32)).log2();
        assert!((order - 5.0).abs() < 0.1, "order {order}");
    }

    #[test]
    fn the_error_estimate_is_of_order_five() {
        let f = |_: f64, u: &[f64; 1]| [u[0] * (1.0 - u[0])];
        let estimate = |h: f64| step(&f, 0.0, &[0.3], &f(0.0, &[0.3]), h).error[0].abs();
        let order = (estimate(0.1) / estimate(0.05)).log2();
        assert!((order - 5.0).abs() < 0.3, "order {order}");
    }

    #[test]
    fn predator_and_prey_keep_their_constant_of_motion() {
        let (a, b, c, d) = (0.7, 0.1, 0.9, 0.12);
        let f = |_: f64, u: &[f64; 2]| [a * u[0] - b * u[0] * u[1], -c * u[1] + d * u[0] * u[1]];
        let constant = |u: &[f64; 2]| d * u[0] - c * u[0].ln() + b * u[1] - a * u[1].ln();
        let times: Vec<f64> = (0..100).map(f64::from).collect();
        let states = integrate(f, [30.0, 1.0], &times, Tolerance::default()).unwrap();
        for u in &states {
            assert!((constant(u) - constant(&states[0])).abs() < 1e-5);
        }
    }

    #[test]
    fn a_tighter_tolerance_changes_the_answer_by_less_than_the_first_one_allows() {
        let f = |_: f64, u: &[f64; 2]| [u[1], 5.0 * (1.0 - u[0] * u[0]) * u[1] - u[0]];
        let at = |relative: f64| {
            let tolerance = Tolerance {
                relative,
                absolute: relative,
                ..Tolerance::default()
            };
            integrate(f, [2.0, 0.0], &[0.0, 5.0], tolerance).unwrap()[1][0]
        };
        assert!((at(1e-6) - at(1e-12)).abs() < 1e-4);
        assert!((at(1e-9) - at(1e-12)).abs() < 1e-7);
    }

    #[test]
    fn an_explosion_is_reported_and_so_is_a_budget_that_is_spent() {
        let explosion = |_: f64, u: &[f64; 1]| [u[0] * u[0]];
        let failed = integrate(explosion, [1.0], &[0.0, 2.0], Tolerance::default()).unwrap_err();
        assert!((failed.time - 1.0).abs() < 1e-3, "{failed}");
        let short = Tolerance {
            max_steps: 3,
            ..Tolerance::default()
        };
        let failed = integrate(|_, u: &[f64; 1]| [-u[0]], [1.0], &[0.0, 9.0], short).unwrap_err();
        assert!(!failed.diverged);
        let broken = integrate(|_, _: &[f64; 1]| [f64::NAN], [1.0], &[0.0, 1.0], short);
        assert!(broken.is_err());
    }
}
