//! A model in one dimension whose likelihood and posterior are known.

use crate::infer::LogLikelihood;
use crate::prior::{DistributionConfig as D, Prior};
use crate::seed::{Seed, Stream};
use crate::simulate::{FunctionSimulator, Noise, Simulations, Simulator, Status, simulate};

pub(super) const NOISE: f64 = 0.2;

/// θ ~ uniform on (0, 1), x = θ + 0.2 ε.
pub(super) fn prior() -> Prior {
    Prior::new([("a", D::uniform(0.0, 1.0))]).unwrap()
}

pub(super) fn simulator(n_data: usize) -> impl Simulator {
    FunctionSimulator::new("shifted", 1, [n_data], |theta, random, x| {
        x.fill_with(|| theta[0] + NOISE * random.normal());
        Ok(())
    })
}

fn simulations_of(prior: &Prior, n_data: usize, n: usize, seed: u64) -> Simulations {
    let theta = prior.sample_table(n, Seed(seed), Stream::Parameters);
    let noise = Noise {
        seed: Seed(seed),
        purpose: Stream::Simulator,
        first: 0,
    };
    simulate(&simulator(n_data), theta, noise, &()).unwrap()
}

pub(super) fn simulations(n: usize, seed: u64) -> Simulations {
    simulations_of(&prior(), 1, n, seed)
}

/// Nine data of the same θ.
pub(super) fn many_data(n: usize, seed: u64) -> Simulations {
    simulations_of(&prior(), 9, n, seed)
}

/// θ from a Beta distribution instead of the prior.
pub(super) fn skewed(n: usize, seed: u64) -> Simulations {
    let beta = D::Beta {
        alpha: 1.0.into(),
        beta: 2.0.into(),
    };
    simulations_of(&Prior::new([("a", beta)]).unwrap(), 1, n, seed)
}

/// Half of the simulations with θ above ½ fail.
pub(super) fn half_failed(n: usize, seed: u64) -> Simulations {
    let mut simulations = simulations(n, seed);
    for i in 0..n {
        if i % 2 == 0 && simulations.theta.row(i)[0] > 0.5 {
            simulations.status[i] = Status::Failed;
            simulations.x.values_mut()[i] = f64::NAN;
        }
    }
    simulations
}

pub(super) fn log_exact(theta: f64, x: f64) -> f64 {
    -0.5 * ((x - theta) / NOISE).powi(2) - (NOISE * std::f64::consts::TAU.sqrt()).ln()
}

/// The mass of an estimate of p(x | θ), and its total variation distance from the exact density.
pub(super) fn compare(likelihood: &dyn LogLikelihood, theta: f64) -> [f64; 2] {
    let step = 1e-3;
    let mut found = [0.0, 0.0];
    for i in -800..1800 {
        let x = step * (f64::from(i) + 0.5);
        let mut value = [0.0];
        likelihood
            .log_likelihood(&[theta], &[x], &mut value)
            .unwrap();
        found[0] += step * value[0].exp();
        found[1] += 0.5 * step * (value[0].exp() - log_exact(theta, x).exp()).abs();
    }
    found
}

/// Mean and sd of the exact posterior given these trials, by the midpoint rule.
pub(super) fn posterior(x: &[f64]) -> [f64; 2] {
    let points: Vec<(f64, f64)> = (0..10_000)
        .map(|i| (f64::from(i) + 0.5) / 1e4)
        .map(|t| (t, x.iter().map(|x| log_exact(t, *x)).sum::<f64>().exp()))
        .collect();
    let total: f64 = points.iter().map(|(_, p)| p).sum();
    let mean = points.iter().map(|(t, p)| t * p).sum::<f64>() / total;
    let square = points
        .iter()
        .map(|(t, p)| (t - mean).powi(2) * p)
        .sum::<f64>()
        / total;
    [mean, square.sqrt()]
}
