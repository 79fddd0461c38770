//! An epidemic: susceptible, infected, recovered.

use rand_distr::Binomial;

use crate::error::Result;
use crate::prior::{DistributionConfig, Prior};
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator, Status};

use super::densities::log_binomial_mass;
use super::runge_kutta::{IntegrationFailure, Tolerance, integrate};
use super::{Builtin, observations};

const POPULATION: f64 = 1_000_000.0;
const COUNTS: u64 = 1000;
const N_TIMES: usize = 10;
/// Days between two counts.
const INTERVAL: f64 = 17.0;

/// Counts of infected people among 1000 tested on days 0, 17, …, 153 of an epidemic:
/// x ~ Binomial(1000, I / N) with dS/dt = −β S I / N, dI/dt = β S I / N − γ I, N = 10⁶, I(0) = 1.
///
/// # Reference
/// Kermack and McKendrick (1927); Lueckmann et al. (2021), arXiv:2101.04653, task T.9.
#[derive(Debug, Clone, Copy)]
pub struct Sir;

pub(super) fn infected_shares(theta: &[f64]) -> Result<Vec<f64>, IntegrationFailure> {
    let (beta, gamma) = (theta[0], theta[1]);
    let slope = |_: f64, u: &[f64; 2]| {
        let infections = beta * u[0] * u[1] / POPULATION;
        [-infections, infections - gamma * u[1]]
    };
    let times: Vec<f64> = (0..N_TIMES).map(|i| i as f64 * INTERVAL).collect();
    let states = integrate(slope, [POPULATION - 1.0, 1.0], &times, Tolerance::default())?;
    let share = |u: &[f64; 2]| (u[1] / POPULATION).clamp(0.0, 1.0);
    Ok(states.iter().map(share).collect())
}

impl Simulator for Sir {
    fn name(&self) -> String {
        "sir".into()
    }

    fn n_parameters(&self) -> usize {
        2
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![N_TIMES]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let shares = infected_shares(theta).map_err(super::no_solution)?;
        for (x, share) in x.iter_mut().zip(shares) {
            let counts = Binomial::new(COUNTS, share).map_err(|e| SimulationFailure {
                status: Status::Failed,
                reason: format!("no binomial distribution with probability {share}: {e}"),
            })?;
            *x = random.draw(&counts) as f64;
        }
        Ok(())
    }
}

fn log_likelihood(theta: &[f64], x: &[f64]) -> f64 {
    let Ok(shares) = infected_shares(theta) else {
        return f64::NEG_INFINITY;
    };
    let pairs = x.iter().zip(shares);
    pairs
        .map(|(x, share)| log_binomial_mass(*x, COUNTS as f64, share))
        .sum()
}

fn prior() -> Result<Prior> {
    let rate = |median: f64, sd_log: f64| DistributionConfig::log_normal(median.ln(), sd_log);
    Prior::new([
        ("beta", rate(0.4, 0.5).label("β").unit("1/day")),
        ("gamma", rate(0.125, 0.2).label("γ").unit("1/day")),
    ])
}

pub(super) fn builtin() -> Result<Builtin> {
    let day = |i: usize| format!("infected_day_{}", i * 17);
    Ok(Builtin {
        name: "sir",
        description: "SBI benchmark: epidemic seen through ten counts (2 parameters, 10 data)",
        simulator: Box::new(Sir),
        prior: prior()?,
        observation: observations::first("sir"),
        data_names: (0..N_TIMES).map(day).collect(),
        log_likelihood: Some(Box::new(log_likelihood)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epidemic_grows_as_it_should_and_ends_at_its_final_size() {
        // At first nearly everybody is susceptible: I grows like exp((β − γ) t).
        let shares = infected_shares(&[0.3, 0.1]).unwrap();
        assert!((shares[1] * POPULATION / (0.2_f64 * 17.0).exp() - 1.0).abs() < 1e-4);
        // The share that is never infected solves s = exp(−R₀ (1 − s)); R = ∫ γ I dt.
        let slope = |_: f64, u: &[f64; 3]| {
            let infections = 0.3 * u[0] * u[1];
            [-infections, infections - 0.1 * u[1], 0.1 * u[1]]
        };
        let end = integrate(
            slope,
            [1.0 - 1e-6, 1e-6, 0.0],
            &[0.0, 1000.0],
            Tolerance::default(),
        );
        let susceptible = end.unwrap()[1][0];
        assert!((susceptible - (-3.0 * (1.0 - susceptible)).exp()).abs() < 1e-5);
    }
}
