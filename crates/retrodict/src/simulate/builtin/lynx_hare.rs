//! Lynx and hares in Canada, seen through the pelts of a trading company.

use crate::error::Result;
use crate::prior::{DistributionConfig, Prior};
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator};

use super::Builtin;
use super::densities::log_normal_density;
use super::lotka_volterra::log_populations;
use super::runge_kutta::IntegrationFailure;

const FIRST_YEAR: usize = 1900;
const N_YEARS: usize = 21;
/// Pelts in thousands, 1900 to 1920.
const HARES: [f64; N_YEARS] = [
    30.0, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22.0, 25.4, 27.1, 40.3, 57.0, 76.6, 52.3, 19.5,
    11.2, 7.6, 14.6, 16.2, 24.7,
];
const LYNX: [f64; N_YEARS] = [
    4.0, 6.1, 9.8, 35.2, 59.4, 41.7, 19.0, 13.0, 8.3, 9.1, 7.4, 8.0, 12.3, 19.5, 45.7, 51.1, 29.7,
    15.8, 9.7, 10.1, 8.6,
];

/// The logarithm of the pelts of hares and of lynx in each of 21 years, in thousands, each with normal
/// noise of its species: dX/dt = α X − β X Y, dY/dt = −γ Y + δ X Y. The parameters are α, β, γ, δ, X and Y
/// in the first year, and the standard deviations of the noise of hares and of lynx.
///
/// # Reference
/// The Hudson's Bay Company's returns (Hewitt 1921, Elton and Nicholson 1942) as tabulated by Howard
/// (2009); model and prior of Carpenter (2018), "Predator-prey population dynamics: the Lotka-Volterra
/// model in Stan".
#[derive(Debug, Clone, Copy)]
pub struct LynxHare;

pub(super) fn log_pelts(theta: &[f64]) -> Result<Vec<f64>, IntegrationFailure> {
    let times: Vec<f64> = (0..N_YEARS).map(|i| i as f64).collect();
    log_populations(theta, [theta[4], theta[5]], &times)
}

impl Simulator for LynxHare {
    fn name(&self) -> String {
        "lynx_hare".into()
    }

    fn n_parameters(&self) -> usize {
        8
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![2 * N_YEARS]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let pelts = log_pelts(theta).map_err(super::no_solution)?;
        for (i, (x, pelts)) in x.iter_mut().zip(pelts).enumerate() {
            *x = pelts + theta[6 + i / N_YEARS] * random.normal();
        }
        Ok(())
    }
}

fn log_likelihood(theta: &[f64], x: &[f64]) -> f64 {
    let Ok(pelts) = log_pelts(theta) else {
        return f64::NEG_INFINITY;
    };
    let pairs = x.iter().zip(pelts).enumerate();
    pairs
        .map(|(i, (x, pelts))| log_normal_density(*x, pelts, theta[6 + i / N_YEARS]))
        .sum()
}

fn prior() -> Result<Prior> {
    let rate =
        |mean: f64, sd: f64| DistributionConfig::normal(mean, sd).truncated(Some(0.0.into()), None);
    let start = || DistributionConfig::log_normal(10_f64.ln(), 1.0);
    let noise = || DistributionConfig::log_normal(-1.0, 1.0);
    Prior::new([
        ("alpha", rate(1.0, 0.5).label("α").unit("1/year")),
        ("beta", rate(0.05, 0.05).label("β").unit("1/year")),
        ("gamma", rate(1.0, 0.5).label("γ").unit("1/year")),
        ("delta", rate(0.05, 0.05).label("δ").unit("1/year")),
        ("hares", start().label("X_0").unit("1000")),
        ("lynx", start().label("Y_0").unit("1000")),
        ("noise_hares", noise().label("σ_X")),
        ("noise_lynx", noise().label("σ_Y")),
    ])
}

pub(super) fn builtin() -> Result<Builtin> {
    let names = |species: &'static str| {
        (0..N_YEARS).map(move |i| format!("log_{species}_{}", FIRST_YEAR + i))
    };
    Ok(Builtin {
        name: "lynx_hare",
        description: "lynx and hares 1900 to 1920 with the real pelts of the Hudson's Bay Company (8 parameters, 42 data)",
        simulator: Box::new(LynxHare),
        prior: prior()?,
        observation: HARES.iter().chain(&LYNX).map(|pelts| pelts.ln()).collect(),
        data_names: names("hares").chain(names("lynx")).collect(),
        log_likelihood: Some(Box::new(log_likelihood)),
    })
}
