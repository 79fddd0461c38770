//! Two crescents: a posterior with two curved modes.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::error::Result;
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator};

use super::densities::log_normal_density;
use super::priors::uniform;
use super::{Builtin, numbered, observations};

const OFFSET: f64 = 0.25;
const RADIUS: f64 = 0.1;
const RADIUS_SD: f64 = 0.01;

/// A point on half a ring, moved by θ:
/// x = (r cos a + 0.25, r sin a) + (−|θ₁ + θ₂|, θ₂ − θ₁) / √2,
/// with a uniform on (−π/2, π/2) and r ~ N(0.1, 0.01²).
///
/// # Reference
/// Greenberg, Nonnenmacher and Macke (2019), arXiv:1905.07488; Lueckmann et al. (2021),
/// arXiv:2101.04653, task T.8.
#[derive(Debug, Clone, Copy)]
pub struct TwoMoons;

fn shift(theta: &[f64]) -> [f64; 2] {
    [
        -(theta[0] + theta[1]).abs() * FRAC_1_SQRT_2,
        (theta[1] - theta[0]) * FRAC_1_SQRT_2,
    ]
}

impl Simulator for TwoMoons {
    fn name(&self) -> String {
        "two_moons".into()
    }

    fn n_parameters(&self) -> usize {
        2
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![2]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let angle = PI * (random.uniform_open() - 0.5);
        let radius = RADIUS + RADIUS_SD * random.normal();
        let shift = shift(theta);
        x[0] = radius * angle.cos() + OFFSET + shift[0];
        x[1] = radius * angle.sin() + shift[1];
        Ok(())
    }
}

/// The density in the plane: that of the radius over π r. A negative radius is ten standard
/// deviations away and left out. (The function `_likelihood` of the benchmark's own code leaves out
/// 1 / r as well; its reference samples do follow the density with it.)
fn log_likelihood(theta: &[f64], x: &[f64]) -> f64 {
    let shift = shift(theta);
    let (u, v) = (x[0] - shift[0] - OFFSET, x[1] - shift[1]);
    let radius = u.hypot(v);
    if u < 0.0 || radius == 0.0 {
        return f64::NEG_INFINITY;
    }
    log_normal_density(radius, RADIUS, RADIUS_SD) - (PI * radius).ln()
}

pub(super) fn builtin() -> Result<Builtin> {
    Ok(Builtin {
        name: "two_moons",
        description: "SBI benchmark: two crescent-shaped modes (2 parameters, 2 data)",
        simulator: Box::new(TwoMoons),
        prior: uniform(numbered("theta", 2), -1.0, 1.0)?,
        observation: observations::first("two_moons"),
        data_names: numbered("x", 2),
        log_likelihood: Some(Box::new(log_likelihood)),
    })
}
