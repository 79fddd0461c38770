//! Predators and prey, seen through log-normal noise.

use crate::error::Result;
use crate::prior::{DistributionConfig, Prior};
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator};

use super::densities::log_normal_density;
use super::runge_kutta::{IntegrationFailure, Tolerance, integrate};
use super::{Builtin, observations};

const START: [f64; 2] = [30.0, 1.0];
const N_TIMES: usize = 10;
/// Time between two observations.
const INTERVAL: f64 = 2.1;
const LOG_SD: f64 = 0.1;

/// Both populations at times 0, 2.1, …, 18.9, each with log-normal noise of 0.1; first the ten of
/// the prey, then the ten of the predators:
/// dX/dt = α X − β X Y, dY/dt = −γ Y + δ X Y, X(0) = 30, Y(0) = 1.
///
/// # Reference
/// Lotka (1920); Lueckmann et al. (2021), arXiv:2101.04653, task T.10.
#[derive(Debug, Clone, Copy)]
pub struct LotkaVolterra;

/// The logarithms of both populations at these times, first all of the prey.
pub(super) fn log_populations(
    theta: &[f64],
    start: [f64; 2],
    times: &[f64],
) -> Result<Vec<f64>, IntegrationFailure> {
    let (alpha, beta, gamma, delta) = (theta[0], theta[1], theta[2], theta[3]);
    let slope = |_: f64, u: &[f64; 2]| {
        let meetings = u[0] * u[1];
        [
            alpha * u[0] - beta * meetings,
            -gamma * u[1] + delta * meetings,
        ]
    };
    let states = integrate(slope, start, times, Tolerance::default())?;
    let series = |species: usize| {
        states
            .iter()
            .map(move |u| u[species].clamp(1e-10, 1e4).ln())
    };
    Ok(series(0).chain(series(1)).collect())
}

pub(super) fn observed(theta: &[f64]) -> Result<Vec<f64>, IntegrationFailure> {
    let times: Vec<f64> = (0..N_TIMES).map(|i| i as f64 * INTERVAL).collect();
    log_populations(theta, START, &times)
}

impl Simulator for LotkaVolterra {
    fn name(&self) -> String {
        "lotka_volterra".into()
    }

    fn n_parameters(&self) -> usize {
        4
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![2 * N_TIMES]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let populations = observed(theta).map_err(super::no_solution)?;
        for (x, population) in x.iter_mut().zip(populations) {
            *x = (population + LOG_SD * random.normal()).exp();
        }
        Ok(())
    }
}

fn log_likelihood(theta: &[f64], x: &[f64]) -> f64 {
    let Ok(populations) = observed(theta) else {
        return f64::NEG_INFINITY;
    };
    if x.iter().any(|x| *x <= 0.0) {
        return f64::NEG_INFINITY;
    }
    let pairs = x.iter().map(|x| x.ln()).zip(populations);
    pairs
        .map(|(x, population)| log_normal_density(x, population, LOG_SD) - x)
        .sum()
}

fn prior() -> Result<Prior> {
    let rate = |mean_log: f64| DistributionConfig::log_normal(mean_log, 0.5);
    Prior::new([
        ("alpha", rate(-0.125).label("α")),
        ("beta", rate(-3.0).label("β")),
        ("gamma", rate(-0.125).label("γ")),
        ("delta", rate(-3.0).label("δ")),
    ])
}

pub(super) fn builtin() -> Result<Builtin> {
    let names = |species: &str| super::numbered(species, N_TIMES);
    Ok(Builtin {
        name: "lotka_volterra",
        description: "SBI benchmark: predators and prey over time (4 parameters, 20 data)",
        simulator: Box::new(LotkaVolterra),
        prior: prior()?,
        observation: observations::first("lotka_volterra"),
        data_names: [names("prey"), names("predators")].concat(),
        log_likelihood: Some(Box::new(log_likelihood)),
    })
}
