//! A model whose approximate posterior is known by quadrature.

use super::result::AbcResult;
use crate::prior::special::normal_cdf;
use crate::prior::{DistributionConfig as D, Prior};
use crate::seed::{Seed, Stream};
use crate::simulate::{
    FunctionSimulator, Noise, SimulationFailure, Simulations, Simulator, Status, simulate,
};

/// θ ~ uniform on (0, 1), x = θ + 0.2 ε: the edge at 0 matters.
pub(super) fn prior() -> Prior {
    Prior::new([("a", D::uniform(0.0, 1.0))]).unwrap()
}

pub(super) const NOISE: f64 = 0.2;

pub(super) fn simulator() -> impl Simulator {
    FunctionSimulator::new("shifted", 1, [1], |theta, random, x| {
        x[0] = theta[0] + NOISE * random.normal();
        Ok(())
    })
}

/// The same, but every tenth simulation fails whatever θ is.
pub(super) fn failing() -> impl Simulator {
    FunctionSimulator::new("failing", 1, [1], |theta, random, x| {
        x[0] = theta[0] + NOISE * random.normal();
        if random.below(10) == 0 {
            let reason = "as planned".to_string();
            return Err(SimulationFailure {
                status: Status::Failed,
                reason,
            });
        }
        Ok(())
    })
}

pub(super) fn simulations(simulator: &dyn Simulator, n: usize, seed: u64) -> Simulations {
    let theta = prior().sample_table(n, Seed(seed), Stream::Parameters);
    let noise = Noise {
        seed: Seed(seed),
        purpose: Stream::Simulator,
        first: 0,
    };
    simulate(simulator, theta, noise, &()).unwrap()
}

/// Mean and standard deviation of a density on (0, 1), by the midpoint rule.
pub(super) fn moments(density: impl Fn(f64) -> f64) -> [f64; 2] {
    let n = 10_000;
    let points: Vec<(f64, f64)> = (0..n)
        .map(|i| (f64::from(i) + 0.5) / f64::from(n))
        .map(|t| (t, density(t)))
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

/// The integral of a density over (0, 1).
pub(super) fn moments_mass(density: impl Fn(f64) -> f64) -> f64 {
    (0..10_000)
        .map(|i| density((f64::from(i) + 0.5) / 1e4) / 1e4)
        .sum()
}

/// p(|x − `x_o`| ≤ ε | θ): with the uniform prior, the density of the draws.
pub(super) fn within(theta: f64, observed: f64, tolerance: f64) -> f64 {
    let lower = |x: f64| normal_cdf((x - theta) / NOISE);
    lower(observed + tolerance) - lower(observed - tolerance)
}

/// The exact likelihood.
pub(super) fn exact(theta: f64, observed: f64) -> f64 {
    (-0.5 * ((observed - theta) / NOISE).powi(2)).exp()
}

/// Mean and sd of draws against `exact`, within this many standard errors of `ess` draws.
pub(super) fn agree(result: &AbcResult, exact: [f64; 2], errors: f64, what: &str) {
    let summary = &result.samples.summary()[0];
    let ess = result.effective_sample_size;
    let found = [summary.mean, summary.sd];
    let allowed = errors * exact[1] / ess.sqrt();
    println!(
        "{what}: {found:.4?}, exactly {exact:.4?}, ESS {ess:.0}, {} generations",
        result.generations.len()
    );
    assert!(
        (found[0] - exact[0]).abs() < allowed,
        "{what}: {found:?} {exact:?} ± {allowed}"
    );
    assert!(
        (found[1] - exact[1]).abs() < allowed,
        "{what}: {found:?} {exact:?} ± {allowed}"
    );
}
