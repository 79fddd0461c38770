//! Predators and prey, seen through four summaries of a noisy record.

use crate::error::Result;
use crate::prior::{DistributionConfig, Prior};
use crate::seed::{Random, Seed, Stream};
use crate::simulate::{SimulationFailure, Simulator, Status};

use super::Builtin;

const START: [f64; 2] = [40.0, 9.0];
const N_STEPS: usize = 2000;
const STEP: f64 = 0.1;
/// Where the default observation is simulated.
const TRUE_PARAMETERS: [f64; 4] = [0.1, 0.02, 0.01, 0.1];

/// The largest prey and predator population and their means over time, from a record of 2000 Euler
/// steps of 0.1 with independent standard normal noise on every value:
/// dX/dt = α X − β X Y, dY/dt = δ X Y − γ Y, X(0) = 40, Y(0) = 9.
///
/// Small populations can turn negative in Euler's scheme, and some trajectories then diverge: those
/// simulations fail.
///
/// # Reference
/// The tutorial "The Bayesian workflow in sbi" of the `sbi` package (sbi-dev/sbi,
/// docs/tutorials/01), whose steps, noise, summaries, priors and parameter order these are.
#[derive(Debug, Clone, Copy)]
pub struct LotkaVolterraSummaries;

impl Simulator for LotkaVolterraSummaries {
    fn name(&self) -> String {
        "lotka_volterra_summaries".into()
    }

    fn n_parameters(&self) -> usize {
        4
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![4]
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        let mut state = START;
        let (mut largest, mut total) = ([f64::NEG_INFINITY; 2], [0.0; 2]);
        for _ in 0..N_STEPS {
            for species in 0..2 {
                let seen = state[species] + random.normal();
                largest[species] = f64::max(largest[species], seen);
                total[species] += seen;
            }
            state = euler_step(theta, state);
        }
        let [mean_prey, mean_predators] = total.map(|t| t / N_STEPS as f64);
        x.copy_from_slice(&[largest[0], largest[1], mean_prey, mean_predators]);
        if x.iter().all(|x| x.is_finite()) {
            return Ok(());
        }
        Err(SimulationFailure {
            status: Status::NotFinite,
            reason: "the populations grew beyond every bound".into(),
        })
    }
}

fn euler_step(theta: &[f64], [prey, predators]: [f64; 2]) -> [f64; 2] {
    let (alpha, beta, delta, gamma) = (theta[0], theta[1], theta[2], theta[3]);
    [
        prey + STEP * (alpha * prey - beta * prey * predators),
        predators + STEP * (delta * prey * predators - gamma * predators),
    ]
}

/// The observation is simulated at the tutorial's true parameters, with a seed of our own.
fn observation() -> Vec<f64> {
    let mut random = Seed(1).stream(Stream::Simulator, 0);
    let mut x = vec![0.0; 4];
    LotkaVolterraSummaries
        .simulate(&TRUE_PARAMETERS, &mut random, &mut x)
        .expect("the true parameters give a stable trajectory");
    x
}

pub(super) fn builtin() -> Result<Builtin> {
    let names = ["max_prey", "max_predators", "mean_prey", "mean_predators"];
    Ok(Builtin {
        name: "lotka_volterra_summaries",
        description: "predators and prey, four summaries of a noisy record (4 parameters, 4 data)",
        simulator: Box::new(LotkaVolterraSummaries),
        prior: Prior::new([
            ("alpha", DistributionConfig::uniform(0.05, 0.15).label("α")),
            ("beta", DistributionConfig::uniform(0.01, 0.03).label("β")),
            ("delta", DistributionConfig::uniform(0.005, 0.03).label("δ")),
            ("gamma", DistributionConfig::uniform(0.005, 0.15).label("γ")),
        ])?,
        observation: observation(),
        data_names: names.map(String::from).to_vec(),
        log_likelihood: None,
    })
}
