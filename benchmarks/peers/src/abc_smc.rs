//! Approximate Bayesian computation by sequential Monte Carlo, with a simulator in Python.

use std::time::Instant;

use retrodict::infer::abc::{
    AbcProblem, AbcSmcConfig, AdjustmentConfig, DistanceConfig, NormConfig, ScaleMethod, abc_smc,
};
use retrodict::prior::{DistributionConfig, Prior};
use retrodict::simulate::{Protocol, WorkerConfig, WorkerPool};
use retrodict::{Result, Seed};

use crate::arguments::AbcSmcOptions;
use crate::conversation::{converse, hello, took};

/// One whole inference a repeat; the workers are running already, as those of the peer.
pub(crate) fn run(options: &AbcSmcOptions) -> Result<()> {
    let rate = |name| (name, DistributionConfig::uniform(0.0, 1.0));
    let prior = Prior::new(["forward", "backward"].map(rate))?;
    let config = WorkerConfig::new(&options.worker, Protocol::Binary);
    let pool = WorkerPool::start(config, ".", prior.n_parameters())?;
    let config = config_to(options);
    let mut seed = 0;
    converse(hello(), || {
        seed += 1;
        let problem = AbcProblem::new(&prior, &pool, &options.observation);
        let start = Instant::now();
        let result = abc_smc(&problem, &config, None, Seed(seed))?;
        let mut answer = took(start.elapsed().as_secs_f64(), 1);
        let simulations: usize = result.generations.iter().map(|g| g.n_simulations).sum();
        let summary = result.samples.summary();
        let moments: Vec<f64> = summary.iter().flat_map(|s| [s.mean, s.sd]).collect();
        answer.insert("tolerance".into(), result.tolerance.into());
        answer.insert("generations".into(), result.generations.len().into());
        answer.insert("simulations".into(), simulations.into());
        answer.insert("moments".into(), moments.into());
        Ok(answer)
    })
}

/// What `pyabc` does with its own defaults: Euclidean distance, median tolerances.
fn config_to(options: &AbcSmcOptions) -> AbcSmcConfig {
    AbcSmcConfig {
        population: Some(options.population),
        // Its tolerances, and draws as they are.
        quantile: Some(0.5),
        adjustment: Some(AdjustmentConfig::None),
        min_tolerance: options.tolerance,
        min_acceptance_rate: 1e-6,
        max_simulations: 10_000_000,
        adapt: false,
        distance: DistanceConfig::Norm(NormConfig {
            p: 2.0,
            scale: ScaleMethod::None,
        }),
        ..AbcSmcConfig::default()
    }
}
