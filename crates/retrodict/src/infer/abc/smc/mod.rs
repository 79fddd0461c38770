//! Sequential Monte Carlo: each generation proposes where the one before was accepted.

mod config;
mod del_moral;
mod kernel;
mod kernel_config;
mod population_monte_carlo;
#[cfg(test)]
mod tests;

pub use config::{AbcSmcConfig, SmcAlgorithm};
pub use kernel_config::KernelConfig;

pub(super) use kernel::Kernel;

use super::acceptance::NoiseDistance;
use super::candidates::{AbcProblem, Candidates};
use super::comparison::Comparison;
use super::population::Population;
use super::rejection::recipe;
use super::result::{AbcResult, Generation, Stop, failure_notes, samples};
use crate::error::{Error, Result};
use crate::prior::SupportMap;
use crate::seed::{Random, Seed};
use crate::simulate::Simulations;
use crate::table::Table;

/// Draws from p(θ | distance ≤ ε) by sequential Monte Carlo, with ε falling from generation to
/// generation as the distances of the draws allow.
///
/// The first generation comes from the prior: out of `given` simulations (of a study, say) or new
/// ones. It ends, whichever comes first, when `min_tolerance` is reached, when `generations` are
/// done, when fewer than `min_acceptance_rate` of the candidates are accepted, or when the budget
/// `max_simulations` is spent. Where that is in the middle of a generation of population Monte Carlo, the nearest
/// of its candidates are the last generation, with the largest distance among them as tolerance, if they are nearer
/// than those before. The result says why it ended. Every draw lies inside the prior's support. Simulation i depends on (seed, i) alone,
/// and acceptances are taken in the order of i: the bits do not depend on threads or workers.
///
/// # Errors
/// If an option makes no sense, a parameter is discrete, the simulator does not fit the prior or the
/// observation, the given simulations do not, or fewer than two draws can be had; if the simulator
/// cannot go on, or the observer is interrupted.
///
/// # Reference
/// See [`SmcAlgorithm`].
///
/// # Example
/// ```
/// use retrodict::Seed;
/// use retrodict::infer::abc::{AbcProblem, AbcSmcConfig, abc_smc};
/// use retrodict::simulate::builtin;
/// let toy = builtin::by_name("gaussian_toy")?;
/// let problem = AbcProblem::new(&toy.prior, &*toy.simulator, &toy.observation);
/// let config = AbcSmcConfig { max_simulations: 20_000, ..AbcSmcConfig::default() };
/// let result = abc_smc(&problem, &config, None, Seed(1))?;
/// let mean = result.samples.summary()[0].mean;
/// assert!((mean + 0.2).abs() < 0.1); // exactly: N(−0.2, 0.1²)
/// # Ok::<(), retrodict::Error>(())
/// ```
pub fn abc_smc(
    problem: &AbcProblem<'_>,
    config: &AbcSmcConfig,
    given: Option<&Simulations>,
    seed: Seed,
) -> Result<AbcResult> {
    config.validate()?;
    problem.check()?;
    let noise = config.acceptance.noise(problem.n_data())?;
    let mut run = Run::start(problem, config, noise.as_ref(), given, seed)?;
    let (population, stopped) = match config.algorithm {
        SmcAlgorithm::PopulationMonteCarlo => population_monte_carlo::run(&mut run)?,
        SmcAlgorithm::DelMoral => del_moral::run(&mut run)?,
    };
    run.finish(population, stopped)
}

/// What a run keeps.
struct Run<'a> {
    config: &'a AbcSmcConfig,
    /// How many draws a generation has.
    population: usize,
    candidates: Candidates<'a>,
    map: SupportMap,
    comparison: Comparison<'a>,
    /// The simulations from the prior.
    first: Simulations,
    n_given: usize,
    generations: Vec<Generation>,
    sds: Vec<Vec<f64>>,
}

impl<'a> Run<'a> {
    fn start(
        problem: &AbcProblem<'a>,
        config: &'a AbcSmcConfig,
        noise: Option<&'a NoiseDistance>,
        given: Option<&Simulations>,
        seed: Seed,
    ) -> Result<Self> {
        let map = problem.prior.support_map(config.space)?;
        let mut candidates = Candidates::new(problem, config.max_simulations, seed);
        let prior = problem.prior;
        let propose = |random: &mut Random, theta: &mut [f64]| {
            prior.sample(random, theta);
            Ok(())
        };
        let first = match given {
            Some(given) => given.clone(),
            None => {
                candidates
                    .batch(config.first_simulations(config.max_simulations), &propose)?
                    .simulations
            }
        };
        let recipe = recipe(noise, problem.distance, &config.distance);
        let (x, summaries) = (problem.observation, config.summaries);
        let n_given = given.map_or(0, Simulations::len);
        Ok(Self {
            population: config.population(n_given + config.max_simulations),
            comparison: Comparison::new(recipe, summaries, prior, &first, x)?,
            n_given,
            config,
            candidates,
            map,
            first,
            generations: Vec::new(),
            sds: Vec::new(),
        })
    }

    /// Keeps what is to be said about a finished generation.
    fn record(&mut self, generation: Generation, population: &Population) {
        self.generations.push(generation);
        self.sds.push(population.sds());
    }

    /// z of each draw, in the space where kernels are normal.
    fn mapped(&self, theta: &[f64]) -> Vec<f64> {
        let (d, n) = (self.map.n_parameters(), self.map.n_unconstrained());
        let mut z = vec![0.0; theta.len() / d * n];
        for (z, theta) in z.chunks_exact_mut(n).zip(theta.chunks_exact(d)) {
            self.map.forward(theta, z);
        }
        z
    }

    /// log of the prior's density in that space.
    fn log_prior(&self, theta: &[f64], z: &[f64]) -> f64 {
        let mut again = vec![0.0; theta.len()];
        self.map.prior().log_prob(theta) + self.map.inverse(z, &mut again)
    }

    fn finish(self, mut population: Population, stopped: Stop) -> Result<AbcResult> {
        let prior = self.map.prior();
        let tolerance = self
            .generations
            .last()
            .and_then(|g| g.tolerance)
            .unwrap_or(f64::INFINITY);
        let n_features = self.comparison.observed().len();
        let adjustment = self.config.adjustment(population.len(), n_features);
        adjustment.adjust(prior, &mut population, &self.comparison, tolerance)?;
        let effective_sample_size = population.distinct_sample_size();
        let n_simulations = self.n_given + self.candidates.done;
        let mut failures = self.candidates.failures.clone();
        if self.n_given > 0 {
            for (status, n) in self.first.failures() {
                *failures.entry(status).or_default() += n;
            }
        }
        Ok(AbcResult {
            samples: samples(prior, &population, "abc_smc")?,
            data: Table::numbered("x", self.first.x.n_columns(), population.x)?,
            tolerance,
            adjustment,
            effective_sample_size,
            generations: self.generations,
            sds: self.sds,
            stopped,
            n_simulations,
            notes: failure_notes(&failures, n_simulations),
            failures,
        })
    }
}

/// Whether z lies where θ has a density: bounded coordinates in [−1, 1].
fn inside(map: &SupportMap, z: &[f64]) -> bool {
    let mut confined = z.iter().zip(map.bounded());
    confined.all(|(z, bounded)| z.is_finite() && (!bounded || z.abs() < 1.0))
}

fn too_few(found: usize) -> Error {
    Error::invalid(
        "abc_smc",
        format!("{found} simulations with a distance in the first generation"),
        "at least 2",
        "Simulate more, or find out why simulations fail.",
    )
}
